#pragma once

/// The first text of a login (RFC 3720 5.3, 5.3.1): who logs in, to what, and may they?

#include <expected>
#include <optional>
#include <span>

#include "login/configuration.hpp"
#include "login/names.hpp"
#include "login/refusal.hpp"
#include "rules/rule.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"

namespace iscsi::login {

struct Introduction {
  Name initiator;
  bool target_named = false;
  bool may_use_target = false;  ///< false: only in discovery, where no target has been named

  friend bool operator==(const Introduction&, const Introduction&) = default;
};

/// What is wrong with SessionType, which says how the other keys are meant: a value that is no
/// type.
[[nodiscard]] std::optional<Violation> check_session_type(std::span<const text::KeyValue> pairs);

/// Reads the names. `type`: of the session that the login is for. Refusals: a name missing or
/// malformed, a target that has moved, is gone or unknown, an initiator that may not use it.
[[nodiscard]] std::expected<Introduction, Refusal> introduce(std::span<const text::KeyValue> pairs,
                                                             text::SessionType type,
                                                             const Configuration& configuration);

/// A later text introduces nobody any more: no TargetName, no SessionType. (InitiatorName was in
/// the first, so that another is a repetition.)
[[nodiscard]] std::optional<Violation> check_no_introduction(std::span<const text::KeyValue> pairs);

}  // namespace iscsi::login
