#include "login/refusal.hpp"

namespace iscsi::login {

std::optional<pdu::LoginStatus> status_of(Rule rule) {
  const Remedy& remedy = about(rule).remedy;
  switch (remedy.kind) {
    case Remedy::Kind::login_failure: return static_cast<pdu::LoginStatus>(remedy.code);
    case Remedy::Kind::drop_connection:
    case Remedy::Kind::drop_session: return std::nullopt;
    default: return pdu::LoginStatus::initiator_error;
  }
}

/// 5.3.2 wants AuthMethod answered with Reject, 6.10 the login ended: the response that ends it
/// does both (docs/decisions/0012).
Refusal refusal_of(const Violation& violation) {
  Refusal refusal{.status = status_of(violation.rule), .violation = violation};
  if (violation.rule == Rule::authentication_method_is_usable)
    refusal.text.push_back({"AuthMethod", std::string(text::word_reject)});
  return refusal;
}

}  // namespace iscsi::login
