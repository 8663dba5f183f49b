#pragma once

/// Authentication in the security stage (RFC 3720 8.2, 11.1, 11.1.4), from the target's side.
///
/// Theory of operation. An exchange goes through four steps, one logical text of the initiator
/// each:
///
///     step        initiator sends                      target answers           then
///     method      AuthMethod=<list>                    AuthMethod=<choice>      algorithm, or done
///     algorithm   CHAP_A=<list>                        CHAP_A, CHAP_I, CHAP_C   response
///     response    CHAP_N, CHAP_R [, CHAP_I, CHAP_C]    [CHAP_N, CHAP_R]         done
///     done        nothing any more
///
/// Nothing may be left out, nothing added (8.2): this is what keeps an initiator from getting a
/// response out of the target without having given one. A key too many is answered "initiator
/// error", a key too few "missing parameter", a wrong secret "authentication failure".
///
/// The target may propose the method too (5.3.2), and does so towards an initiator that wants to
/// leave the security stage without a word about it while authentication is required. Then the
/// initiator's selection comes together with CHAP_A (11.1).

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "login/chap.hpp"
#include "login/configuration.hpp"
#include "rules/rule.hpp"
#include "text/grammar.hpp"

namespace iscsi::login {

enum class AuthenticationStep : std::uint8_t { method, algorithm, response, done };

/// How far an exchange has come.
struct Exchange {
  AuthenticationStep step = AuthenticationStep::method;
  bool proposed = false;  ///< the target has proposed AuthMethod
  chap::Algorithm algorithm{};
  chap::Challenge challenge{};  ///< ours, from step `response` on
  std::string user{};           ///< the account that the initiator has proved to hold; empty: none

  friend bool operator==(const Exchange&, const Exchange&) = default;
};

/// What an exchange goes by.
struct Terms {
  Authentication authentication = Authentication::none;
  const Configuration& configuration;
  std::span<const std::byte, chap::fresh_bytes> fresh;
  /// Challenges of the target in logins on other connections: reflecting one of these is the attack
  /// that 8.2.1 describes.
  std::span<const chap::Challenge> challenges_elsewhere;
};

/// Takes AuthMethod and the methods' keys of one logical text; none is as good as an empty one. The
/// result are the pairs to answer with. After a violation the exchange has failed.
[[nodiscard]] std::expected<std::vector<text::Pair>, Violation> authenticate(
    Exchange& exchange, std::span<const text::KeyValue> keys, const Terms& terms);

/// True if the security stage may end: the exchange is over, or none has been begun nor is
/// required.
[[nodiscard]] bool may_leave_security(const Exchange& exchange, Authentication authentication);

/// Proposes CHAP, once.
[[nodiscard]] text::Pair propose_method(Exchange& exchange);

}  // namespace iscsi::login
