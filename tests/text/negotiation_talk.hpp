#pragma once

/// What the tests of `Negotiation` share: a fresh one, and what one text comes to.

#include <string>
#include <string_view>

#include "text/negotiation.hpp"
#include "text/support.hpp"

namespace iscsi::text {

using Setting = Negotiation::Setting;

inline constexpr Setting security{.role = Role::target, .phase = Phase::security};
inline constexpr Setting operational{.role = Role::target, .phase = Phase::operational};
inline constexpr Setting full_feature{.role = Role::target, .phase = Phase::full_feature};

inline Negotiation fresh(const Setting& setting, const Policy& policy = {}) {
  return Negotiation{setting, policy, Parameters{}};
}

/// What one text comes to: our answers in the notation of `text`, or the slug of a violation.
inline std::string take(Negotiation& negotiation, std::string_view readable_text) {
  const std::string bytes = text(readable_text);
  const auto received = negotiation.receive(pairs_of(bytes));
  return received ? readable(received->answers) : std::string{about(received.error().rule).slug};
}

inline std::string take(const Setting& setting, std::string_view readable_text) {
  Negotiation negotiation = fresh(setting);
  return take(negotiation, readable_text);
}

inline Violation violation(Negotiation negotiation, std::string_view readable_text) {
  const std::string bytes = text(readable_text);
  const auto received = negotiation.receive(pairs_of(bytes));
  EXPECT_FALSE(received.has_value());
  return received ? Violation{.rule = Rule::pdu_is_complete} : received.error();
}

}  // namespace iscsi::text
