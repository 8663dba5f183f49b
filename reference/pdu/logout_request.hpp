#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.14.1.
enum class LogoutReason : std::uint8_t { close_session, close_connection, remove_for_recovery };
inline constexpr std::array<Code, 3> logout_reasons{{{0, "close the session"},
                                                     {1, "close the connection"},
                                                     {2, "remove the connection for recovery"}}};

/// Logout Request (RFC 3720 10.14).
struct LogoutRequest {
  static constexpr auto opcode = Opcode::logout_request;
  static constexpr std::string_view name = "Logout Request", section = "10.14";
  static constexpr auto data_segment = DataSegment::none;

  bool immediate = false;
  LogoutReason reason{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::Cid cid{};
  wire::CmdSN cmd_sn{};
  wire::StatSN exp_stat_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<LogoutRequest>>({
        reserved<LogoutRequest>(bits(0, 0)),
        field<&LogoutRequest::immediate>("I", bits(0, 1)),
        fixed<LogoutRequest>("F", bits(1, 0), 1),
        field<&LogoutRequest::reason>("ReasonCode", bits(1, 1, 7)).one_of(logout_reasons),
        reserved<LogoutRequest>(bytes(2, 2)),
        reserved<LogoutRequest>(bytes(8, 8)),
        field<&LogoutRequest::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&LogoutRequest::cid>("CID", bytes(20, 2)).when([](const LogoutRequest& pdu) {
          return pdu.reason != LogoutReason::close_session;
        }),
        reserved<LogoutRequest>(bytes(22, 2)),
        field<&LogoutRequest::cmd_sn>("CmdSN", bytes(24, 4)),
        field<&LogoutRequest::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        reserved<LogoutRequest>(bytes(32, 16)),
    });
  }
  static constexpr std::array<Check<LogoutRequest>, 0> checks() { return {}; }
  friend bool operator==(const LogoutRequest&, const LogoutRequest&) = default;
};
static_assert(tiled_bits<LogoutRequest>() == bhs_bits);

}  // namespace iscsi::pdu
