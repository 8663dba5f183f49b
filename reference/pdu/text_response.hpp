#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// Text Response (RFC 3720 10.11).
struct TextResponse {
  static constexpr auto opcode = Opcode::text_response;
  static constexpr std::string_view name = "Text Response", section = "10.11";
  static constexpr auto data_segment = DataSegment::allowed;  // text

  bool final = true;
  bool continued = false;  // the C bit: the text goes on in the next response
  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<TextResponse>>({
        reserved<TextResponse>(bits(0, 0, 2)),
        field<&TextResponse::final>("F", bits(1, 0)),
        field<&TextResponse::continued>("C", bits(1, 1)),
        reserved<TextResponse>(bits(1, 2, 6)),
        reserved<TextResponse>(bytes(2, 2)),
        field<&TextResponse::lun>("LUN", bytes(8, 8)).when([](const TextResponse& pdu) {
          return pdu.target_transfer_tag != wire::TargetTransferTag::none;
        }),
        field<&TextResponse::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&TextResponse::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        field<&TextResponse::stat_sn>("StatSN", bytes(24, 4)),
        field<&TextResponse::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&TextResponse::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        reserved<TextResponse>(bytes(36, 12)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<TextResponse>>({
        {Rule::continued_text_response_is_not_final, 1,
         [](const TextResponse& pdu, const Lengths&) { return !(pdu.continued && pdu.final); }},
        {Rule::final_text_response_has_no_transfer_tag, 20,
         [](const TextResponse& pdu, const Lengths&) {
           return !pdu.final || pdu.target_transfer_tag == wire::TargetTransferTag::none;
         }},
        {Rule::unfinished_text_response_has_transfer_tag, 20,
         [](const TextResponse& pdu, const Lengths&) {
           return pdu.final || pdu.target_transfer_tag != wire::TargetTransferTag::none;
         }},
    });
  }
  friend bool operator==(const TextResponse&, const TextResponse&) = default;
};
static_assert(tiled_bits<TextResponse>() == bhs_bits);

}  // namespace iscsi::pdu
