/// Conversations in which an initiator errs in such a way that what the target does proves nothing.

#include <gtest/gtest.h>

#include "conformance/monitor/monitor.hpp"
#include "conformance/sins.hpp"

namespace conformance {
namespace {

// It had no digests then, and has them for the target: where the next PDU begins, nobody can tell.
TEST(TheMonitor, DoesNotFrameWhatWasSentBeforeTheEndOfALoginThatAgreedOnDigests) {
  const NopOut early = ping();
  NopOut shifted = ping();
  shifted.immediate = true;
  const auto rejects = [&](const std::string& digest) {
    Scene scene;
    scene.say(Scene::login_request(), Scene::names() + pairs(digest)).say(early);
    scene.answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/" + digest));
    scene.digests.header = digest.contains("CRC32C");
    scene.answer(Reject{.reason = RejectReason::protocol_error},
                 header_text(encode_header(shifted, {})));
    return scene.broken();
  };
  EXPECT_EQ(rejects("HeaderDigest=None/"), std::set<Rule>{Rule::reject_returns_a_sent_header});
  EXPECT_EQ(rejects("HeaderDigest=CRC32C/"), std::set<Rule>{});
}

// It came in front of another Login Request, which is no PDU of full feature phase.
TEST(TheMonitor, FramesWhatWasSentBeforeTheLastLoginRequest) {
  LoginRequest stays = Scene::login_request();
  stays.transit = false;
  stays.next_stage = {};
  LoginResponse goes_on = Scene::login_response();
  goes_on.transit = false;
  goes_on.next_stage = {};
  goes_on.tsih = {};
  const std::string digest = "HeaderDigest=CRC32C/";
  Scene scene;
  scene.say(stays, Scene::names() + pairs(digest)).say(ping());
  scene.answer(goes_on, pairs("TargetPortalGroupTag=1/" + digest));
  scene.say(Scene::login_request()).answer(Scene::login_response());
  scene.digests.header = true;
  NopOut shifted = ping();
  shifted.immediate = true;
  scene.answer(Reject{.reason = RejectReason::protocol_error},
               header_text(encode_header(shifted, {})));
  EXPECT_TRUE(scene.broken().contains(Rule::reject_returns_a_sent_header));
}

// Whose answer is not counted, for it was not seen whole: that is no request on its way.
TEST(TheMonitor, FramesWhatFollowsALoginOfWhichTheCaptureLacksBytes) {
  Scene scene;
  scene.say(Scene::login_request(), Scene::names());
  scene.transcript.back().holes = {{.offset = 48, .length = 4}};
  scene.answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/")).say(ping());
  scene.answer(Reject{.reason = RejectReason::protocol_error},
               header_text(encode_header(ping(11), {})));
  EXPECT_EQ(scene.broken(), std::set<Rule>{Rule::reject_returns_a_sent_header});
}

// Numbers as far ahead as the monitor has room for take no slot of those whose turn may come.
TEST(TheMonitor, DoesNotJudgeExpCmdSnWhereANumberIsTooFarAheadToBeKept) {
  Scene scene;
  scene.login();
  NopOut early = ping(11);
  early.initiator_task_tag = InitiatorTaskTag{7};
  scene.say(early);
  NopOut far = ping(11 + 8192);
  far.initiator_task_tag = InitiatorTaskTag{8};
  scene.say(far).say(ping(10));
  scene.exp_cmd_sn = 12;
  EXPECT_EQ(scene.answer(echo()).broken(), std::set<Rule>{});
}

// Nor does a number as far behind that is said to be aborted.
TEST(TheMonitor, CountsACommandAsSentWhoseSlotANumberFarBehindWouldTake) {
  Scene scene;
  NopOut early = ping(11);
  early.initiator_task_tag = InitiatorTaskTag{7};
  scene.login().say(early);
  scene.say(TaskManagementRequest{.immediate = true,
                                  .function = TaskManagementFunction::abort_task,
                                  .initiator_task_tag = InitiatorTaskTag{9},
                                  .referenced_task_tag = InitiatorTaskTag{8},
                                  .cmd_sn = {10},
                                  .ref_cmd_sn = {0xf000'0000U + 11}});
  scene.answer(TaskManagementResponse{.response = TaskManagementOutcome::task_does_not_exist,
                                      .initiator_task_tag = InitiatorTaskTag{9}});
  scene.say(ping(10));
  scene.exp_cmd_sn = 12;
  EXPECT_EQ(scene.answer(echo()).broken(), std::set<Rule>{});
}

// Which of two requests with one tag is answered cannot be told: it may have been the reset.
TEST(TheMonitor, TakesTasksForGoneThatAResetWithATwinMayHaveEnded) {
  const auto function = [](TaskManagementFunction which, std::uint32_t tag, std::uint32_t cmd_sn) {
    return TaskManagementRequest{.immediate = true,
                                 .function = which,
                                 .initiator_task_tag = InitiatorTaskTag{tag},
                                 .cmd_sn = {cmd_sn}};
  };
  const auto reset = function(TaskManagementFunction::logical_unit_reset, 9, 11);
  Scene scene;
  scene.login().say(reset).say(reset);
  scene.answer(Reject{.reason = RejectReason::invalid_pdu_field},
               header_text(encode_header(reset, {})));
  scene.say(Scene::write(64));
  ++scene.exp_cmd_sn;
  scene.notify(Scene::r2t(0, 0, 64));
  scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{9}});
  auto set = function(TaskManagementFunction::abort_task_set, 8, 11);
  set.exp_stat_sn = {scene.stat_sn};
  scene.say(set).answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{8}});
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

/// What is broken when a CLEAR TASK SET elsewhere does not wait for the data of a write.
std::set<Rule> clears_beside(const Scene& other) {
  Scene scene = logged_in_elsewhere();
  scene.say(Scene::write(64));
  ++scene.exp_cmd_sn;
  scene.notify(Scene::r2t(0, 0, 64));
  scene.say(TaskManagementRequest{.immediate = true,
                                  .function = TaskManagementFunction::clear_task_set,
                                  .initiator_task_tag = InitiatorTaskTag{9},
                                  .cmd_sn = {11},
                                  .exp_stat_sn = {scene.stat_sn}});
  scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{9}});
  return beside(other, scene).broken();
}

// The same of a reset on another connection: by its tag it cannot be told from the ping.
TEST(TheMonitor, TakesTasksForGoneThatAResetElsewhereWithATwinMayHaveEnded) {
  const TaskManagementRequest reset{.immediate = true,
                                    .function = TaskManagementFunction::target_warm_reset,
                                    .initiator_task_tag = InitiatorTaskTag{9},
                                    .cmd_sn = {10}};
  NopOut twin = ping(10);
  twin.immediate = true;
  twin.initiator_task_tag = InitiatorTaskTag{9};
  const auto clears = [&](bool resets) {
    Scene other;
    other.login();
    if (resets) other.say(reset).say(twin);
    return clears_beside(other);
  };
  EXPECT_EQ(clears(false), std::set<Rule>{Rule::task_set_function_waits_for_data});
  EXPECT_EQ(clears(true), std::set<Rule>{});
}

// A reset whose CmdSN another request had: that one may have been passed over, and the reset not.
TEST(TheMonitor, TakesTasksForGoneThatAResetElsewhereWithAnotherOnesNumberMayHaveEnded) {
  const TaskManagementRequest reset{.function = TaskManagementFunction::target_warm_reset,
                                    .initiator_task_tag = InitiatorTaskTag{9},
                                    .cmd_sn = {20}};
  const auto clears = [&](bool resets) {
    Scene other;
    other.login();
    NopOut far = ping(20);
    far.initiator_task_tag = InitiatorTaskTag{7};
    other.say(far);
    if (resets) other.say(reset);
    return clears_beside(other);
  };
  EXPECT_EQ(clears(false), std::set<Rule>{Rule::task_set_function_waits_for_data});
  EXPECT_EQ(clears(true), std::set<Rule>{});
}

// Once a number was too far ahead to be kept, those that share a slot cannot be told apart.
TEST(TheMonitor, AsksForNoGapWhereNumbersWereTooFarAheadToBeKept) {
  const auto with_tag = [](std::uint32_t cmd_sn, std::uint32_t tag) {
    NopOut one = ping(cmd_sn);
    one.initiator_task_tag = InitiatorTaskTag{tag};
    return one;
  };
  const auto rejects = [&](bool far) {
    Scene scene;
    scene.login();
    if (far) scene.say(with_tag(10 + 6000, 20));
    scene.say(with_tag(11, 7)).say(with_tag(11, 8));
    if (far) scene.say(with_tag(11U - 8192U, 21));
    scene.say(with_tag(10, 6));
    scene.exp_cmd_sn = 12;
    scene.answer(Reject{.reason = RejectReason::invalid_pdu_field},
                 header_text(encode_header(with_tag(11, 8), {})));
    return scene.broken();
  };
  EXPECT_EQ(rejects(false), std::set<Rule>{});
  EXPECT_EQ(rejects(true), std::set<Rule>{});
}

// A rejected command whose number an ABORT TASK has named may be sent again, and is no retry.
TEST(TheMonitor, TakesACommandForNewWhoseNumberWasRejectedAndNamedByAnAbort) {
  Scene scene;
  scene.login();
  const ScsiCommand refused = Scene::write(64);
  scene.say(refused).answer(Reject{.reason = RejectReason::invalid_pdu_field},
                            header_text(encode_header(refused, {})));
  scene.say(TaskManagementRequest{.immediate = true,
                                  .function = TaskManagementFunction::abort_task,
                                  .initiator_task_tag = InitiatorTaskTag{9},
                                  .referenced_task_tag = InitiatorTaskTag{8},
                                  .cmd_sn = {10},
                                  .ref_cmd_sn = {10}});
  scene.answer(TaskManagementResponse{.response = TaskManagementOutcome::task_does_not_exist,
                                      .initiator_task_tag = InitiatorTaskTag{9}});
  scene.say(Scene::read(0));
  ++scene.exp_cmd_sn;
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{});
}

// A retry is rejected, and an immediate command that has its tag and its CmdSN is carried out.
TEST(TheMonitor, TakesARejectForThatOfTheRequestWhoseHeaderItReturns) {
  const ScsiCommand command = Scene::read(0);
  ScsiCommand immediate = command;
  immediate.immediate = true;
  Scene scene;
  scene.login().say(command);
  ++scene.exp_cmd_sn;
  scene.answer(Scene::status()).say(command).say(immediate);
  scene.answer(Reject{.reason = RejectReason::invalid_pdu_field},
               header_text(encode_header(command, {})));
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{});
}

// Two commands have one CmdSN, ahead of its turn; the target rejects the second, keeps the first.
TEST(TheMonitor, CountsACommandAsSentWhoseNumberARejectedOneHadAsWell) {
  Scene scene;
  NopOut kept = ping(11);
  kept.initiator_task_tag = InitiatorTaskTag{7};
  scene.login().say(kept).say(ping(11));
  scene.answer(Reject{.reason = RejectReason::invalid_pdu_field},
               header_text(encode_header(ping(11), {})));
  scene.say(ping(10));
  scene.exp_cmd_sn = 11;
  scene.answer(echo());
  scene.exp_cmd_sn = 12;
  NopIn late = echo();
  late.initiator_task_tag = kept.initiator_task_tag;
  EXPECT_EQ(scene.answer(late).broken(), std::set<Rule>{});
}

// An immediate command has the number of what comes behind it, and a lower one by mistake only: it
// says nothing of what came first.
TEST(TheMonitor, TakesNoImmediateCommandForEndedByAResetThatWasSentInFrontOfIt) {
  ScsiCommand behind = Scene::read(0);
  behind.immediate = true;
  behind.cmd_sn = {9};
  Scene scene;
  scene.login().say(TaskManagementRequest{.immediate = true,
                                          .function = TaskManagementFunction::target_warm_reset,
                                          .initiator_task_tag = InitiatorTaskTag{9},
                                          .cmd_sn = {10}});
  scene.say(behind);
  scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{9}});
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{});
}

}  // namespace
}  // namespace conformance
