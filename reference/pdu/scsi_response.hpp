#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.4.3.
enum class ServiceResponse : std::uint8_t { command_completed = 0, target_failure = 1 };
inline constexpr std::array<Code, 3> service_responses{
    {{0, "command completed at target"}, {1, "target failure"}, {0x80, "vendor specific", 0xff}}};

/// SCSI Response (RFC 3720 10.4).
struct ScsiResponse {
  static constexpr auto opcode = Opcode::scsi_response;
  static constexpr std::string_view name = "SCSI Response", section = "10.4";
  static constexpr auto data_segment = DataSegment::allowed;  // sense and response data

  bool bidirectional_overflow = false;
  bool bidirectional_underflow = false;
  bool overflow = false;
  bool underflow = false;
  ServiceResponse response{};
  std::uint8_t status = 0;  // SAM-2 status; valid when the command completed at the target
  wire::InitiatorTaskTag initiator_task_tag{};
  std::uint32_t snack_tag = 0;
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  wire::DataSN exp_data_sn{};  // how many R2T and Data-In PDUs were sent for the command
  std::uint32_t bidirectional_residual_count = 0;
  std::uint32_t residual_count = 0;

  static constexpr auto layout() {
    return std::to_array<Entry<ScsiResponse>>({
        reserved<ScsiResponse>(bits(0, 0, 2)),
        fixed<ScsiResponse>("F", bits(1, 0), 1),
        reserved<ScsiResponse>(bits(1, 1, 2)),
        field<&ScsiResponse::bidirectional_overflow>("o", bits(1, 3)),
        field<&ScsiResponse::bidirectional_underflow>("u", bits(1, 4)),
        field<&ScsiResponse::overflow>("O", bits(1, 5)),
        field<&ScsiResponse::underflow>("U", bits(1, 6)),
        reserved<ScsiResponse>(bits(1, 7)),
        field<&ScsiResponse::response>("Response", bytes(2, 1)).one_of(service_responses),
        field<&ScsiResponse::status>("Status", bytes(3, 1)).when([](const ScsiResponse& pdu) {
          return pdu.response == ServiceResponse::command_completed;
        }),
        reserved<ScsiResponse>(bytes(8, 8)),
        field<&ScsiResponse::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&ScsiResponse::snack_tag>("SNACKTag", bytes(20, 4)),
        field<&ScsiResponse::stat_sn>("StatSN", bytes(24, 4)),
        field<&ScsiResponse::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&ScsiResponse::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        field<&ScsiResponse::exp_data_sn>("ExpDataSN", bytes(36, 4)),
        field<&ScsiResponse::bidirectional_residual_count>("BidirectionalReadResidualCount",
                                                           bytes(40, 4))
            .when([](const ScsiResponse& pdu) {
              return pdu.bidirectional_overflow || pdu.bidirectional_underflow;
            }),
        field<&ScsiResponse::residual_count>("ResidualCount", bytes(44, 4))
            .when([](const ScsiResponse& pdu) { return pdu.overflow || pdu.underflow; }),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<ScsiResponse>>({
        {Rule::residual_flags_exclude_each_other, 1,
         [](const ScsiResponse& pdu, const Lengths&) {
           return !(pdu.overflow && pdu.underflow) &&
                  !(pdu.bidirectional_overflow && pdu.bidirectional_underflow);
         }},
        {Rule::residual_flags_only_when_completed, 1,
         [](const ScsiResponse& pdu, const Lengths&) {
           const bool any = pdu.overflow || pdu.underflow || pdu.bidirectional_overflow ||
                            pdu.bidirectional_underflow;
           return pdu.response == ServiceResponse::command_completed || !any;
         }},
        {Rule::exp_data_sn_only_when_completed, 36,
         [](const ScsiResponse& pdu, const Lengths&) {
           return pdu.response == ServiceResponse::command_completed ||
                  pdu.exp_data_sn == wire::DataSN{};
         }},
        {Rule::check_condition_has_sense_data, 3,
         [](const ScsiResponse& pdu, const Lengths& lengths) {
           constexpr std::uint8_t check_condition = 0x02;
           return pdu.response != ServiceResponse::command_completed ||
                  pdu.status != check_condition || lengths.data > 2;
         }},
    });
  }
  friend bool operator==(const ScsiResponse&, const ScsiResponse&) = default;
};
static_assert(tiled_bits<ScsiResponse>() == bhs_bits);

}  // namespace iscsi::pdu
