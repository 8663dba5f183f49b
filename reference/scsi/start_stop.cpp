#include "scsi/commands.hpp"
#include "scsi/medium.hpp"

/// START STOP UNIT (SBC-3 5.25). A stopped unit answers what needs no medium; the rest ends with
/// LOGICAL UNIT NOT READY, INITIALIZING COMMAND REQUIRED until somebody starts it.

namespace scsi::commands {

/// A unit stops only when its cache has reached the medium, unless NO_FLUSH says it need not.
Outcome start_stop_unit(const Action& action) {
  LogicalUnit& unit = *action.unit;
  if (action[Field::start] == 1) {
    unit.stopped = false;
    return {};
  }
  if (action[Field::no_flush] == 1) {
    stop(unit);
    return {};
  }
  return after({.kind = Operation::Kind::flush,
                .immediate = action[Field::immed] == 1,
                .blocks = unit.configuration.block_count});
}

void stop(LogicalUnit& unit) { unit.stopped = true; }

}  // namespace scsi::commands
