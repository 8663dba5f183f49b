#pragma once

/// What the tests of task management share.

#include "target/harness.hpp"

namespace iscsi::harness {

/// CHECK CONDITION, by sense key, ASC and ASCQ; 0 for any other end.
inline std::uint32_t sense_of(const Received& received) {
  const auto* response = received.as<pdu::ScsiResponse>();
  return response != nullptr && response->status == 0x02 ? sense_in(received.data) : 0;
}

class TaskManagement : public testing::Test {
 protected:
  explicit TaskManagement(const Options& options = {.unit_blocks = {8192, 64}}) : world{options} {
    EXPECT_TRUE(initiator.log_in());
    clear_attentions(initiator, 2);
  }

  static pdu::TaskManagementRequest function(Initiator& from, pdu::TaskManagementFunction what,
                                             std::uint16_t unit = 0) {
    return {.immediate = true,
            .function = what,
            .lun = wire::Lun{scsi::lun_field(unit)},
            .initiator_task_tag = from.new_tag()};
  }
  /// Another initiator, whose unit attentions are out of the way.
  void log_in_other(Initiator& other) {
    other.name += "2";
    other.isid = wire::Isid{0x0002'3d00'0002};
    ASSERT_TRUE(other.log_in());
    clear_attentions(other, 2);
  }
  /// A write that asks for its first burst of several.
  pdu::ReadyToTransfer begin_write(Initiator& from, std::uint16_t unit = 0,
                                   std::uint16_t blocks = 1024) {
    auto write = writing(from, 0, blocks);
    write.lun = wire::Lun{scsi::lun_field(unit)};
    from.send(write);
    return from.only<pdu::ReadyToTransfer>();
  }
  static void answer(Initiator& from, const pdu::ReadyToTransfer& r2t, ByteView data) {
    from.send(pdu::DataOut{.lun = r2t.lun,
                           .initiator_task_tag = r2t.initiator_task_tag,
                           .target_transfer_tag = r2t.target_transfer_tag,
                           .buffer_offset = r2t.buffer_offset},
              data);
  }
  static void answer(Initiator& from, const pdu::ReadyToTransfer& r2t) {
    answer(from, r2t, Bytes(r2t.desired_data_transfer_length));
  }
  /// A write's data, a burst for each R2T, of which the first has come.
  static void answer_all(Initiator& from, pdu::ReadyToTransfer r2t, ByteView data) {
    while (true) {
      answer(from, r2t, data.subspan(r2t.buffer_offset, r2t.desired_data_transfer_length));
      if (r2t.buffer_offset + r2t.desired_data_transfer_length == data.size()) return;
      r2t = from.only<pdu::ReadyToTransfer>();
    }
  }
  void expect_complete(const pdu::TaskManagementRequest& request) {
    const auto response = initiator.only<pdu::TaskManagementResponse>();
    EXPECT_EQ(response.initiator_task_tag, request.initiator_task_tag);
    EXPECT_EQ(response.response, pdu::TaskManagementOutcome::function_complete);
  }
  pdu::TaskManagementOutcome ask(const pdu::TaskManagementRequest& request) {
    initiator.send(request);
    return initiator.only<pdu::TaskManagementResponse>().response;
  }

  World world;
  Initiator initiator{world};
};

}  // namespace iscsi::harness
