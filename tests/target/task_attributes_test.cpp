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
  /// Another initiator, ready for commands.
  void log_in(Initiator& other, std::string_view suffix = "2") {
    other.name += suffix;
    world.hold = false;
    ASSERT_TRUE(other.log_in());
    clear_attentions(other, 2);
    world.hold = true;
  }
  /// A write that has been asked for its data, and does not get it.
  pdu::ReadyToTransfer begin_write(TaskAttribute attribute, std::uint16_t blocks = 8) {
    auto write = writing(initiator, 0, blocks);
    write.attribute = attribute;
    initiator.send(write);
    return initiator.only<pdu::ReadyToTransfer>();
  }

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

TEST_F(Attributes, OfOneUnitDoNotPutTheSimpleTasksOfAnotherInOrder) {
  read(1, ordered, 1);
  read(2, simple, 0);
  read(3, simple, 0);
  EXPECT_EQ(asked(), (Blocks{1, 2, 3}));
}

TEST_F(Attributes, OfNoUnitHoldNothingUp) {
  // SAM-2 4.9: the address method 11b names no unit, so there is no task set to be in order.
  const wire::Lun nowhere{0xc000'0000'0000'0000};
  auto write = writing(initiator, 0, 1);
  write.attribute = ordered;
  write.lun = nowhere;
  write.final = false;  // its end waits for an F bit
  initiator.send(write);
  for (const wire::Lun lun : {nowhere, wire::Lun{0xc100'0000'0000'0000}}) {
    auto command = without_data(initiator, test_unit_ready);
    command.lun = lun;
    initiator.send(command);
    Bytes segment;
    EXPECT_EQ(initiator.only<pdu::ScsiResponse>(&segment).initiator_task_tag,
              command.initiator_task_tag);
    EXPECT_EQ(sense_in(segment), 0x052500U);  // logical unit not supported
  }
}

TEST_F(Attributes, HoldBetweenSessionsForTheTaskSetIsOne) {
  Initiator other{world};
  log_in(other);
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
  initiator.send(aborting(initiator, tag, initiator.cmd_sn - 2));
  initiator.only<pdu::TaskManagementResponse>();
  EXPECT_EQ(asked(), (Blocks{1, 2}));
}

TEST_F(Attributes, OfASessionThatHasEndedHoldNobodyUp) {
  Initiator other{world};
  log_in(other);
  read(1, ordered);  // at the medium when its session ends
  read(other, 2, simple);
  EXPECT_EQ(asked(), (Blocks{1}));
  initiator.send(pdu::LogoutRequest{.initiator_task_tag = initiator.new_tag()});
  EXPECT_EQ(asked(), (Blocks{1, 2}));
}

TEST_F(Attributes, OfAWriteWithoutDataAreNotTakenForDataThatIsLate) {
  // A unit attention would refuse it when it comes, and is gone when its turn comes; but without
  // the W bit there was no data to be kept.
  read(1, ordered);
  EXPECT_TRUE(world.target.capacity_changed(0, 60000));
  auto write = writing(initiator, 0, 1);
  write.write = false;
  write.expected_data_transfer_length = 0;
  initiator.send(write);
  auto teller = without_data(initiator, test_unit_ready);
  teller.attribute = head_of_queue;
  initiator.send(teller);
  Bytes segment;
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>(&segment).initiator_task_tag,
            teller.initiator_task_tag);
  EXPECT_EQ(sense_in(segment), 0x062a09U);
  world.release();
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  const auto* response = received[1].as<pdu::ScsiResponse>();
  ASSERT_NE(response, nullptr);
  EXPECT_EQ(response->status, 0);
}

/// How an ordered write of two bursts ends, the first of which has been asked for.
struct End {
  std::string_view name;
  void (*make)(Initiator&, const pdu::ReadyToTransfer&);
};

class EndsOfATask : public Attributes, public testing::WithParamInterface<End> {};

TEST_P(EndsOfATask, LetTheTasksOfOthersGoThatWaitedForIt) {
  Initiator other{world};
  log_in(other);
  const auto r2t = begin_write(ordered, 1024);
  read(other, 1, simple);
  EXPECT_EQ(asked(), Blocks{});
  GetParam().make(initiator, r2t);
  EXPECT_EQ(asked(), (Blocks{1}));
}

pdu::TaskManagementRequest function(Initiator& from, pdu::TaskManagementFunction what) {
  return {.immediate = true, .function = what, .initiator_task_tag = from.new_tag()};
}
void give(Initiator& from, const pdu::ReadyToTransfer& r2t, std::uint32_t bytes) {
  from.send(pdu::DataOut{.lun = r2t.lun,
                         .initiator_task_tag = r2t.initiator_task_tag,
                         .target_transfer_tag = r2t.target_transfer_tag},
            Bytes(bytes));
}

const auto ends = std::to_array<End>({
    {"ByAbortTask",
     [](Initiator& from, const pdu::ReadyToTransfer& r2t) {
       auto request = function(from, pdu::TaskManagementFunction::abort_task);
       request.referenced_task_tag = r2t.initiator_task_tag;
       request.ref_cmd_sn = from.cmd_sn - 1;
       from.send(request);
     }},
    {"ByAbortTaskSet",
     [](Initiator& from, const pdu::ReadyToTransfer& r2t) {
       from.send(function(from, pdu::TaskManagementFunction::abort_task_set));
       give(from, r2t, r2t.desired_data_transfer_length);  // 10.6.2 b)
     }},
    {"ByAFault",
     [](Initiator& from, const pdu::ReadyToTransfer& r2t) {
       give(from, r2t, r2t.desired_data_transfer_length - 4);
     }},
    {"WithItsConnection",
     [](Initiator& from, const pdu::ReadyToTransfer&) { from.world().close(from.id); }},
    {"WithItsSession",
     [](Initiator& from, const pdu::ReadyToTransfer&) {
       from.send(pdu::LogoutRequest{.initiator_task_tag = from.new_tag()});
     }},
});
INSTANTIATE_TEST_SUITE_P(Each, EndsOfATask, testing::ValuesIn(ends),
                         [](const auto& one) { return std::string{one.param.name}; });

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

/// The order in which writes get room for their data, 8 MiB in a session at a time (decision 0003).
class Room : public Attributes {
 protected:
  Room() { world.hold = false; }
  InitiatorTaskTag write(std::uint16_t blocks, TaskAttribute attribute = simple) {
    auto command = writing(initiator, 0, blocks);
    command.attribute = attribute;
    initiator.send(command);
    return command.initiator_task_tag;
  }
  /// The R2Ts that have come, which are all.
  std::vector<pdu::ReadyToTransfer> r2ts() {
    std::vector<pdu::ReadyToTransfer> found;
    for (const Received& received : initiator.take()) {
      const auto* r2t = received.as<pdu::ReadyToTransfer>();
      EXPECT_NE(r2t, nullptr) << to_text(received);
      if (r2t != nullptr) found.push_back(*r2t);
    }
    return found;
  }
  /// Brings a write to its end.
  void finish(pdu::ReadyToTransfer r2t) {
    const Bytes data(r2t.desired_data_transfer_length);
    while (true) {
      initiator.send(pdu::DataOut{.lun = r2t.lun,
                                  .initiator_task_tag = r2t.initiator_task_tag,
                                  .target_transfer_tag = r2t.target_transfer_tag,
                                  .buffer_offset = r2t.buffer_offset},
                     data);
      const auto received = initiator.take();
      ASSERT_FALSE(received.empty());
      const auto* next = received.front().as<pdu::ReadyToTransfer>();
      if (next == nullptr) {
        ASSERT_NE(received.front().as<pdu::ScsiResponse>(), nullptr);
        EXPECT_EQ(received.front().as<pdu::ScsiResponse>()->status, 0);
        for (const Received& more : std::span{received}.subspan(1))
          late_.push_back(*more.as<pdu::ReadyToTransfer>());
        return;
      }
      r2t = *next;
    }
  }
  std::vector<pdu::ReadyToTransfer> late_{};  ///< that came with the end of another write
};

TEST_F(Room, IsGivenInTheOrderOfArrival) {
  write(6144);  // 3 MiB
  write(6144);
  const auto open = r2ts();
  ASSERT_EQ(open.size(), 2U);
  const auto long_one = write(8192);   // 4 MiB: no room
  const auto short_one = write(2048);  // 1 MiB: there would be room, but not for who came before
  EXPECT_TRUE(r2ts().empty());
  EXPECT_EQ(world.target.domain().waiting_tasks, 2U);
  finish(open[0]);
  ASSERT_EQ(late_.size(), 2U);
  EXPECT_EQ(late_[0].initiator_task_tag, long_one);
  EXPECT_EQ(late_[1].initiator_task_tag, short_one);
  EXPECT_EQ(world.target.domain().waiting_tasks, 0U);
}

TEST_F(Room, IsNotKeptFromAWriteByTasksThatWaitForSomethingElse) {
  world.hold = true;
  write(2048);
  EXPECT_EQ(r2ts().size(), 1U);
  read(1, ordered, 1);
  read(2, simple, 1);  // waits for its turn
  EXPECT_EQ(world.target.domain().waiting_tasks, 1U);
  write(2048);
  EXPECT_EQ(r2ts().size(), 1U);
}

class RoomForUnsolicitedData : public Room {
 protected:
  RoomForUnsolicitedData() {
    initiator = Initiator{world};
    initiator.isid = wire::Isid{0x0002'3d00'0002};
    EXPECT_TRUE(initiator.log_in({"InitialR2T=No"}));
    clear_attentions(initiator, 2);
  }
};

TEST_F(RoomForUnsolicitedData, IsNotKeptFromAWriteByOneThatHasNotAskedYet) {
  write(2048);
  EXPECT_EQ(r2ts().size(), 1U);
  auto unsolicited = writing(initiator, 0, 1024);
  unsolicited.final = false;  // its Data-Out is on its way
  initiator.send(unsolicited);
  world.hold = true;
  read(1, ordered, 1);
  read(2, simple, 1);  // waits, so that the line is looked at
  write(2048);
  EXPECT_EQ(r2ts().size(), 1U);
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

TEST_F(Attributes, OfReadsThatWaitForRoomDoNotHoldUpWhatIsNoRead) {
  World narrow{{.unit_blocks = {65536}, .bounds = {.queued_output_bytes = 4096}}};
  Initiator one{narrow};
  ASSERT_TRUE(one.log_in());
  clear_attentions(one);
  narrow.hold = true;
  one.send(reading(one, 0, 8));  // as much as there is room for
  one.send(writing(one, 8, 1), pattern(512));
  ASSERT_EQ(narrow.held.size(), 2U);
  EXPECT_EQ(narrow.held[1].request.operation.lba, 8U);
}

class NarrowOutput : public testing::Test {
 protected:
  NarrowOutput() {
    other.name += "2";
    for (Initiator* each : {&one, &other}) {
      EXPECT_TRUE(each->log_in());
      clear_attentions(*each);
    }
    // An INQUIRY waits behind a read for its turn, then for room in the output.
    world.hold = true;
    one.send(reading(one, 0, 8));
    one.send(pdu::ScsiCommand{.read = true,
                              .attribute = ordered,
                              .initiator_task_tag = one.new_tag(),
                              .expected_data_transfer_length = 36,
                              .cdb = cdb("120000002400")});
    world.release();
    other.send(without_data(other, test_unit_ready));  // and this one for the INQUIRY
    EXPECT_EQ(world.target.domain().waiting_tasks, 2U);
  }

  World world{{.unit_blocks = {64}, .bounds = {.queued_output_bytes = 4096}}};
  Initiator one{world};
  Initiator other{world};
};

TEST_F(NarrowOutput, LetsEveryoneGoWhoWaitedForATaskThatGotRoomAndEnded) {
  other.expect_silence();
  const auto queued = world.target.domain().connections.at(one.id).output.queued();
  world.target.sent(one.id, queued, world.now);  // and no event comes behind it
  EXPECT_TRUE(world.target.has_output(other.id));
  EXPECT_EQ(other.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.target.domain().waiting_tasks, 0U);
}

TEST_F(NarrowOutput, LetsOthersLogInMeanwhile) {
  Initiator third{world};
  third.send_as_is(pdu::LoginRequest{.current_stage = pdu::LoginStage::security_negotiation,
                                     .isid = third.isid,
                                     .initiator_task_tag = third.new_tag()},
                   wire::as_bytes(std::string_view{
                       "InitiatorName=iqn.2004-04.com.example:h\0SessionType=Discovery\0", 62}));
  EXPECT_EQ(third.only<pdu::LoginResponse>().status, pdu::LoginStatus::success);
  EXPECT_EQ(world.target.domain().waiting_tasks, 2U);
}

}  // namespace
}  // namespace iscsi::harness
