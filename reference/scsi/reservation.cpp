#include "scsi/commands.hpp"

/// RESERVE(6) and RELEASE(6) (SPC-2 7.21, 7.16), gone from SPC-4, kept because VMFS needs them
/// where there is no COMPARE AND WRITE. The gate has answered RESERVATION CONFLICT to whoever is
/// not the holder, RELEASE(6) excepted.

namespace scsi::commands {

Outcome reserve(const Action& action) {
  action.unit->reserved_by = action.request.command.nexus;
  return {};
}

/// To release what one does not hold is no error, and changes nothing.
Outcome release(const Action& action) {
  if (action.unit->reserved_by == action.request.command.nexus) action.unit->reserved_by.reset();
  return {};
}

}  // namespace scsi::commands
