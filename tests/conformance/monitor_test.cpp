/// Each rule of the monitor: a conversation that keeps it, and one that breaks it and nothing else.

#include "conformance/monitor/monitor.hpp"

#include <gtest/gtest.h>

#include "conformance/sins.hpp"

namespace conformance {
namespace {

// Conversations that break nothing.

Scene sound_read(std::uint32_t limit = 0) {
  Scene scene;
  scene.login(limit == 0 ? "" : "MaxBurstLength=512/", limit == 0 ? "" : "MaxBurstLength=512/");
  scene.say(Scene::read(128));
  scene.exp_cmd_sn = 11;
  scene.data_in(Scene::input(0, 0, false), bytes_64).data_in(Scene::input(1, 64), bytes_64);
  ScsiResponse status = Scene::status();
  status.exp_data_sn = {2};
  return scene.answer(status);
}

Scene sound_write() {
  Scene scene = acknowledged();
  scene.say(Scene::write(128), bytes_32);
  scene.notify(Scene::r2t(0, 32, 64)).say(Scene::output(1, 32), bytes_64);
  scene.notify(Scene::r2t(1, 96, 32)).say(Scene::output(2, 96), bytes_32);
  ScsiResponse status = Scene::status();
  status.exp_data_sn = {2};
  return scene.answer(status);
}

TEST(TheMonitor, FindsNothingInConversationsThatKeepTheRules) {
  const std::set<Rule> none;
  EXPECT_EQ(Scene{}.login().broken(), none);
  EXPECT_EQ(sound_read().broken(), none);
  EXPECT_EQ(sound_write().broken(), none);
  EXPECT_EQ(acknowledged().say(ping(), "hello").answer(echo(), "hello").broken(), none);
  EXPECT_EQ(acknowledged()
                .say(ask(), pairs("SendTargets=/"))
                .answer(reply(), pairs("TargetName=iqn.2003-01.example:t/TargetAddress=a:1,1/"))
                .broken(),
            none);
}

TEST(TheMonitor, TakesStatusWithTheLastDataIn) {
  Scene scene = acknowledged();
  DataIn last = Scene::input(0, 0);
  last.has_status = true;
  EXPECT_EQ(scene.say(Scene::read(64)).answer(last, bytes_64).broken(), std::set<Rule>{});
}

TEST(TheMonitor, TakesBothReadingsOfExpDataSnForAWrite) {
  Scene scene = acknowledged();
  scene.say(Scene::write(64)).notify(Scene::r2t(0, 0, 64)).say(Scene::output(1, 0), bytes_64);
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{}) << "no Data-In: 0";
}

TEST(TheMonitor, TakesResidualsThatAddUp) {
  ScsiResponse under = Scene::status();
  under.underflow = true;
  under.residual_count = 36;
  under.exp_data_sn = {1};
  EXPECT_EQ(acknowledged()
                .say(Scene::read(100))
                .data_in(Scene::input(0, 0), bytes_64)
                .answer(under)
                .broken(),
            std::set<Rule>{});
  ScsiResponse over = Scene::status();
  over.overflow = true;
  over.residual_count = 3;
  over.exp_data_sn = {1};
  EXPECT_EQ(acknowledged()
                .say(Scene::read(64))
                .data_in(Scene::input(0, 0), bytes_64)
                .answer(over)
                .broken(),
            std::set<Rule>{});
}

TEST(TheMonitor, DoesNotBlameATargetForWhatTheInitiatorSpoilt) {
  Scene scene = acknowledged();
  scene.say(ping());
  scene.transcript.back().bytes.resize(20);  // cut: nobody knows what the target makes of it
  scene.say(ping()).answer(Reject{.reason = RejectReason::protocol_error}, bytes_64);
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

TEST(TheMonitor, DoesNotBlameATargetForARequestThatWasSentTwice) {
  Scene scene = acknowledged();
  scene.say(ping(), "a").say(ping(), "b").answer(echo(), "a");
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

// The second request of the tag may be another exchange or the first one again: what its answer has
// settled is not known, and no length can be called wrong.
TEST(TheMonitor, KnowsNoAgreementBehindAnExchangeThatCannotBeFollowed) {
  Scene scene;
  scene.login();
  const TextRequest first{
      .final = true, .initiator_task_tag = InitiatorTaskTag{8}, .cmd_sn = {scene.exp_cmd_sn}};
  scene.say(first, pairs("MaxRecvDataSegmentLength=512/"));
  const std::string sent{iscsi::wire::as_text(scene.transcript.back().bytes)};
  scene.answer(Reject{.reason = RejectReason::protocol_error}, sent.substr(0, bhs_bytes));
  scene.say(first, pairs("MaxRecvDataSegmentLength=512/"));
  ++scene.exp_cmd_sn;
  scene.answer(TextResponse{.final = true, .initiator_task_tag = InitiatorTaskTag{8}});
  scene.say(ping(scene.exp_cmd_sn), std::string(1024, 'x'));
  ++scene.exp_cmd_sn;
  EXPECT_EQ(scene.answer(echo(), std::string(512, 'x')).broken(), std::set<Rule>{});
}

TEST(TheMonitor, TakesValuesAndNamesOfEveryLegalForm) {
  for (const auto& converse : sound_values()) {
    const Scene scene = converse();
    EXPECT_EQ(scene.broken(), std::set<Rule>{}) << scene.transcript.back().bytes.size();
  }
}

/// 10.7.3 and 10.4.2 call these "only valid" elsewhere, not reserved.
TEST(TheMonitor, DoesNotAskWhatStandsInFieldsWithoutMeaning) {
  Scene scene = acknowledged();
  scene.say(Scene::read(64)).data_in(Scene::input(0, 0), bytes_64).spoil(47, 9).spoil(1, 0x82);
  ScsiResponse failure = Scene::status();
  failure.response = ServiceResponse::target_failure;
  EXPECT_EQ(scene.answer(failure).spoil(3, 0x02).broken(), std::set<Rule>{});
}

// A ping that is immediate has the CmdSN of the command after it; that command is no retry of it,
// whatever an ABORT TASK has said of its number before.
TEST(TheMonitor, TakesNoCommandForARetryOfAPing) {
  for (const std::uint32_t named : {10U, 11U, 12U}) {
    Scene scene;
    scene.login();
    scene.say(TaskManagementRequest{.immediate = true,
                                    .function = TaskManagementFunction::abort_task,
                                    .initiator_task_tag = InitiatorTaskTag{9},
                                    .referenced_task_tag = InitiatorTaskTag{8},
                                    .cmd_sn = {11},
                                    .ref_cmd_sn = {named}});
    scene.answer(TaskManagementResponse{.response = TaskManagementOutcome::task_does_not_exist,
                                        .initiator_task_tag = InitiatorTaskTag{9}});
    scene.say(NopOut{
        .immediate = true, .initiator_task_tag = InitiatorTaskTag{Scene::tag}, .cmd_sn = {named}});
    scene.answer(NopIn{.initiator_task_tag = InitiatorTaskTag{Scene::tag}});
    scene.say(Scene::write(0, named));
    ++scene.exp_cmd_sn;
    scene.answer(Scene::status());
    EXPECT_FALSE(scene.broken().contains(Rule::response_answers_a_request)) << named;
  }
}

// The first command with this CmdSN was outside of the window and passed over: the second, with the
// tag of a task that has ended, is carried out. A third with that tag is rejected, and the second
// goes on.
TEST(TheMonitor, KnowsNothingOfATagThatTwoTasksMayHave) {
  Scene scene;
  scene.login();
  NopOut passed_over = ping(12);
  passed_over.initiator_task_tag = InitiatorTaskTag{7};
  scene.say(passed_over).say(Scene::read(0));
  ++scene.exp_cmd_sn;
  scene.answer(Scene::status());
  scene.say(Scene::write(64, 12));
  const ScsiCommand third = Scene::write(64, 13);
  scene.say(third).answer(Reject{.reason = RejectReason::task_in_progress},
                          header_text(encode_header(third, {})));
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{});
}

// The function found no such task, and says that it has it aborted (10.6.1).
TEST(TheMonitor, TakesNoCommandForAbortedThatWasSentAfterTheFunction) {
  Scene scene;
  scene.login();
  scene.say(TaskManagementRequest{.immediate = true,
                                  .function = TaskManagementFunction::abort_task,
                                  .initiator_task_tag = InitiatorTaskTag{9},
                                  .referenced_task_tag = InitiatorTaskTag{Scene::tag},
                                  .cmd_sn = {10}});
  scene.say(Scene::read(0));
  scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{9}});
  ++scene.exp_cmd_sn;
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{});
}

// 10.5.1: a reset ends the tasks of all sessions, and tells the others nothing of it.
TEST(TheMonitor, TakesTasksForGoneThatAResetOfAnotherSessionMayHaveEnded) {
  const auto function = [](TaskManagementFunction which, std::uint32_t cmd_sn) {
    return TaskManagementRequest{.immediate = true,
                                 .function = which,
                                 .initiator_task_tag = InitiatorTaskTag{9},
                                 .cmd_sn = {cmd_sn}};
  };
  const TaskManagementResponse done{.initiator_task_tag = InitiatorTaskTag{9}};
  Scene scene;
  scene.login().say(Scene::write(64));
  ++scene.exp_cmd_sn;
  scene.notify(Scene::r2t(0, 0, 64));
  Scene other = logged_in_elsewhere();
  const auto clears = [&] {
    return beside(scene, other)
        .say(function(TaskManagementFunction::clear_task_set, 11))
        .answer(done)
        .broken();
  };
  EXPECT_EQ(clears(), std::set<Rule>{Rule::task_set_function_waits_for_data});
  other.say(function(TaskManagementFunction::target_warm_reset, 10));
  EXPECT_EQ(clears(), std::set<Rule>{}) << "it may have been carried out";
  other.answer(done);
  EXPECT_EQ(clears(), std::set<Rule>{});
}

// It may have come behind the window that the answer tells.
TEST(TheMonitor, AsksForNoGapOfARejectedCommandThatWasSentBeforeTheEndOfTheLoginWasHeard) {
  const auto early = changed<NopOut>(ping(), [](auto& pdu) { pdu.cmd_sn = {9}; });
  Scene scene;
  scene.say(Scene::login_request(), Scene::names()).say(early);
  scene.answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/"));
  scene.answer(Reject{.reason = RejectReason::protocol_error},
               header_text(encode_header(early, {})));
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

/// A second connection of Scene's session, with the login's answer.
Scene joining() {
  LoginRequest request = Scene::login_request();
  request.tsih = Scene::login_response().tsih;
  request.cid = iscsi::wire::Cid{2};
  Scene scene;
  scene.say(request, pairs("InitiatorName=iqn.2003-01.example:i/TargetName=iqn.2003-01.example:t/"))
      .answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/"));
  return scene;
}

// 12.17, "Scope: SW": a login that joins a session does not say it again.
TEST(TheMonitor, HoldsAnotherConnectionToWhatTheSessionAgreedOn) {
  const auto two_r2ts = [](const std::string& keys) {
    Scene first;
    first.login(keys, keys);
    Scene second = joining();
    second.say(Scene::write(64)).exp_cmd_sn = 11;
    second.notify(Scene::r2t(0, 0, 32)).notify(Scene::r2t(1, 32, 32));
    return beside(first, second).broken();
  };
  EXPECT_EQ(two_r2ts("MaxOutstandingR2T=2/"), std::set<Rule>{});
  EXPECT_EQ(two_r2ts("MaxOutstandingR2T=1/"),
            std::set<Rule>{Rule::outstanding_r2ts_are_within_limit});
}

TEST(TheMonitor, HoldsAnotherConnectionToNoDigestOfTheFirstOne) {
  const std::string keys = "HeaderDigest=CRC32C/DataDigest=CRC32C/";
  Scene first;
  first.login(keys, keys);
  Scene second = joining();
  second.say(ping(), "plain").exp_cmd_sn = 11;
  EXPECT_EQ(beside(first, second.answer(echo(), "plain")).broken(), std::set<Rule>{});
}

// A capture that begins midway does not have the login that settled it.
TEST(TheMonitor, DoesNotKnowWhatASessionAgreedOnWhoseFirstLoginItHasNotSeen) {
  Scene second = joining();
  second.say(Scene::write(64)).exp_cmd_sn = 11;
  second.notify(Scene::r2t(0, 0, 32)).notify(Scene::r2t(1, 32, 32));
  EXPECT_EQ(second.broken(), std::set<Rule>{});
}

// An immediate command has the number of what comes behind it.
TEST(TheMonitor, TakesAnImmediateTaskForGoneThatAResetMayHaveEnded) {
  Scene scene;
  scene.login();
  ScsiCommand write = Scene::write(64);
  write.immediate = true;
  scene.say(write).notify(Scene::r2t(0, 0, 64));
  const auto function = [&](TaskManagementFunction which, bool immediate, std::uint32_t cmd_sn) {
    scene.say(TaskManagementRequest{.immediate = immediate,
                                    .function = which,
                                    .initiator_task_tag = InitiatorTaskTag{9},
                                    .cmd_sn = {cmd_sn},
                                    .exp_stat_sn = {scene.stat_sn}});
    scene.exp_cmd_sn = 11;
    scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{9}});
  };
  function(TaskManagementFunction::logical_unit_reset, false, 10);
  function(TaskManagementFunction::abort_task_set, true, 11);
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

// The target may be in full feature phase when it gets what was sent before its answer was heard.
TEST(TheMonitor, CountsNoCommandsThatWereSentBeforeTheEndOfTheLoginWasHeard) {
  Scene scene;
  scene.say(Scene::login_request(), Scene::names());
  scene.say(Scene::read(0)).answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/"));
  scene.exp_cmd_sn = 11;
  EXPECT_EQ(scene.answer(Scene::status()).broken(), std::set<Rule>{});
}

TEST(TheMonitor, TakesACommandThatIsSentAgainBehindItsReject) {
  Scene scene;
  scene.login().say(ping()).answer(Reject{.reason = RejectReason::immediate_command_reject},
                                   header_text(encode_header(ping(), {})));
  scene.exp_cmd_sn = 11;
  EXPECT_EQ(scene.say(ping()).answer(echo()).broken(), std::set<Rule>{});
}

TEST(TheMonitor, BlamesNoRejectOfACommandWhoseNumberAnotherHadBefore) {
  Scene scene;
  scene.login().say(ping());
  scene.exp_cmd_sn = 11;
  scene.answer(echo());
  const auto again = changed<NopOut>(
      ping(), [](auto& pdu) { pdu.initiator_task_tag = iscsi::wire::InitiatorTaskTag{0x99}; });
  scene.say(again).answer(Reject{.reason = RejectReason::protocol_error},
                          header_text(encode_header(again, {})));
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

/// A capture may begin when a session has other connections already, whose commands nobody saw.
/// Decision 0023: the target may reject it for its form before it looks at the number.
TEST(TheMonitor, AsksForNoGapOfARejectedCommandBehindTheWindow) {
  Scene scene;
  scene.login();
  const auto stale = changed<NopOut>(ping(), [](auto& pdu) { pdu.cmd_sn = {9}; });
  scene.say(stale).answer(Reject{.reason = RejectReason::invalid_pdu_field},
                          header_text(encode_header(stale, {})));
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

/// 3.2.3: the ping in the middle of a login is refused with 020b, behind the answer to the request
/// that was sent before it.
TEST(TheMonitor, TakesARefusalForARequestThatWasSentDuringALogin) {
  Scene scene;
  const auto request = changed<LoginRequest>(Scene::login_request(), [](auto& pdu) {
    pdu.transit = false;
    pdu.next_stage = {};
  });
  scene.say(request, Scene::names()).say(ping());
  scene.answer(changed<LoginResponse>(Scene::login_response(),
                                      [](auto& pdu) {
                                        pdu.transit = false;
                                        pdu.next_stage = {};
                                        pdu.tsih = {};
                                      }),
               pairs("TargetPortalGroupTag=1/"));
  scene.raw(LoginResponse{.initiator_task_tag = InitiatorTaskTag{1},
                          .status = LoginStatus::invalid_during_login});
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

TEST(TheMonitor, DoesNotCountTheCommandsOfASessionThatItHasNotSeenBegin) {
  Scene scene;
  const iscsi::wire::Tsih tsih{7};
  scene.say(changed<LoginRequest>(Scene::login_request(), [&](auto& pdu) { pdu.tsih = tsih; }),
            Scene::names());
  scene.answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/"));
  scene.exp_cmd_sn = 15;
  EXPECT_EQ(scene.notify(NopIn{}).broken(), std::set<Rule>{});
}

/// 6.7, 6.8, 10.8: above recovery level 0 an R2T comes again, or asks for part of a range anew.
TEST(TheMonitor, TakesR2TsThatRecoverWhatWasLost) {
  Scene scene;
  scene.login("ErrorRecoveryLevel=1/", "ErrorRecoveryLevel=1/").say(Scene::write(64));
  scene.exp_cmd_sn = 11;
  scene.notify(Scene::r2t(0, 0, 64)).notify(Scene::r2t(0, 0, 64));
  scene.say(Scene::output(1, 32), bytes_32).notify(Scene::r2t(1, 0, 32));
  scene.say(Scene::output(2, 0), bytes_32);
  ScsiResponse status = Scene::status();
  status.exp_data_sn = {2};
  EXPECT_EQ(scene.answer(status).broken(), std::set<Rule>{});
}

/// 6.7: Data-Out with a wrong digest is discarded, and may be asked for again.
TEST(TheMonitor, TakesAnR2TForDataThatWasLostToItsDigest) {
  const std::string keys = "DataDigest=CRC32C/";
  Scene scene;
  scene.login(keys, keys);
  scene.digests.data = true;
  scene.exp_cmd_sn = 11;
  scene.say(Scene::write(64)).notify(Scene::r2t(0, 0, 64));
  scene.say(Scene::output(1, 0), bytes_64).spoil(50, 'y');
  EXPECT_EQ(scene.notify(Scene::r2t(1, 0, 64)).broken(), std::set<Rule>{});
}

/// The Reject is that of the command that was spoilt, not of the one with its tag behind it.
TEST(TheMonitor, TakesARejectForThatOfTheCommandThatLostItsDigest) {
  const std::string keys = "DataDigest=CRC32C/";
  const auto immediate = changed<NopOut>(ping(), [](auto& pdu) { pdu.immediate = true; });
  Scene scene;
  scene.login(keys, keys);
  scene.digests.data = true;
  scene.say(immediate, "lost").spoil(50, 'y');
  const std::string spoilt{iscsi::wire::as_text(scene.transcript.back().bytes)};
  scene.say(immediate, "kept");
  scene.answer(Reject{.reason = RejectReason::data_digest_error}, spoilt.substr(0, bhs_bytes));
  EXPECT_EQ(scene.answer(echo(), "kept").broken(), std::set<Rule>{});
}

/// The same of its number, which the one behind it has filled.
TEST(TheMonitor, CountsACommandAsSentThatCameBeforeTheRejectOfItsSpoiltTwin) {
  const std::string keys = "DataDigest=CRC32C/";
  Scene scene;
  scene.login(keys, keys);
  scene.digests.data = true;
  scene.say(ping(), "lost").spoil(50, 'y');
  const std::string spoilt{iscsi::wire::as_text(scene.transcript.back().bytes)};
  scene.say(ping(), "kept");
  scene.answer(Reject{.reason = RejectReason::data_digest_error}, spoilt.substr(0, bhs_bytes));
  scene.exp_cmd_sn = 11;
  EXPECT_EQ(scene.answer(echo(), "kept").broken(), std::set<Rule>{});
}

/// The session that it joins may be replaced in between, and its numbers with it.
TEST(TheMonitor, ComparesNoNumbersOfALoginThatJoinsASession) {
  const auto request = changed<LoginRequest>(Scene::login_request(), [](auto& pdu) {
    pdu.tsih = iscsi::wire::Tsih{7};
    pdu.transit = false;
    pdu.next_stage = {};
  });
  const auto response = changed<LoginResponse>(Scene::login_response(), [](auto& pdu) {
    pdu.transit = false;
    pdu.next_stage = {};
  });
  Scene scene;
  scene.exp_cmd_sn = 15;
  scene.say(request, Scene::names()).answer(response, pairs("TargetPortalGroupTag=1/"));
  scene.exp_cmd_sn = 10;
  EXPECT_EQ(scene.say(request).answer(response).broken(), std::set<Rule>{});
}

/// A command beyond MaxCmdSN is passed over (3.2.2.1), and its CmdSN may come again later.
TEST(TheMonitor, DoesNotBlameATargetForACmdSnWhoseFirstUseWasOutsideOfTheWindow) {
  NopOut early = ping();
  early.initiator_task_tag = InitiatorTaskTag{6};
  Scene scene = acknowledged();
  scene.say(early).say(ping()).answer(echo());
  EXPECT_EQ(scene.broken(), std::set<Rule>{});
}

/// 10.10 allows one Text Request at a time, with or without the tag of the one before.
TEST(TheMonitor, DoesNotBlameATargetForTextExchangesThatOverlap) {
  TextRequest second = ask();
  second.initiator_task_tag = InitiatorTaskTag{6};
  second.cmd_sn = {11};
  Scene scene = acknowledged();
  scene.say(ask(), pairs("X-a=1/")).say(second, pairs("SendTargets=/")).answer(reply());
  EXPECT_EQ(scene.broken(), std::set<Rule>{});

  second.initiator_task_tag = ask().initiator_task_tag;
  scene = Scene{};
  scene.login().say(ask()).say(second);
  scene.exp_cmd_sn = 11;
  EXPECT_EQ(scene.answer(reply()).broken(), std::set<Rule>{});
}

TEST(TheMonitor, DoesNotBlameATargetForLoginRequestsThatDoNotWait) {
  LoginRequest first = Scene::login_request();
  first.transit = false;
  first.next_stage = {};
  LoginResponse answer = Scene::login_response();
  answer.transit = false;
  answer.next_stage = {};
  answer.tsih = iscsi::wire::Tsih::none;
  Scene scene;
  scene.say(first, Scene::names()).say(Scene::login_request());
  scene.answer(answer, pairs("TargetPortalGroupTag=1/")).answer(Scene::login_response());
  EXPECT_EQ(scene.say(ping()).broken(), std::set<Rule>{});
}

std::vector<Sin> all_sins() {
  std::vector<Sin> all;
  for (auto sins :
       {sins_of_form(), sins_of_framing(), sins_of_numbering(), sins_of_login(), sins_of_text(),
        sins_of_values(), sins_of_authentication(), sins_of_discovery(), sins_of_tasks(),
        sins_of_reading(), sins_of_writing(), sins_of_both_directions()})
    all.insert(all.end(), sins.begin(), sins.end());
  return all;
}

std::string slugs(const std::set<Rule>& rules) {
  std::string text;
  for (const Rule rule : rules) text += " " + std::string{iscsi::about(rule).slug};
  return text;
}

TEST(TheMonitor, NamesTheRuleThatIsBrokenAndNoOther) {
  for (const Sin& sin : all_sins()) {
    std::set<Rule> rules = sin.also;
    rules.insert(sin.rule);
    EXPECT_EQ(slugs(sin.commit().broken()), slugs(rules));
  }
}

TEST(TheMonitor, ClaimsExactlyTheRulesThatATestBreaks) {
  std::set<Rule> broken;
  for (const Sin& sin : all_sins()) broken.insert(sin.rule);
  const auto claimed = monitored_rules();
  const std::set<Rule> claims(claimed.begin(), claimed.end());
  EXPECT_EQ(claims.size(), claimed.size()) << "each once";
  EXPECT_EQ(slugs(claims), slugs(broken));
}

TEST(TheMonitor, TellsTheByteAndWhatWasThere) {
  Scene scene = acknowledged();
  scene.say(ping()).answer(echo()).spoil(2, 0x40);
  const Observation seen = observe(scene.transcript);
  ASSERT_EQ(seen.findings.size(), 1U);
  EXPECT_EQ(seen.findings[0].byte, 2U);
  EXPECT_EQ(seen.findings[0].found, 0x40U);
  EXPECT_EQ(seen.findings[0].record, scene.transcript.size() - 1);
}

TEST(TheMonitor, CountsWhatItLookedAt) {
  const Observation seen = observe(sound_read().transcript);
  EXPECT_EQ(seen.checked.at(Rule::data_in_sn_counts_up), 2U);
  EXPECT_EQ(seen.checked.at(Rule::residual_count_is_exact), 1U);
  EXPECT_FALSE(seen.checked.contains(Rule::r2t_sn_counts_up));
}

}  // namespace
}  // namespace conformance
