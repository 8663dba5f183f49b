#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// NOP-In (RFC 3720 10.19): a ping's echo, the target's own ping, or news of the command window.
struct NopIn {
  static constexpr auto opcode = Opcode::nop_in;
  static constexpr std::string_view name = "NOP-In", section = "10.19";
  static constexpr auto data_segment = DataSegment::allowed;  // returned ping data

  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag = wire::InitiatorTaskTag::none;
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<NopIn>>({
        reserved<NopIn>(bits(0, 0, 2)),
        fixed<NopIn>("F", bits(1, 0), 1),
        reserved<NopIn>(bits(1, 1, 7)),
        reserved<NopIn>(bytes(2, 2)),
        field<&NopIn::lun>("LUN", bytes(8, 8)).when([](const NopIn& pdu) {
          return pdu.target_transfer_tag != wire::TargetTransferTag::none;
        }),
        field<&NopIn::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&NopIn::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        field<&NopIn::stat_sn>("StatSN", bytes(24, 4)),
        field<&NopIn::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&NopIn::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        reserved<NopIn>(bytes(36, 12)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<NopIn>>({
        {Rule::nop_in_answer_has_no_transfer_tag, 20,
         [](const NopIn& pdu, const Lengths&) {
           return pdu.initiator_task_tag == wire::InitiatorTaskTag::none ||
                  pdu.target_transfer_tag == wire::TargetTransferTag::none;
         }},
        {Rule::unasked_nop_in_has_no_data, 5,
         [](const NopIn& pdu, const Lengths& lengths) {
           return pdu.initiator_task_tag != wire::InitiatorTaskTag::none || lengths.data == 0;
         }},
    });
  }
  friend bool operator==(const NopIn&, const NopIn&) = default;
};
static_assert(tiled_bits<NopIn>() == bhs_bits);

}  // namespace iscsi::pdu
