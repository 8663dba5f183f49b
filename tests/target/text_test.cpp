/// Text requests in full feature phase (RFC 3720 5.4, 10.10, 10.11, appendix D).

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using namespace std::string_literals;
using pdu::RejectReason;
using pdu::TextRequest;
using pdu::TextResponse;

Bytes bytes_of_text(std::string_view text) {
  const auto bytes = wire::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}
std::string text_of(const Bytes& bytes) { return std::string{wire::as_text(bytes)}; }

class Texts : public testing::Test {
 protected:
  explicit Texts(const Options& options = {}) : world{options} {}
  void log_in(const std::vector<std::string>& keys = {}) { ASSERT_TRUE(initiator.log_in(keys)); }
  TextResponse ask(const TextRequest& request, std::string_view text, std::string* said) {
    initiator.send(request, bytes_of_text(text));
    Bytes data;
    const auto response = initiator.only<TextResponse>(&data);
    EXPECT_EQ(response.initiator_task_tag, request.initiator_task_tag);
    EXPECT_TRUE(request.final || !response.final);  // 10.11.1
    *said = text_of(data);
    return response;
  }
  void refused(const TextRequest& request, std::string_view text, RejectReason reason) {
    const auto number = initiator.cmd_sn;
    const Bytes bytes = initiator.bytes_of(request, bytes_of_text(text));
    initiator.put(bytes);
    initiator.expect_reject(reason, bytes);
    initiator.cmd_sn = number;  // 6.3: the number is still missing
  }
  std::uint32_t segment_length() const {
    return world.target.domain()
        .connections.at(initiator.id)
        .parameters.initiator_max_recv_data_segment_length;
  }

  World world;
  Initiator initiator{world};
  std::string answer{};
};

TEST_F(Texts, ThatAreEmptyAreAnsweredEmpty) {
  log_in();
  const auto response = ask({.initiator_task_tag = initiator.new_tag()}, "", &answer);
  EXPECT_TRUE(response.final);
  EXPECT_EQ(answer, "");
}

TEST_F(Texts, DeclareASegmentLengthThatHoldsFromTheEndOfTheNegotiationOn) {
  log_in({"MaxRecvDataSegmentLength=1024"});
  const auto tag = initiator.new_tag();
  const auto response =
      ask({.final = false, .initiator_task_tag = tag}, "MaxRecvDataSegmentLength=4096\0"s, &answer);
  EXPECT_FALSE(response.final);
  EXPECT_EQ(segment_length(), 1024U);  // 5.4: effective after the sequence
  EXPECT_TRUE(ask({.initiator_task_tag = tag, .target_transfer_tag = response.target_transfer_tag},
                  "", &answer)
                  .final);
  EXPECT_EQ(segment_length(), 4096U);
}

TEST_F(Texts, KnowKeysThatNobodyKnows) {
  log_in();
  ask({.initiator_task_tag = initiator.new_tag()}, "X-org.example.what=1\0"s, &answer);
  EXPECT_EQ(answer, "X-org.example.what=NotUnderstood\0"s);
}

TEST_F(Texts, ListTheTargetOfTheSession) {
  log_in();
  ask({.initiator_task_tag = initiator.new_tag()}, "SendTargets=\0"s, &answer);
  EXPECT_EQ(answer, "TargetName="s + target_name + "\0TargetAddress=127.0.0.1:3260,1\0"s);
  ask({.initiator_task_tag = initiator.new_tag()}, "SendTargets="s + target_name + '\0', &answer);
  EXPECT_EQ(answer, "TargetName="s + target_name + "\0TargetAddress=127.0.0.1:3260,1\0"s);
  ask({.initiator_task_tag = initiator.new_tag()}, "SendTargets=iqn.2004-04.com.example:no\0"s,
      &answer);
  EXPECT_EQ(answer, "");
}

TEST_F(Texts, DeclareAnAliasForTheSession) {
  log_in();
  ask({.initiator_task_tag = initiator.new_tag()}, "InitiatorAlias=the one upstairs\0"s, &answer);
  EXPECT_EQ(answer, "");  // 12.7: declared, so there is nothing to answer
  EXPECT_EQ(world.target.domain().sessions.begin()->second.declared.initiator_alias,
            "the one upstairs");
}

TEST_F(Texts, DoNotListAllTargetsInANormalSession) {
  log_in();  // appendix D
  ask({.initiator_task_tag = initiator.new_tag()}, "SendTargets=All\0"s, &answer);
  EXPECT_EQ(answer, "SendTargets=Reject\0"s);
}

TEST_F(Texts, ThatSayAKeyTwiceAreRejectedAndChangeNothing) {
  log_in({"MaxRecvDataSegmentLength=1024"});
  refused({.initiator_task_tag = initiator.new_tag()},
          "MaxRecvDataSegmentLength=2048\0MaxRecvDataSegmentLength=4096\0"s,
          RejectReason::protocol_error);
  EXPECT_EQ(segment_length(), 1024U);
}

TEST_F(Texts, ThatSayAKeyAgainInTheSequenceAreRejectedAndTheOldValuesStay) {
  log_in({"MaxRecvDataSegmentLength=1024"});
  const auto tag = initiator.new_tag();
  const auto response =
      ask({.final = false, .initiator_task_tag = tag}, "MaxRecvDataSegmentLength=2048\0"s, &answer);
  refused({.initiator_task_tag = tag, .target_transfer_tag = response.target_transfer_tag},
          "MaxRecvDataSegmentLength=4096\0"s, RejectReason::protocol_error);
  EXPECT_EQ(segment_length(), 1024U);
  // 6.10: the negotiation is over; its transfer tag leads nowhere.
  refused({.initiator_task_tag = tag, .target_transfer_tag = response.target_transfer_tag}, "",
          RejectReason::invalid_pdu_field);
}

TEST_F(Texts, AreResetByARequestWithoutTransferTag) {
  log_in({"MaxRecvDataSegmentLength=1024"});
  const auto tag = initiator.new_tag();
  const auto first =
      ask({.final = false, .initiator_task_tag = tag}, "MaxRecvDataSegmentLength=2048\0"s, &answer);
  const auto second = ask({.initiator_task_tag = tag}, "MaxRecvDataSegmentLength=4096\0"s, &answer);
  EXPECT_TRUE(second.final);
  EXPECT_EQ(segment_length(), 4096U);
  refused({.initiator_task_tag = tag, .target_transfer_tag = first.target_transfer_tag}, "",
          RejectReason::invalid_pdu_field);
}

TEST_F(Texts, KeepTheirTaskTag) {
  log_in();
  const auto response =
      ask({.final = false, .initiator_task_tag = initiator.new_tag()}, "", &answer);
  refused({.initiator_task_tag = initiator.new_tag(),
           .target_transfer_tag = response.target_transfer_tag},
          "", RejectReason::invalid_pdu_field);
}

TEST_F(Texts, WithAnUnknownTransferTagAreRejected) {
  log_in();
  refused(
      {.initiator_task_tag = initiator.new_tag(), .target_transfer_tag = TargetTransferTag{0x4711}},
      "", RejectReason::invalid_pdu_field);
}

TEST_F(Texts, AreNotContinuedAndFinalAtOnce) {
  log_in();
  refused({.final = true, .continued = true, .initiator_task_tag = initiator.new_tag()}, "",
          RejectReason::protocol_error);  // 10.10.2
}

TEST_F(Texts, GoOnInTheNextRequestWithTheContinueBit) {
  log_in({"MaxRecvDataSegmentLength=1024"});
  const auto tag = initiator.new_tag();
  auto response = ask({.final = false, .continued = true, .initiator_task_tag = tag},
                      "MaxRecvDataSeg", &answer);
  EXPECT_EQ(answer, "");  // 5.2: answered without data
  EXPECT_FALSE(response.final || response.continued);
  response = ask({.final = false,
                  .continued = true,
                  .initiator_task_tag = tag,
                  .target_transfer_tag = response.target_transfer_tag},
                 "mentLength=20", &answer);
  EXPECT_EQ(answer, "");
  response = ask({.initiator_task_tag = tag, .target_transfer_tag = response.target_transfer_tag},
                 "48\0"s, &answer);
  EXPECT_TRUE(response.final);
  EXPECT_EQ(segment_length(), 2048U);
}

TEST_F(Texts, AreNotOfAnyLength) {
  log_in();
  const auto tag = initiator.new_tag();
  const std::string much(8192, 'x');
  TextRequest request{.final = false, .continued = true, .initiator_task_tag = tag};
  std::size_t sent = 0;
  for (; sent < limits::negotiation_text_bytes; sent += much.size())
    request.target_transfer_tag = ask(request, much, &answer).target_transfer_tag;
  refused(request, "x", RejectReason::long_operation_reject);
}

TEST_F(Texts, AreNotExchangedForEver) {
  log_in();
  TextRequest request{.final = false, .initiator_task_tag = initiator.new_tag()};
  for (std::size_t i = 0; i < limits::text_exchanges; ++i)
    request.target_transfer_tag = ask(request, "", &answer).target_transfer_tag;
  const Bytes bytes = initiator.bytes_of(request);
  initiator.put(bytes);
  initiator.expect_reject(RejectReason::long_operation_reject, bytes);  // no more transfer tags
}

TEST_F(Texts, ThatBreakTheGrammarAreRejected) {
  log_in();
  for (const std::string& text : {"no value\0"s, "Key"s, "=\0"s, "key=1\0"s})
    refused({.initiator_task_tag = initiator.new_tag()}, text, RejectReason::protocol_error);
}

TEST_F(Texts, DoNotNegotiateWhatBelongsToTheLogin) {
  log_in();
  for (const std::string& text :
       {"MaxBurstLength=512\0"s, "HeaderDigest=CRC32C\0"s, "AuthMethod=None\0"s,
        "InitiatorName=iqn.2004-04.com.example:other\0"s, "SessionType=Discovery\0"s})
    refused({.initiator_task_tag = initiator.new_tag()}, text, RejectReason::protocol_error);
}

TEST(TextsOfATarget, TellEachOfItsAddressesOnce) {
  // The one that the question came to is one of those that the target is reached at.
  World world{
      {.portals = {{.host = "192.0.2.1", .port = 3260}, {.host = "127.0.0.1", .port = 3260}}}};
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in_for_discovery());
  initiator.send(TextRequest{.initiator_task_tag = initiator.new_tag()},
                 bytes_of_text("SendTargets=All\0"s));
  Bytes data;
  initiator.only<TextResponse>(&data);
  EXPECT_EQ(text_of(data), "TargetName="s + target_name +
                               "\0TargetAddress=127.0.0.1:3260,1\0"
                               "TargetAddress=192.0.2.1:3260,1\0"s);
}

class LongTexts : public Texts {
 protected:
  LongTexts() : Texts{{.portals = many()}} {}
  static std::vector<text::Address> many() {
    std::vector<text::Address> portals;
    for (int i = 1; i <= 40; ++i)
      portals.push_back({.host = "192.0.2." + std::to_string(i), .port = 3260});
    return portals;
  }
};

TEST_F(LongTexts, AreSentInPiecesThatTheInitiatorFetches) {
  initiator.isid = wire::Isid{0x0002'3d00'0009};
  ASSERT_TRUE(initiator.log_in_for_discovery({"MaxRecvDataSegmentLength=512"}));
  TextRequest request{.initiator_task_tag = initiator.new_tag()};
  std::string whole;
  auto response = ask(request, "SendTargets=All\0"s, &answer);
  for (whole = answer; !response.final; whole += answer) {
    EXPECT_TRUE(response.continued);
    EXPECT_EQ(answer.size(), 512U);
    request.target_transfer_tag = response.target_transfer_tag;
    response = ask(request, "", &answer);
  }
  EXPECT_FALSE(response.continued);
  std::string expected = "TargetName="s + target_name + "\0TargetAddress=127.0.0.1:3260,1\0"s;
  for (const text::Address& portal : many())
    expected += "TargetAddress=" + portal.host + ":3260,1" + '\0';
  EXPECT_EQ(whole, expected);
}

TEST_F(LongTexts, EndOnlyWhenTheInitiatorWantsThemTo) {
  initiator.isid = wire::Isid{0x0002'3d00'0009};
  ASSERT_TRUE(initiator.log_in_for_discovery());
  TextRequest request{.final = false, .initiator_task_tag = initiator.new_tag()};
  auto response = ask(request, "SendTargets=All\0"s, &answer);
  EXPECT_FALSE(response.final || response.continued);
  request.target_transfer_tag = response.target_transfer_tag;
  request.final = true;
  EXPECT_TRUE(ask(request, "", &answer).final);
  EXPECT_EQ(answer, "");
}

TEST_F(LongTexts, AreFetchedWithoutData) {
  initiator.isid = wire::Isid{0x0002'3d00'0009};
  ASSERT_TRUE(initiator.log_in_for_discovery({"MaxRecvDataSegmentLength=512"}));
  TextRequest request{.initiator_task_tag = initiator.new_tag()};
  request.target_transfer_tag = ask(request, "SendTargets=All\0"s, &answer).target_transfer_tag;
  refused(request, "SendTargets=All\0"s, RejectReason::protocol_error);  // 5.2
}

/// 5.2: a request with the C bit is answered without data, although there is more to fetch.
TEST_F(LongTexts, WaitForARequestThatIsContinuedItself) {
  initiator.isid = wire::Isid{0x0002'3d00'0009};
  ASSERT_TRUE(initiator.log_in_for_discovery({"MaxRecvDataSegmentLength=512"}));
  TextRequest request{.initiator_task_tag = initiator.new_tag()};
  request.target_transfer_tag = ask(request, "SendTargets=All\0"s, &answer).target_transfer_tag;
  const std::string first = answer;
  request.final = false;
  request.continued = true;
  const auto waiting = ask(request, "", &answer);
  EXPECT_EQ(answer, "");
  EXPECT_TRUE(waiting.continued);
  EXPECT_FALSE(waiting.final);
  request.target_transfer_tag = waiting.target_transfer_tag;
  request.continued = false;
  EXPECT_TRUE(ask(request, "", &answer).continued);
  EXPECT_EQ(answer.size(), 512U);
  EXPECT_NE(answer, first) << "nothing is said twice";
}

// Discovery sessions (3.3).

TEST_F(Texts, AreAllThatADiscoverySessionTakesBesideItsEnd) {
  ASSERT_TRUE(initiator.log_in_for_discovery());
  const auto refuse = [&](auto pdu) {
    const Bytes bytes = initiator.bytes_of(pdu);
    initiator.put(bytes);
    Bytes header;
    initiator.only<pdu::Reject>(&header);
    EXPECT_EQ(test::to_hex(header), test::to_hex(ByteView{bytes}.first(48)));
    if constexpr (requires { pdu.immediate; })
      if (!pdu.immediate) initiator.cmd_sn = initiator.cmd_sn - 1;
  };
  refuse(pdu::NopOut{.immediate = true, .initiator_task_tag = initiator.new_tag()});
  refuse(without_data(initiator, test_unit_ready));
  refuse(pdu::TaskManagementRequest{.immediate = true,
                                    .function = pdu::TaskManagementFunction::target_cold_reset,
                                    .initiator_task_tag = initiator.new_tag()});
  refuse(pdu::DataOut{.initiator_task_tag = initiator.new_tag()});
  refuse(pdu::SnackRequest{.type = pdu::SnackType::status});
  refuse(pdu::LogoutRequest{.reason = pdu::LogoutReason::close_connection,
                            .initiator_task_tag = initiator.new_tag()});
  refuse(pdu::LogoutRequest{.reason = pdu::LogoutReason::remove_for_recovery,
                            .initiator_task_tag = initiator.new_tag()});
  refuse(TextRequest{.initiator_task_tag = InitiatorTaskTag::none});
  // And text only with SendTargets.
  const Bytes bytes = initiator.bytes_of(TextRequest{.initiator_task_tag = initiator.new_tag()},
                                         bytes_of_text("MaxRecvDataSegmentLength=512\0"s));
  initiator.put(bytes);
  initiator.only<pdu::Reject>();
  initiator.cmd_sn = initiator.cmd_sn - 1;

  ask({.initiator_task_tag = initiator.new_tag()}, "SendTargets=All\0"s, &answer);
  EXPECT_EQ(answer, "TargetName="s + target_name + "\0TargetAddress=127.0.0.1:3260,1\0"s);
  initiator.send(pdu::LogoutRequest{.initiator_task_tag = initiator.new_tag()});
  EXPECT_EQ(initiator.only<pdu::LogoutResponse>().response, pdu::LogoutOutcome::closed);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_when_sent);
}

TEST_F(Texts, OfADiscoverySessionTakeNothingFromTheSessionOfTheSameName) {
  log_in();
  clear_attentions(initiator);
  initiator.send(without_data(initiator, cdb("160000000000")));  // RESERVE(6)
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  Initiator discovery{world};  // the same name and ISID
  ASSERT_TRUE(discovery.log_in_for_discovery());
  discovery.send(pdu::LogoutRequest{.initiator_task_tag = discovery.new_tag()});
  discovery.only<pdu::LogoutResponse>();
  Initiator other{world};
  other.name += "2";
  ASSERT_TRUE(other.log_in());
  clear_attentions(other);
  other.send(reading(other, 0, 1));
  EXPECT_EQ(other.only<pdu::ScsiResponse>().status, 0x18);  // RESERVATION CONFLICT
}

}  // namespace
}  // namespace iscsi::harness
