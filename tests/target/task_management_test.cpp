/// Task management (RFC 3720 10.5, 10.6).

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using pdu::TaskManagementFunction;
using pdu::TaskManagementOutcome;
using pdu::TaskManagementRequest;
using pdu::TaskManagementResponse;
using enum TaskManagementFunction;
using enum TaskManagementOutcome;

/// CHECK CONDITION, by sense key, ASC and ASCQ; 0 for any other end.
std::uint32_t sense_of(const Received& received) {
  const auto* response = received.as<pdu::ScsiResponse>();
  return response != nullptr && response->status == 0x02 ? sense_in(received.data) : 0;
}

class TaskManagement : public testing::Test {
 protected:
  explicit TaskManagement(const Options& options = {.unit_blocks = {8192, 64}}) : world{options} {
    EXPECT_TRUE(initiator.log_in());
    clear_attentions(initiator, 2);
  }

  static TaskManagementRequest function(Initiator& from, TaskManagementFunction what,
                                        std::uint16_t unit = 0) {
    return {.immediate = true,
            .function = what,
            .lun = wire::Lun{scsi::lun_field(unit)},
            .initiator_task_tag = from.new_tag()};
  }
  TaskManagementRequest abort(InitiatorTaskTag tag, wire::CmdSN ref_cmd_sn) {
    TaskManagementRequest request = function(initiator, abort_task);
    request.referenced_task_tag = tag;
    request.ref_cmd_sn = ref_cmd_sn;
    return request;
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
  static void answer(Initiator& from, const pdu::ReadyToTransfer& r2t) {
    from.send(pdu::DataOut{.lun = r2t.lun,
                           .initiator_task_tag = r2t.initiator_task_tag,
                           .target_transfer_tag = r2t.target_transfer_tag,
                           .buffer_offset = r2t.buffer_offset},
              Bytes(r2t.desired_data_transfer_length));
  }
  void expect_complete(const TaskManagementRequest& request) {
    const auto response = initiator.only<TaskManagementResponse>();
    EXPECT_EQ(response.initiator_task_tag, request.initiator_task_tag);
    EXPECT_EQ(response.response, function_complete);
  }
  TaskManagementOutcome ask(const TaskManagementRequest& request) {
    initiator.send(request);
    return initiator.only<TaskManagementResponse>().response;
  }

  World world;
  Initiator initiator{world};
};

// ABORT TASK (10.6.1).

TEST_F(TaskManagement, AbortsATaskThatRunsAndSilencesIt) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  EXPECT_EQ(ask(abort(read.initiator_task_tag, number)), function_complete);
  world.release_all();
  // 10.4.11: the place that it held is free again, and nothing else is there to say so.
  const auto nop = initiator.only<pdu::NopIn>();
  EXPECT_EQ(nop.initiator_task_tag, InitiatorTaskTag::none);
  EXPECT_EQ(nop.target_transfer_tag, TargetTransferTag::none);
  EXPECT_EQ(nop.max_cmd_sn, nop.exp_cmd_sn + 127);
}

TEST_F(TaskManagement, AbortsATaskThatWaitsForItsData) {
  auto write = writing(initiator, 0, 512);
  const auto number = initiator.cmd_sn;
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  EXPECT_EQ(ask(abort(write.initiator_task_tag, number)), function_complete);
  EXPECT_EQ(world.target.domain().sessions.begin()->second.tasks.size(), 0U);
  EXPECT_NE(r2t.desired_data_transfer_length, 0U);
}

TEST_F(TaskManagement, DoesNotFindATaskThatHasEnded) {
  const auto read = reading(initiator, 0, 1);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  initiator.only<pdu::DataIn>();
  // 10.6.1 c): its number is outside the window.
  EXPECT_EQ(ask(abort(read.initiator_task_tag, number)), task_does_not_exist);
}

TEST_F(TaskManagement, DoesNotAbortATaskOfAnotherUnit) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  auto request = abort(read.initiator_task_tag, number);
  request.lun = wire::Lun{scsi::lun_field(1)};
  EXPECT_EQ(ask(request), task_does_not_exist);
  world.release();
  EXPECT_EQ(initiator.only<pdu::DataIn>().status, 0);
}

TEST_F(TaskManagement, FindsTheUnitOfATaskByEitherFormOfItsNumber) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  initiator.send(read);
  auto request = function(initiator, logical_unit_reset);
  request.lun = wire::Lun{0x4000'0000'0000'0000};  // SAM-2 4.9: flat space addressing, unit 0
  EXPECT_EQ(ask(request), function_complete);
  EXPECT_TRUE(world.target.domain().sessions.begin()->second.tasks.front().aborted);
}

TEST_F(TaskManagement, PlugsTheGapOfACommandThatNeverCame) {
  ++initiator.cmd_sn;  // lost on its way
  const auto lost = initiator.cmd_sn - 1;
  const auto behind = reading(initiator, 0, 1);
  initiator.send(behind);
  initiator.expect_silence();
  initiator.send(abort(InitiatorTaskTag{0x77}, lost));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  // 10.6.1 b): the number counts as received.
  ASSERT_NE(received[0].as<TaskManagementResponse>(), nullptr);
  EXPECT_EQ(received[0].as<TaskManagementResponse>()->response, function_complete);
  // What waited behind the gap goes on at once, not only with the next request.
  ASSERT_NE(received[1].as<pdu::DataIn>(), nullptr);
  EXPECT_EQ(received[1].as<pdu::DataIn>()->initiator_task_tag, behind.initiator_task_tag);
  EXPECT_EQ(received[1].as<pdu::DataIn>()->exp_cmd_sn, initiator.cmd_sn);
}

TEST_F(TaskManagement, TakesTheNumberOfAPluggedGapForADuplicate) {
  const auto lost = initiator.cmd_sn;
  initiator.cmd_sn = lost + 2;
  EXPECT_EQ(ask(abort(InitiatorTaskTag{0x77}, lost + 1)), function_complete);
  auto late = reading(initiator, 0, 1);
  late.cmd_sn = lost + 1;
  initiator.send_as_is(late);
  initiator.expect_silence();
  EXPECT_EQ(world.notes(), std::vector<std::string>{"cmd-sn-is-new"});
}

TEST_F(TaskManagement, PlugsNoGapBehindItself) {
  // 10.6.1 b): only a number less than the function's own; it has its own of the next command.
  const auto next = initiator.cmd_sn;
  EXPECT_EQ(ask(abort(InitiatorTaskTag{0x77}, next)), task_does_not_exist);
  initiator.send(without_data(initiator, test_unit_ready));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().exp_cmd_sn, next + 1);
}

TEST_F(TaskManagement, AbortsARequestThatIsHeldForItsTurn) {
  const auto lost = initiator.cmd_sn;
  ++initiator.cmd_sn;
  const auto held = reading(initiator, 0, 1);
  initiator.send(held);
  EXPECT_EQ(ask(abort(held.initiator_task_tag, lost + 1)), function_complete);
  EXPECT_TRUE(world.target.domain().sessions.begin()->second.held.empty());
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = lost;
  initiator.send_as_is(filler);
  const auto response = initiator.only<pdu::ScsiResponse>();
  EXPECT_EQ(response.initiator_task_tag, filler.initiator_task_tag);
  EXPECT_EQ(response.exp_cmd_sn, lost + 2);
}

TEST_F(TaskManagement, LeavesAHeldRequestAloneWhenOnlyItsNumberIsNamed) {
  const auto lost = initiator.cmd_sn;
  ++initiator.cmd_sn;
  const auto held = reading(initiator, 0, 1);
  initiator.send(held);
  // 10.6.1 b): that number has been received already; the task that has it is another one.
  EXPECT_EQ(ask(abort(InitiatorTaskTag{0x77}, lost + 1)), function_complete);
  EXPECT_EQ(world.target.domain().sessions.begin()->second.held.size(), 1U);
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = lost;
  initiator.send_as_is(filler);
  EXPECT_EQ(initiator.take().size(), 2U);
}

TEST_F(TaskManagement, NeverAbortsATaskManagementRequest) {
  // 10.5.1: not itself,
  const InitiatorTaskTag own{0x1234};
  auto request = abort(own, initiator.cmd_sn);
  request.initiator_task_tag = own;
  EXPECT_EQ(ask(request), function_rejected);
  // not one that waits for data,
  initiator.send(writing(initiator, 0, 512));
  initiator.only<pdu::ReadyToTransfer>();
  const auto waiting = function(initiator, abort_task_set);
  initiator.send(waiting);
  initiator.expect_silence();
  EXPECT_EQ(ask(abort(waiting.initiator_task_tag, initiator.cmd_sn)), function_rejected);
  // and not one that is held for its turn.
  const auto lost = initiator.cmd_sn;
  ++initiator.cmd_sn;
  auto held = function(initiator, logical_unit_reset);
  held.immediate = false;
  initiator.send(held);
  EXPECT_EQ(ask(abort(held.initiator_task_tag, lost + 1)), function_rejected);
  EXPECT_EQ(world.target.domain().sessions.begin()->second.held.size(), 1U);
}

TEST_F(TaskManagement, AbortsATextNegotiation) {
  initiator.send(pdu::TextRequest{.final = false, .initiator_task_tag = InitiatorTaskTag{0x55}});
  const auto number = initiator.cmd_sn - 1;
  const auto response = initiator.only<pdu::TextResponse>();
  // 10.5.1: "regardless of whether they are proper SCSI tasks or tagged iSCSI operations".
  EXPECT_EQ(ask(abort(InitiatorTaskTag{0x55}, number)), function_complete);
  pdu::TextRequest more{.initiator_task_tag = InitiatorTaskTag{0x55},
                        .target_transfer_tag = response.target_transfer_tag};
  const Bytes bytes = initiator.bytes_of(more);
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);
}

TEST_F(TaskManagement, AnswersAFunctionInItsTurnWhenItIsNotImmediate) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  auto request = abort(read.initiator_task_tag, number);
  request.immediate = false;
  initiator.send(request);
  const auto response = initiator.only<TaskManagementResponse>();
  EXPECT_EQ(response.response, function_complete);
  EXPECT_EQ(response.exp_cmd_sn, initiator.cmd_sn);
}

// The other functions.

TEST_F(TaskManagement, KnowsNoUnitThatIsNotThere) {
  for (const auto what :
       {abort_task, abort_task_set, clear_aca, clear_task_set, logical_unit_reset})
    EXPECT_EQ(ask(function(initiator, what, 7)), lun_does_not_exist);
}

TEST_F(TaskManagement, LooksAtNoUnitForAFunctionOfTheWholeTarget) {
  // 10.5.4: the LUN field is for the functions of a unit; elsewhere it is reserved, and 0 is no
  // unit of this target.
  World other{{.unit_blocks = {64}, .unit_numbers = {5}}};
  Initiator one{other};
  ASSERT_TRUE(one.log_in());
  one.send(function(one, logical_unit_reset, 0));
  EXPECT_EQ(one.only<TaskManagementResponse>().response, lun_does_not_exist);
  one.send(function(one, target_warm_reset, 0));
  EXPECT_EQ(one.only<TaskManagementResponse>().response, function_complete);
}

TEST_F(TaskManagement, HasNoAcaToClear) {
  EXPECT_EQ(ask(function(initiator, clear_aca)), function_not_supported);
}

TEST_F(TaskManagement, ReassignsNothingAtLevelZero) {
  // 6.2.2
  EXPECT_EQ(ask(function(initiator, task_reassign)), reassignment_not_supported);
}

TEST_F(TaskManagement, ResetsALogicalUnitForAllInitiators) {
  Initiator other{world};
  log_in_other(other);
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  other.send(reading(other, 0, 8));
  EXPECT_EQ(ask(function(initiator, logical_unit_reset)), function_complete);
  world.release_all();
  world.hold = false;
  initiator.only<pdu::NopIn>();
  other.only<pdu::NopIn>();
  for (Initiator* one : {&initiator, &other}) {
    one->send(without_data(*one, test_unit_ready));
    const auto received = one->take();
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(sense_of(received[0]), 0x062903U);  // bus device reset function occurred
  }
}

TEST_F(TaskManagement, ResetsWhatWasSentInFrontOfTheRequestAndIsStillToCome) {
  // 10.5.1: all commands with a lower CmdSN, and none of them is answered behind the response.
  world.hold = true;
  for (const auto what : {logical_unit_reset, target_warm_reset}) {
    const auto late = initiator.bytes_of(reading(initiator, 0, 8));
    initiator.send(reading(initiator, 8, 8));  // held behind it
    initiator.send(function(initiator, what));
    initiator.send(reading(initiator, 16, 8));  // held as well, and sent behind the reset
    initiator.expect_silence();
    initiator.put(late);
    const auto response = initiator.only<TaskManagementResponse>();
    EXPECT_EQ(response.response, function_complete);
    EXPECT_EQ(response.exp_cmd_sn, initiator.cmd_sn);
    world.release_all();
    for (const Received& received : initiator.take())
      EXPECT_NE(received.as<pdu::NopIn>(), nullptr) << to_text(received);
    world.hold = false;
    clear_attentions(initiator, 2);
    world.hold = true;
  }
}

TEST_F(TaskManagement, SparesWhatIsDeliveredBehindAReset) {
  // A reset that is not immediate takes effect in its turn, between the commands it came with.
  const auto late = initiator.bytes_of(reading(initiator, 0, 8));
  auto reset = function(initiator, logical_unit_reset);
  reset.immediate = false;
  initiator.send(reset);
  world.hold = true;
  const auto behind = reading(initiator, 16, 8);
  initiator.send(behind);
  initiator.put(late);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<TaskManagementResponse>(), nullptr);
  ASSERT_NE(received[1].as<pdu::ScsiResponse>(), nullptr);
  EXPECT_EQ(received[1].as<pdu::ScsiResponse>()->initiator_task_tag, behind.initiator_task_tag);
  EXPECT_EQ(sense_of(received[1]), 0x062903U);  // which tells it of the reset
}

TEST_F(TaskManagement, ResetsAtOnceWithAllItsDataOnTheWay) {
  // Only the task set functions wait for data (10.6.2), a reset waits for commands alone.
  begin_write(initiator);
  world.hold = true;
  const auto late = initiator.bytes_of(reading(initiator, 0, 8));
  const auto reset = function(initiator, logical_unit_reset);
  initiator.send(reset);
  initiator.expect_silence();
  initiator.put(late);
  expect_complete(reset);
}

TEST_F(TaskManagement, AsksForDataWhileAResetWaits) {
  const auto r2t = begin_write(initiator);
  ++initiator.cmd_sn;  // one that never comes
  initiator.send(function(initiator, logical_unit_reset));
  answer(initiator, r2t);
  EXPECT_EQ(initiator.only<pdu::ReadyToTransfer>().buffer_offset, r2t.desired_data_transfer_length);
}

TEST_F(TaskManagement, DoesNotStopOthersForACommandThatNeverComes) {
  Initiator other{world};
  log_in_other(other);
  const auto write = writing(other, 0, 1024);  // two bursts
  other.send(write);
  auto r2t = other.only<pdu::ReadyToTransfer>();
  ++initiator.cmd_sn;  // and it never comes
  initiator.send(function(initiator, clear_task_set));
  const auto data = pattern(1024 * 512);
  for (int burst = 0; burst < 2; ++burst) {
    other.send(pdu::DataOut{.lun = r2t.lun,
                            .initiator_task_tag = write.initiator_task_tag,
                            .target_transfer_tag = r2t.target_transfer_tag,
                            .buffer_offset = r2t.buffer_offset},
               ByteView{data}.subspan(r2t.buffer_offset, r2t.desired_data_transfer_length));
    if (burst == 0) r2t = other.only<pdu::ReadyToTransfer>();
  }
  EXPECT_EQ(other.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(0, 1024), data);
  initiator.expect_silence();
}

TEST_F(TaskManagement, TellsOtherSessionsOfTheRoomThatAResetMakes) {
  Initiator other{world};
  log_in_other(other);
  other.send(writing(other, 0, 512));
  const auto r2t = other.only<pdu::ReadyToTransfer>();
  EXPECT_EQ(r2t.max_cmd_sn, r2t.exp_cmd_sn + 126);
  EXPECT_EQ(ask(function(initiator, logical_unit_reset)), function_complete);
  const auto nop = other.only<pdu::NopIn>();  // 10.4.11
  EXPECT_EQ(nop.target_transfer_tag, TargetTransferTag::none);
  EXPECT_EQ(nop.max_cmd_sn, nop.exp_cmd_sn + 127);
}

TEST_F(TaskManagement, ResetsTheTargetAndKeepsTheSessionsWhenWarm) {
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  EXPECT_EQ(ask(function(initiator, target_warm_reset)), function_complete);
  EXPECT_TRUE(initiator.is_open());
  world.release_all();
  world.hold = false;
  initiator.only<pdu::NopIn>();
  initiator.send(without_data(initiator, test_unit_ready));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(sense_of(received[0]) >> 8U, 0x0629U);
}

TEST_F(TaskManagement, ResetsAllUnitsWhenWarm) {
  world.hold = true;
  auto read = reading(initiator, 0, 8);
  read.lun = wire::Lun{scsi::lun_field(1)};
  initiator.send(read);
  EXPECT_EQ(ask(function(initiator, target_warm_reset)), function_complete);
  world.release_all();
  initiator.only<pdu::NopIn>();  // and no Data-In
}

TEST_F(TaskManagement, EndsAllConnectionsOnAColdReset) {
  Initiator other{world};
  log_in_other(other);
  Initiator third{world};  // connected, not logged in
  initiator.send(function(initiator, target_cold_reset));
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
  other.expect_silence();
  // 10.5.1: all TCP connections to all initiators.
  EXPECT_EQ(world.target.session_count(), 0U);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_when_sent);
  EXPECT_FALSE(other.is_open());
  EXPECT_FALSE(third.is_open());
  // "as a power on event": that is what the initiator hears when it comes back.
  Initiator again{world};
  ASSERT_TRUE(again.log_in());
  again.send(without_data(again, test_unit_ready));
  const auto received = again.take();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(sense_of(received[0]), 0x062900U);
}

// ABORT TASK SET and CLEAR TASK SET (10.6.2).

TEST_F(TaskManagement, AnswersATaskSetFunctionAtOnceWhenNothingIsOpen) {
  EXPECT_EQ(ask(function(initiator, abort_task_set)), function_complete);
  EXPECT_EQ(ask(function(initiator, clear_task_set)), function_complete);
}

TEST_F(TaskManagement, WaitsWithATaskSetFunctionForTheCommandsInFrontOfIt) {
  const auto lost = initiator.cmd_sn;
  initiator.cmd_sn = lost + 1;
  initiator.send(function(initiator, abort_task_set));
  initiator.expect_silence();
  auto late = writing(initiator, 0, 8);
  late.cmd_sn = lost;
  initiator.send_as_is(late);
  // It has been received, so it is aborted now and never answered.
  const auto response = initiator.only<TaskManagementResponse>();
  EXPECT_EQ(response.response, function_complete);
  EXPECT_EQ(response.exp_cmd_sn, lost + 1);
  EXPECT_EQ(response.max_cmd_sn, lost + 128);
}

TEST_F(TaskManagement, WaitsWithATaskSetFunctionForTheDataOfOpenR2ts) {
  auto write = writing(initiator, 0, 1024);  // two bursts
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  initiator.send(function(initiator, abort_task_set));
  initiator.expect_silence();
  initiator.send(pdu::DataOut{.lun = r2t.lun,
                              .initiator_task_tag = write.initiator_task_tag,
                              .target_transfer_tag = r2t.target_transfer_tag},
                 pattern(r2t.desired_data_transfer_length));
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
  // Nothing of the aborted command has reached the medium.
  EXPECT_EQ(world.on_disk(0, 1024), Bytes(1024 * 512));
}

TEST_F(TaskManagement, AsksForNothingMoreWhileATaskSetFunctionWaits) {
  // Neither for what is in front of a command that is still to come,
  auto r2t = begin_write(initiator);
  const auto lost = initiator.cmd_sn;
  ++initiator.cmd_sn;
  const auto abort_set = function(initiator, abort_task_set);
  initiator.send(abort_set);
  answer(initiator, r2t);
  initiator.expect_silence();
  auto late = reading(initiator, 0, 8);
  late.cmd_sn = lost;
  initiator.send_as_is(late);
  expect_complete(abort_set);
  // nor of another initiator.
  Initiator other{world};
  log_in_other(other);
  r2t = begin_write(other);
  const auto clear_set = function(initiator, clear_task_set);
  initiator.send(clear_set);
  initiator.expect_silence();
  answer(other, r2t);
  expect_complete(clear_set);
  other.only<pdu::NopIn>();  // 10.4.11: of the write's place
}

TEST_F(TaskManagement, LeavesTheTasksOfOtherUnitsAlone) {
  // It waits for the data of unit 0; what unit 1 has open neither stops nor waits.
  const auto r2t = begin_write(initiator);
  const auto elsewhere = begin_write(initiator, 1, 64);
  world.hold = true;
  auto read = reading(initiator, 0, 8);
  read.lun = wire::Lun{scsi::lun_field(1)};
  initiator.send(read);
  const auto abort_set = function(initiator, abort_task_set);
  initiator.send(abort_set);
  initiator.expect_silence();
  begin_write(initiator, 1, 8);
  answer(initiator, r2t);
  expect_complete(abort_set);
  world.release_all();
  EXPECT_EQ(initiator.only<pdu::DataIn>().initiator_task_tag, read.initiator_task_tag);
  world.hold = false;
  answer(initiator, elsewhere);
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
}

TEST_F(TaskManagement, LeavesTheTasksOfOthersAloneUnlessTheSetIsCleared) {
  Initiator other{world};
  log_in_other(other);
  world.hold = true;
  const auto read = reading(other, 0, 8);
  other.send(read);
  EXPECT_EQ(ask(function(initiator, abort_task_set)), function_complete);
  world.release();
  EXPECT_EQ(other.only<pdu::DataIn>().initiator_task_tag, read.initiator_task_tag);
}

/// Two functions of one session, the first of which waits.
TEST_F(TaskManagement, AnswersFunctionsInTheOrderInWhichTheyCanBeAnswered) {
  begin_write(initiator);
  initiator.send(function(initiator, abort_task_set));
  initiator.expect_silence();
  const auto elsewhere = function(initiator, abort_task_set, 1);
  initiator.send(elsewhere);
  expect_complete(elsewhere);
}

TEST_F(TaskManagement, AnswersAFunctionThatAnotherOneHasMadePossible) {
  // A reset of the second session ends what a function of the first one waits for.
  Initiator other{world};
  log_in_other(other);
  ASSERT_LT(initiator.tsih, other.tsih);
  begin_write(initiator);
  const auto waiting = function(initiator, abort_task_set);
  initiator.send(waiting);
  const auto late = other.bytes_of(without_data(other, test_unit_ready));
  other.send(function(other, logical_unit_reset));
  other.expect_silence();
  initiator.expect_silence();
  other.put(late);
  const auto received = initiator.take();
  ASSERT_FALSE(received.empty());
  ASSERT_NE(received.back().as<TaskManagementResponse>(), nullptr);
  EXPECT_EQ(received.back().as<TaskManagementResponse>()->initiator_task_tag,
            waiting.initiator_task_tag);
}

TEST_F(TaskManagement, NeedsNoRoomForAResetThatIsDoneAtOnce) {
  begin_write(initiator);
  for (std::size_t i = 0; i < limits::immediate_tasks; ++i)
    initiator.send(function(initiator, abort_task_set));
  initiator.expect_silence();
  const auto reset = function(initiator, logical_unit_reset);
  initiator.send(reset);
  const auto received = initiator.take();
  ASSERT_FALSE(received.empty());
  ASSERT_NE(received[0].as<TaskManagementResponse>(), nullptr);
  EXPECT_EQ(received[0].as<TaskManagementResponse>()->initiator_task_tag, reset.initiator_task_tag);
}

TEST_F(TaskManagement, NeverEndsAWriteInSuccessThatItDidNotAskAllTheDataFor) {
  const auto one = writing(initiator, 0, 1024);
  const auto two = writing(initiator, 2048, 1024);
  initiator.send(one);
  const auto r2t_one = initiator.only<pdu::ReadyToTransfer>();
  initiator.send(two);
  const auto r2t_two = initiator.only<pdu::ReadyToTransfer>();
  initiator.send(function(initiator, abort_task_set));
  const auto data = pattern(r2t_one.desired_data_transfer_length);
  initiator.send(pdu::DataOut{.lun = r2t_one.lun,
                              .initiator_task_tag = one.initiator_task_tag,
                              .target_transfer_tag = r2t_one.target_transfer_tag},
                 data);
  initiator.expect_silence();  // the second one's data is still to come
  initiator.send(pdu::DataOut{.lun = r2t_two.lun,
                              .initiator_task_tag = two.initiator_task_tag,
                              .target_transfer_tag = r2t_two.target_transfer_tag},
                 data);
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
  EXPECT_EQ(world.on_disk(0, 4096), Bytes(4096 * 512));
}

TEST_F(TaskManagement, GoesOnWithTheTasksOfOthersWhenTheFunctionIsGone) {
  Initiator other{world};
  log_in_other(other);
  const auto write = writing(other, 0, 1024);
  const auto data = pattern(1024 * 512);
  other.send(write);
  auto r2t = other.only<pdu::ReadyToTransfer>();
  initiator.send(function(initiator, clear_task_set));
  initiator.expect_silence();
  world.close(initiator.id);  // and with it the function
  std::size_t sent = 0;
  for (int burst = 0; burst < 2; ++burst) {
    other.send(pdu::DataOut{.lun = r2t.lun,
                            .initiator_task_tag = write.initiator_task_tag,
                            .target_transfer_tag = r2t.target_transfer_tag,
                            .buffer_offset = r2t.buffer_offset},
               ByteView{data}.subspan(r2t.buffer_offset, r2t.desired_data_transfer_length));
    sent += r2t.desired_data_transfer_length;
    if (burst == 0) r2t = other.only<pdu::ReadyToTransfer>();
  }
  ASSERT_EQ(sent, data.size());
  EXPECT_EQ(other.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(0, 1024), data);
}

TEST_F(TaskManagement, GoesOnWithATaskThatItStoppedWhenTheFunctionIsGone) {
  // The function ends with its connection; then the task of another, which had an R2T open, asks
  // for the rest.
  World wide{
      {.policy = {.max_burst_length = 1024, .first_burst_length = 1024, .max_outstanding_r2t = 2}}};
  Initiator one{wide};
  ASSERT_TRUE(one.log_in());
  Initiator two{wide};
  two.name += "2";
  ASSERT_TRUE(two.log_in({"InitialR2T=Yes", "ImmediateData=No", "MaxBurstLength=1024",
                          "FirstBurstLength=1024", "MaxOutstandingR2T=2"}));
  clear_attentions(two);
  two.send(writing(two, 0, 6));  // three bursts, of which two may be asked for
  const auto r2ts = two.take();
  ASSERT_EQ(r2ts.size(), 2U);
  one.send(function(one, clear_task_set));
  answer(two, *r2ts[0].as<pdu::ReadyToTransfer>());
  two.expect_silence();
  wide.close(one.id);
  EXPECT_EQ(two.only<pdu::ReadyToTransfer>().buffer_offset, 2048U);
}

TEST_F(TaskManagement, KeepsNoRoomForDataFromOthersWhileItStopsATask) {
  // The same, seen by a write behind the function: the line is of those that wait for room.
  World wide{
      {.policy = {.max_burst_length = 1024, .first_burst_length = 1024, .max_outstanding_r2t = 2}}};
  Initiator one{wide};
  ASSERT_TRUE(one.log_in({"InitialR2T=Yes", "ImmediateData=No", "MaxBurstLength=1024",
                          "FirstBurstLength=1024", "MaxOutstandingR2T=2"}));
  clear_attentions(one);
  one.send(writing(one, 0, 6));
  const auto r2ts = one.take();
  ASSERT_EQ(r2ts.size(), 2U);
  one.send(function(one, abort_task_set));
  answer(one, *r2ts[0].as<pdu::ReadyToTransfer>());
  one.expect_silence();
  const auto behind = writing(one, 16, 2);
  one.send(behind);
  EXPECT_EQ(one.only<pdu::ReadyToTransfer>().initiator_task_tag, behind.initiator_task_tag);
}

TEST_F(TaskManagement, AsksForTheAcknowledgementOfWhatItFoundAndOnlyOnce) {
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.acknowledges = false;
  initiator.only<pdu::ScsiResponse>();
  const auto abort_set = function(initiator, abort_task_set);
  initiator.send(abort_set);
  const auto ping = initiator.only<pdu::NopIn>();
  // What comes behind the function is served, and need not be acknowledged.
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.only<pdu::ScsiResponse>();
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.only<pdu::ScsiResponse>();
  initiator.exp_stat_sn = ping.stat_sn;
  initiator.send(pdu::NopOut{
      .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
  expect_complete(abort_set);
}

TEST_F(TaskManagement, StopsNothingAnyMoreWhileItWaitsForAcknowledgements) {
  Initiator other{world};
  log_in_other(other);
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.acknowledges = false;
  initiator.only<pdu::ScsiResponse>();
  initiator.send(function(initiator, clear_task_set));
  EXPECT_NE(initiator.only<pdu::NopIn>().target_transfer_tag, TargetTransferTag::none);
  begin_write(other);
}

TEST_F(TaskManagement, WaitsWithATaskSetFunctionForTheAcknowledgementOfWhatWasSent) {
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.acknowledges = false;
  initiator.only<pdu::ScsiResponse>();
  initiator.send(function(initiator, abort_task_set));
  // 10.6.2 d): the target may ask for it by a NOP-In.
  const auto ping = initiator.only<pdu::NopIn>();
  EXPECT_NE(ping.target_transfer_tag, TargetTransferTag::none);
  initiator.acknowledges = true;
  initiator.exp_stat_sn = ping.stat_sn;
  initiator.send(pdu::NopOut{
      .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
}

TEST_F(TaskManagement, ClearsTheTasksOfOthersAndTellsThem) {
  Initiator other{world};
  log_in_other(other);
  world.hold = true;
  other.send(reading(other, 0, 8));
  world.hold = false;
  initiator.send(function(initiator, clear_task_set));
  // 10.6.2 d): on each of the connections of the sessions that share the task set.
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
  world.release_all();
  other.only<pdu::NopIn>();
  other.send(without_data(other, test_unit_ready));
  const auto received = other.take();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(sense_of(received[0]), 0x062f00U);  // commands cleared by another initiator
}

TEST_F(TaskManagement, TellsOthersNothingWhereNothingOfTheirsWasCleared) {
  Initiator other{world};
  log_in_other(other);
  other.send(without_data(other, test_unit_ready));
  other.only<pdu::ScsiResponse>();  // which it has not acknowledged
  world.hold = true;
  // What another had aborted itself is not cleared, although the medium is still at work.
  const auto read = reading(other, 0, 8);
  other.send(read);
  auto own = function(other, abort_task);
  own.referenced_task_tag = read.initiator_task_tag;
  own.ref_cmd_sn = other.cmd_sn - 1;
  other.send(own);
  EXPECT_EQ(other.only<TaskManagementResponse>().response, function_complete);
  initiator.send(reading(initiator, 8, 8));
  EXPECT_EQ(ask(function(initiator, clear_task_set)), function_complete);
  other.expect_silence();  // it is not even asked for the acknowledgement
  other.send(without_data(other, test_unit_ready));
  EXPECT_EQ(other.only<pdu::ScsiResponse>().status, 0);
  world.release_all();
}

TEST_F(TaskManagement, WaitsForTheAcknowledgementsOfOthersWhoseTasksItCleared) {
  Initiator other{world};
  log_in_other(other);
  other.send(without_data(other, test_unit_ready));
  static_cast<void>(other.take());  // not acknowledged yet
  other.send_as_is(pdu::ScsiCommand{.read = true,
                                    .initiator_task_tag = other.new_tag(),
                                    .expected_data_transfer_length = 512,
                                    .cmd_sn = other.cmd_sn,
                                    .exp_stat_sn = other.exp_stat_sn - 1,
                                    .cdb = read_10(0, 1)});
  static_cast<void>(other.take());
  world.hold = true;
  ++other.cmd_sn;
  auto slow = reading(other, 0, 8);
  slow.cmd_sn = other.cmd_sn;
  slow.exp_stat_sn = other.exp_stat_sn - 2;
  other.send_as_is(slow);
  ++other.cmd_sn;
  initiator.send(function(initiator, clear_task_set));
  initiator.expect_silence();
  const auto ping = other.only<pdu::NopIn>();
  ASSERT_NE(ping.target_transfer_tag, TargetTransferTag::none);
  other.send(pdu::NopOut{
      .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
}

TEST_F(TaskManagement, AnswersWhenTheOneItWaitsForIsGone) {
  Initiator other{world};
  log_in_other(other);
  other.send(writing(other, 0, 512));
  other.only<pdu::ReadyToTransfer>();
  initiator.send(function(initiator, clear_task_set));
  initiator.expect_silence();
  world.close(other.id);
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
}

TEST_F(TaskManagement, DoesNotWaitForAConnectionThatIsReplaced) {
  // 5.3.4: its successor has the same CID, and other numbers.
  Initiator other{world};
  log_in_other(other);
  world.hold = true;
  other.send(reading(other, 0, 8));
  other.acknowledges = false;
  other.send(without_data(other, test_unit_ready));
  other.only<pdu::ScsiResponse>();
  const auto clear_set = function(initiator, clear_task_set);
  initiator.send(clear_set);
  initiator.expect_silence();  // it waits for the acknowledgement of that response
  Initiator again{world};
  again.name = other.name;
  again.isid = other.isid;
  again.tsih = other.tsih;
  again.cmd_sn = other.cmd_sn;
  ASSERT_TRUE(again.log_in());
  expect_complete(clear_set);
}

TEST_F(TaskManagement, DoesNotWaitForDiscoverySessions) {
  Initiator discovery{world};
  discovery.isid = wire::Isid{0x0002'3d00'0003};
  ASSERT_TRUE(discovery.log_in_for_discovery());
  discovery.send(pdu::TextRequest{.initiator_task_tag = discovery.new_tag()},
                 wire::as_bytes(std::string_view{"SendTargets=All\0", 16}));
  discovery.only<pdu::TextResponse>();  // and never acknowledged
  Initiator other{world};
  log_in_other(other);
  world.hold = true;
  other.send(reading(other, 0, 8));
  EXPECT_EQ(ask(function(initiator, clear_task_set)), function_complete);
  discovery.expect_silence();  // 3.3: it could not even answer
}

TEST_F(TaskManagement, SparesCommandsThatCameAfterTheTaskSetFunction) {
  const auto write = writing(initiator, 0, 512);
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  world.hold = true;
  auto before = reading(initiator, 16, 8);
  before.immediate = true;
  initiator.send(before);
  initiator.send(function(initiator, abort_task_set));
  auto after = reading(initiator, 0, 8);
  after.immediate = true;  // so it carries the same CmdSN as the function
  initiator.send(after);
  auto behind = reading(initiator, 8, 8);
  initiator.send(behind);
  initiator.send(pdu::DataOut{.lun = r2t.lun,
                              .initiator_task_tag = write.initiator_task_tag,
                              .target_transfer_tag = r2t.target_transfer_tag},
                 pattern(r2t.desired_data_transfer_length));
  EXPECT_EQ(initiator.only<TaskManagementResponse>().response, function_complete);
  world.release_all();
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(received[0].as<pdu::DataIn>()->initiator_task_tag, after.initiator_task_tag);
  EXPECT_EQ(received[1].as<pdu::DataIn>()->initiator_task_tag, behind.initiator_task_tag);
}

TEST_F(TaskManagement, SparesCommandsWithAHigherNumberThatOvertookTheFunction) {
  // 10.5.1 goes by CmdSN: as if the function had been slow on another connection of the session.
  for (const bool immediate : {false, true}) {
    SCOPED_TRACE(immediate);
    auto late = function(initiator, abort_task_set);
    late.cmd_sn = initiator.cmd_sn;
    if (immediate) {  // which shows the number behind that of a command with the function's
      initiator.send(without_data(initiator, test_unit_ready));
      initiator.only<pdu::ScsiResponse>();
    }
    world.hold = true;
    auto read = reading(initiator, 0, 8);
    read.immediate = immediate;
    initiator.send(read);
    late.exp_stat_sn = initiator.exp_stat_sn;
    initiator.send_as_is(late);
    expect_complete(late);
    world.release();
    EXPECT_EQ(initiator.only<pdu::DataIn>().initiator_task_tag, read.initiator_task_tag);
    world.hold = false;
  }
}

TEST_F(TaskManagement, SendsNothingOfATaskBehindTheResponseThatCoversIt) {
  world.hold = true;
  for (int i = 0; i < 5; ++i) initiator.send(reading(initiator, 0, 8));
  initiator.send(function(initiator, abort_task_set));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_NE(received[0].as<TaskManagementResponse>(), nullptr);
  world.release_all();
  for (const Received& late : initiator.take())
    EXPECT_NE(late.as<pdu::NopIn>(), nullptr) << to_text(late);
}

TEST_F(TaskManagement, GivesBackThePlaceOfAFunctionWhoseConnectionIsGone) {
  // The session lives on for DefaultTime2Wait + DefaultTime2Retain; balance() looks at its books.
  initiator.send(writing(initiator, 0, 512));
  initiator.only<pdu::ReadyToTransfer>();
  auto request = function(initiator, abort_task_set);
  request.immediate = false;
  initiator.send(request);
  initiator.expect_silence();
  world.close(initiator.id);
  EXPECT_EQ(world.target.session_count(), 1U);
  EXPECT_EQ(world.target.domain().pending_functions, 0U);
}

TEST_F(TaskManagement, TakesNoMoreImmediateFunctionsThanItCanKeep) {
  // 3.2.2.1: immediate requests may be rejected for lack of resources.
  initiator.cmd_sn = initiator.cmd_sn + 1;  // so that none can be executed
  for (std::size_t i = 0; i < limits::immediate_tasks; ++i)
    initiator.send(function(initiator, abort_task_set));
  initiator.expect_silence();
  const Bytes bytes = initiator.bytes_of(function(initiator, abort_task_set));
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::immediate_command_reject, bytes);
  // A function that ends at once needs no room.
  EXPECT_EQ(ask(function(initiator, clear_aca)), function_not_supported);
}

}  // namespace
}  // namespace iscsi::harness
