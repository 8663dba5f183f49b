#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// Ready To Transfer (RFC 3720 10.8): the target asks for a stretch of a command's data.
struct ReadyToTransfer {
  static constexpr auto opcode = Opcode::ready_to_transfer;
  static constexpr std::string_view name = "Ready To Transfer", section = "10.8";
  static constexpr auto data_segment = DataSegment::none;

  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::TargetTransferTag target_transfer_tag{};
  wire::StatSN stat_sn{};  // the next one; not used up
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  wire::DataSN r2t_sn{};
  std::uint32_t buffer_offset = 0;                 // bytes from the start of the command's data
  std::uint32_t desired_data_transfer_length = 0;  // bytes, at most MaxBurstLength

  static constexpr auto layout() {
    return std::to_array<Entry<ReadyToTransfer>>({
        reserved<ReadyToTransfer>(bits(0, 0, 2)),
        fixed<ReadyToTransfer>("F", bits(1, 0), 1),
        reserved<ReadyToTransfer>(bits(1, 1, 7)),
        reserved<ReadyToTransfer>(bytes(2, 2)),
        field<&ReadyToTransfer::lun>("LUN", bytes(8, 8)),
        field<&ReadyToTransfer::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&ReadyToTransfer::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        field<&ReadyToTransfer::stat_sn>("StatSN", bytes(24, 4)),
        field<&ReadyToTransfer::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&ReadyToTransfer::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        field<&ReadyToTransfer::r2t_sn>("R2TSN", bytes(36, 4)),
        field<&ReadyToTransfer::buffer_offset>("BufferOffset", bytes(40, 4)),
        field<&ReadyToTransfer::desired_data_transfer_length>("DesiredDataTransferLength",
                                                              bytes(44, 4)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<ReadyToTransfer>>({
        {Rule::r2t_has_transfer_tag, 20,
         [](const ReadyToTransfer& pdu, const Lengths&) {
           return pdu.target_transfer_tag != wire::TargetTransferTag::none;
         }},
        {Rule::r2t_asks_for_data, 44,
         [](const ReadyToTransfer& pdu, const Lengths&) {
           return pdu.desired_data_transfer_length != 0;
         }},
    });
  }
  friend bool operator==(const ReadyToTransfer&, const ReadyToTransfer&) = default;
};
static_assert(tiled_bits<ReadyToTransfer>() == bhs_bits);

}  // namespace iscsi::pdu
