#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// SCSI Data-Out (RFC 3720 10.7).
struct DataOut {
  static constexpr auto opcode = Opcode::data_out;
  static constexpr std::string_view name = "SCSI Data-Out", section = "10.7";
  static constexpr auto data_segment = DataSegment::allowed;

  bool final = true;  // the last PDU of its sequence
  wire::Lun lun{};    // of the R2T answered
  wire::InitiatorTaskTag initiator_task_tag{};
  // none: unsolicited
  wire::TargetTransferTag target_transfer_tag = wire::TargetTransferTag::none;
  wire::StatSN exp_stat_sn{};
  wire::DataSN data_sn{};           // counts the PDUs of one sequence
  std::uint32_t buffer_offset = 0;  // bytes from the start of the command's data

  static constexpr auto layout() {
    return std::to_array<Entry<DataOut>>({
        reserved<DataOut>(bits(0, 0, 2)),
        field<&DataOut::final>("F", bits(1, 0)),
        reserved<DataOut>(bits(1, 1, 7)),
        reserved<DataOut>(bytes(2, 2)),
        field<&DataOut::lun>("LUN", bytes(8, 8)).when([](const DataOut& pdu) {
          return pdu.target_transfer_tag != wire::TargetTransferTag::none;
        }),
        field<&DataOut::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&DataOut::target_transfer_tag>("TargetTransferTag", bytes(20, 4)),
        reserved<DataOut>(bytes(24, 4)),
        field<&DataOut::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        reserved<DataOut>(bytes(32, 4)),
        field<&DataOut::data_sn>("DataSN", bytes(36, 4)),
        field<&DataOut::buffer_offset>("BufferOffset", bytes(40, 4)),
        reserved<DataOut>(bytes(44, 4)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<DataOut>>({
        {Rule::data_segment_fills_words, 5,
         [](const DataOut& pdu, const Lengths& lengths) {
           return pdu.final || wire::padding(lengths.data) == 0;
         }},
    });
  }
  friend bool operator==(const DataOut&, const DataOut&) = default;
};
static_assert(tiled_bits<DataOut>() == bhs_bits);

}  // namespace iscsi::pdu
