#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.12.3. Code 2 is reserved; it is kept as it came, for the login's own status to answer it.
enum class LoginStage : std::uint8_t {
  security_negotiation = 0,
  operational_negotiation = 1,
  full_feature_phase = 3,
};
inline constexpr std::array<Code, 3> login_stages{
    {{0, "SecurityNegotiation"}, {1, "LoginOperationalNegotiation"}, {3, "FullFeaturePhase"}}};

/// 10.12.5: the two leftmost bits tell how an ISID is made. Types 1 and 2 reserve the six bits
/// behind them; type 3 is reserved itself.
constexpr std::uint64_t isid_type(wire::Isid isid) { return to_number(isid) >> 46U & 0x3U; }
constexpr bool isid_reserved_bits_are_zero(wire::Isid isid) {
  const bool reserves = isid_type(isid) == 1 || isid_type(isid) == 2;
  return !reserves || (to_number(isid) >> 40U & 0x3fU) == 0;
}

/// Login Request (RFC 3720 10.12). Always immediate; never followed by digests.
struct LoginRequest {
  static constexpr auto opcode = Opcode::login_request;
  static constexpr std::string_view name = "Login Request", section = "10.12";
  static constexpr auto data_segment = DataSegment::allowed;  // text

  bool transit = false;
  bool continued = false;  // the C bit: the text goes on in the next request
  LoginStage current_stage{};
  LoginStage next_stage{};
  std::uint8_t version_max = 0;
  std::uint8_t version_min = 0;
  wire::Isid isid{};
  wire::Tsih tsih = wire::Tsih::none;
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::Cid cid{};
  wire::CmdSN cmd_sn{};
  wire::StatSN exp_stat_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<LoginRequest>>({
        reserved<LoginRequest>(bits(0, 0)),
        fixed<LoginRequest>("I", bits(0, 1), 1, Rule::login_request_is_immediate),
        field<&LoginRequest::transit>("T", bits(1, 0)),
        field<&LoginRequest::continued>("C", bits(1, 1)),
        reserved<LoginRequest>(bits(1, 2, 2)),
        field<&LoginRequest::current_stage>("CSG", bits(1, 4, 2))
            .one_of(login_stages, Rule::login_stage_is_defined),
        field<&LoginRequest::next_stage>("NSG", bits(1, 6, 2))
            .one_of(login_stages, Rule::login_stage_is_defined)
            .when([](const LoginRequest& pdu) { return pdu.transit; }),
        field<&LoginRequest::version_max>("VersionMax", bytes(2, 1)),
        field<&LoginRequest::version_min>("VersionMin", bytes(3, 1)),
        field<&LoginRequest::isid>("ISID", bytes(8, 6)),
        field<&LoginRequest::tsih>("TSIH", bytes(14, 2)),
        field<&LoginRequest::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&LoginRequest::cid>("CID", bytes(20, 2)),
        reserved<LoginRequest>(bytes(22, 2)),
        field<&LoginRequest::cmd_sn>("CmdSN", bytes(24, 4)),
        field<&LoginRequest::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        reserved<LoginRequest>(bytes(32, 16)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<LoginRequest>>({
        {Rule::continued_login_does_not_transit, 1,
         [](const LoginRequest& pdu, const Lengths&) { return !(pdu.continued && pdu.transit); }},
        // A range that reaches past version 0 is wrong, but still one to be accepted (10.13.2).
        {Rule::version_is_zero, 2,
         [](const LoginRequest& pdu, const Lengths&) {
           return pdu.version_max == 0 && pdu.version_min == 0;
         }},
        {Rule::isid_type_is_defined, 8,
         [](const LoginRequest& pdu, const Lengths&) { return isid_type(pdu.isid) != 3; }},
        {Rule::reserved_bits_are_zero, 8,
         [](const LoginRequest& pdu, const Lengths&) {
           return isid_reserved_bits_are_zero(pdu.isid);
         }},
    });
  }
  friend bool operator==(const LoginRequest&, const LoginRequest&) = default;
};
static_assert(tiled_bits<LoginRequest>() == bhs_bits);

}  // namespace iscsi::pdu
