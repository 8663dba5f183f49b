#pragma once

#include "pdu/layout.hpp"
#include "pdu/login_request.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.13.5: Status-Class in the high byte, Status-Detail in the low one.
enum class LoginStatus : std::uint16_t {
  success = 0x0000,
  target_moved_temporarily = 0x0101,
  target_moved_permanently = 0x0102,
  initiator_error = 0x0200,
  authentication_failure = 0x0201,
  authorization_failure = 0x0202,
  not_found = 0x0203,
  target_removed = 0x0204,
  unsupported_version = 0x0205,
  too_many_connections = 0x0206,
  missing_parameter = 0x0207,
  cannot_include_in_session = 0x0208,
  session_type_not_supported = 0x0209,
  session_does_not_exist = 0x020a,
  invalid_during_login = 0x020b,
  target_error = 0x0300,
  service_unavailable = 0x0301,
  out_of_resources = 0x0302,
};
inline constexpr std::array<Code, 18> login_statuses{{{0x0000, "success"},
                                                      {0x0101, "target moved temporarily"},
                                                      {0x0102, "target moved permanently"},
                                                      {0x0200, "initiator error"},
                                                      {0x0201, "authentication failure"},
                                                      {0x0202, "authorization failure"},
                                                      {0x0203, "not found"},
                                                      {0x0204, "target removed"},
                                                      {0x0205, "unsupported version"},
                                                      {0x0206, "too many connections"},
                                                      {0x0207, "missing parameter"},
                                                      {0x0208, "cannot include in session"},
                                                      {0x0209, "session type not supported"},
                                                      {0x020a, "session does not exist"},
                                                      {0x020b, "invalid during login"},
                                                      {0x0300, "target error"},
                                                      {0x0301, "service unavailable"},
                                                      {0x0302, "out of resources"}}};

/// Login Response (RFC 3720 10.13). Never followed by digests.
struct LoginResponse {
  static constexpr auto opcode = Opcode::login_response;
  static constexpr std::string_view name = "Login Response", section = "10.13";
  static constexpr auto data_segment = DataSegment::allowed;  // text

  bool transit = false;
  bool continued = false;  // the C bit: the text goes on in the next response
  LoginStage current_stage{};
  LoginStage next_stage{};
  std::uint8_t version_max = 0;
  std::uint8_t version_active = 0;
  wire::Isid isid{};
  wire::Tsih tsih = wire::Tsih::none;
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  LoginStatus status{};

  static constexpr auto layout() {
    return std::to_array<Entry<LoginResponse>>({
        reserved<LoginResponse>(bits(0, 0, 2)),
        field<&LoginResponse::transit>("T", bits(1, 0)),
        field<&LoginResponse::continued>("C", bits(1, 1)),
        reserved<LoginResponse>(bits(1, 2, 2)),
        field<&LoginResponse::current_stage>("CSG", bits(1, 4, 2)).one_of(login_stages),
        field<&LoginResponse::next_stage>("NSG", bits(1, 6, 2))
            .one_of(login_stages)
            .when([](const LoginResponse& pdu) { return pdu.transit; }),
        field<&LoginResponse::version_max>("VersionMax", bytes(2, 1)),
        field<&LoginResponse::version_active>("VersionActive", bytes(3, 1)),
        field<&LoginResponse::isid>("ISID", bytes(8, 6)),
        field<&LoginResponse::tsih>("TSIH", bytes(14, 2)),
        field<&LoginResponse::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        reserved<LoginResponse>(bytes(20, 4)),
        field<&LoginResponse::stat_sn>("StatSN", bytes(24, 4)),
        field<&LoginResponse::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&LoginResponse::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        field<&LoginResponse::status>("Status", bytes(36, 2)).one_of(login_statuses),
        reserved<LoginResponse>(bytes(38, 10)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<LoginResponse>>({
        {Rule::continued_login_response_does_not_transit, 1,
         [](const LoginResponse& pdu, const Lengths&) { return !(pdu.continued && pdu.transit); }},
        {Rule::version_is_zero, 2,
         [](const LoginResponse& pdu, const Lengths&) {
           return pdu.version_max == 0 && pdu.version_active == 0;
         }},
    });
  }
  friend bool operator==(const LoginResponse&, const LoginResponse&) = default;
};
static_assert(tiled_bits<LoginResponse>() == bhs_bits);

}  // namespace iscsi::pdu
