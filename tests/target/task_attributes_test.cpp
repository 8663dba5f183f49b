/// The order in which tasks start (SAM-2 7.7), seen by a medium that holds everything back, and the
/// order in which they get room for their data.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using pdu::TaskAttribute;
using enum TaskAttribute;

class Attributes : public testing::Test {
 protected:
  explicit Attributes(const Options& options = {.unit_blocks = {65536, 64}}) : world{options} {
    EXPECT_TRUE(initiator.log_in({"ImmediateData=No", "InitialR2T=Yes"}));
    clear_attentions(initiator, 2);
    world.hold = true;
  }
  /// A READ of the block with that number, so that the medium's requests can be told apart.
  void read(Initiator& from, std::uint32_t lba, TaskAttribute attribute, std::uint16_t unit = 0) {
    auto command = reading(from, lba, 1);
    command.attribute = attribute;
    command.lun = wire::Lun{scsi::lun_field(unit)};
    from.send(command);
  }
  void read(std::uint32_t lba, TaskAttribute attribute, std::uint16_t unit = 0) {
    read(initiator, lba, attribute, unit);
  }
  /// The blocks that the medium is asked for now.
  std::vector<std::uint64_t> asked() const {
    std::vector<std::uint64_t> blocks;
    for (const HeldOperation& operation : world.held)
      blocks.push_back(operation.request.operation.lba);
    return blocks;
  }
  using Blocks = std::vector<std::uint64_t>;

  World world;
  Initiator initiator{world};
};

TEST_F(Attributes, SimpleTasksStartAsTheyCome) {
  read(1, simple);
  read(2, untagged);
  read(3, simple);
  EXPECT_EQ(asked(), (Blocks{1, 2, 3}));
}

TEST_F(Attributes, AnOrderedTaskWaitsForAllInFrontOfIt) {
  read(1, simple);
  read(2, simple);
  read(3, ordered);
  EXPECT_EQ(asked(), (Blocks{1, 2}));
  world.release(1);
  EXPECT_EQ(asked(), (Blocks{1}));
  world.release(0);
  EXPECT_EQ(asked(), (Blocks{3}));
}

TEST_F(Attributes, TasksBehindAnOrderedOneWaitForIt) {
  read(1, ordered);
  read(2, simple);
  read(3, simple);
  EXPECT_EQ(asked(), (Blocks{1}));
  world.release();
  EXPECT_EQ(asked(), (Blocks{2, 3}));
}

TEST_F(Attributes, OrderedTasksRunOneByOne) {
  for (std::uint32_t block = 1; block <= 4; ++block) read(block, ordered);
  for (std::uint64_t block = 1; block <= 4; ++block) {
    EXPECT_EQ(asked(), (Blocks{block}));
    world.release();
  }
  EXPECT_EQ(initiator.take().size(), 4U);
}

TEST_F(Attributes, AHeadOfQueueTaskWaitsForNobody) {
  read(1, simple);
  read(2, ordered);
  read(3, head_of_queue);
  EXPECT_EQ(asked(), (Blocks{1, 3}));
  world.release_all();
}

TEST_F(Attributes, TasksBehindAHeadOfQueueTaskWaitForIt) {
  read(1, head_of_queue);
  read(2, simple);
  read(3, head_of_queue);
  EXPECT_EQ(asked(), (Blocks{1, 3}));
  world.release(0);
  EXPECT_EQ(asked(), (Blocks{3, 2}));
}

TEST_F(Attributes, OfOneUnitDoNotConcernAnother) {
  read(1, ordered, 0);
  read(2, simple, 1);
  read(3, ordered, 1);
  EXPECT_EQ(asked(), (Blocks{1, 2}));
}

TEST_F(Attributes, HoldBetweenSessionsForTheTaskSetIsOne) {
  Initiator other{world};
  other.name += "2";
  world.hold = false;
  ASSERT_TRUE(other.log_in());
  clear_attentions(other, 2);
  world.hold = true;
  read(1, simple);
  read(other, 2, ordered);
  read(3, simple);
  EXPECT_EQ(asked(), (Blocks{1}));
  world.release();
  EXPECT_EQ(asked(), (Blocks{2}));
  world.release();
  EXPECT_EQ(asked(), (Blocks{3}));
}

TEST_F(Attributes, LetEverythingGoThatWaitedForATaskWhichEndsAtOnce) {
  // The second session's command waits for an ordered one of the first session that needs no
  // medium; and that one for a read of the third. All must go on when the read ends.
  Initiator first{world};
  Initiator second{world};
  Initiator third{world};
  world.hold = false;
  std::uint64_t number = 2;
  for (Initiator* one : {&second, &first, &third}) {  // sessions in another order than tasks
    one->isid = wire::Isid{0x0002'3d00'0000ULL + number++};
    ASSERT_TRUE(one->log_in());
    clear_attentions(*one, 2);
  }
  world.hold = true;
  read(third, 1, simple);
  auto at_once = without_data(first, test_unit_ready);
  at_once.attribute = ordered;
  first.send(at_once);
  second.send(without_data(second, test_unit_ready));
  first.expect_silence();
  second.expect_silence();
  world.release();
  first.only<pdu::ScsiResponse>();
  second.only<pdu::ScsiResponse>();
}

TEST_F(Attributes, AnAbortedTaskIsWaitedForByNobody) {
  read(1, simple);
  const auto tag = InitiatorTaskTag{initiator.next_tag - 1};
  read(2, ordered);
  initiator.send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = initiator.new_tag(),
                                            .referenced_task_tag = tag,
                                            .ref_cmd_sn = initiator.cmd_sn - 2});
  initiator.only<pdu::TaskManagementResponse>();
  EXPECT_EQ(asked(), (Blocks{1, 2}));
}

TEST_F(Attributes, AcaNeedsAnAllegianceThatWeDoNotHave) {
  read(1, aca);
  Bytes segment;
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>(&segment).status, 0x02);
  EXPECT_EQ(sense_in(segment), 0x054900U);
}

TEST_F(Attributes, OfWritesWaitForTheirDataInFrontOfOthers) {
  auto write = writing(initiator, 0, 8);
  write.attribute = ordered;
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  read(1, simple);
  EXPECT_TRUE(world.held.empty());
  initiator.send(pdu::DataOut{.lun = r2t.lun,
                              .initiator_task_tag = write.initiator_task_tag,
                              .target_transfer_tag = r2t.target_transfer_tag},
                 pattern(4096));
  EXPECT_EQ(asked(), (Blocks{0}));
  world.release();
  initiator.only<pdu::ScsiResponse>();
  EXPECT_EQ(asked(), (Blocks{1}));
}

// Room for data.

TEST_F(Attributes, DoNotBringTasksToWaitForEachOther) {
  // An ordered write that waits for room, and simple ones behind it that have room and wait for
  // it: with room given to whom it fits, none of them would ever go on.
  world.hold = false;
  const auto write = [&](std::uint16_t blocks, TaskAttribute attribute) {
    auto command = writing(initiator, 0, blocks);
    command.attribute = attribute;
    initiator.send(command);
  };
  write(6144, simple);   // 3 MiB
  write(6144, simple);   // 3 MiB
  write(8192, ordered);  // 4 MiB: no room
  write(4096, simple);   // 2 MiB: would fit
  write(4096, simple);
  const Bytes data = pattern(8192 * 512);
  std::deque<pdu::ReadyToTransfer> open;
  std::vector<InitiatorTaskTag> ended;
  while (true) {
    for (const Received& received : initiator.take()) {
      if (const auto* r2t = received.as<pdu::ReadyToTransfer>()) open.push_back(*r2t);
      if (const auto* response = received.as<pdu::ScsiResponse>()) {
        EXPECT_EQ(response->status, 0);
        ended.push_back(response->initiator_task_tag);
      }
    }
    if (open.empty()) break;
    const auto r2t = open.front();
    open.pop_front();
    initiator.send(pdu::DataOut{.lun = r2t.lun,
                                .initiator_task_tag = r2t.initiator_task_tag,
                                .target_transfer_tag = r2t.target_transfer_tag,
                                .buffer_offset = r2t.buffer_offset},
                   ByteView{data}.subspan(r2t.buffer_offset, r2t.desired_data_transfer_length));
    if (ended.size() == 1 && initiator.next_tag < 100) {
      initiator.next_tag = 100;  // once, between the ends of the first two
      write(6144, simple);
    }
  }
  EXPECT_EQ(ended.size(), 6U);
}

TEST_F(Attributes, OfReadsHoldWhileTheyWaitForRoom) {
  World narrow{{.unit_blocks = {65536}, .bounds = {.queued_output_bytes = 4096}}};
  Initiator one{narrow};
  ASSERT_TRUE(one.log_in());
  clear_attentions(one);
  narrow.hold = true;
  for (std::uint32_t block = 0; block < 8; ++block) {
    auto command = reading(one, block * 8, 8);
    if (block % 3 == 0) command.attribute = ordered;
    one.send(command);
  }
  std::vector<std::uint32_t> tags;
  for (int step = 0; step < 8; ++step) {
    // One read is as much as there is room for: at the medium first, then in the output.
    ASSERT_EQ(narrow.held.size(), 1U);
    narrow.release();
    EXPECT_TRUE(narrow.held.empty());
    const auto data = one.only<pdu::DataIn>();
    EXPECT_TRUE(data.has_status);
    tags.push_back(std::to_underlying(data.initiator_task_tag));
  }
  EXPECT_TRUE(std::ranges::is_sorted(tags));
  EXPECT_EQ(narrow.target.domain().waiting_tasks, 0U);
}

}  // namespace
}  // namespace iscsi::harness
