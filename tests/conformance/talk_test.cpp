/// The negotiation as the judge overhears it, on texts from RFC 3720 5.2, 12 and appendix C.

#include "conformance/model/talk.hpp"

#include <gtest/gtest.h>

namespace conformance {
namespace {

using iscsi::Rule;

iscsi::wire::ByteView bytes(std::string_view text) { return iscsi::wire::as_bytes(text); }

/// Pairs as on the wire: `/` stands for the null byte behind each.
std::string wire_text(std::string text) {
  for (char& c : text)
    if (c == '/') c = '\0';
  return text;
}

struct Exchange {
  std::string request;
  std::string response;
  Stage stage = Stage::operational;
  bool ends = true;
};

/// The rules that the target breaks in one exchange of a new negotiation.
std::vector<Rule> broken_by(const Exchange& exchange) {
  Talk talk{Parameters{}};
  talk.request(exchange.stage, false, bytes(wire_text(exchange.request)));
  talk.response(exchange.stage, false, exchange.ends, bytes(wire_text(exchange.response)));
  std::vector<Rule> rules;
  for (const TextBreach& breach : talk.take_breaches()) rules.push_back(breach.rule);
  return rules;
}

using Rules = std::vector<Rule>;

// What a target owes for a key that comes twice is told by a status (5.3); whatever it says in the
// text is an answer, and no proposal of its own.
TEST(ATarget, ProposesNothingWhenItAnswersARepetition) {
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=65536/MaxBurstLength=65536/",
                       .response = "MaxBurstLength=65536/MaxBurstLength=65536/"}),
            Rules{});
  EXPECT_EQ(broken_by({.request = "ImmediateData=Yes/",
                       .response = "ImmediateData=Yes/MaxBurstLength=65536/"}),
            Rules{Rule::transit_response_asks_nothing});
}

TEST(ATarget, BreaksNothingWhenItAnswersWithinTheResultFunctions) {
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=65536/DefaultTime2Wait=2/InitialR2T=No/"
                                  "ImmediateData=Yes/HeaderDigest=CRC32C,None/OFMarker=No/",
                       .response = "MaxBurstLength=32768/DefaultTime2Wait=5/InitialR2T=Yes/"
                                   "ImmediateData=No/HeaderDigest=None/OFMarker=No/"}),
            Rules{});
}

TEST(ATarget, MayRefuseAProposalOrCallItIrrelevant) {
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=65536/FirstBurstLength=512/",
                       .response = "MaxBurstLength=Reject/FirstBurstLength=Irrelevant/"}),
            Rules{});
}

TEST(ATarget, NeedNotAnswerABooleanThatIsDecided) {
  EXPECT_EQ(broken_by({.request = "InitialR2T=Yes/ImmediateData=No/", .response = ""}), Rules{});
  EXPECT_EQ(broken_by({.request = "InitialR2T=No/", .response = ""}),
            Rules{Rule::proposal_is_answered});
  EXPECT_EQ(broken_by({.request = "ImmediateData=Yes/", .response = ""}),
            Rules{Rule::proposal_is_answered});
}

TEST(ATarget, BreaksTheResultFunctionWithAnAnswerOnItsWrongSide) {
  const Rules broken{Rule::answer_follows_result_function};
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=1024/", .response = "MaxBurstLength=2048/"}),
            broken);
  EXPECT_EQ(broken_by({.request = "DefaultTime2Wait=9/", .response = "DefaultTime2Wait=2/"}),
            broken);
  EXPECT_EQ(broken_by({.request = "InitialR2T=Yes/", .response = "InitialR2T=No/"}), broken);
  EXPECT_EQ(broken_by({.request = "ImmediateData=No/", .response = "ImmediateData=Yes/"}), broken);
  EXPECT_EQ(broken_by({.request = "MaxConnections=1/", .response = "MaxConnections=0/"}), broken);
  EXPECT_EQ(broken_by({.request = "InitialR2T=No/", .response = "InitialR2T=no/"}), broken);
}

TEST(ATarget, SelectsFromTheListThatWasProposed) {
  const Rules broken{Rule::list_answer_was_proposed};
  EXPECT_EQ(broken_by({.request = "HeaderDigest=CRC32C/", .response = "HeaderDigest=None/"}),
            broken);
  EXPECT_EQ(broken_by({.request = "AuthMethod=CHAP,None/",
                       .response = "AuthMethod=SRP/",
                       .stage = Stage::security}),
            broken);
}

TEST(ATarget, SelectsWithinTheRangeThatWasProposed) {
  EXPECT_EQ(broken_by({.request = "OFMarkInt=512~2048/", .response = "OFMarkInt=1024/"}), Rules{});
  EXPECT_EQ(broken_by({.request = "OFMarkInt=512~2048/", .response = "OFMarkInt=4096/"}),
            Rules{Rule::range_answer_is_in_range});
}

TEST(ATarget, MayAnswerAProposalOutOfBoundsWithAnyValueInsideThem) {
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=100/", .response = "MaxBurstLength=512/"}),
            Rules{});
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=100/", .response = "MaxBurstLength=100/"}),
            Rules{Rule::answer_follows_result_function});
}

TEST(ATarget, UnderstandsStandardKeysAndNoOthers) {
  EXPECT_EQ(
      broken_by({.request = "MaxBurstLength=512/", .response = "MaxBurstLength=NotUnderstood/"}),
      Rules{Rule::standard_key_is_understood});
  EXPECT_EQ(broken_by({.request = "Nonsense=1/", .response = "Nonsense=NotUnderstood/"}), Rules{});
  EXPECT_EQ(broken_by({.request = "Nonsense=1/", .response = "Nonsense=1/"}),
            Rules{Rule::unknown_key_is_not_understood});
  EXPECT_EQ(broken_by({.request = "Nonsense=1/", .response = ""}),
            Rules{Rule::unknown_key_is_not_understood});
}

TEST(ATarget, ProposesNoReservedWord) {
  EXPECT_EQ(broken_by({.request = "", .response = "MaxBurstLength=Reject/"}),
            Rules{Rule::reserved_word_is_only_an_answer});
}

TEST(ATarget, AsksNothingWhenItEndsTheStage) {
  EXPECT_EQ(broken_by({.request = "", .response = "MaxBurstLength=512/"}),
            Rules{Rule::transit_response_asks_nothing});
  EXPECT_EQ(broken_by({.request = "", .response = "MaxBurstLength=512/", .ends = false}), Rules{});
  EXPECT_EQ(broken_by({.request = "", .response = "InitialR2T=Yes/"}), Rules{}) << "decided";
}

TEST(ATarget, SaysAKeyOnce) {
  EXPECT_EQ(broken_by({.request = "", .response = "TargetAlias=a/TargetAlias=b/"}),
            Rules{Rule::key_is_negotiated_once_in_login});
  EXPECT_EQ(broken_by({.request = "", .response = "TargetAddress=a:1/TargetAddress=b:1/"}),
            Rules{});
}

TEST(ATarget, SendsEachKeyWhereItBelongs) {
  EXPECT_EQ(
      broken_by(
          {.request = "", .response = "MaxRecvDataSegmentLength=8192/", .stage = Stage::security}),
      Rules{Rule::security_stage_has_its_own_keys});
  EXPECT_EQ(broken_by({.request = "", .response = "InitiatorName=iqn.2003-01.example:x/"}),
            Rules{Rule::key_comes_from_its_sender});
  EXPECT_EQ(broken_by({.request = "", .response = "TargetName=iqn.2003-01.example:x/"}),
            Rules{Rule::key_comes_from_its_sender});
  EXPECT_EQ(broken_by({.request = "SendTargets=All/",
                       .response = "TargetName=a/TargetName=b/TargetAddress=c:1,1/",
                       .stage = Stage::full_feature}),
            Rules{});
}

TEST(ATarget, DeclaresWhatTheKeyCanHave) {
  const Rules broken{Rule::declaration_is_admissible};
  EXPECT_EQ(broken_by({.request = "", .response = "MaxRecvDataSegmentLength=511/"}), broken);
  EXPECT_EQ(broken_by({.request = "", .response = "TargetPortalGroupTag=65536/"}), broken);
  EXPECT_EQ(broken_by({.request = "", .response = "TargetPortalGroupTag=0x01/"}), Rules{});
}

TEST(ATarget, WritesTextByItsFormat) {
  EXPECT_EQ(broken_by({.request = "", .response = "TargetAlias=a"}),
            Rules{Rule::text_pair_ends_in_null});
  EXPECT_EQ(broken_by({.request = "", .response = "TargetAlias/"}),
            Rules{Rule::text_pair_has_equals_sign});
  EXPECT_EQ(broken_by({.request = "", .response = "targetAlias=a/"}),
            Rules{Rule::key_name_begins_with_capital});
}

TEST(ATarget, IsNotHeldToARequestThatBreaksTheRulesItself) {
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=512/",
                       .response = "MaxBurstLength=NotUnderstood/",
                       .stage = Stage::security}),
            Rules{});
  EXPECT_EQ(broken_by({.request = "MaxBurstLength=512/MaxBurstLength=512/",
                       .response = "MaxBurstLength=512/MaxBurstLength=512/",
                       .ends = false})
                .size(),
            0U);
}

TEST(ATalk, JoinsTextOverTheCBit) {
  Talk talk{Parameters{}};
  talk.request(Stage::operational, true, bytes("MaxBurstLen"));
  talk.response(Stage::operational, false, false, {});
  talk.request(Stage::operational, false, bytes(wire_text("gth=1024/")));
  talk.response(Stage::operational, true, false, bytes("MaxBurstLength=5"));
  talk.request(Stage::operational, false, {});
  talk.response(Stage::operational, false, true, bytes(wire_text("12/")));
  EXPECT_EQ(talk.take_breaches().size(), 0U);
  EXPECT_EQ(talk.parameters().max_burst_length, 512U);
}

TEST(ATalk, KnowsWhatCameOutOfIt) {
  Talk talk{Parameters{}};
  talk.request(Stage::operational, false,
               bytes(wire_text("HeaderDigest=CRC32C,None/ImmediateData=No/InitialR2T=No/"
                               "MaxRecvDataSegmentLength=4096/ErrorRecoveryLevel=2/")));
  talk.response(Stage::operational, false, true,
                bytes(wire_text("HeaderDigest=CRC32C/InitialR2T=No/MaxRecvDataSegmentLength=512/"
                                "ErrorRecoveryLevel=Reject/")));
  const Parameters& agreed = talk.parameters();
  EXPECT_TRUE(agreed.header_digest);
  EXPECT_FALSE(agreed.immediate_data) << "decided by the proposal alone";
  EXPECT_FALSE(agreed.initial_r2t);
  EXPECT_EQ(agreed.initiator_limit, 4096U);
  EXPECT_EQ(agreed.target_limit, 512U);
  EXPECT_EQ(agreed.error_recovery_level, 0U) << "a refused key keeps its value";
  EXPECT_EQ(agreed.value_of("HeaderDigest"), "CRC32C");
  EXPECT_EQ(agreed.value_of("MaxBurstLength"), "262144") << "the default";
}

TEST(ATalk, RemembersWhatTheTargetProposes) {
  Talk talk{Parameters{}};
  talk.request(Stage::operational, false, {});
  talk.response(Stage::operational, false, false, bytes(wire_text("MaxBurstLength=1024/X-a.b=1/")));
  EXPECT_EQ(talk.open_to_initiator().size(), 2U);
  talk.request(Stage::operational, false,
               bytes(wire_text("MaxBurstLength=512/X-a.b=NotUnderstood/")));
  EXPECT_TRUE(talk.open_to_initiator().empty());
  EXPECT_EQ(talk.parameters().max_burst_length, 512U);
}

}  // namespace
}  // namespace conformance
