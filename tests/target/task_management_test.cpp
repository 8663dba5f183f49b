/// Task management (RFC 3720 10.5, 10.6): of one task, of units, of the whole target.

#include "target/task_management.hpp"

namespace iscsi::harness {
namespace {

using pdu::TaskManagementResponse;
using enum pdu::TaskManagementFunction;
using enum pdu::TaskManagementOutcome;

// ABORT TASK (10.6.1).

TEST_F(TaskManagement, AbortsATaskThatRunsAndSilencesIt) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  EXPECT_EQ(ask(aborting(initiator, read.initiator_task_tag, number)), function_complete);
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
  EXPECT_EQ(ask(aborting(initiator, write.initiator_task_tag, number)), function_complete);
  EXPECT_EQ(world.target.domain().sessions.begin()->second.tasks.size(), 0U);
  EXPECT_NE(r2t.desired_data_transfer_length, 0U);
}

TEST_F(TaskManagement, DoesNotFindATaskThatHasEnded) {
  const auto read = reading(initiator, 0, 1);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  initiator.only<pdu::DataIn>();
  // 10.6.1 c): its number is outside the window.
  EXPECT_EQ(ask(aborting(initiator, read.initiator_task_tag, number)), task_does_not_exist);
}

TEST_F(TaskManagement, DoesNotAbortATaskOfAnotherUnit) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  const auto number = initiator.cmd_sn;
  initiator.send(read);
  auto request = aborting(initiator, read.initiator_task_tag, number);
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
  initiator.send(aborting(initiator, InitiatorTaskTag{0x77}, lost));
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
  EXPECT_EQ(ask(aborting(initiator, InitiatorTaskTag{0x77}, lost + 1)), function_complete);
  auto late = reading(initiator, 0, 1);
  late.cmd_sn = lost + 1;
  initiator.send_as_is(late);
  initiator.expect_silence();
  EXPECT_EQ(world.notes(), std::vector<std::string>{"cmd-sn-is-new"});
}

TEST_F(TaskManagement, PlugsNoGapBehindItself) {
  // 10.6.1 b): only a number less than the function's own; it has its own of the next command.
  const auto next = initiator.cmd_sn;
  EXPECT_EQ(ask(aborting(initiator, InitiatorTaskTag{0x77}, next)), task_does_not_exist);
  initiator.send(without_data(initiator, test_unit_ready));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().exp_cmd_sn, next + 1);
}

TEST_F(TaskManagement, AbortsARequestThatIsHeldForItsTurn) {
  const auto lost = initiator.cmd_sn;
  ++initiator.cmd_sn;
  const auto held = reading(initiator, 0, 1);
  initiator.send(held);
  EXPECT_EQ(ask(aborting(initiator, held.initiator_task_tag, lost + 1)), function_complete);
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
  EXPECT_EQ(ask(aborting(initiator, InitiatorTaskTag{0x77}, lost + 1)), function_complete);
  EXPECT_EQ(world.target.domain().sessions.begin()->second.held.size(), 1U);
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = lost;
  initiator.send_as_is(filler);
  EXPECT_EQ(initiator.take().size(), 2U);
}

TEST_F(TaskManagement, NeverAbortsATaskManagementRequest) {
  // 10.5.1: not itself,
  const InitiatorTaskTag own{0x1234};
  auto request = aborting(initiator, own, initiator.cmd_sn);
  request.initiator_task_tag = own;
  EXPECT_EQ(ask(request), function_rejected);
  // not one that waits for data,
  initiator.send(writing(initiator, 0, 512));
  initiator.only<pdu::ReadyToTransfer>();
  const auto waiting = function(initiator, abort_task_set);
  initiator.send(waiting);
  initiator.expect_silence();
  EXPECT_EQ(ask(aborting(initiator, waiting.initiator_task_tag, initiator.cmd_sn)),
            function_rejected);
  // and not one that is held for its turn.
  const auto lost = initiator.cmd_sn;
  ++initiator.cmd_sn;
  auto held = function(initiator, logical_unit_reset);
  held.immediate = false;
  initiator.send(held);
  EXPECT_EQ(ask(aborting(initiator, held.initiator_task_tag, lost + 1)), function_rejected);
  EXPECT_EQ(world.target.domain().sessions.begin()->second.held.size(), 1U);
}

TEST_F(TaskManagement, AbortsATextNegotiation) {
  initiator.send(pdu::TextRequest{.final = false, .initiator_task_tag = InitiatorTaskTag{0x55}});
  const auto number = initiator.cmd_sn - 1;
  const auto response = initiator.only<pdu::TextResponse>();
  // 10.5.1: "regardless of whether they are proper SCSI tasks or tagged iSCSI operations".
  EXPECT_EQ(ask(aborting(initiator, InitiatorTaskTag{0x55}, number)), function_complete);
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
  auto request = aborting(initiator, read.initiator_task_tag, number);
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
  const auto r2t = other.only<pdu::ReadyToTransfer>();
  ++initiator.cmd_sn;  // and it never comes
  initiator.send(function(initiator, clear_task_set));
  const auto data = pattern(1024 * 512);
  answer_all(other, r2t, data);
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

// 10.5.1: with the end of one session's task another's is in its turn; but nothing follows the
// response.
TEST_F(TaskManagement, LetsNoTaskGoOnBehindAColdReset) {
  Initiator other{world};
  log_in_other(other);
  auto first = writing(initiator, 0, 8);
  first.attribute = pdu::TaskAttribute::head_of_queue;
  initiator.send(first);
  initiator.only<pdu::ReadyToTransfer>();
  other.send(without_data(other, test_unit_ready));
  other.expect_silence();  // it waits
  other.send(function(other, target_cold_reset));
  EXPECT_EQ(other.only<TaskManagementResponse>().response, function_complete);
}

class ColdReset : public TaskManagement,
                  public testing::WithParamInterface<pdu::TaskManagementFunction> {};

// Nor does a function go on that has waited: nothing it would be answered by, no ping it asks for.
TEST_P(ColdReset, LetsNoFunctionGoOnBehindIt) {
  Initiator other{world};
  log_in_other(other);
  begin_write(initiator);
  begin_write(other);
  other.send(function(other, GetParam()));
  other.expect_silence();  // it waits for data
  const auto reset = function(other, target_cold_reset);
  other.send(reset);
  EXPECT_EQ(other.only<TaskManagementResponse>().initiator_task_tag, reset.initiator_task_tag);
}

INSTANTIATE_TEST_SUITE_P(Functions, ColdReset, testing::Values(abort_task_set, clear_task_set));

}  // namespace
}  // namespace iscsi::harness
