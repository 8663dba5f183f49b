#include "scsi/commands.hpp"

/// REQUEST SENSE (SPC-4 6.39): GOOD, with sense data as parameters in the form that DESC asks for,
/// whatever D_SENSE says. Sense of a CHECK CONDITION went out with its status, so what is left to
/// tell is a pending attention, which is cleared by it, and the state of the unit.

namespace scsi::commands {
namespace {

Sense current_sense(const Action& action) {
  if (action.unit == nullptr) return illegal_request(asc::logical_unit_not_supported);
  if (const Sense* pending = action.unit->attentions.next(action.request.command.nexus))
    return *pending;
  if (action.unit->stopped) return {.key = SenseKey::not_ready, .additional = asc::start_needed};
  return {};
}

}  // namespace

Outcome request_sense(const Action& action) {
  const auto format = action[Field::desc] == 1 ? SenseFormat::descriptor : SenseFormat::fixed;
  const SenseBytes sense = encode(current_sense(action), format);
  if (action.unit != nullptr) action.unit->attentions.drop(action.request.command.nexus);
  return answered(action, {sense.view().begin(), sense.view().end()});
}

}  // namespace scsi::commands
