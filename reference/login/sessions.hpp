#pragma once

/// Where a login belongs: a new session, or one that exists (RFC 3720 5.3.1, 5.3.4, 5.3.5).

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "rules/rule.hpp"
#include "text/parameters.hpp"
#include "wire/numbers.hpp"

namespace iscsi::login {

/// A session in full feature phase, as the target's table has it at the time of the event.
struct ExistingSession {
  std::string_view initiator_name;  ///< in its normal form
  wire::Isid isid{};
  wire::Tsih tsih = wire::Tsih::none;
  std::uint16_t portal_group_tag = 0;
  /// False for a discovery session whose initiator named no target. Such a session is with no
  /// target of the table in 5.3.1: only its like can join or reinstate it (docs/decisions/0014).
  bool target_named = true;
  std::span<const wire::Cid> connections{};
  text::SessionParameters parameters{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
};

/// Who a login says it is.
struct Claim {
  std::string_view initiator_name;  ///< in its normal form
  wire::Isid isid{};
  wire::Tsih tsih = wire::Tsih::none;
  wire::Cid cid{};
  std::uint16_t portal_group_tag = 0;
  bool target_named = true;
};

enum class SessionAction : std::uint8_t {
  new_session,
  session_reinstatement,     ///< 5.3.5: the old session is logged out, a new one takes its place
  new_connection,            ///< 5.3.6
  connection_reinstatement,  ///< 5.3.4: the old connection is logged out, a new one takes its place
};

struct Placement {
  SessionAction action = SessionAction::new_session;
  const ExistingSession* session = nullptr;  ///< none for a new session
};

/// Decides by the six rows of 5.3.1. Errors: the session to join does not exist (020a), has all its
/// connections (0206), or ends in another portal group (0208).
[[nodiscard]] std::expected<Placement, Violation> place(const Claim& claim,
                                                        std::span<const ExistingSession> sessions);

}  // namespace iscsi::login
