#include <algorithm>

#include "scsi/commands.hpp"

/// REPORT SUPPORTED OPERATION CODES (SPC-4 6.35): the command table, told to the initiator. No
/// number from the CDB is ever an index: rows are found by comparison.

namespace scsi::commands {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::store;

enum Reporting : std::uint64_t {
  all_commands = 0,
  one_operation_code = 1,  // one that has no service actions
  one_service_action = 2,  // one that has
  one_of_either = 3,
};

constexpr std::size_t timeouts_bytes = 12;

/// A command timeouts descriptor: both timeouts zero, not told.
void put_timeouts(Bytes& to) {
  const std::size_t start = to.size();
  to.resize(start + timeouts_bytes);
  store<2>(to, start, timeouts_bytes - 2);
}

Bytes all(bool with_timeouts) {
  Bytes list(4);
  for (const CommandRow& row : command_table()) {
    const std::size_t start = list.size();
    list.resize(start + 8);
    store<1>(list, start, row.operation_code);
    store<2>(list, start + 2, row.service_action.value_or(0));
    store<1>(list, start + 5, (with_timeouts ? 2U : 0U) | (row.service_action ? 1U : 0U));
    store<2>(list, start + 6, row.cdb_bytes);
    if (with_timeouts) put_timeouts(list);
  }
  store<4>(list, 0, list.size() - 4);
  return list;
}

Bytes one(const CommandRow* row, bool with_timeouts) {
  constexpr std::uint8_t not_supported = 1, as_in_the_standard = 3;
  Bytes report(4);
  if (row == nullptr) {
    store<1>(report, 1, not_supported);
    return report;
  }
  store<1>(report, 1, as_in_the_standard | (with_timeouts ? 0x80U : 0U));
  store<2>(report, 2, row->cdb_bytes);
  const auto map = row->usage_map();
  report.insert(report.end(), map.begin(), map.begin() + row->cdb_bytes);
  if (with_timeouts) put_timeouts(report);
  return report;
}

std::span<const CommandRow> requested_rows(const Request& request) {
  return rows_of(static_cast<std::uint8_t>(request[Field::requested_operation_code]));
}

/// The row asked for, or null. An operation code without service actions has only the action 0.
const CommandRow* requested_row(const Request& request) {
  const auto rows = requested_rows(request);
  const std::uint64_t wanted = request[Field::reporting_options] == one_operation_code
                                   ? 0
                                   : request[Field::requested_service_action];
  const auto row = std::ranges::find_if(rows, [&](const CommandRow& candidate) {
    return candidate.service_action.value_or(0) == wanted;
  });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace

/// Asking in the wrong manner for an operation code that exists is an error in the CDB.
Planned plan_report_operation_codes(const Request& request) {
  const auto rows = requested_rows(request);
  const bool has_actions = !rows.empty() && rows.front().service_action.has_value();
  const bool exists_without = !rows.empty() && !has_actions;
  const std::uint64_t options = request[Field::reporting_options];
  if ((options == one_operation_code && has_actions) ||
      (options == one_service_action && exists_without))
    return std::unexpected(bad_field(request.row, Field::requested_operation_code));
  return plan_parameters_in(request);
}

Outcome report_operation_codes(const Action& action) {
  const bool with_timeouts = action[Field::rctd] == 1;
  if (action[Field::reporting_options] == all_commands) return answered(action, all(with_timeouts));
  return answered(action, one(requested_row(action.request), with_timeouts));
}

}  // namespace scsi::commands
