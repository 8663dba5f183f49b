#include <algorithm>
#include <limits>

#include "scsi/commands.hpp"

/// READ CAPACITY(10) and (16) (SBC-3 5.15, 5.16).

namespace scsi::commands {

using iscsi::wire::Bytes;
using iscsi::wire::store;

/// PMI and LOGICAL BLOCK ADDRESS are obsolete; SBC-2 refuses an address that PMI does not call for.
/// With PMI the answer is the same: no address is followed by a substantial delay.
Planned plan_read_capacity(const Request& request) {
  if (request[Field::pmi] == 0 && request[Field::logical_block_address] != 0)
    return std::unexpected(bad_field(request.row, Field::logical_block_address));
  if (request.row.layout.find(Field::allocation_length) != nullptr)
    return plan_parameters_in(request);
  return Transfer{Direction::to_initiator, Payload::parameters, 8};
}

/// A last address that does not fit is told as FFFFFFFFh: ask by READ CAPACITY(16).
Outcome read_capacity_10(const Action& action) {
  const UnitConfiguration& unit = action.unit->configuration;
  Bytes capacity(8);
  store<4>(
      capacity, 0,
      std::min<std::uint64_t>(unit.block_count - 1, std::numeric_limits<std::uint32_t>::max()));
  store<4>(capacity, 4, unit.block_bytes);
  return {.data_in = std::move(capacity)};
}

/// No protection information, no provisioning management, aligned at block zero: all zero.
Outcome read_capacity_16(const Action& action) {
  const UnitConfiguration& unit = action.unit->configuration;
  Bytes capacity(32);
  store<8>(capacity, 0, unit.block_count - 1);
  store<4>(capacity, 8, unit.block_bytes);
  store<1>(capacity, 13, unit.physical_block_exponent);
  return answered(action, std::move(capacity));
}

}  // namespace scsi::commands
