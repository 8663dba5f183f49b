/// Each rule that the monitor judges in initiators: a conversation that keeps it, and one that
/// breaks it and nothing else.

#include "conformance/requests.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "conformance/monitor/monitor.hpp"

namespace conformance {
namespace {

std::vector<Sin> all_sins() {
  std::vector<Sin> all;
  for (auto sins :
       {sins_in_form_of_requests(), sins_in_flags_of_requests(), sins_in_additional_headers(),
        sins_in_numbers_of_requests(), sins_in_login_requests(), sins_in_names_of_requests(),
        sins_in_text_of_requests(), sins_in_values_of_requests(),
        sins_in_authentication_of_requests(), sins_in_tasks_of_requests(),
        sins_in_data_of_requests(), sins_in_data_out()})
    all.insert(all.end(), sins.begin(), sins.end());
  return all;
}

std::string slugs(const std::set<Rule>& rules) {
  std::string text;
  for (const Rule rule : rules) text += " " + std::string{iscsi::about(rule).slug};
  return text;
}

TEST(TheMonitorOfInitiators, NamesTheRuleThatIsBrokenAndNoOther) {
  std::size_t killed = 0;
  const auto sins = all_sins();
  for (const Sin& sin : sins) {
    std::set<Rule> rules = sin.also;
    rules.insert(sin.rule);
    const std::string found = slugs(sin.commit().broken(Side::initiator));
    EXPECT_EQ(found, slugs(rules));
    killed += found == slugs(rules) ? 1U : 0U;
  }
  std::printf("killed %zu of %zu\n", killed, sins.size());
}

TEST(TheMonitorOfInitiators, ClaimsExactlyTheRulesThatATestBreaks) {
  std::set<Rule> broken;
  for (const Sin& sin : all_sins()) broken.insert(sin.rule);
  const auto claimed = monitored_rules(Side::initiator);
  const std::set<Rule> claims(claimed.begin(), claimed.end());
  EXPECT_EQ(claims.size(), claimed.size()) << "each once";
  EXPECT_EQ(slugs(claims), slugs(broken));
}

TEST(TheMonitorOfInitiators, ClaimsOnlyRulesThatBindInitiators) {
  for (const Rule rule : monitored_rules(Side::initiator)) {
    EXPECT_NE(iscsi::about(rule).binds, iscsi::Party::target) << iscsi::about(rule).slug;
    EXPECT_NE(iscsi::about(rule).level, iscsi::Level::may) << iscsi::about(rule).slug;
  }
}

TEST(TheMonitorOfInitiators, FindsNothingInConversationsThatKeepTheRules) {
  const auto broken = [](const Scene& scene) { return slugs(scene.broken(Side::initiator)); };
  EXPECT_EQ(broken(logged_in()), "");
  EXPECT_EQ(broken(asked_for(64).say(Scene::output(1, 0), bytes_64)), "");
  Scene scene = eager();
  scene.say(eager_write(96), bytes_32).say(Scene::output(no_transfer_tag, 32), bytes_64);
  EXPECT_EQ(broken(scene), "");
  Scene chap = challenged();
  add_step(chap,
           {.stage = LoginStage::security_negotiation,
            .next = LoginStage::operational_negotiation,
            .request = "CHAP_N=i/CHAP_R=0x00112233445566778899aabbccddeeff/CHAP_I=8/CHAP_C=0x03/",
            .answer = "CHAP_N=t/CHAP_R=0x00112233445566778899aabbccddeeff/"});
  add_step(chap, {.next = LoginStage::full_feature_phase,
                  .request = "MaxBurstLength=1024/",
                  .answer = "MaxBurstLength=1024/"});
  EXPECT_EQ(broken(chap.say(ping())), "");
  EXPECT_EQ(broken(discovery().say(ask(), pairs("SendTargets=All/"))), "");
}

/// 6.2.1: a retry is what was sent before, and nothing else.
TEST(TheMonitorOfInitiators, TakesACommandThatIsSentAgain) {
  EXPECT_EQ(slugs(acknowledged().say(ping()).say(ping()).say(other_ping()).broken(Side::initiator)),
            "");
  Scene rejected = logged_in();
  rejected.say(ping()).answer(Reject{.reason = RejectReason::immediate_command_reject},
                              header_text(encode_header(ping(), {})));
  EXPECT_EQ(slugs(rejected.say(ping()).say(other_ping()).broken(Side::initiator)), "");
}

/// A status may cross the data on the wire, and a task set function shortens it (10.5.1).
TEST(TheMonitorOfInitiators, TakesDataThatTheStatusHasCrossedAndDataCutShort) {
  Scene crossed = asked_for(64);
  ScsiResponse status = Scene::status();
  status.status = 0x08;
  crossed.answer(status).say(Scene::output(1, 0), bytes_64);
  EXPECT_EQ(slugs(crossed.broken(Side::initiator)), "");
  Scene cut = asked_for(64);
  cut.say(TaskManagementRequest{.immediate = true,
                                .function = TaskManagementFunction::abort_task_set,
                                .initiator_task_tag = InitiatorTaskTag{6},
                                .cmd_sn = {11}});
  EXPECT_EQ(slugs(cut.say(Scene::output(1, 0), bytes_32).broken(Side::initiator)), "");
}

// What a capture lacks.

Scene lacking(Scene scene, Record::Kind kind) {
  scene.transcript.push_back({.kind = kind});
  return scene;
}

Scene midway() {
  Scene scene;
  scene.transcript.front().midway = true;
  return scene;
}

TEST(TheMonitor, ConcludesNothingFromTasksThatItHasNotSeenBegin) {
  Scene scene = midway();
  scene.say(Scene::output(3, 4096), bytes_64).answer(Scene::status());
  EXPECT_EQ(slugs(scene.broken()), "");
  EXPECT_EQ(slugs(scene.broken(Side::initiator)), "");
  EXPECT_TRUE(observe(scene.transcript).inconclusive.contains(Rule::response_answers_a_request));
  EXPECT_TRUE(observe(scene.transcript, Side::initiator)
                  .inconclusive.contains(Rule::data_out_has_known_task));
}

TEST(TheMonitor, JudgesATaskThatBeginsBehindAGap) {
  Scene scene = lacking(acknowledged(), Record::Kind::lost);
  scene.say(ping()).answer(echo()).answer(echo());
  EXPECT_EQ(slugs(scene.broken()), " status-comes-once");
}

TEST(TheMonitor, NumbersGoOnBehindAGapFromWhatIsSeen) {
  Scene scene = lacking(acknowledged(), Record::Kind::lost_sent);
  scene.exp_cmd_sn = 17;
  scene.max_cmd_sn = 30;
  scene.say(ping(16)).answer(echo()).say(other_ping(17));
  EXPECT_EQ(slugs(scene.broken(Side::initiator)), "");
  EXPECT_EQ(slugs(scene.say(ping(19)).broken(Side::initiator)), " cmd-sn-advances-by-one");
  scene = lacking(acknowledged(), Record::Kind::lost);
  scene.stat_sn += 5;
  EXPECT_EQ(slugs(scene.say(ping()).answer(echo()).broken()), "");
  EXPECT_EQ(slugs(scene.answer(echo()).broken()), " status-comes-once");
}

/// A gap shows when something comes behind it, and may have begun long before.
TEST(TheMonitor, TakesBackWhatAGapMayExplain) {
  const auto ahead = changed<NopOut>(ping(), [](auto& pdu) { pdu.exp_stat_sn = {105}; });
  Scene scene = acknowledged().say(ahead);
  EXPECT_EQ(slugs(scene.broken(Side::initiator)), " exp-stat-sn-is-not-ahead");
  scene = lacking(acknowledged().say(ahead).spoil(2, 0x40), Record::Kind::lost);
  EXPECT_EQ(slugs(scene.broken(Side::initiator)), " reserved-bits-are-zero");
  EXPECT_TRUE(observe(scene.transcript, Side::initiator)
                  .inconclusive.contains(Rule::exp_stat_sn_is_not_ahead));
  scene = lacking(acknowledged().answer(echo()), Record::Kind::lost_sent);
  EXPECT_EQ(slugs(scene.broken()), "");
}

/// 10.2.1.8: which tags are in use is not known behind a gap.
TEST(TheMonitor, DoesNotAskWhoseTagItIsBehindAGap) {
  Scene scene = lacking(acknowledged().say(Scene::read(64)), Record::Kind::lost);
  EXPECT_EQ(slugs(scene.say(Scene::read(64, 11)).broken(Side::initiator)), "");
}

TEST(TheMonitor, KnowsNoParametersOfALoginThatItHasNotSeen) {
  Scene scene = midway();
  scene.exp_cmd_sn = 12;
  scene.say(Scene::write(4 << 20), std::string(100'000, 'x'));
  scene.notify(Scene::r2t(0, 200'000, 1 << 20)).notify(Scene::r2t(1, 100'000, 1));
  EXPECT_EQ(slugs(scene.broken()), "");
  EXPECT_EQ(slugs(scene.broken(Side::initiator)), "");
  EXPECT_TRUE(observe(scene.transcript).inconclusive.contains(Rule::r2t_is_within_max_burst));
}

TEST(TheMonitor, FindsDigestsOutWhereTheLoginWasNotSeen) {
  for (const Digests digests : {Digests{true, true}, Digests{true, false}, Digests{false, true}}) {
    Scene scene = midway();
    scene.digests = digests;
    scene.exp_cmd_sn = 11;
    scene.say(ping(), "ab").answer(echo(), "ab").answer(echo(), "ab");
    EXPECT_EQ(slugs(scene.broken()), " status-comes-once");
  }
}

TEST(TheMonitor, DoesNotReadWhatACaptureHasCutAway) {
  Scene scene = acknowledged();
  scene.say(ping(), std::string(64, 'p')).answer(echo(), std::string(64, '\0'));
  scene.transcript.back().holes.push_back({.offset = 60, .length = 52});
  EXPECT_EQ(slugs(scene.broken()), "");
}

/// A login in pieces agrees on nothing that is known.
TEST(TheMonitor, FollowsALoginThroughAGap) {
  Scene scene = lacking(begun_login(), Record::Kind::lost_sent);
  scene.answer(Scene::login_response(), pairs("MaxBurstLength=512/"));
  scene.exp_cmd_sn = 11;
  scene.say(Scene::read(1024)).data_in(Scene::input(0, 0), std::string(1024, 'x'));
  EXPECT_EQ(slugs(scene.broken()), "");
  EXPECT_EQ(slugs(scene.broken(Side::initiator)), "");
}

TEST(TheMonitor, TellsTheSideOfAFinding) {
  Scene scene = acknowledged();
  scene.say(ping()).spoil(2, 0x40).answer(echo()).spoil(2, 0x40);
  Monitor monitor;
  for (const Record& record : scene.transcript) monitor.take(record);
  monitor.finish();
  const auto findings = monitor.take_findings();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].side, Side::initiator);
  EXPECT_EQ(findings[1].side, Side::target);
  EXPECT_TRUE(monitor.take_findings().empty()) << "each is told once";
}

}  // namespace
}  // namespace conformance
