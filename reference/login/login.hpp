#pragma once

/// The login phase of one connection, from the target's side (RFC 3720 5.3, 10.12, 10.13).
///
/// Theory of operation. One `State` goes with one connection, from its first byte to full feature
/// phase or to its end. Each Login Request is one event, and one event gets one `Answer`: at the
/// most one Login Response, and what is to become of the connection. An answer with `close` or
/// `admission` is the last.
///
/// A request passes through five gates, in this order, and the first that it fails names the reason
/// ("the primary reason", 10.13.5):
///
///   1. the header: version, the fields that all requests of a login repeat, stages (`stages.hpp`);
///   2. the text: collected while the C bit says that more follows, then split into pairs, and
///      negotiated (`text/negotiation.hpp`);
///   3. the first text only: who is it, what do they want, may they have it (`introduction.hpp`,
///      `sessions.hpp`), and is authentication not left out;
///   4. the security stage only: AuthMethod and CHAP (`authentication.hpp`);
///   5. with T: may the stage end? If so, it does, by the initiator's choice of the next.
///
/// The session table of 5.3.1 is consulted twice: at gate 3, to refuse early, and when full feature
/// phase is reached, because other connections have lived on meanwhile. Only the second time
/// counts: nothing is reinstated, and nobody logged out, before the initiator has been
/// authenticated.
///
/// Numbering. The machine counts StatSN of its responses from `Context::first_stat_sn`; takes
/// ExpCmdSN from CmdSN in a leading login and from the session in others; and hands over both with
/// the admission. Login Requests are immediate: no CmdSN is used up by them (10.12.8).
///
/// What does not decode, or is no Login Request, never gets here as a `LoginRequest`; the caller
/// brings it to `refuse_malformed` and `refuse_other_pdu`. Time is the caller's: when a login takes
/// too long, the connection is closed without a word (5.2, `limits::login_ms`).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "limits.hpp"
#include "login/authentication.hpp"
#include "login/configuration.hpp"
#include "login/introduction.hpp"
#include "login/sessions.hpp"
#include "login/stages.hpp"
#include "pdu/login_request.hpp"
#include "pdu/login_response.hpp"
#include "rules/rule.hpp"
#include "text/assembly.hpp"
#include "text/negotiation.hpp"
#include "text/parameters.hpp"
#include "wire/bytes.hpp"
#include "wire/numbers.hpp"

namespace iscsi::login {

/// Where a login stands. Copyable and comparable: a copy replayed with the same events gives the
/// same answers.
struct State {
  /// The first request's header: what the later ones repeat. None: no Login Request has come.
  std::optional<pdu::LoginRequest> first;
  LoginStage stage{};
  wire::StatSN stat_sn{};    ///< of the next response
  std::size_t requests = 0;  ///< so far
  text::Assembly incoming;
  text::Segmentation outgoing;
  std::optional<text::Negotiation> negotiation;  ///< from the first request on
  std::optional<Introduction> introduction;      ///< from the first text on
  Exchange exchange;
  bool over = false;  ///< admitted or refused: nothing may follow

  friend bool operator==(const State&, const State&) = default;
};

/// What an event brings along. Views need to live for the call only.
struct Context {
  const Configuration& configuration;
  /// The sessions that the login may be about: at the least all with its ISID (5.3.1).
  std::span<const ExistingSession> sessions;
  std::size_t session_count = 0;  ///< of the whole target
  /// Random bytes that no one has seen and that will not come again.
  std::span<const std::byte, chap::fresh_bytes> fresh;
  std::span<const chap::Challenge> challenges_elsewhere{};
  /// The TSIH that a new session would get; it names no session. None: no more sessions can be had.
  wire::Tsih free_tsih = wire::Tsih::none;
  wire::StatSN first_stat_sn{};
  std::uint32_t command_window = limits::command_window;
  bool shutting_down = false;
};

/// A Login Response and its data segment.
struct Response {
  pdu::LoginResponse header;
  std::string text;

  friend bool operator==(const Response&, const Response&) = default;
};

/// The connection is in full feature phase.
struct Admission {
  SessionAction action = SessionAction::new_session;
  wire::Tsih tsih = wire::Tsih::none;  ///< of the session that the connection is now in
  wire::Tsih replaced =
      wire::Tsih::none;  ///< of the session to log out, for `session_reinstatement`
  wire::Isid isid{};
  wire::Cid cid{};
  std::string initiator_name;  ///< in its normal form
  bool target_named = true;
  /// False for a discovery session of an initiator outside the access list: SendTargets is to tell
  /// it nothing (D).
  bool may_use_target = true;
  std::string user;  ///< the CHAP name; empty: not authenticated
  text::Parameters parameters;
  wire::CmdSN exp_cmd_sn{};     ///< of a new session: of its first command
  wire::StatSN next_stat_sn{};  ///< of the first response after the login
  /// ExpStatSN of the first request: what a reinstated connection had acknowledged (10.12.9).
  wire::StatSN old_exp_stat_sn{};

  friend bool operator==(const Admission&, const Admission&) = default;
};

struct Answer {
  std::optional<Response> response{};    ///< none: nothing is sent
  std::optional<Admission> admission{};  ///< the login is over, the session goes on
  bool close = false;                    ///< the login has failed: close when the response is out
  std::optional<Violation> violation{};  ///< why it failed; none for a redirection
  std::vector<Violation> findings{};     ///< breaches that the login survives

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// A Login Request and its data segment. Answers without a response but with `close`: the RFC has
/// the connection dropped.
[[nodiscard]] Answer step(State& state, const pdu::LoginRequest& request, wire::ByteView data,
                          const Context& context);

/// A PDU with another opcode: without a word before the login has begun, with "invalid during
/// login" later (3.2.3).
[[nodiscard]] Answer refuse_other_pdu(State& state, std::uint8_t opcode, const Context& context);

/// A Login Request that broke a rule of form, found by the decoder. `header`: its 48 bytes.
[[nodiscard]] Answer refuse_malformed(State& state, wire::ByteView header,
                                      const Violation& violation, const Context& context);

/// The challenge that an initiator has been sent and not answered: one of `challenges_elsewhere` to
/// the logins on other connections. Null: there is none.
[[nodiscard]] const chap::Challenge* unanswered_challenge(const State& state);

}  // namespace iscsi::login
