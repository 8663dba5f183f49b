#pragma once

/// A connection (RFC 3720 3.2.1, 7.1): what belongs to one TCP stream and not to its session.
///
/// States carry the names and numbers of 7.1.1. A target that negotiates one connection and error
/// recovery level 0 passes through S3 to S7 as below; S2 (XPT_WAIT) is the initiator's alone, and
/// of the cleanup states of 7.2 only their end is seen: without task reassignment a connection that
/// fails is cleaned up at once.

#include <optional>
#include <string>

#include "pdu/frame.hpp"
#include "session/input.hpp"
#include "session/moment.hpp"
#include "session/output.hpp"
#include "text/assembly.hpp"
#include "text/negotiation.hpp"
#include "text/send_targets.hpp"
#include "wire/numbers.hpp"

namespace iscsi::session {

enum class ConnectionState : std::uint8_t {
  xpt_up,            ///< S3: connected, the login has not begun
  in_login,          ///< S4
  logged_in,         ///< S5: full feature phase
  in_logout,         ///< S6: the Logout Response is on its way, then the connection closes
  logout_requested,  ///< S7: we asked for a logout by an Asynchronous Message
};

/// What the owner of the socket has to do with it.
enum class Disposition : std::uint8_t {
  open,
  close_when_sent,  ///< send what is queued, then close
  close_now,
};

/// A text negotiation in full feature phase (5.4), from its first request to the final response.
struct TextExchange {
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  text::Assembly assembly{};
  text::Segmentation answer{};
  text::Negotiation negotiation;
  std::size_t exchanges = 0;
};

/// A ping of ours that waits for its NOP-Out.
struct Ping {
  wire::TargetTransferTag tag{};
  wire::Lun lun{};
  Moment sent_at = 0;
};

struct Connection {
  ConnectionId id{};
  ConnectionState state = ConnectionState::xpt_up;
  Disposition disposition = Disposition::open;
  text::Address reached_at{};  ///< the address that the initiator connected to
  Input input{};
  Output output{};
  wire::Cid cid{};
  wire::Tsih session = wire::Tsih::none;  ///< set in full feature phase
  wire::StatSN stat_sn{};                 ///< of the next response
  wire::StatSN exp_stat_sn{};             ///< everything before has been acknowledged
  pdu::Digests digests{};
  text::ConnectionParameters parameters{};
  std::optional<TextExchange> text{};
  std::optional<Ping> ping{};
  std::uint32_t last_transfer_tag = 0;
  Moment opened_at = 0;
  Moment heard_at = 0;            ///< when bytes last came
  Moment logout_due_at = 0;       ///< S7: when patience ends
  wire::StatSN logout_request{};  ///< S7: of the message that asked for it
  Moment closing_since = 0;       ///< `close_when_sent`: when patience began
  bool is_touched = false;        ///< listed in `Domain::touched`

  [[nodiscard]] bool in_full_feature_phase() const {
    return state == ConnectionState::logged_in || state == ConnectionState::logout_requested;
  }
  /// A transfer tag that this connection has not used for a long time; never the reserved one.
  [[nodiscard]] wire::TargetTransferTag new_transfer_tag() {
    if (++last_transfer_tag == 0xffff'ffff) last_transfer_tag = 1;
    return wire::TargetTransferTag{last_transfer_tag};
  }
};

}  // namespace iscsi::session
