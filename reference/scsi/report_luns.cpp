#include "scsi/commands.hpp"

/// REPORT LUNS (SPC-4 6.33), answered to any LUN. SELECT REPORT 0 and 2 list every unit; 1 lists
/// the well-known ones only, of which there are none; the others are refused by the table.

namespace scsi::commands {

using iscsi::wire::Bytes;
using iscsi::wire::store;

Planned plan_report_luns(const Request& request) {
  if (request[Field::allocation_length] < 16)
    return std::unexpected(bad_field(request.row, Field::allocation_length));
  return plan_parameters_in(request);
}

Outcome report_luns(const Action& action) {
  constexpr std::uint64_t well_known_only = 1;
  const auto units = action[Field::select_report] == well_known_only
                         ? std::span<const LogicalUnit>{}
                         : action.request.device.units();
  Bytes list(8 + 8 * units.size());
  store<4>(list, 0, 8 * units.size());
  for (std::size_t i = 0; i < units.size(); ++i)
    store<8>(list, 8 + 8 * i, lun_field(units[i].number));
  return answered(action, std::move(list));
}

}  // namespace scsi::commands
