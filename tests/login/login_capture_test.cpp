/// Login Requests that real initiators sent, from bytes on.

#include <gtest/gtest.h>

#include <string>

#include "login/login.hpp"
#include "login/talk.hpp"
#include "pdu/codec.hpp"
#include "pdu/frame.hpp"
#include "support/captures_of_others.hpp"

namespace iscsi::login {
namespace {

/// The first PDU of the stream as a login request and its text.
struct Opening {
  pdu::LoginRequest request;
  wire::Bytes data;
};

Opening opening_of(const std::string& stream) {
  const wire::ByteView bytes = wire::as_bytes(stream);
  const auto length = static_cast<std::size_t>(wire::load<3>(bytes, 5));
  const pdu::Frame frame{.header = bytes.first<48>(), .data = bytes.subspan(48, length)};
  const auto request = pdu::decode_request(frame);
  EXPECT_TRUE(request.has_value());
  return {.request = std::get<pdu::LoginRequest>(*request),
          .data = {frame.data.begin(), frame.data.end()}};
}

TEST_F(CapturesOfOthers, LoginOfOpenIscsisDiscoveryIsAdmitted) {
  const auto opening = opening_of(bytes_of("open-iscsi_debian_discovery_tx.bin"));
  Talk talk;
  const auto answer = step(talk.state, opening.request, opening.data, talk.context());
  expect_transit(
      answer, operational, full_feature,
      {"HeaderDigest=None", "DataDigest=None", "DefaultTime2Wait=2", "DefaultTime2Retain=0",
       "IFMarker=No", "OFMarker=No", "ErrorRecoveryLevel=0", "MaxRecvDataSegmentLength=262144"});
  EXPECT_EQ(answer.admission->isid, wire::Isid{0x0002'3d00'0000});
  EXPECT_EQ(answer.admission->exp_cmd_sn, wire::CmdSN{1});
  EXPECT_EQ(answer.admission->initiator_name, "iqn.1993-08.org.debian:01:1136863cff5a");
  EXPECT_EQ(answer.admission->parameters.connection.initiator_max_recv_data_segment_length, 32768U);
  EXPECT_EQ(answer.admission->parameters.session.session_type, text::SessionType::discovery);
}

TEST_F(CapturesOfOthers, LoginOfWindowsDiscoveryLeavesTheSecurityStage) {
  const auto opening = opening_of(bytes_of("windows_client_discovery_login_tx.bin"));
  Talk talk;
  const auto answer = step(talk.state, opening.request, opening.data, talk.context());
  expect_transit(answer, security, operational, {"AuthMethod=None"});
  EXPECT_EQ(answer.response->header.isid, wire::Isid{0x4000'0137'0000});
  EXPECT_EQ(answer.response->header.initiator_task_tag, wire::InitiatorTaskTag{1});
}

/// The key lists of open-iscsi 2.1.8 in a mutual CHAP login, as LIO answered them: the same talk,
/// but with our challenge, so that the initiator's response is our secret's.
TEST(CapturedLogin, OfOpenIscsiByMutualChapGoesThroughOurMachine) {
  Talk talk;
  talk.configuration.target = *parse_name("iqn.2025-01.org.example:lio");
  talk.configuration.normal_sessions = Authentication::required;
  talk.configuration.accounts = {{"replayuser", "replaysecret12"}};
  talk.configuration.own_account = Account{"targetuser", "targetsecret34"};
  // LIO's challenge in the capture: identifier 1, 47c9 … 4cec.
  const auto challenge = bytes_of("0147c9055ff0fc25cfe1db7fe1f4654cec");
  std::ranges::copy(challenge, talk.fresh.begin());

  talk.send(stay(security),
            {"InitiatorName=iqn.1993-08.org.debian:01:replaylab0001", "InitiatorAlias=(none)",
             "TargetName=iqn.2025-01.org.example:lio", "SessionType=Normal", "AuthMethod=CHAP"});
  EXPECT_EQ(pairs_of(talk.send(stay(security), {"CHAP_A=5"})),
            (Pairs{"CHAP_A=5", "CHAP_I=1", "CHAP_C=0x47c9055ff0fc25cfe1db7fe1f4654cec"}));
  expect_transit(talk.send(move(security, operational),
                           {"CHAP_N=replayuser", "CHAP_R=0x4d3079dbe8f16b2a8ec29b85c7ae60c2",
                            "CHAP_I=53", "CHAP_C=0x3cd242d3022d5e8dec3e8a3f056e4208"}),
                 security, operational,
                 {"CHAP_N=targetuser", "CHAP_R=0x8c38a4d00fcdaeaf108e1e179320b094"});
}

}  // namespace
}  // namespace iscsi::login
