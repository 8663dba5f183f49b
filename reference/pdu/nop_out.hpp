#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// NOP-Out (RFC 3720 10.18): an initiator's ping, or its answer to a NOP-In.
struct NopOut {
  static constexpr auto opcode = Opcode::nop_out;
  static constexpr std::string_view name = "NOP-Out", section = "10.18";
  static constexpr auto data_segment = DataSegment::allowed;  // ping data

  bool immediate = false;
  wire::Lun lun{};  // repeats that of the NOP-In answered
  // none: no answer wanted
  wire::InitiatorTaskTag initiator_task_tag = wire::InitiatorTaskTag::none;
  // none: not an answer (and then there is no LUN)
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  wire::CmdSN cmd_sn{};
  wire::StatSN exp_stat_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<NopOut>>({
        reserved<NopOut>(bits(0, 0)),
        field<&NopOut::immediate>("I", bits(0, 1)),
        fixed<NopOut>("F", bits(1, 0), 1),
        reserved<NopOut>(bits(1, 1, 7)),
        reserved<NopOut>(bytes(2, 2)),
        field<&NopOut::lun>("LUN", bytes(8, 8)).when([](const NopOut& pdu) {
          return pdu.target_transfer_tag != wire::TargetTransferTag::none;
        }),
        field<&NopOut::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&NopOut::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        field<&NopOut::cmd_sn>("CmdSN", bytes(24, 4)),
        field<&NopOut::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        reserved<NopOut>(bytes(32, 16)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<NopOut>>({
        // 10.18.1: without a task tag the PDU uses up no CmdSN, so it has to be immediate.
        {Rule::untagged_nop_out_is_immediate, 0,
         [](const NopOut& pdu, const Lengths&) {
           return pdu.initiator_task_tag != wire::InitiatorTaskTag::none || pdu.immediate;
         }},
    });
  }
  friend bool operator==(const NopOut&, const NopOut&) = default;
};
static_assert(tiled_bits<NopOut>() == bhs_bits);

}  // namespace iscsi::pdu
