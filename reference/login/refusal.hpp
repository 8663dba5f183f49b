#pragma once

/// How a login ends without admission (RFC 3720 5.3.1, 6.10, 10.13.5).

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "pdu/login_response.hpp"
#include "rules/rule.hpp"
#include "text/grammar.hpp"

namespace iscsi::login {

struct Refusal {
  std::optional<pdu::LoginStatus> status;  ///< none: the connection is dropped without a word
  std::optional<Violation> violation{};    ///< none: nothing is wrong, the target has moved
  std::vector<text::Pair> text{};
};

/// What answers a breach during login: by the ledger's remedy where that is a login status, with
/// nothing where the connection is to be dropped; any other breach is an "initiator error".
[[nodiscard]] std::optional<pdu::LoginStatus> status_of(Rule rule);

[[nodiscard]] Refusal refusal_of(const Violation& violation);

[[nodiscard]] inline std::unexpected<Refusal> refused(const Violation& violation) {
  return std::unexpected(refusal_of(violation));
}
[[nodiscard]] inline std::unexpected<Refusal> refused(Rule rule, std::uint32_t byte,
                                                      std::uint64_t found) {
  return refused({.rule = rule, .byte = byte, .found = found});
}

}  // namespace iscsi::login
