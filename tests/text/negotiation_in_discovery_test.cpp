#include "text/negotiation_talk.hpp"

namespace iscsi::text {
namespace {

TEST(SendTargets, IsHandedOnAsAQuestion) {
  Negotiation negotiation = fresh(full_feature);
  const std::string bytes = text("SendTargets=All;");
  const auto pairs = pairs_of(bytes);
  const auto received = negotiation.receive(pairs);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->send_targets, pairs.front());
  EXPECT_TRUE(received->answers.empty());
}

TEST(SendTargets, StandsAloneInItsSequence) {
  EXPECT_EQ(take(full_feature, "SendTargets=;MaxRecvDataSegmentLength=512;"),
            "send-targets-stands-alone");
  EXPECT_EQ(take(full_feature, "MaxRecvDataSegmentLength=512;SendTargets=;"),
            "send-targets-stands-alone");
  EXPECT_EQ(take(full_feature, "SendTargets=;SendTargets=;"), "send-targets-stands-alone");
  EXPECT_EQ(take(full_feature, "SendTargets=;X-a=1;"), "send-targets-stands-alone");
  Negotiation negotiation = fresh(full_feature);
  EXPECT_EQ(take(negotiation, "SendTargets=;"), "");
  EXPECT_EQ(take(negotiation, ""), "");  // an empty request that asks for more of the answer
  EXPECT_EQ(violation(negotiation, "InitiatorAlias=x;"),
            (Violation{Rule::send_targets_stands_alone, 0, 2}));
}

TEST(SendTargets, TakesNoReservedWord) {
  EXPECT_EQ(violation(fresh(full_feature), "SendTargets=Reject;"),
            (Violation{Rule::reserved_word_is_only_an_answer, 12, 6}));
}

TEST(SendTargets, OfAnInitiatorMayBeRejected) {
  Negotiation initiator = fresh({.role = Role::initiator, .phase = Phase::full_feature});
  EXPECT_EQ(initiator.declare(Key::send_targets, "All"), (Pair{"SendTargets", "All"}));
  EXPECT_TRUE(initiator.settled());
  EXPECT_EQ(take(initiator, "SendTargets=Reject;"), "");
}

// 3.3: nothing else is accepted in a discovery session.
TEST(DiscoverySession, TakesNoTextButSendTargets) {
  Parameters discovery;
  discovery.session.session_type = SessionType::discovery;
  for (const std::string_view other :
       {"MaxRecvDataSegmentLength=512;", "InitiatorAlias=x;", "X-a=1;", "CHAP_A=5;",
        "HeaderDigest=None;", "TaskReporting=a;"}) {
    Negotiation negotiation{full_feature, Policy{}, discovery};
    EXPECT_EQ(take(negotiation, other), "discovery-text-is-send-targets") << other;
  }
  Negotiation negotiation{full_feature, Policy{}, discovery};
  EXPECT_EQ(take(negotiation, "SendTargets=All;"), "");
}

TEST(DiscoverySession, LetsItsInitiatorHearDeclarations) {
  Parameters discovery;
  discovery.session.session_type = SessionType::discovery;
  Negotiation initiator{{.role = Role::initiator, .phase = Phase::full_feature}, {}, discovery};
  EXPECT_EQ(take(initiator, "TargetAlias=x;"), "");
}

}  // namespace
}  // namespace iscsi::text
