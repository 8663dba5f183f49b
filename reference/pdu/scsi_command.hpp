#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.3.1, bits 5-7 of byte 1.
enum class TaskAttribute : std::uint8_t { untagged, simple, ordered, head_of_queue, aca };
inline constexpr std::array<Code, 5> task_attributes{
    {{0, "untagged"}, {1, "simple"}, {2, "ordered"}, {3, "head of queue"}, {4, "ACA"}}};

/// SCSI Command (RFC 3720 10.3). CDB bytes behind the sixteenth, and the read length of a
/// bidirectional command, travel in additional header segments (`additional_headers.hpp`).
struct ScsiCommand {
  static constexpr auto opcode = Opcode::scsi_command;
  static constexpr std::string_view name = "SCSI Command", section = "10.3";
  static constexpr auto data_segment = DataSegment::allowed;  // immediate data

  bool immediate = false;
  bool final = true;  // no unsolicited Data-Out follows
  bool read = false;
  bool write = false;
  TaskAttribute attribute = TaskAttribute::untagged;
  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag{};
  std::uint32_t expected_data_transfer_length =
      0;  // bytes; of the write where both directions move
  wire::CmdSN cmd_sn{};
  wire::StatSN exp_stat_sn{};
  std::array<std::byte, 16> cdb{};

  static constexpr auto layout() {
    return std::to_array<Entry<ScsiCommand>>({
        reserved<ScsiCommand>(bits(0, 0)),
        field<&ScsiCommand::immediate>("I", bits(0, 1)),
        field<&ScsiCommand::final>("F", bits(1, 0)),
        field<&ScsiCommand::read>("R", bits(1, 1)),
        field<&ScsiCommand::write>("W", bits(1, 2)),
        reserved<ScsiCommand>(bits(1, 3, 2)),
        field<&ScsiCommand::attribute>("ATTR", bits(1, 5, 3)).one_of(task_attributes),
        reserved<ScsiCommand>(bytes(2, 2)),
        field<&ScsiCommand::lun>("LUN", bytes(8, 8)),
        field<&ScsiCommand::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&ScsiCommand::expected_data_transfer_length>("ExpectedDataTransferLength",
                                                           bytes(20, 4)),
        field<&ScsiCommand::cmd_sn>("CmdSN", bytes(24, 4)),
        field<&ScsiCommand::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        opaque<&ScsiCommand::cdb>("CDB", bytes(32, 16)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<ScsiCommand>>({
        {Rule::scsi_command_is_final_or_write, 1,
         [](const ScsiCommand& pdu, const Lengths&) { return pdu.final || pdu.write; }},
        {Rule::expected_transfer_has_direction, 1,
         [](const ScsiCommand& pdu, const Lengths&) {
           return pdu.expected_data_transfer_length == 0 || pdu.read || pdu.write;
         }},
        {Rule::complete_immediate_data_is_final, 1,
         [](const ScsiCommand& pdu, const Lengths& lengths) {
           return !pdu.write || pdu.final || lengths.data != pdu.expected_data_transfer_length;
         }},
    });
  }
  friend bool operator==(const ScsiCommand&, const ScsiCommand&) = default;
};
static_assert(tiled_bits<ScsiCommand>() == bhs_bits);

}  // namespace iscsi::pdu
