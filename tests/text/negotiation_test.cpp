#include <map>
#include <set>

#include "text/negotiation_talk.hpp"

namespace iscsi::text {
namespace {

// A value of each key that nobody refuses.
const std::map<std::string_view, std::string_view> good_values{
    {"AuthMethod", "None"},
    {"HeaderDigest", "None"},
    {"DataDigest", "None"},
    {"MaxConnections", "1"},
    {"SendTargets", ""},
    {"TargetName", "iqn.1993-11.com.disk-vendor:diskarrays.sn.45678"},
    {"InitiatorName", "iqn.1992-04.com.os-vendor.plan9:cdrom.12345"},
    {"TargetAlias", "Bob-s Disk"},
    {"InitiatorAlias", "Web Server 4"},
    {"TargetAddress", "10.0.0.1:5003,1"},
    {"TargetPortalGroupTag", "1"},
    {"InitialR2T", "Yes"},
    {"ImmediateData", "Yes"},
    {"MaxRecvDataSegmentLength", "8192"},
    {"MaxBurstLength", "262144"},
    {"FirstBurstLength", "65536"},
    {"DefaultTime2Wait", "2"},
    {"DefaultTime2Retain", "20"},
    {"MaxOutstandingR2T", "1"},
    {"DataPDUInOrder", "Yes"},
    {"DataSequenceInOrder", "Yes"},
    {"ErrorRecoveryLevel", "0"},
    {"SessionType", "Normal"},
    {"IFMarker", "No"},
    {"OFMarker", "No"},
    {"IFMarkInt", "2048"},
    {"OFMarkInt", "2048"},
};

std::string good_pair(std::string_view key) {
  return std::string{key} + '=' + std::string{good_values.at(key)} + ';';
}

// Who may send what, when: a third transcription, as lists of what is allowed (11; 12's "Use" and
// "Senders").

using Names = std::set<std::string_view>;
const Names operational_of_both{
    "HeaderDigest",       "DataDigest",       "MaxConnections",
    "InitialR2T",         "ImmediateData",    "MaxBurstLength",
    "FirstBurstLength",   "DefaultTime2Wait", "DefaultTime2Retain",
    "MaxOutstandingR2T",  "DataPDUInOrder",   "DataSequenceInOrder",
    "ErrorRecoveryLevel", "IFMarker",         "OFMarker",
    "IFMarkInt",          "OFMarkInt",        "MaxRecvDataSegmentLength"};
const Names any_stage_of_initiator{"SessionType", "InitiatorName", "TargetName", "InitiatorAlias"};
const Names any_stage_of_target{"TargetAlias", "TargetAddress", "TargetPortalGroupTag"};

Names allowed(Role sender, Phase phase) {
  const bool initiator = sender == Role::initiator;
  if (phase == Phase::full_feature)
    return initiator
               ? Names{"SendTargets", "InitiatorAlias", "MaxRecvDataSegmentLength"}
               : Names{"TargetName", "TargetAlias", "TargetAddress", "MaxRecvDataSegmentLength"};
  Names names = initiator ? any_stage_of_initiator : any_stage_of_target;
  if (phase == Phase::security)
    names.insert("AuthMethod");
  else
    names.insert(operational_of_both.begin(), operational_of_both.end());
  return names;
}

/// Keys that are never this side's ("Senders: Initiator", "Senders: Target").
Names foreign(Role sender) {
  if (sender == Role::initiator) return any_stage_of_target;
  return {"SessionType", "InitiatorName", "InitiatorAlias", "SendTargets"};
}

TEST(Admission, FollowsPhaseAndSenderForEveryKey) {
  for (const Role sender : {Role::initiator, Role::target})
    for (const Phase phase : {Phase::security, Phase::operational, Phase::full_feature})
      for (const KeySpec& key : keys()) {
        Negotiation negotiation = fresh({.role = peer_of(sender), .phase = phase});
        const std::string bytes = text(good_pair(key.name));
        const auto received = negotiation.receive(pairs_of(bytes));
        const auto because = std::string{key.name} + " from " +
                             (sender == Role::initiator ? "initiator" : "target") + " in phase " +
                             std::to_string(static_cast<int>(phase));
        ASSERT_EQ(received.has_value(), allowed(sender, phase).contains(key.name)) << because;
        if (received) continue;
        const Rule out_of_phase =
            phase == Phase::security      ? Rule::security_stage_has_its_own_keys
            : phase == Phase::operational ? Rule::operational_stage_has_its_own_keys
            : key.name == "AuthMethod"    ? Rule::security_is_negotiated_in_login
                                          : Rule::full_feature_phase_has_its_own_keys;
        EXPECT_EQ(received.error().rule, foreign(sender).contains(key.name)
                                             ? Rule::key_comes_from_its_sender
                                             : out_of_phase)
            << because;
        EXPECT_EQ(received.error().byte, 0U);
      }
}

TEST(Admission, FollowsPhaseAndSenderForEveryAuthenticationKey) {
  for (const Role sender : {Role::initiator, Role::target})
    for (const Phase phase : {Phase::security, Phase::operational, Phase::full_feature})
      for (const AuthenticationKey& key : authentication_keys()) {
        Negotiation negotiation = fresh({.role = peer_of(sender), .phase = phase});
        const std::string bytes = text(std::string{key.name} + "=0x01;");
        const auto received = negotiation.receive(pairs_of(bytes));
        const bool its_own = sender == Role::initiator ? key.by_initiator : key.by_target;
        ASSERT_EQ(received.has_value(), its_own && phase == Phase::security) << key.name;
        if (received) {
          EXPECT_EQ(received->authentication, pairs_of(bytes));
          EXPECT_TRUE(received->answers.empty());
          continue;
        }
        EXPECT_EQ(received.error().rule, !its_own ? Rule::key_comes_from_its_sender
                                         : phase == Phase::operational
                                             ? Rule::operational_stage_has_its_own_keys
                                             : Rule::security_is_negotiated_in_login)
            << key.name;
      }
}

TEST(Admission, RefusesLeadingOnlyKeysOnALaterConnection) {
  const Names leading_only{"MaxConnections",      "InitialR2T",         "ImmediateData",
                           "MaxBurstLength",      "FirstBurstLength",   "DefaultTime2Wait",
                           "DefaultTime2Retain",  "MaxOutstandingR2T",  "DataPDUInOrder",
                           "DataSequenceInOrder", "ErrorRecoveryLevel", "SessionType"};
  for (const KeySpec& key : keys()) {
    if (!allowed(Role::initiator, Phase::operational).contains(key.name)) continue;
    const std::string outcome = take({.role = Role::target, .leading = false}, good_pair(key.name));
    EXPECT_EQ(outcome == "leading-only-key-is-on-leading-login", leading_only.contains(key.name))
        << key.name << outcome;
  }
}

TEST(Admission, PointsAtThePair) {
  EXPECT_EQ(violation(fresh(security), "InitiatorName=iqn.x;MaxConnections=1;"),
            (Violation{Rule::security_stage_has_its_own_keys, 20,
                       static_cast<std::uint64_t>(Key::max_connections)}));
}

// Once.

TEST(Key, IsNegotiatedOnceInALogin) {
  for (const std::string_view key : allowed(Role::initiator, Phase::operational)) {
    const std::string pair = good_pair(key);
    EXPECT_EQ(take(operational, pair + pair), "key-is-negotiated-once-in-login") << key;
    Negotiation negotiation = fresh(operational);
    EXPECT_NE(take(negotiation, pair), "key-is-negotiated-once-in-login") << key;
    EXPECT_EQ(take(negotiation, pair), "key-is-negotiated-once-in-login") << key;
  }
}

// Quirk Q10: the names again in the second stage.
TEST(Key, IsUsedUpForBothStagesOfALogin) {
  Negotiation negotiation = fresh(security);
  EXPECT_EQ(take(negotiation, "InitiatorName=iqn.x;AuthMethod=None;"), "");
  negotiation.enter(Phase::operational);
  EXPECT_EQ(negotiation.phase(), Phase::operational);
  EXPECT_EQ(take(negotiation, "HeaderDigest=None;InitiatorName=iqn.x;"),
            "key-is-negotiated-once-in-login");
}

TEST(Key, IsNegotiatedOnceInATextSequence) {
  Negotiation negotiation = fresh(full_feature);
  EXPECT_EQ(take(negotiation, "MaxRecvDataSegmentLength=512;"), "");
  EXPECT_EQ(violation(negotiation, "InitiatorAlias=x;MaxRecvDataSegmentLength=512;"),
            (Violation{Rule::key_is_negotiated_once_in_sequence, 17,
                       static_cast<std::uint64_t>(Key::max_recv_data_segment_length)}));
  // A reset (5.4) is a new negotiation.
  negotiation = fresh(full_feature);
  EXPECT_EQ(take(negotiation, "MaxRecvDataSegmentLength=512;"), "");
}

TEST(Key, MayBeDeclaredAgainIfItsClauseSaysSo) {
  Negotiation initiator = fresh({.role = Role::initiator, .phase = Phase::security});
  EXPECT_EQ(take(initiator, "TargetAddress=10.0.0.1;TargetAddress=10.0.0.2;"), "");
  EXPECT_EQ(take(initiator, "TargetAddress=10.0.0.3;"), "");
}

TEST(Key, OutsideTheTableIsTakenOnceAsWell) {
  EXPECT_EQ(take(operational, "X-a=1;X-b=2;X-a=3;"), "key-is-negotiated-once-in-login");
  EXPECT_EQ(take(security, "CHAP_A=5;CHAP_A=7;"), "key-is-negotiated-once-in-login");
  EXPECT_EQ(take(full_feature, "TaskReporting=a;TaskReporting=b;"),
            "key-is-negotiated-once-in-sequence");
  EXPECT_EQ(violation(fresh(operational), "X-a=1;X-a=3;"),
            (Violation{Rule::key_is_negotiated_once_in_login, 6, 3}));
}

// Keys nobody knows.

TEST(UnknownKey, IsAnsweredNotUnderstoodInItsPlace) {
  EXPECT_EQ(take(operational,
                 "X-com.cisco.protocol=draft20;MaxConnections=4;TaskReporting=FastAbort;"
                 "X#NodeArchitecture=linux;HeaderDigest=None;"),
            "X-com.cisco.protocol=NotUnderstood;MaxConnections=1;TaskReporting=NotUnderstood;"
            "X#NodeArchitecture=NotUnderstood;HeaderDigest=None;");
  EXPECT_EQ(take(security, "X-com.example.auth=1;"), "X-com.example.auth=NotUnderstood;");
  EXPECT_EQ(take(full_feature, "Z=;"), "Z=NotUnderstood;");
}

TEST(UnknownKey, WithAReservedWordIsNoProposal) {
  for (const std::string_view word : {"Reject", "Irrelevant", "NotUnderstood"})
    EXPECT_EQ(violation(fresh(operational), "X-a=" + std::string{word} + ';'),
              (Violation{Rule::reserved_word_is_only_an_answer, 4, word.size()}));
  EXPECT_EQ(take(operational, "X-a=None;"), "X-a=NotUnderstood;");
}

TEST(UnknownKey, IfAnExtensionIsNotedInADiscoverySession) {
  Negotiation negotiation = fresh(operational);
  const std::string bytes = text("X-a=1;Za=2;SessionType=Discovery;");
  const auto received = negotiation.receive(pairs_of(bytes));
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->findings,
            (std::vector<Violation>{{Rule::extension_key_only_in_normal_session, 0, 3}}));
  EXPECT_EQ(readable(received->answers), "X-a=NotUnderstood;Za=NotUnderstood;");
  Negotiation normal = fresh(operational);
  EXPECT_EQ(normal.receive(pairs_of(text("X-a=1;SessionType=Normal;"))).value().findings,
            std::vector<Violation>{});
}

/// `count` different keys of the least length, from `first` on.
std::string unknown_keys(std::size_t first, std::size_t count) {
  std::string keys;
  for (std::size_t i = first; i < first + count; ++i) keys += 'K' + std::to_string(i) + "=;";
  return keys;
}

// CVE-2026-63887: thousands of unknown keys, each worth a NotUnderstood.
TEST(Negotiation, EndsAtItsBoundOfKeysInOneTextOrInMany) {
  const std::size_t bound = limits::negotiation_keys;
  Negotiation at_once = fresh(operational);
  const std::string answers = take(at_once, unknown_keys(1000, bound));
  EXPECT_EQ(std::ranges::count(answers, ';'), static_cast<std::ptrdiff_t>(bound));
  EXPECT_LE(answers.size(), bound * (limits::key_name_bytes + 2 + word_not_understood.size() + 2));
  EXPECT_EQ(take(at_once, "MaxConnections=1;"), "negotiation-keys-within-limit");

  EXPECT_EQ(violation(fresh(operational), unknown_keys(1000, bound + 1)),
            (Violation{Rule::negotiation_keys_within_limit, static_cast<std::uint32_t>(bound * 7),
                       bound + 1}));

  Negotiation one_by_one = fresh(operational);
  for (std::size_t i = 0; i < bound; ++i)
    ASSERT_EQ(take(one_by_one, unknown_keys(1000 + i, 1)),
              'K' + std::to_string(1000 + i) + "=NotUnderstood;");
  EXPECT_EQ(take(one_by_one, unknown_keys(9000, 1)), "negotiation-keys-within-limit");
}

// Dependencies between keys, whatever their order.

TEST(Negotiation, KnowsTheSessionTypeBeforeTheKeysInFrontOfIt) {
  EXPECT_EQ(take(operational, "MaxBurstLength=512;HeaderDigest=None;SessionType=Discovery;"),
            "MaxBurstLength=Irrelevant;HeaderDigest=None;");
}

TEST(Negotiation, KnowsMaxBurstLengthBeforeFirstBurstLength) {
  EXPECT_EQ(take(operational, "FirstBurstLength=65536;MaxBurstLength=4096;"),
            "FirstBurstLength=4096;MaxBurstLength=4096;");
}

TEST(Negotiation, KnowsWhatMakesFirstBurstLengthIrrelevantBeforeIt) {
  EXPECT_EQ(take(operational, "FirstBurstLength=65536;ImmediateData=No;InitialR2T=Yes;"),
            "FirstBurstLength=Irrelevant;ImmediateData=No;InitialR2T=Yes;");
  EXPECT_EQ(take(operational, "FirstBurstLength=65536;ImmediateData=No;InitialR2T=No;"),
            "FirstBurstLength=65536;ImmediateData=No;InitialR2T=No;");
}

// As an initiator in the wild sends it: markers refused, their intervals with them.
TEST(Negotiation, KnowsTheMarkersBeforeTheirIntervals) {
  EXPECT_EQ(take(operational, "OFMarkInt=2048;OFMarker=No;IFMarkInt=2048~8192;IFMarker=Yes;"),
            "OFMarkInt=Irrelevant;OFMarker=No;IFMarkInt=Irrelevant;IFMarker=No;");
  Negotiation willing{operational, Policy{.if_marker = true, .of_marker = true}, {}};
  EXPECT_EQ(take(willing, "OFMarkInt=70000;OFMarker=Yes;IFMarkInt=2048~8192;IFMarker=Yes;"),
            "OFMarkInt=Reject;OFMarker=Yes;IFMarkInt=2048;IFMarker=Yes;");
  const auto agreed = willing.conclude();
  ASSERT_TRUE(agreed.has_value());
  EXPECT_FALSE(agreed->connection.of_marker);
  EXPECT_TRUE(agreed->connection.if_marker);
  Negotiation input{operational, Policy{.if_marker = true}, {}};
  EXPECT_EQ(take(input, "IFMarker=Yes;IFMarkInt=70000;"), "IFMarker=Yes;IFMarkInt=Reject;");
  EXPECT_FALSE(input.conclude().value().connection.if_marker);
}

// DataSequenceInOrder is Yes by default, which with eight R2Ts would allow no recovery (12.19).
TEST(Negotiation, KnowsTheOrderOfSequencesBeforeTheRecoveryLevel) {
  Negotiation target{
      operational,
      Policy{.max_outstanding_r2t = 8, .data_sequence_in_order = false, .error_recovery_level = 2},
      {}};
  EXPECT_EQ(take(target, "MaxOutstandingR2T=8;"), "MaxOutstandingR2T=8;");
  EXPECT_EQ(take(target, "ErrorRecoveryLevel=2;DataSequenceInOrder=No;"),
            "ErrorRecoveryLevel=2;DataSequenceInOrder=No;");
}

TEST(Negotiation, NotesBreachesInTheOrderOfThePairsWhereNoneDependsOnAnother) {
  Negotiation target{operational, Policy{.of_marker = true}, {}};
  const std::string bytes = text("OFMarkInt=0;X-a=1;OFMarker=Yes;SessionType=Discovery;");
  EXPECT_EQ(target.receive(pairs_of(bytes)).value().findings,
            (std::vector<Violation>{{Rule::proposal_is_admissible, 10, 0},
                                    {Rule::extension_key_only_in_normal_session, 12, 3}}));
}

TEST(Negotiation, KnowsRecoveryAndOrderBeforeOutstandingR2ts) {
  Negotiation in_order{
      operational,
      Policy{.max_outstanding_r2t = 8, .data_sequence_in_order = false, .error_recovery_level = 2},
      {}};
  EXPECT_EQ(take(in_order, "MaxOutstandingR2T=8;ErrorRecoveryLevel=2;DataSequenceInOrder=Yes;"),
            "MaxOutstandingR2T=1;ErrorRecoveryLevel=2;DataSequenceInOrder=Yes;");
  Negotiation any_order{
      operational,
      Policy{.max_outstanding_r2t = 8, .data_sequence_in_order = false, .error_recovery_level = 2},
      {}};
  EXPECT_EQ(take(any_order, "MaxOutstandingR2T=8;ErrorRecoveryLevel=2;DataSequenceInOrder=No;"),
            "MaxOutstandingR2T=8;ErrorRecoveryLevel=2;DataSequenceInOrder=No;");
}

TEST(Negotiation, TakesThePeersAnswersBeforeItsProposals) {
  Negotiation initiator{
      {.role = Role::initiator},
      Policy{.max_outstanding_r2t = 8, .data_sequence_in_order = false, .error_recovery_level = 2},
      {}};
  (void)initiator.offer(Key::max_outstanding_r2t);
  // DataSequenceInOrder is Yes by default: with eight R2Ts there can be no recovery level (12.19).
  EXPECT_EQ(take(initiator, "ErrorRecoveryLevel=2;MaxOutstandingR2T=8;"), "ErrorRecoveryLevel=0;");
  EXPECT_TRUE(initiator.conclude().has_value());
  Negotiation target{operational, Policy{.max_burst_length = 65536}, {}};
  (void)target.offer(Key::max_burst_length);
  EXPECT_EQ(violation(target, "MaxRecvDataSegmentLength=100;MaxBurstLength=65537;"),
            (Violation{Rule::answer_follows_result_function, 44, 65537}));
}

// Results.

TEST(Negotiation, PutsNothingIntoForceBeforeItsEnd) {
  const Parameters agreed;
  Negotiation negotiation{operational, Policy{}, agreed};
  EXPECT_EQ(take(negotiation, "MaxBurstLength=1024;FirstBurstLength=512;InitialR2T=No;"),
            "MaxBurstLength=1024;FirstBurstLength=512;InitialR2T=No;");
  EXPECT_EQ(agreed, Parameters{});
  Parameters expected;
  expected.session.max_burst_length = 1024;
  expected.session.first_burst_length = 512;
  expected.session.initial_r2t = false;
  EXPECT_EQ(negotiation.pending(), expected);
  EXPECT_EQ(negotiation.conclude().value(), expected);
}

// Quirk Q28: what nobody offers takes the RFC's default, whatever our policy would like.
TEST(Negotiation, LeavesUnofferedKeysAtTheirDefaults) {
  Policy policy;
  policy.max_burst_length = 16777215;
  policy.first_burst_length = 512;
  policy.initial_r2t = false;
  policy.immediate_data = false;
  policy.max_outstanding_r2t = 64;
  policy.default_time2wait = 0;
  policy.header_digest = {.none = false, .crc32c = true, .preferred = Digest::crc32c};
  policy.max_recv_data_segment_length = 1048576;
  Negotiation negotiation{operational, policy, {}};
  EXPECT_EQ(take(negotiation, "ErrorRecoveryLevel=0;"), "ErrorRecoveryLevel=0;");
  EXPECT_EQ(negotiation.conclude().value(), Parameters{});
}

TEST(Negotiation, KeepsAKeyThatItRejectsAtItsValue) {
  Parameters agreed;
  agreed.session.max_burst_length = 100000;
  Negotiation negotiation{operational, Policy{}, agreed};
  const std::string bytes = text("MaxBurstLength=511;");
  const auto received = negotiation.receive(pairs_of(bytes));
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(readable(received->answers), "MaxBurstLength=Reject;");
  EXPECT_EQ(received->findings, (std::vector<Violation>{{Rule::proposal_is_admissible, 15, 511}}));
  EXPECT_EQ(negotiation.conclude().value(), agreed);
}

TEST(Negotiation, FailsAtADeclarationItCannotUse) {
  EXPECT_EQ(violation(fresh(operational), "HeaderDigest=None;MaxRecvDataSegmentLength=511;"),
            (Violation{Rule::declaration_is_admissible, 43, 3}));
}

TEST(Negotiation, RecordsWhatIsDeclared) {
  Negotiation target = fresh(security);
  EXPECT_EQ(take(target, "InitiatorName=iqn.i;InitiatorAlias=me;TargetName=iqn.t;"), "");
  EXPECT_EQ(
      target.pending().declared,
      (Declarations{.initiator_name = "iqn.i", .initiator_alias = "me", .target_name = "iqn.t"}));
  Negotiation initiator = fresh({.role = Role::initiator, .phase = Phase::security});
  EXPECT_EQ(take(initiator, "TargetAlias=disk;TargetPortalGroupTag=7;"), "");
  EXPECT_EQ(initiator.pending().declared,
            (Declarations{.target_alias = "disk", .target_portal_group_tag = 7}));
}

TEST(Negotiation, EndsOnlyWithItsIntegrityKept) {
  Negotiation negotiation = fresh(operational);
  EXPECT_EQ(take(negotiation, "FirstBurstLength=8192;"), "FirstBurstLength=8192;");
  EXPECT_EQ(take(negotiation, "MaxBurstLength=4096;"), "MaxBurstLength=4096;");
  EXPECT_EQ(negotiation.conclude().error(),
            (Violation{Rule::first_burst_within_max_burst, 0, 8192}));
  EXPECT_FALSE(negotiation.repair().has_value());  // FirstBurstLength is used up
}

// Authentication is somebody else's: the keys come through as they stand.

TEST(AuthenticationKeys, AreHandedOnInTheirOrder) {
  Negotiation negotiation = fresh(security);
  const std::string bytes =
      text("CHAP_A=5,7;InitiatorName=iqn.x;AuthMethod=CHAP,None;CHAP_N=Reject;");
  const auto pairs = pairs_of(bytes);
  const auto received = negotiation.receive(pairs);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->authentication, (std::vector<KeyValue>{pairs[0], pairs[2], pairs[3]}));
  EXPECT_TRUE(received->answers.empty());
  EXPECT_FALSE(received->send_targets.has_value());
}

// What we send of our own.

TEST(Offer, OfANegotiatedKeyAwaitsItsAnswer) {
  Negotiation target{operational, Policy{.max_burst_length = 65536}, {}};
  EXPECT_TRUE(target.may_offer(Key::max_burst_length));
  EXPECT_EQ(target.offer(Key::max_burst_length), (Pair{"MaxBurstLength", "65536"}));
  EXPECT_FALSE(target.may_offer(Key::max_burst_length));
  EXPECT_FALSE(target.settled());
  EXPECT_EQ(target.conclude().error(),
            (Violation{Rule::proposal_is_answered, 0,
                       static_cast<std::uint64_t>(Key::max_burst_length)}));
  EXPECT_EQ(target.pending(), Parameters{});
  EXPECT_EQ(take(target, "MaxBurstLength=16384;"), "");
  EXPECT_TRUE(target.settled());
  EXPECT_EQ(target.pending().session.max_burst_length, 16384U);
  for (const std::string_view again : {"MaxBurstLength=16384;", "MaxBurstLength=Irrelevant;"})
    EXPECT_EQ(take(target, again), "key-is-negotiated-once-in-login");
}

TEST(Offer, IsRefusedAnAnswerThatItsResultFunctionDoesNotAdmit) {
  Negotiation target{operational, Policy{.max_burst_length = 65536}, {}};
  (void)target.offer(Key::max_burst_length);
  EXPECT_EQ(violation(target, "HeaderDigest=None;MaxBurstLength=65537;"),
            (Violation{Rule::answer_follows_result_function, 33, 65537}));
  EXPECT_EQ(violation(target, "MaxBurstLength=NotUnderstood;"),
            (Violation{Rule::standard_key_is_understood, 15, 13}));
  EXPECT_EQ(violation(target, "MaxBurstLength=65536;MaxBurstLength=65536;").rule,
            Rule::key_is_negotiated_once_in_login);
}

// Quirk Q26: every reserved answer to a key of the target's own.
TEST(Offer, LeavesAKeyAsItIsIfTheAnswerIsReservedWord) {
  for (const std::string_view word : {"Reject", "Irrelevant"}) {
    Negotiation target{operational, Policy{.max_burst_length = 65536}, {}};
    (void)target.offer(Key::max_burst_length);
    EXPECT_EQ(take(target, "MaxBurstLength=" + std::string{word} + ';'), "");
    EXPECT_TRUE(target.settled());
    EXPECT_EQ(target.conclude().value(), Parameters{});
  }
}

// A.3.2: whoever says it, and wherever the markers themselves are agreed.
TEST(Offer, OfAnIntervalThatIsRejectedTurnsTheMarkersOff) {
  Negotiation initiator{
      {.role = Role::initiator}, Policy{.if_marker = true, .of_marker = true}, {}};
  (void)initiator.offer(Key::of_mark_int);
  (void)initiator.offer(Key::if_mark_int);
  EXPECT_EQ(take(initiator, "OFMarker=Yes;IFMarker=Yes;OFMarkInt=Reject;IFMarkInt=1024;"),
            "OFMarker=Yes;IFMarker=Yes;");
  const auto agreed = initiator.conclude();
  ASSERT_TRUE(agreed.has_value());
  EXPECT_FALSE(agreed->connection.of_marker);
  EXPECT_TRUE(agreed->connection.if_marker);
  EXPECT_EQ(agreed->connection.if_mark_int, 1024U);
}

TEST(Offer, OfABooleanThatSettlesTheMatterNeedNotBeAnswered) {
  Negotiation initiator{
      {.role = Role::initiator}, Policy{.initial_r2t = true, .immediate_data = false}, {}};
  EXPECT_EQ(initiator.offer(Key::immediate_data), (Pair{"ImmediateData", "No"}));
  EXPECT_EQ(initiator.offer(Key::initial_r2t), (Pair{"InitialR2T", "Yes"}));
  EXPECT_TRUE(initiator.settled());
  const auto unanswered = initiator.conclude();
  ASSERT_TRUE(unanswered.has_value());
  EXPECT_FALSE(unanswered->session.immediate_data);
  EXPECT_TRUE(unanswered->session.initial_r2t);
  // If it is answered all the same, the answer has to be that result.
  EXPECT_EQ(violation(initiator, "ImmediateData=Yes;").rule, Rule::answer_follows_result_function);
  Negotiation irrelevant = initiator;
  EXPECT_EQ(take(initiator, "ImmediateData=No;InitialR2T=Yes;"), "");
  EXPECT_EQ(initiator.conclude().value(), *unanswered);
  // Irrelevant leaves the key at its value, which then is not the one proposed.
  EXPECT_EQ(take(irrelevant, "ImmediateData=Irrelevant;"), "");
  EXPECT_TRUE(irrelevant.conclude().value().session.immediate_data);
}

TEST(Offer, OfADeclarationTakesEffectOnOurSideAlone) {
  Negotiation target{operational, Policy{.max_recv_data_segment_length = 65536}, {}};
  EXPECT_EQ(target.offer(Key::max_recv_data_segment_length),
            (Pair{"MaxRecvDataSegmentLength", "65536"}));
  EXPECT_TRUE(target.settled());
  EXPECT_FALSE(target.may_offer(Key::max_recv_data_segment_length));
  EXPECT_EQ(target.pending().connection.target_max_recv_data_segment_length, 65536U);
  EXPECT_EQ(target.pending().connection.initiator_max_recv_data_segment_length, 8192U);
  // The peer's declaration of the same key is its own.
  EXPECT_EQ(take(target, "MaxRecvDataSegmentLength=512;"), "");
  EXPECT_EQ(target.pending().connection.initiator_max_recv_data_segment_length, 512U);
  EXPECT_EQ(target.pending().connection.target_max_recv_data_segment_length, 65536U);
}

TEST(Declaration, MayBeAnsweredIrrelevantButNotRefused) {
  for (const std::string_view key : {"MaxRecvDataSegmentLength", "TargetAlias"}) {
    Negotiation target = fresh(operational);
    (void)target.offer(Key::max_recv_data_segment_length);
    EXPECT_EQ(target.declare(Key::target_alias, "disk"), (Pair{"TargetAlias", "disk"}));
    const std::string prefix = std::string{key} + '=';
    const auto place = static_cast<std::uint32_t>(prefix.size());
    EXPECT_EQ(violation(target, prefix + "NotUnderstood;"),
              (Violation{Rule::standard_key_is_understood, place, 13}));
    EXPECT_EQ(violation(target, prefix + "Reject;"),
              (Violation{Rule::declaration_is_admissible, place, 6}));
    const Parameters before = target.pending();
    const std::string bytes = text(prefix + "Irrelevant;");
    const auto received = target.receive(pairs_of(bytes));
    ASSERT_TRUE(received.has_value());
    EXPECT_TRUE(received->answers.empty());
    EXPECT_TRUE(received->authentication.empty());
    EXPECT_EQ(target.pending(), before);
  }
  // Without a declaration of ours there is nothing to answer.
  EXPECT_EQ(take(operational, "MaxRecvDataSegmentLength=Irrelevant;"),
            "reserved-word-is-only-an-answer");
  EXPECT_EQ(take(operational, "TargetAlias=Irrelevant;"), "key-comes-from-its-sender");
}

TEST(Declaration, OfEachKindIsRecorded) {
  Negotiation target = fresh(security);
  EXPECT_EQ(target.declare(Key::target_portal_group_tag, "258"),
            (Pair{"TargetPortalGroupTag", "258"}));
  EXPECT_EQ(target.pending().declared.target_portal_group_tag, 258U);
  EXPECT_EQ(target.declare(Key::target_address, "10.0.0.1"), (Pair{"TargetAddress", "10.0.0.1"}));
  EXPECT_TRUE(target.may_offer(Key::target_address));
  EXPECT_FALSE(target.may_offer(Key::target_portal_group_tag));
  Negotiation initiator = fresh({.role = Role::initiator, .phase = Phase::security});
  (void)initiator.declare(Key::initiator_name, "iqn.i");
  (void)initiator.declare(Key::session_type, "Discovery");
  EXPECT_EQ(initiator.pending().declared.initiator_name, "iqn.i");
  EXPECT_EQ(initiator.pending().session.session_type, SessionType::discovery);
}

TEST(Offer, IsOpenByRolePhaseAndUse) {
  for (const Role role : {Role::initiator, Role::target})
    for (const Phase phase : {Phase::security, Phase::operational, Phase::full_feature})
      for (const KeySpec& key : keys())
        EXPECT_EQ(fresh({.role = role, .phase = phase}).may_offer(key.key),
                  allowed(role, phase).contains(key.name))
            << key.name;
  EXPECT_FALSE(fresh({.leading = false}).may_offer(Key::max_burst_length));
  Negotiation target = fresh(operational);
  EXPECT_EQ(take(target, "MaxBurstLength=512;"), "MaxBurstLength=512;");
  EXPECT_FALSE(target.may_offer(Key::max_burst_length));
}

// 12.14: an initiator that lowers MaxBurstLength below the default of FirstBurstLength and says
// nothing of the latter.
TEST(Repair, ProposesAFirstBurstLengthThatFits) {
  Negotiation target = fresh(operational);
  EXPECT_EQ(take(target, "MaxBurstLength=4096;"), "MaxBurstLength=4096;");
  EXPECT_EQ(target.conclude().error().rule, Rule::first_burst_within_max_burst);
  EXPECT_EQ(target.repair(), (Pair{"FirstBurstLength", "4096"}));
  EXPECT_FALSE(target.settled());
  EXPECT_FALSE(target.repair().has_value());  // it is on its way
  EXPECT_EQ(take(target, "FirstBurstLength=2048;"), "");
  const auto agreed = target.conclude();
  ASSERT_TRUE(agreed.has_value());
  EXPECT_EQ(agreed->session.first_burst_length, 2048U);
}

TEST(Repair, IsNotDueWhereNothingIsBroken) {
  Negotiation target = fresh(operational);
  EXPECT_FALSE(target.repair().has_value());
  EXPECT_EQ(take(target, "MaxBurstLength=65536;"), "MaxBurstLength=65536;");
  EXPECT_FALSE(target.repair().has_value());
  Negotiation without_data = fresh(operational);
  (void)take(without_data, "MaxBurstLength=512;ImmediateData=No;InitialR2T=Yes;");
  EXPECT_FALSE(without_data.repair().has_value());
  // A breach of the other integrity rule has no repair.
  Parameters odd;
  odd.session.error_recovery_level = 1;
  odd.session.max_outstanding_r2t = 2;
  Negotiation recovery{operational, Policy{}, odd};
  EXPECT_FALSE(recovery.repair().has_value());
  EXPECT_EQ(recovery.conclude().error().rule, Rule::recovery_in_order_has_one_r2t);
}

// Full feature phase.

}  // namespace
}  // namespace iscsi::text
