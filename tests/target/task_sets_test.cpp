/// Task management of whole task sets (RFC 3720 10.5, 10.6.2): what waits for what, in all
/// sessions.

#include "target/task_management.hpp"

namespace iscsi::harness {
namespace {

using pdu::TaskManagementResponse;
using enum pdu::TaskManagementFunction;
using enum pdu::TaskManagementOutcome;

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
  const auto r2t = other.only<pdu::ReadyToTransfer>();
  initiator.send(function(initiator, clear_task_set));
  initiator.expect_silence();
  world.close(initiator.id);  // and with it the function
  answer_all(other, r2t, data);
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
