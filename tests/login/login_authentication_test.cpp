/// CHAP through the whole machine: RFC 3720 appendix C's talks, and the ways around them.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "login/login.hpp"
#include "login/talk.hpp"

namespace iscsi::login {
namespace {

const std::string portal_group = "TargetPortalGroupTag=1";
const std::string our_segments = "MaxRecvDataSegmentLength=262144";
const Pairs first{initiator_pair, target_pair, "AuthMethod=KRB5,CHAP,None"};
const Pairs first_answer{portal_group, "AuthMethod=CHAP"};
const Pairs challenge{"CHAP_A=5", "CHAP_I=17", "CHAP_C=0x000102030405060708090a0b0c0d0e0f"};
const Pairs response{"CHAP_N=alice", "CHAP_R=0xc524b7a35c6db949789d4633e5d57d58"};

Talk strict() {
  Talk talk;
  talk.configuration.normal_sessions = Authentication::required;
  talk.configuration.accounts = {{"alice", "alice-secret-0123"}};
  talk.configuration.own_account = Account{"target", "target-secret-456"};
  return talk;
}

TEST(Chap, OneWayGoesAsInTheAppendix) {
  Talk talk = strict();
  expect_partial(talk.send(stay(security), first), security, first_answer);
  expect_partial(talk.send(stay(security), {"CHAP_A=5,7"}), security, challenge);
  expect_transit(talk.send(move(security, operational), response), security, operational, {});
  expect_partial(talk.send(stay(operational), {"FirstBurstLength=4096"}), operational,
                 {"FirstBurstLength=4096", our_segments});
  const auto answer = talk.send(move(operational, full_feature), {});
  expect_transit(answer, operational, full_feature, {});
  EXPECT_EQ(answer.admission->user, "alice");
}

TEST(Chap, BothWaysGoesAsInTheAppendix) {
  Talk talk = strict();
  talk.send(stay(security), first);
  talk.send(stay(security), {"CHAP_A=5"});
  Pairs both = response;
  both.push_back("CHAP_I=200");
  both.push_back("CHAP_C=0xf0e1d2c3b4a5968778695a4b3c2d1e0f");
  expect_transit(talk.send(move(security, operational), both), security, operational,
                 {"CHAP_N=target", "CHAP_R=0x0f1dad084840a6884756cfba50911265"});
  EXPECT_TRUE(talk.send(move(operational, full_feature), {}).admission.has_value());
}

TEST(Chap, AsOpenIscsiDoesItIsHeldInTheStageUntilItIsOver) {
  // T from the first request on, and the answer stays in the security stage (linux61_lio_chap).
  Talk talk = strict();
  expect_partial(talk.send(move(security, operational), first), security, first_answer);
  expect_partial(talk.send(move(security, operational), {"CHAP_A=5"}), security, challenge);
  expect_transit(talk.send(move(security, operational), response), security, operational, {});
}

TEST(Chap, MayEndTheLoginFromTheSecurityStage) {
  Talk talk = strict();
  talk.send(stay(security), first);
  talk.send(stay(security), {"CHAP_A=5"});
  EXPECT_EQ(talk.send(move(security, full_feature), response).admission->user, "alice");
}

TEST(Chap, MayBeFollowedByTheTransitionLater) {
  Talk talk = strict();
  talk.send(stay(security), first);
  talk.send(stay(security), {"CHAP_A=5"});
  expect_partial(talk.send(stay(security), response), security, {});
  expect_transit(talk.send(move(security, operational), {}), security, operational, {});
}

TEST(Chap, HoldsForDiscoveryWhereItIsAskedFor) {
  for (const bool asked : {true, false}) {
    Talk talk = strict();
    talk.configuration.normal_sessions = asked ? Authentication::none : Authentication::required;
    talk.configuration.discovery_sessions = asked ? Authentication::required : Authentication::none;
    const auto answer =
        talk.send(move(operational, full_feature), {initiator_pair, discovery_pair});
    EXPECT_EQ(answer.admission.has_value(), !asked);
  }
}

TEST(Chap, IsNotToldWhoIsRight) {
  // A wrong name and a wrong secret look the same on the wire.
  std::vector<Answer> answers;
  for (const Pairs& wrong : {Pairs{"CHAP_N=mallory", response[1]},
                             Pairs{"CHAP_N=alice", "CHAP_R=0x00000000000000000000000000000000"}}) {
    Talk talk = strict();
    talk.send(stay(security), first);
    talk.send(stay(security), {"CHAP_A=5"});
    answers.push_back(talk.send(move(security, operational), wrong));
    expect_refused(answers.back(), LoginStatus::authentication_failure,
                   Rule::chap_response_is_right);
  }
  EXPECT_EQ(answers[0].response, answers[1].response);
}

// Ways around.

TEST(AuthenticationBypass, ByBeginningInTheOperationalStageFails) {
  for (const Turns& turns : {move(operational, full_feature), stay(operational)}) {
    const auto answer = strict().send(turns, {initiator_pair, target_pair});
    expect_refused(answer, LoginStatus::authentication_failure,
                   Rule::authentication_is_not_skipped);
    // Byte 1 of the header holds CSG, here 1.
    EXPECT_EQ(answer.violation, (Violation{Rule::authentication_is_not_skipped, 1, 1}));
  }
}

TEST(AuthenticationBypass, ByAContinuedFirstRequestFails) {
  Talk talk = strict();
  ASSERT_FALSE(talk.send(more(operational), {initiator_pair}).close);
  expect_refused(talk.send(move(operational, full_feature), {target_pair}),
                 LoginStatus::authentication_failure, Rule::authentication_is_not_skipped);
}

TEST(AuthenticationBypass, ByLeavingTheSecurityStageFailsAtEveryStep) {
  for (const LoginStage next : {operational, full_feature}) {
    // After the method is chosen, after the challenge: the step's keys are missing.
    Talk chosen = strict();
    chosen.send(stay(security), first);
    expect_refused(chosen.send(move(security, next), {}), LoginStatus::missing_parameter,
                   Rule::authentication_step_has_its_keys);
    Talk challenged = strict();
    challenged.send(stay(security), first);
    challenged.send(stay(security), {"CHAP_A=5"});
    expect_refused(challenged.send(move(security, next), {}), LoginStatus::missing_parameter,
                   Rule::authentication_step_has_its_keys);
  }
}

TEST(AuthenticationBypass, ByOfferingNoneFails) {
  const auto answer =
      strict().send(move(security, operational), {initiator_pair, target_pair, "AuthMethod=None"});
  expect_refused(answer, LoginStatus::authentication_failure,
                 Rule::authentication_method_is_usable);
  EXPECT_EQ(pairs_of(answer), Pairs{"AuthMethod=Reject"});
}

TEST(AuthenticationBypass, ByChangingTheStageInTheHeaderFails) {
  Talk talk = strict();
  talk.send(stay(security), first);
  expect_refused(talk.send(move(operational, full_feature), {}), LoginStatus::initiator_error,
                 Rule::login_is_in_current_stage);
}

TEST(AuthenticationBypass, ByDiscoveryNamesNobody) {
  // A discovery session is not what the target asks authentication for, but it stays one.
  Talk talk = strict();
  const auto answer =
      talk.send(move(operational, full_feature), {initiator_pair, target_pair, discovery_pair});
  EXPECT_EQ(answer.admission->parameters.session.session_type, text::SessionType::discovery);
}

// The target proposes.

TEST(TargetProposal, AsksAnInitiatorThatWouldLeaveWithoutAWord) {
  for (const LoginStage next : {operational, full_feature}) {
    Talk talk = strict();
    expect_partial(talk.send(move(security, next), {initiator_pair, target_pair}), security,
                   first_answer);
    expect_partial(talk.send(move(security, next), {"AuthMethod=CHAP", "CHAP_A=5"}), security,
                   challenge);
    EXPECT_TRUE(talk.send(move(security, next), response).response->header.transit);
  }
}

TEST(TargetProposal, IsMadeOnceAndNotBefore) {
  Talk talk = strict();
  expect_partial(talk.send(stay(security), {initiator_pair, target_pair}), security,
                 {portal_group});
  expect_partial(talk.send(move(security, operational), {}), security, {"AuthMethod=CHAP"});
  expect_refused(talk.send(move(security, operational), {}), LoginStatus::authentication_failure,
                 Rule::authentication_is_not_skipped);
}

TEST(TargetProposal, IsNotMadeWhereNothingIsRequired) {
  Talk talk = strict();
  talk.configuration.normal_sessions = Authentication::optional;
  expect_transit(talk.send(move(security, operational), {initiator_pair, target_pair}), security,
                 operational, {portal_group});
}

// Challenges of other connections.

TEST(UnansweredChallenge, IsThereWhileItIsOut) {
  Talk talk = strict();
  EXPECT_EQ(unanswered_challenge(talk.state), nullptr);
  talk.send(stay(security), first);
  EXPECT_EQ(unanswered_challenge(talk.state), nullptr);
  talk.send(stay(security), {"CHAP_A=5"});
  ASSERT_NE(unanswered_challenge(talk.state), nullptr);
  EXPECT_EQ(unanswered_challenge(talk.state)->identifier, 17);
  Talk failed = talk;
  failed.send(stay(security), {});
  EXPECT_EQ(unanswered_challenge(failed.state), nullptr);
  talk.send(stay(security), response);
  EXPECT_EQ(unanswered_challenge(talk.state), nullptr);
}

TEST(UnansweredChallenge, OfOneConnectionIsRefusedOnAnother) {
  Talk one = strict();
  one.send(stay(security), first);
  one.send(stay(security), {"CHAP_A=5"});

  Talk other = strict();
  other.fresh[0] = std::byte{18};
  other.fresh[1] = std::byte{0xff};
  other.challenges_elsewhere = {*unanswered_challenge(one.state)};
  other.send(stay(security), first);
  other.send(stay(security), {"CHAP_A=5"});
  expect_refused(other.send(stay(security), {response[0], response[1], "CHAP_I=17",
                                             "CHAP_C=0x000102030405060708090a0b0c0d0e0f"}),
                 LoginStatus::authentication_failure, Rule::chap_challenge_is_not_reflected);
}

}  // namespace
}  // namespace iscsi::login
