#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// Text Request (RFC 3720 10.10).
struct TextRequest {
  static constexpr auto opcode = Opcode::text_request;
  static constexpr std::string_view name = "Text Request", section = "10.10";
  static constexpr auto data_segment = DataSegment::allowed;  // text

  bool immediate = false;
  bool final = true;
  bool continued = false;  // the C bit: the text goes on in the next request
  wire::Lun lun{};         // copied from the response that gave the transfer tag
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  wire::CmdSN cmd_sn{};
  wire::StatSN exp_stat_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<TextRequest>>({
        reserved<TextRequest>(bits(0, 0)),
        field<&TextRequest::immediate>("I", bits(0, 1)),
        field<&TextRequest::final>("F", bits(1, 0)),
        field<&TextRequest::continued>("C", bits(1, 1)),
        reserved<TextRequest>(bits(1, 2, 6)),
        reserved<TextRequest>(bytes(2, 2)),
        field<&TextRequest::lun>("LUN", bytes(8, 8)).when([](const TextRequest& pdu) {
          return pdu.target_transfer_tag != wire::TargetTransferTag::none;
        }),
        field<&TextRequest::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&TextRequest::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        field<&TextRequest::cmd_sn>("CmdSN", bytes(24, 4)),
        field<&TextRequest::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        reserved<TextRequest>(bytes(32, 16)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<TextRequest>>({
        {Rule::continued_text_is_not_final, 1,
         [](const TextRequest& pdu, const Lengths&) { return !(pdu.continued && pdu.final); }},
    });
  }
  friend bool operator==(const TextRequest&, const TextRequest&) = default;
};
static_assert(tiled_bits<TextRequest>() == bhs_bits);

}  // namespace iscsi::pdu
