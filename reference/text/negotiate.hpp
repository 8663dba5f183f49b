#pragma once

/// The negotiation of a single key, as a function of values (RFC 3720 5.2, 11.1, 12, A.3).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rules/rule.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"
#include "text/parameters.hpp"

namespace iscsi::text {

/// The answer to a proposal or declaration.
struct Answer {
  std::optional<std::string> text{};   ///< to be sent; nothing: a declaration wants no answer
  std::optional<Value> result{};       ///< what the key holds now; nothing: it keeps what it had
  std::optional<Violation> finding{};  ///< why `text` is Reject
};

/// What has been negotiated so far.
struct Context {
  const Parameters& values;  ///< decide what is irrelevant and what the integrity rules leave
  KeySet settled{};          ///< keys that can no longer change
};

/// Answers `offered`. What Minimum leaves free is used to stay within the integrity rules (12.14,
/// 12.19). Irrelevant is answered only if what makes the key so is settled, or would be settled
/// that way by this policy: a later InitialR2T=No must not find FirstBurstLength undone.
///
/// A proposal that is malformed or out of range is answered `Reject` (5.2.2); a declaration of that
/// sort cannot be answered and is a violation (6.10), as is a reserved answer as proposal (5.2).
/// Not for AuthMethod and SendTargets, which are answered by those who know targets and secrets.
[[nodiscard]] std::expected<Answer, Violation> negotiate(const KeySpec& key,
                                                         const KeyValue& offered,
                                                         const Policy& policy,
                                                         const Context& context);

/// Checks the peer's answer to what we proposed as `proposed`; the result is what the key holds
/// now, or nothing if it keeps what it had (Reject, Irrelevant). A violation: a value that the
/// result function does not admit or that was not proposed, or NotUnderstood.
[[nodiscard]] std::expected<std::optional<Value>, Violation> check_answer(const KeySpec& key,
                                                                          std::string_view proposed,
                                                                          const KeyValue& answer);

/// The text with which a side of this policy proposes (or declares) a key that `Policy` knows.
[[nodiscard]] std::string proposal(Key key, const Policy& policy);

/// True if a boolean proposal determines the result alone, so that no answer need come (5.2.2).
[[nodiscard]] bool determines_result(const KeySpec& key, std::string_view proposed);

}  // namespace iscsi::text
