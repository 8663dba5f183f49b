#pragma once

/// The steps of the authentication methods (RFC 3720 11.1.3, 11.1.4): which keys of the target's
/// answer which keys of the initiator's.

#include <array>
#include <string_view>

namespace conformance {

struct AuthenticationStep {
  std::string_view method;
  std::string_view asked;                    ///< a key of the initiator's
  std::string_view together_with;            ///< and another one, or empty
  std::array<std::string_view, 3> answered;  ///< by the target, all of them; empty ones are none

  [[nodiscard]] constexpr bool has(std::string_view key) const {
    return !key.empty() && (answered[0] == key || answered[1] == key || answered[2] == key);
  }
};

/// The step that a request with these keys is, if the method has it. `has(key)` tells whether the
/// request had the key. Methods whose tokens would have to be opened are not in the table.
template <class Has>
const AuthenticationStep* find_step(std::string_view method, Has has) {
  static constexpr auto steps = std::to_array<AuthenticationStep>({
      {"CHAP", "CHAP_A", "", {"CHAP_A", "CHAP_I", "CHAP_C"}},
      {"CHAP", "CHAP_R", "CHAP_C", {"CHAP_N", "CHAP_R"}},
      {"CHAP", "CHAP_R", "", {}},
      {"SRP", "SRP_U", "", {"SRP_GROUP", "SRP_s"}},
      {"SRP", "SRP_A", "", {"SRP_B"}},
  });
  for (const AuthenticationStep& step : steps)
    if (step.method == method && has(step.asked) &&
        (step.together_with.empty() || has(step.together_with)))
      return &step;
  return nullptr;
}

}  // namespace conformance
