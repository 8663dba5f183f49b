#pragma once

/// The negotiation of one key, for tests.

#include "text/negotiate.hpp"
#include "text/support.hpp"

namespace iscsi::text {

/// What a proposal or declaration comes to, in one word: the answer; `=value` for a declaration
/// that was taken; the slug of the rule for a violation.
inline std::string outcome(Key key, std::string_view offered, const Policy& policy = {},
                           const Parameters& values = {}, KeySet settled = {}) {
  const KeySpec& spec = about(key);
  const auto answer = negotiate(spec, {.key = spec.name, .value = offered, .byte = 0}, policy,
                                {.values = values, .settled = settled});
  if (!answer) return std::string{iscsi::about(answer.error().rule).slug};
  if (answer->text) return *answer->text;
  EXPECT_TRUE(answer->result.has_value());
  return "=";
}

inline bool is_negotiated(const KeySpec& key) {
  return !key.declarative && key.key != Key::auth_method && key.key != Key::send_targets;
}

inline std::string number(std::uint64_t value) { return encode_number(value); }

/// A policy without wishes of its own: it takes what is offered.
inline Policy yielding() {
  Policy policy;
  policy.max_connections = 65535;
  policy.initial_r2t = false;
  policy.immediate_data = true;
  policy.max_burst_length = policy.first_burst_length = 16777215;
  policy.default_time2wait = 0;
  policy.default_time2retain = 3600;
  policy.max_outstanding_r2t = 65535;
  policy.data_pdu_in_order = policy.data_sequence_in_order = false;
  policy.error_recovery_level = 2;
  policy.if_marker = policy.of_marker = true;
  return policy;
}

/// Values under which every key is relevant and no integrity rule narrows anything.
inline Parameters free_values() {
  Parameters values;
  values.session.max_burst_length = 16777215;
  values.session.data_sequence_in_order = false;
  values.connection.if_marker = values.connection.of_marker = true;
  return values;
}

}  // namespace iscsi::text
