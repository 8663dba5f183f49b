/// The key lists that real initiators send, against our negotiation. The bytes of two of them are
/// in captures of others.

#include <gtest/gtest.h>

#include "support/captures_of_others.hpp"
#include "text/negotiation.hpp"
#include "text/send_targets.hpp"
#include "text/support.hpp"

namespace iscsi::text {
namespace {

/// The texts of the Login (03) and Text (04) Requests in one direction of a connection: 48 bytes of
/// header, DataSegmentLength in bytes 5 to 7, padding to four bytes.
std::vector<std::string> texts_in(std::string_view stream) {
  std::vector<std::string> texts;
  while (stream.size() >= 48) {
    const auto length = static_cast<std::size_t>(wire::load<3>(wire::as_bytes(stream), 5));
    const unsigned opcode = static_cast<unsigned char>(stream[0]) & 0x3fU;
    if (opcode == 3 || opcode == 4) texts.emplace_back(stream.substr(48, length));
    stream.remove_prefix(std::min(stream.size(), 48 + length + wire::padding(length)));
  }
  return texts;
}

std::string answer(Negotiation& negotiation, std::string_view bytes) {
  const auto received = negotiation.receive(pairs_of(bytes));
  return received ? readable(received->answers) : std::string{about(received.error().rule).slug};
}

TEST_F(CapturesOfOthers, TextOfTheWindowsInitiatorsDiscoveryIsUnderstood) {
  const std::string stream = bytes_of("windows_client_discovery_login_tx.bin");
  const auto texts = texts_in(stream);
  ASSERT_GE(texts.size(), 1U);
  Negotiation negotiation{{.phase = Phase::security}, Policy{}, {}};
  EXPECT_EQ(answer(negotiation, texts[0]), "");
  EXPECT_EQ(negotiation.pending().session.session_type, SessionType::discovery);
  EXPECT_TRUE(
      negotiation.pending().declared.initiator_name.starts_with("iqn.1991-05.com.microsoft:"));
  for (std::size_t i = 1; i < texts.size(); ++i) {
    negotiation.enter(Phase::operational);
    EXPECT_EQ(answer(negotiation, texts[i]),
              "HeaderDigest=None;DataDigest=None;DefaultTime2Wait=2;DefaultTime2Retain=20;");
  }
}

TEST_F(CapturesOfOthers, TextOfOpenIscsisDiscoveryIsUnderstood) {
  const std::string stream = bytes_of("open-iscsi_debian_discovery_tx.bin");
  const auto texts = texts_in(stream);
  ASSERT_EQ(texts.size(), 2U);
  Negotiation login{{.phase = Phase::operational}, Policy{}, {}};
  EXPECT_EQ(answer(login, texts[0]),
            "HeaderDigest=None;DataDigest=None;DefaultTime2Wait=2;DefaultTime2Retain=0;"
            "IFMarker=No;OFMarker=No;ErrorRecoveryLevel=0;");
  const auto agreed = login.conclude();
  ASSERT_TRUE(agreed.has_value());
  EXPECT_EQ(agreed->connection.initiator_max_recv_data_segment_length, 32768U);
  EXPECT_EQ(agreed->session.default_time2retain, 0U);
  Negotiation question{{.phase = Phase::full_feature}, Policy{}, *agreed};
  const auto received = question.receive(pairs_of(texts[1]));
  ASSERT_TRUE(received && received->send_targets);
  EXPECT_EQ(decode_send_targets(*received->send_targets, agreed->session.session_type),
            (TargetQuestion{.kind = TargetQuestion::Kind::all}));
}

// The list of a Windows normal login, from a capture's transcript.
TEST(KeyList, OfAWindowsLoginComesToItsOffers) {
  const std::string bytes = text(
      "HeaderDigest=None;DataDigest=None;ErrorRecoveryLevel=0;InitialR2T=No;ImmediateData=Yes;"
      "MaxRecvDataSegmentLength=65536;MaxBurstLength=262144;FirstBurstLength=65536;"
      "MaxConnections=4;DataPDUInOrder=Yes;DataSequenceInOrder=Yes;DefaultTime2Wait=5;"
      "DefaultTime2Retain=5;");
  Negotiation negotiation{{}, Policy{}, {}};
  EXPECT_EQ(answer(negotiation, bytes),
            "HeaderDigest=None;DataDigest=None;ErrorRecoveryLevel=0;InitialR2T=No;"
            "ImmediateData=Yes;MaxBurstLength=262144;FirstBurstLength=65536;MaxConnections=1;"
            "DataPDUInOrder=Yes;DataSequenceInOrder=Yes;DefaultTime2Wait=5;DefaultTime2Retain=5;");
}

// An old Linux initiator: keys of its vendor, all of them NotUnderstood.
TEST(KeyList, WithVendorKeysGetsThemNotUnderstood) {
  const std::string bytes = text(
      "MaxBurstLength=16776192;FirstBurstLength=262144;X-com.cisco.PingTimeout=5;"
      "X-com.cisco.sendAsyncText=No;X-com.cisco.protocol=draft20;");
  Negotiation negotiation{{}, Policy{}, {}};
  EXPECT_EQ(answer(negotiation, bytes),
            "MaxBurstLength=262144;FirstBurstLength=65536;X-com.cisco.PingTimeout=NotUnderstood;"
            "X-com.cisco.sendAsyncText=NotUnderstood;X-com.cisco.protocol=NotUnderstood;");
}

// An initiator in Java that names its method in the operational stage: not allowed there (5.3).
TEST(KeyList, WithAnAuthMethodInTheOperationalStageIsRefused) {
  const std::string bytes = text("MaxConnections=1;AuthMethod=None;SessionType=Normal;");
  Negotiation negotiation{{}, Policy{}, {}};
  EXPECT_EQ(answer(negotiation, bytes), "operational-stage-has-its-own-keys");
}

}  // namespace
}  // namespace iscsi::text
