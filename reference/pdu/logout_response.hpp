#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.15.1.
enum class LogoutOutcome : std::uint8_t {
  closed,
  cid_not_found,
  recovery_not_supported,
  cleanup_failed,
};
inline constexpr std::array<Code, 4> logout_outcomes{{{0, "closed"},
                                                      {1, "CID not found"},
                                                      {2, "connection recovery is not supported"},
                                                      {3, "cleanup failed"}}};

/// Logout Response (RFC 3720 10.15).
struct LogoutResponse {
  static constexpr auto opcode = Opcode::logout_response;
  static constexpr std::string_view name = "Logout Response", section = "10.15";
  static constexpr auto data_segment = DataSegment::none;

  LogoutOutcome response{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  std::uint16_t time2wait = 0;    // seconds
  std::uint16_t time2retain = 0;  // seconds

  static constexpr auto layout() {
    return std::to_array<Entry<LogoutResponse>>({
        reserved<LogoutResponse>(bits(0, 0, 2)),
        fixed<LogoutResponse>("F", bits(1, 0), 1),
        reserved<LogoutResponse>(bits(1, 1, 7)),
        field<&LogoutResponse::response>("Response", bytes(2, 1)).one_of(logout_outcomes),
        reserved<LogoutResponse>(bytes(3, 1)),
        reserved<LogoutResponse>(bytes(8, 8)),
        field<&LogoutResponse::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        reserved<LogoutResponse>(bytes(20, 4)),
        field<&LogoutResponse::stat_sn>("StatSN", bytes(24, 4)),
        field<&LogoutResponse::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&LogoutResponse::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        reserved<LogoutResponse>(bytes(36, 4)),
        field<&LogoutResponse::time2wait>("Time2Wait", bytes(40, 2)),
        field<&LogoutResponse::time2retain>("Time2Retain", bytes(42, 2)),
        reserved<LogoutResponse>(bytes(44, 4)),
    });
  }
  static constexpr std::array<Check<LogoutResponse>, 0> checks() { return {}; }
  friend bool operator==(const LogoutResponse&, const LogoutResponse&) = default;
};
static_assert(tiled_bits<LogoutResponse>() == bhs_bits);

}  // namespace iscsi::pdu
