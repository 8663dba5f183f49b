#pragma once

/// The words in which the ledger's rows are written.

#include "rules/rule.hpp"

namespace iscsi::rows {

using enum Party;

inline constexpr Remedy audit_only{.kind = Remedy::Kind::audit_only};
inline constexpr Remedy ignore{.kind = Remedy::Kind::ignore};
inline constexpr Remedy drop_connection{.kind = Remedy::Kind::drop_connection};
inline constexpr Remedy drop_session{.kind = Remedy::Kind::drop_session};
/// Answered inside the text, by one of the reserved values (5.2).
inline constexpr Remedy key_answer{.kind = Remedy::Kind::key_answer};

/// A Reject PDU with this reason (10.17.1).
constexpr Remedy reject(std::uint32_t reason) {
  return {.kind = Remedy::Kind::reject, .code = reason};
}
/// A Login Response with this status class and detail (10.13.5).
constexpr Remedy login_failure(std::uint32_t status) {
  return {.kind = Remedy::Kind::login_failure, .code = status};
}
/// CHECK CONDITION with sense key, ASC and ASCQ in one number, 0xKKAAQQ.
constexpr Remedy check_condition(std::uint32_t sense) {
  return {.kind = Remedy::Kind::check_condition, .code = sense};
}

}  // namespace iscsi::rows
