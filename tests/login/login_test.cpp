#include "login/login.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "login/talk.hpp"

namespace iscsi::login {
namespace {

const Pairs names{initiator_pair, target_pair};
const std::string portal_group = "TargetPortalGroupTag=1";
const std::string our_segments = "MaxRecvDataSegmentLength=262144";

// Sessions without authentication.

TEST(Login, OfAllDefaultsTakesOneExchange) {
  // RFC 3720 5.3.1: CSG 1, NSG 3, T, and nothing but names.
  Talk talk;
  const auto answer = talk.send(move(operational, full_feature), names);
  expect_transit(answer, operational, full_feature, {portal_group, our_segments});

  Admission expected{.action = SessionAction::new_session,
                     .tsih = wire::Tsih{0x4711},
                     .isid = wire::Isid{0x0002'3d00'0001},
                     .cid = wire::Cid{7},
                     .initiator_name = initiator_text,
                     .target_named = true,
                     .may_use_target = true,
                     .user = "",
                     .parameters = {},
                     .exp_cmd_sn = {1000},
                     .next_stat_sn = {101},
                     .old_exp_stat_sn = {0}};
  expected.parameters.declared.initiator_name = initiator_text;
  expected.parameters.declared.target_name = target_text;
  expected.parameters.declared.target_portal_group_tag = 1;
  expected.parameters.connection.target_max_recv_data_segment_length = 262144;
  EXPECT_EQ(*answer.admission, expected);
  EXPECT_EQ(answer.findings, std::vector<Violation>{});
}

TEST(Login, OfOpenIscsiIsAnsweredKeyByKey) {
  Talk talk;
  const auto answer =
      talk.send(move(operational, full_feature), {initiator_pair,
                                                  "InitiatorAlias=host",
                                                  target_pair,
                                                  "SessionType=Normal",
                                                  "HeaderDigest=None,CRC32C",
                                                  "DataDigest=None",
                                                  "DefaultTime2Wait=2",
                                                  "DefaultTime2Retain=0",
                                                  "IFMarker=No",
                                                  "OFMarker=No",
                                                  "ErrorRecoveryLevel=0",
                                                  "InitialR2T=No",
                                                  "ImmediateData=Yes",
                                                  "MaxBurstLength=16776192",
                                                  "FirstBurstLength=262144",
                                                  "MaxOutstandingR2T=1",
                                                  "MaxConnections=1",
                                                  "DataPDUInOrder=Yes",
                                                  "DataSequenceInOrder=Yes",
                                                  "MaxRecvDataSegmentLength=131072"});
  expect_transit(
      answer, operational, full_feature,
      {"HeaderDigest=None", "DataDigest=None", "DefaultTime2Wait=2", "DefaultTime2Retain=0",
       "IFMarker=No", "OFMarker=No", "ErrorRecoveryLevel=0", "InitialR2T=No", "ImmediateData=Yes",
       "MaxBurstLength=262144", "FirstBurstLength=65536", "MaxOutstandingR2T=1", "MaxConnections=1",
       "DataPDUInOrder=Yes", "DataSequenceInOrder=Yes", portal_group, our_segments});
  const auto& agreed = answer.admission->parameters;
  EXPECT_FALSE(agreed.session.initial_r2t);
  EXPECT_EQ(agreed.session.default_time2retain, 0U);
  EXPECT_EQ(agreed.connection.initiator_max_recv_data_segment_length, 131072U);
  EXPECT_EQ(agreed.declared.initiator_alias, "host");
}

TEST(Login, OfWindowsGoesThroughBothStages) {
  Talk talk;
  expect_transit(talk.send(move(security, operational),
                           {initiator_pair, "SessionType=Normal", target_pair, "AuthMethod=None"}),
                 security, operational, {portal_group, "AuthMethod=None"});
  const auto answer =
      talk.send(move(operational, full_feature), {"HeaderDigest=CRC32C,None", "MaxConnections=32"});
  expect_transit(answer, operational, full_feature,
                 {"HeaderDigest=CRC32C", "MaxConnections=1", our_segments});
  EXPECT_EQ(answer.admission->parameters.connection.header_digest, text::Digest::crc32c);
}

TEST(Login, MayEndInTheSecurityStage) {
  Talk talk;
  const auto answer =
      talk.send(move(security, full_feature), {initiator_pair, target_pair, "AuthMethod=None"});
  expect_transit(answer, security, full_feature, {portal_group, "AuthMethod=None"});
  EXPECT_EQ(answer.response->header.tsih, wire::Tsih{0x4711});
}

TEST(Login, MayStayInAStageForManyExchanges) {
  Talk talk;
  expect_partial(talk.send(stay(security), names), security, {portal_group});
  expect_partial(talk.send(stay(security), {}), security, {});
  expect_partial(talk.send(stay(security), {"AuthMethod=None"}), security, {"AuthMethod=None"});
  expect_transit(talk.send(move(security, operational), {}), security, operational, {});
  expect_partial(talk.send(stay(operational), {"MaxBurstLength=131072"}), operational,
                 {"MaxBurstLength=131072", our_segments});
  expect_partial(talk.send(stay(operational), {"FirstBurstLength=32768"}), operational,
                 {"FirstBurstLength=32768"});
  const auto answer = talk.send(move(operational, full_feature), {});
  expect_transit(answer, operational, full_feature, {});
  EXPECT_EQ(answer.admission->parameters.session.max_burst_length, 131072U);
  EXPECT_EQ(answer.admission->parameters.session.first_burst_length, 32768U);
}

TEST(Login, KeepsTheDefaultOfKeysThatNobodyOffers) {
  // The policy would like InitialR2T=No; unoffered, the RFC's Yes stays in force (5.2).
  Talk talk;
  ASSERT_FALSE(talk.configuration.policy.initial_r2t);
  talk.configuration.policy.max_burst_length = 512;
  talk.configuration.policy.first_burst_length = 512;
  const auto answer = talk.send(move(operational, full_feature), names);
  EXPECT_EQ(answer.admission->parameters.session, text::SessionParameters{});
}

TEST(Login, AnswersUnknownKeysWithNotUnderstood) {
  Talk talk;
  const auto answer = talk.send(
      move(operational, full_feature),
      {initiator_pair, target_pair, "X-com.cisco.PingTimeout=5", "X#New=Yes", "Whatever=0"});
  EXPECT_EQ(pairs_of(answer), (Pairs{"X-com.cisco.PingTimeout=NotUnderstood", "X#New=NotUnderstood",
                                     "Whatever=NotUnderstood", portal_group, our_segments}));
}

TEST(Login, RejectsAnInadmissibleValueAndGoesOn) {
  Talk talk;
  const auto answer = talk.send(move(operational, full_feature),
                                {initiator_pair, target_pair, "MaxBurstLength=511"});
  EXPECT_EQ(pairs_of(answer), (Pairs{"MaxBurstLength=Reject", portal_group, our_segments}));
  ASSERT_EQ(answer.findings.size(), 1U);
  EXPECT_EQ(answer.findings[0].rule, Rule::proposal_is_admissible);
  EXPECT_EQ(answer.admission->parameters.session.max_burst_length, 262144U);
}

TEST(Login, AcceptsARangeOfMarkerIntervals) {
  Talk talk;
  EXPECT_EQ(pairs_of(talk.send(stay(operational), {initiator_pair, target_pair, "OFMarker=Yes",
                                                   "OFMarkInt=2048~8192"})),
            (Pairs{"OFMarker=No", "OFMarkInt=Irrelevant", portal_group, our_segments}));
}

TEST(Login, ProposesWhatItNeedsBeforeTheStageEnds) {
  // MaxBurstLength below the default of FirstBurstLength: the target has to speak up (12.14).
  Talk talk;
  const auto held = talk.send(move(operational, full_feature),
                              {initiator_pair, target_pair, "MaxBurstLength=8192"});
  expect_partial(held, operational,
                 {"MaxBurstLength=8192", portal_group, our_segments, "FirstBurstLength=8192"});
  // Without an answer the stage goes on, however often T is set.
  expect_partial(talk.send(move(operational, full_feature), {}), operational, {});
  const auto answer = talk.send(move(operational, full_feature), {"FirstBurstLength=4096"});
  expect_transit(answer, operational, full_feature, {});
  EXPECT_EQ(answer.admission->parameters.session.first_burst_length, 4096U);
}

TEST(Login, FailsWhenOurProposalIsAnsweredAgainstItsRule) {
  Talk talk;
  talk.send(move(operational, full_feature), {initiator_pair, target_pair, "MaxBurstLength=8192"});
  expect_refused(talk.send(move(operational, full_feature), {"FirstBurstLength=16384"}),
                 LoginStatus::initiator_error, Rule::answer_follows_result_function);
}

TEST(Login, FailsWhenOurProposalIsRejectedAndTheValuesClash) {
  Talk talk;
  talk.send(move(operational, full_feature), {initiator_pair, target_pair, "MaxBurstLength=8192"});
  expect_refused(talk.send(move(operational, full_feature), {"FirstBurstLength=Reject"}),
                 LoginStatus::initiator_error, Rule::first_burst_within_max_burst);
}

// The target's own declarations.

TEST(Login, ToSkipSecurityIsAnsweredByThePortalGroupAlone) {
  Talk talk;
  talk.configuration.alias = "Bob-s Disk";
  expect_transit(talk.send(move(security, operational), names), security, operational,
                 {portal_group});
  expect_transit(talk.send(move(operational, full_feature), {}), operational, full_feature,
                 {"TargetAlias=Bob-s Disk", our_segments});
}

TEST(Login, TellsTheAliasOnceInEveryNormalSession) {
  Talk talk;
  talk.configuration.alias = "Bob-s Disk";
  expect_partial(talk.send(stay(operational), names), operational,
                 {portal_group, "TargetAlias=Bob-s Disk", our_segments});
  expect_transit(talk.send(move(operational, full_feature), {}), operational, full_feature, {});

  Talk brief{.configuration = talk.configuration};
  expect_transit(brief.send(move(security, full_feature), names), security, full_feature,
                 {portal_group, "TargetAlias=Bob-s Disk"});

  Talk discovery{.configuration = talk.configuration};
  expect_transit(discovery.send(move(operational, full_feature),
                                {initiator_pair, discovery_pair, target_pair}),
                 operational, full_feature, {portal_group, our_segments});
}

TEST(Login, TellsThePortalGroupThatServesIt) {
  Talk talk;
  talk.configuration.portal_group_tag = 65535;
  EXPECT_EQ(pairs_of(talk.send(stay(security), names)), Pairs{"TargetPortalGroupTag=65535"});
}

// Discovery sessions.

TEST(Discovery, NeedsNoTarget) {
  Talk talk;
  const auto answer = talk.send(move(operational, full_feature), {initiator_pair, discovery_pair});
  expect_transit(answer, operational, full_feature, {our_segments});  // no portal group: no target
  EXPECT_EQ(answer.admission->parameters.session.session_type, text::SessionType::discovery);
  EXPECT_FALSE(answer.admission->target_named);
}

TEST(Discovery, OfATargetIsTold) {
  Talk talk;
  const auto answer =
      talk.send(move(operational, full_feature), {target_pair, discovery_pair, initiator_pair});
  expect_transit(answer, operational, full_feature, {portal_group, our_segments});
  EXPECT_TRUE(answer.admission->target_named);
}

TEST(Discovery, MakesSessionKeysIrrelevant) {
  Talk talk;
  EXPECT_EQ(
      pairs_of(talk.send(move(operational, full_feature),
                         {initiator_pair, "MaxConnections=4", "InitialR2T=No",
                          "DataSequenceInOrder=Yes", "ErrorRecoveryLevel=0", discovery_pair})),
      (Pairs{"MaxConnections=Irrelevant", "InitialR2T=Irrelevant", "DataSequenceInOrder=Irrelevant",
             "ErrorRecoveryLevel=0", our_segments}));
}

TEST(Discovery, MayUseDigests) {
  Talk talk;
  const auto answer =
      talk.send(move(operational, full_feature),
                {initiator_pair, discovery_pair, "HeaderDigest=CRC32C", "DataDigest=None,CRC32C"});
  EXPECT_EQ(pairs_of(answer), (Pairs{"HeaderDigest=CRC32C", "DataDigest=None", our_segments}));
  EXPECT_EQ(answer.admission->parameters.connection.header_digest, text::Digest::crc32c);
}

TEST(Discovery, IsNotAskedForLater) {
  Talk talk;
  talk.send(stay(security), names);
  expect_refused(talk.send(stay(security), {discovery_pair}), LoginStatus::initiator_error,
                 Rule::parties_are_named_in_first_login);
  Talk other;
  other.send(stay(security), {initiator_pair, discovery_pair});
  expect_refused(other.send(stay(security), {target_pair}), LoginStatus::initiator_error,
                 Rule::parties_are_named_in_first_login);
}

TEST(Login, AsksForASessionTypeThatIsSupportedInTheFirstTextAlone) {
  Talk talk;
  talk.send(stay(security), {initiator_pair, target_pair, "SessionType=Normal"});
  expect_refused(talk.send(stay(security), {"SessionType=Backup"}), LoginStatus::initiator_error,
                 Rule::key_is_negotiated_once_in_login);
}

// Names.

TEST(Login, ComparesNamesInTheirNormalForm) {
  Talk talk;
  talk.configuration.allowed_initiators = {*parse_name("iqn.1999-07.com.os:hostid.77")};
  const auto answer = talk.send(move(operational, full_feature),
                                {"InitiatorName=iqn.1999-07.com.OS:hostid.77",
                                 "TargetName=IQN.1999-07.com.Example:diskarray.sn.88"});
  EXPECT_EQ(answer.admission->initiator_name, "iqn.1999-07.com.os:hostid.77");
}

TEST(Login, WantsWellFormedNames) {
  struct Case {
    Pairs sent;
    Rule rule;
    std::uint32_t byte;
  };
  for (const auto& [sent, rule, byte] :
       {Case{{"InitiatorName=host"}, Rule::iscsi_name_type_is_defined, 14},
        Case{{"InitiatorName=iqn.1999-7.com.os"}, Rule::qualified_name_has_date, 24},
        Case{{target_pair, "InitiatorName=eui.0200"}, Rule::eui_name_has_sixteen_digits, 73},
        Case{{initiator_pair, "TargetName=naa.5"}, Rule::naa_name_has_its_digits, 59}}) {
    Talk talk;
    const auto answer = talk.send(stay(security), sent);
    expect_refused(answer, LoginStatus::initiator_error, rule);
    EXPECT_EQ(answer.violation->byte, byte) << joined(sent);
  }
}

TEST(Login, TakesNamesOf223BytesAndNoMore) {
  const std::string stem = "iqn.2001-04.com.example:";
  for (const std::size_t size : {222U, 223U, 224U}) {
    const std::string name = stem + std::string(size - stem.size(), 'n');
    Talk talk;
    const auto answer =
        talk.send(move(operational, full_feature), {"InitiatorName=" + name, target_pair});
    EXPECT_EQ(answer.admission.has_value(), size <= 223) << size;
    if (size <= 223) continue;
    EXPECT_EQ(answer.response->header.status, LoginStatus::initiator_error);
  }
}

TEST(Login, RefusesNamesThatLeadElsewhere) {
  for (const auto* name :
       {"iqn.2001-04.com.example:../../etc/passwd", "iqn.2001-04.com.example:a\nb",
        "iqn.2001-04.com.example:\x7f", "../iqn.2001-04.com.example"}) {
    Talk talk;
    const auto answer = talk.send(stay(security), {std::string("InitiatorName=") + name});
    EXPECT_TRUE(answer.close) << name;
    EXPECT_EQ(answer.response->header.status, LoginStatus::initiator_error) << name;
  }
}

// Repetition and stages of keys.

TEST(Login, RefusesARepeatedKeyWithAnAnswer) {
  for (const auto* pair : {"InitiatorName=iqn.1999-07.com.os:hostid.77", "HeaderDigest=None"}) {
    Talk talk;
    talk.send(stay(operational), {initiator_pair, target_pair, "HeaderDigest=None"});
    expect_refused(talk.send(stay(operational), {pair}), LoginStatus::initiator_error,
                   Rule::key_is_negotiated_once_in_login);
  }
  Talk talk;
  expect_refused(talk.send(stay(security), {initiator_pair, initiator_pair}),
                 LoginStatus::initiator_error, Rule::key_is_negotiated_once_in_login);
  Talk across;
  across.send(move(security, operational), {initiator_pair, target_pair, "InitiatorAlias=a"});
  expect_refused(across.send(stay(operational), {"InitiatorAlias=b"}), LoginStatus::initiator_error,
                 Rule::key_is_negotiated_once_in_login);
}

TEST(Login, RefusesKeysOfAnotherStageOrSender) {
  struct Case {
    LoginStage stage;
    std::string pair;
    Rule rule;
  };
  for (const auto& [stage, pair, rule] :
       {Case{security, "HeaderDigest=None", Rule::security_stage_has_its_own_keys},
        Case{security, "MaxRecvDataSegmentLength=8192", Rule::security_stage_has_its_own_keys},
        Case{operational, "AuthMethod=None", Rule::operational_stage_has_its_own_keys},
        Case{operational, "CHAP_A=5", Rule::operational_stage_has_its_own_keys},
        Case{operational, "SendTargets=All", Rule::operational_stage_has_its_own_keys},
        Case{operational, "TargetAlias=a", Rule::key_comes_from_its_sender},
        Case{security, "TargetPortalGroupTag=1", Rule::key_comes_from_its_sender}}) {
    Talk talk;
    expect_refused(talk.send(stay(stage), {initiator_pair, target_pair, pair}),
                   LoginStatus::initiator_error, rule);
  }
}

TEST(Login, RefusesAnswersThatNobodyAskedFor) {
  Talk talk;
  expect_refused(
      talk.send(stay(operational), {initiator_pair, target_pair, "MaxBurstLength=Irrelevant"}),
      LoginStatus::initiator_error, Rule::reserved_word_is_only_an_answer);
}

TEST(Login, BearsIrrelevantAsReplyToADeclaration) {
  Talk talk;
  talk.send(stay(operational), names);
  expect_transit(
      talk.send(move(operational, full_feature), {"MaxRecvDataSegmentLength=Irrelevant"}),
      operational, full_feature, {});
}

TEST(Login, RefusesMalformedText) {
  struct Case {
    std::string text;
    Rule rule;
  };
  for (const auto& [text, rule] :
       {Case{initiator_pair, Rule::text_pair_ends_in_null},
        Case{std::string(1, '\0') + joined(names), Rule::text_pair_has_one_delimiter},
        Case{joined({"InitiatorName"}), Rule::text_pair_has_equals_sign},
        Case{joined({"=a"}), Rule::key_name_is_not_empty},
        Case{joined({"initiatorName=a"}), Rule::key_name_begins_with_capital},
        Case{joined({std::string(64, 'K') + "=a"}), Rule::key_name_within_limit},
        Case{joined({"InitiatorAlias=\xff"}), Rule::text_is_utf8}}) {
    Talk talk;
    expect_refused(talk.send_bytes(stay(security), text), LoginStatus::initiator_error, rule);
  }
}

// Numbering.

TEST(Numbering, CountsResponsesAndTakesCmdSNFromTheLeadingLogin) {
  Talk talk;
  talk.first_stat_sn = {0xffff'ffff};
  talk.header.cmd_sn = {0xffff'fff0};
  const auto first = talk.send(stay(security), names);
  EXPECT_EQ(first.response->header.stat_sn, wire::StatSN{0xffff'ffff});
  EXPECT_EQ(first.response->header.exp_cmd_sn, wire::CmdSN{0xffff'fff0});
  EXPECT_EQ(first.response->header.max_cmd_sn, wire::CmdSN{0x0000'000f});  // 32 commands
  const auto second = talk.send(move(security, operational), {});
  EXPECT_EQ(second.response->header.stat_sn, wire::StatSN{0});
  const auto last = talk.send(move(operational, full_feature), {});
  EXPECT_EQ(last.response->header.stat_sn, wire::StatSN{1});
  EXPECT_EQ(last.response->header.exp_cmd_sn, wire::CmdSN{0xffff'fff0});
  EXPECT_EQ(last.admission->next_stat_sn, wire::StatSN{2});
  EXPECT_EQ(last.admission->exp_cmd_sn, wire::CmdSN{0xffff'fff0});
}

TEST(Numbering, RepeatsTheInitiatorsTagsInEveryResponse) {
  Talk talk;
  for (const Turns& turns :
       {stay(security), move(security, operational), move(operational, full_feature)}) {
    const auto header =
        talk.send(turns, turns.next || talk.state.first ? Pairs{} : names).response->header;
    EXPECT_EQ(header.isid, wire::Isid{0x0002'3d00'0001});
    EXPECT_EQ(header.initiator_task_tag, wire::InitiatorTaskTag{0x55aa});
    EXPECT_EQ(header.version_max, 0);
    EXPECT_EQ(header.version_active, 0);
    const bool last = turns.next == full_feature;  // only then is there a TSIH (10.13.3)
    EXPECT_EQ(header.tsih, last ? wire::Tsih{0x4711} : wire::Tsih::none);
  }
}

// States are values.

TEST(State, ReplayedGivesTheSameAnswers) {
  Talk talk;
  talk.configuration.normal_sessions = Authentication::required;
  talk.configuration.accounts = {{"alice", "alice-secret-0123"}};
  talk.send(stay(security), {initiator_pair, target_pair, "AuthMethod=CHAP"});
  Talk copy = talk;
  EXPECT_EQ(copy.state, talk.state);
  const auto answer = talk.send(stay(security), {"CHAP_A=5"});
  EXPECT_NE(copy.state, talk.state);
  EXPECT_EQ(copy.send(stay(security), {"CHAP_A=5"}), answer);
  EXPECT_EQ(copy.state, talk.state);
}

TEST(State, TakesNothingMoreWhenTheLoginIsOver) {
  for (const bool admitted : {true, false}) {
    Talk talk;
    talk.send(move(operational, full_feature), admitted ? names : Pairs{});
    const Answer nothing{.close = true};
    EXPECT_EQ(talk.send(move(operational, full_feature), names), nothing);
    EXPECT_EQ(refuse_other_pdu(talk.state, 0x01, talk.context()), nothing);
    EXPECT_EQ(refuse_malformed(talk.state, wire::Bytes(48), {.rule = Rule::login_stage_is_defined},
                               talk.context()),
              nothing);
  }
}

}  // namespace
}  // namespace iscsi::login
