#include "login/stages.hpp"

#include <algorithm>

namespace iscsi::login {
namespace {

/// Byte 1 of the header holds T, C, CSG and NSG.
Violation breach(Rule rule, LoginStage stage) {
  return {.rule = rule, .byte = 1, .found = static_cast<std::uint64_t>(stage)};
}

bool is_defined(LoginStage stage) {
  return std::ranges::any_of(pdu::login_stages, [stage](const pdu::Code& code) {
    return code.first == static_cast<std::uint64_t>(stage);
  });
}

bool is_transition(LoginStage from, LoginStage to) {
  return std::ranges::any_of(transitions,
                             [=](const Transition& t) { return t.from == from && t.to == to; });
}

bool is_current(LoginStage stage, std::optional<LoginStage> current) {
  return current ? stage == *current : std::ranges::find(first_stages, stage) != first_stages.end();
}

}  // namespace

std::optional<Violation> check_stages(const pdu::LoginRequest& request,
                                      std::optional<LoginStage> current) {
  if (request.continued && request.transit)
    return Violation{.rule = Rule::continued_login_does_not_transit, .byte = 1, .found = 1};
  if (!is_defined(request.current_stage))
    return breach(Rule::login_stage_is_defined, request.current_stage);
  if (request.transit && !is_defined(request.next_stage))
    return breach(Rule::login_stage_is_defined, request.next_stage);
  if (!is_current(request.current_stage, current))
    return breach(Rule::login_is_in_current_stage, request.current_stage);
  if (request.transit && !is_transition(request.current_stage, request.next_stage))
    return breach(Rule::login_transition_is_allowed, request.next_stage);
  return std::nullopt;
}

}  // namespace iscsi::login
