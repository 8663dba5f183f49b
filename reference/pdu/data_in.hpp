#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// SCSI Data-In (RFC 3720 10.7).
struct DataIn {
  static constexpr auto opcode = Opcode::data_in;
  static constexpr std::string_view name = "SCSI Data-In", section = "10.7";
  static constexpr auto data_segment = DataSegment::allowed;

  bool final = true;         // the last PDU of its sequence
  bool acknowledge = false;  // the A bit: recovery levels 1 and 2 only
  bool overflow = false;
  bool underflow = false;
  bool has_status = false;  // the S bit: status, StatSN and residual are here
  std::uint8_t status = 0;
  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};
  wire::DataSN data_sn{};
  std::uint32_t buffer_offset = 0;  // bytes from the start of the command's data
  std::uint32_t residual_count = 0;

  static constexpr auto layout() {
    constexpr auto with_status = [](const DataIn& pdu) { return pdu.has_status; };
    return std::to_array<Entry<DataIn>>({
        reserved<DataIn>(bits(0, 0, 2)),
        field<&DataIn::final>("F", bits(1, 0)),
        field<&DataIn::acknowledge>("A", bits(1, 1)),
        reserved<DataIn>(bits(1, 2, 3)),
        field<&DataIn::overflow>("O", bits(1, 5)).when(with_status),
        field<&DataIn::underflow>("U", bits(1, 6)).when(with_status),
        field<&DataIn::has_status>("S", bits(1, 7)),
        reserved<DataIn>(bytes(2, 1)),
        field<&DataIn::status>("Status", bytes(3, 1)).when(with_status),
        field<&DataIn::lun>("LUN", bytes(8, 8)).when([](const DataIn& pdu) {
          return pdu.acknowledge;
        }),
        field<&DataIn::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&DataIn::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        field<&DataIn::stat_sn>("StatSN", bytes(24, 4)).when(with_status),
        field<&DataIn::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&DataIn::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        field<&DataIn::data_sn>("DataSN", bytes(36, 4)),
        field<&DataIn::buffer_offset>("BufferOffset", bytes(40, 4)),
        field<&DataIn::residual_count>("ResidualCount", bytes(44, 4)).when([](const DataIn& pdu) {
          return pdu.has_status && (pdu.overflow || pdu.underflow);
        }),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<DataIn>>({
        {Rule::data_in_status_comes_with_final, 1,
         [](const DataIn& pdu, const Lengths&) { return !pdu.has_status || pdu.final; }},
        {Rule::data_in_status_is_no_exception, 3,
         [](const DataIn& pdu, const Lengths&) {
           // GOOD, CONDITION MET, INTERMEDIATE, INTERMEDIATE-CONDITION MET
           return !pdu.has_status || pdu.status == 0x00 || pdu.status == 0x04 ||
                  pdu.status == 0x10 || pdu.status == 0x14;
         }},
        {Rule::residual_flags_exclude_each_other, 1,
         [](const DataIn& pdu, const Lengths&) { return !(pdu.overflow && pdu.underflow); }},
        {Rule::data_in_has_transfer_tag_only_with_acknowledge, 20,
         [](const DataIn& pdu, const Lengths&) {
           return pdu.acknowledge == (pdu.target_transfer_tag != wire::TargetTransferTag::none);
         }},
        {Rule::data_segment_fills_words, 5,
         [](const DataIn& pdu, const Lengths& lengths) {
           return pdu.final || wire::padding(lengths.data) == 0;
         }},
    });
  }
  friend bool operator==(const DataIn&, const DataIn&) = default;
};
static_assert(tiled_bits<DataIn>() == bhs_bits);

}  // namespace iscsi::pdu
