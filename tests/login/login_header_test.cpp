/// Headers of Login Requests: what the first one has to be, and what the others repeat.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "login/login.hpp"
#include "login/talk.hpp"

namespace iscsi::login {
namespace {

const Pairs names{initiator_pair, target_pair};

TEST(LoginHeader, OffersAVersionThatIncludesZero) {
  for (int low = 0; low < 256; ++low)
    for (const int high : {0, 1, 255}) {
      Talk talk;
      talk.header.version_min = static_cast<std::uint8_t>(low);
      talk.header.version_max = static_cast<std::uint8_t>(high);
      const auto answer = talk.send(stay(security), names);
      EXPECT_EQ(answer.response->header.version_max, 0);
      EXPECT_EQ(answer.response->header.version_active, 0);
      if (low == 0) {
        EXPECT_FALSE(answer.close) << high;
        continue;
      }
      expect_refused(answer, LoginStatus::unsupported_version, Rule::login_version_is_supported);
      EXPECT_EQ(answer.violation->found, static_cast<std::uint64_t>(low));
      EXPECT_EQ(answer.violation->byte, 3U);
    }
}

TEST(LoginHeader, HasAnIsidOfADefinedType) {
  for (const std::uint64_t type : {0U, 1U, 2U, 3U}) {
    Talk talk;
    talk.header.isid = wire::Isid{type << 46U | 0x1234};
    const auto answer = talk.send(stay(security), names);
    if (type != 3) {
      EXPECT_FALSE(answer.close) << type;
      continue;
    }
    expect_refused(answer, LoginStatus::initiator_error, Rule::isid_type_is_defined);
    EXPECT_EQ(answer.violation->byte, 8U);
  }
}

TEST(LoginHeader, MayCarryAnyFirstExpStatSN) {
  for (const std::uint32_t value : {0U, 1U, 0x7fff'ffffU, 0xffff'ffffU}) {
    Talk talk;
    talk.header.exp_stat_sn = {value};
    const auto answer = talk.send(move(operational, full_feature), names);
    EXPECT_EQ(answer.admission->old_exp_stat_sn, wire::StatSN{value});
  }
}

/// The fields that identify a login, each changed in the second request.
TEST(LoginHeader, KeepsItsIdentity) {
  struct Case {
    Rule rule;
    std::uint32_t byte;
    std::uint64_t found;
    void (*change)(pdu::LoginRequest&);
  };
  for (const auto& [rule, byte, found, change] : std::vector<Case>{
           {Rule::login_keeps_versions, 2, 0x0100, [](pdu::LoginRequest& r) { r.version_max = 1; }},
           {Rule::login_keeps_versions, 2, 0x0001, [](pdu::LoginRequest& r) { r.version_min = 1; }},
           {Rule::login_keeps_isid, 8, 0x0002'3d00'0002,
            [](pdu::LoginRequest& r) { r.isid = wire::Isid{0x0002'3d00'0002}; }},
           {Rule::login_keeps_tsih, 14, 0x4711,
            [](pdu::LoginRequest& r) { r.tsih = wire::Tsih{0x4711}; }},
           {Rule::login_keeps_task_tag, 16, 0x55ab,
            [](pdu::LoginRequest& r) { r.initiator_task_tag = wire::InitiatorTaskTag{0x55ab}; }},
           {Rule::login_keeps_connection_id, 20, 8,
            [](pdu::LoginRequest& r) { r.cid = wire::Cid{8}; }}}) {
    Talk talk;
    talk.send(stay(security), names);
    change(talk.header);
    const auto answer = talk.send(stay(security), {});
    expect_refused(answer, LoginStatus::initiator_error, rule);
    EXPECT_EQ(answer.violation, (Violation{rule, byte, found}));
    // The response still goes to the login that began.
    EXPECT_EQ(answer.response->header.initiator_task_tag, wire::InitiatorTaskTag{0x55aa});
    EXPECT_EQ(answer.response->header.isid, wire::Isid{0x0002'3d00'0001});
    EXPECT_EQ(answer.response->header.tsih, wire::Tsih::none);
  }
}

TEST(LoginHeader, AcknowledgesNoResponseToCome) {
  struct Case {
    std::uint32_t exp_stat_sn;
    bool accepted;
  };
  // The first response has StatSN 100, so the next one has 101.
  for (const auto& [exp_stat_sn, accepted] :
       {Case{101, true}, Case{100, true}, Case{0, true}, Case{102, false}, Case{0x1000, false}}) {
    Talk talk;
    talk.send(stay(security), names);
    talk.header.exp_stat_sn = {exp_stat_sn};
    const auto answer = talk.send(stay(security), {});
    EXPECT_EQ(!answer.close, accepted) << exp_stat_sn;
    if (accepted) continue;
    expect_refused(answer, LoginStatus::initiator_error, Rule::login_acknowledges_what_was_sent);
    EXPECT_EQ(answer.violation->byte, 28U);
  }
}

TEST(LoginHeader, WithAnotherCmdSNIsNotedAndBorne) {
  Talk talk;
  talk.send(stay(operational), names);
  talk.header.cmd_sn = {1001};
  const auto answer = talk.send(move(operational, full_feature), {});
  EXPECT_EQ(answer.findings, (std::vector<Violation>{{Rule::login_keeps_cmd_sn, 24, 1001}}));
  EXPECT_EQ(answer.admission->exp_cmd_sn, wire::CmdSN{1000});  // 10.12.8: the leading request's
}

TEST(LoginHeader, WithTheSameCmdSNIsNotNoted) {
  Talk talk;
  talk.send(stay(operational), names);
  EXPECT_EQ(talk.send(stay(operational), {}).findings, std::vector<Violation>{});
}

TEST(LoginHeader, ComesWithNoMoreDataThanTheDefault) {
  Talk talk;
  talk.send(stay(security), names);
  std::string text = "InitiatorAlias=";
  text.resize(8193, 'a');
  text.back() = '\0';
  const auto answer = talk.send_bytes(stay(security), text);
  expect_dropped(answer, Rule::data_segment_within_limit);
  EXPECT_EQ(answer.violation->byte, 5U);
  EXPECT_EQ(answer.violation->found, 8193U);
}

TEST(LoginHeader, FollowsNoMoreThan64Times) {
  Talk talk;
  talk.send(stay(security), names);
  for (int i = 2; i <= 64; ++i) ASSERT_FALSE(talk.send(stay(security), {}).close) << i;
  const auto answer = talk.send(stay(security), {});
  expect_refused(answer, LoginStatus::initiator_error, Rule::login_ends_in_reasonable_exchanges);
  EXPECT_EQ(answer.violation, (Violation{Rule::login_ends_in_reasonable_exchanges, 0, 65}));
}

// Other PDUs, and requests that the decoder refuses.

TEST(OtherPdu, BeforeTheLoginIsDroppedWithoutAWord) {
  for (int opcode = 0; opcode < 64; ++opcode) {
    if (opcode == 0x03) continue;
    Talk talk;
    const auto answer =
        refuse_other_pdu(talk.state, static_cast<std::uint8_t>(opcode), talk.context());
    expect_dropped(answer, Rule::first_pdu_is_login_request);
    EXPECT_EQ(answer.violation,
              (Violation{Rule::first_pdu_is_login_request, 0, static_cast<std::uint64_t>(opcode)}));
  }
}

TEST(OtherPdu, DuringTheLoginIsAnsweredInvalidDuringLogin) {
  for (int opcode = 0; opcode < 64; ++opcode) {
    if (opcode == 0x03) continue;
    Talk talk;
    talk.send(stay(security), names);
    const auto answer =
        refuse_other_pdu(talk.state, static_cast<std::uint8_t>(opcode), talk.context());
    expect_refused(answer, LoginStatus::invalid_during_login,
                   Rule::only_login_requests_during_login);
    EXPECT_EQ(answer.response->header.initiator_task_tag, wire::InitiatorTaskTag{0x55aa});
  }
}

/// A Login Request from the layout of RFC 3720 10.12, C and T both set.
wire::Bytes malformed_header() {
  return bytes_of(
      "43c10000"      // immediate Login Request, T and C, CSG 0, NSG 1
      "00000000"      // no data
      "400001370000"  // ISID
      "0000"          // TSIH
      "01020304"      // Initiator Task Tag
      "0005"          // CID
      "0000"          //
      "00000009"      // CmdSN
      "00000001"      // ExpStatSN
      "00000000000000000000000000000000");
}

TEST(MalformedLogin, IsAnsweredWithItsOwnTags) {
  Talk talk;
  talk.first_stat_sn = {3};
  const auto answer = refuse_malformed(
      talk.state, malformed_header(),
      {.rule = Rule::continued_login_does_not_transit, .byte = 1, .found = 1}, talk.context());
  expect_refused(answer, LoginStatus::initiator_error, Rule::continued_login_does_not_transit);
  const auto& header = answer.response->header;
  EXPECT_EQ(header.isid, wire::Isid{0x4000'0137'0000});
  EXPECT_EQ(header.initiator_task_tag, wire::InitiatorTaskTag{0x0102'0304});
  EXPECT_EQ(header.stat_sn, wire::StatSN{3});
  EXPECT_EQ(header.exp_cmd_sn, wire::CmdSN{9});
}

TEST(MalformedLogin, InTheMiddleIsAnsweredWithTheLoginsTags) {
  Talk talk;
  talk.send(stay(security), names);
  const auto answer = refuse_malformed(
      talk.state, malformed_header(),
      {.rule = Rule::continued_login_does_not_transit, .byte = 1, .found = 1}, talk.context());
  expect_refused(answer, LoginStatus::initiator_error, Rule::continued_login_does_not_transit);
  EXPECT_EQ(answer.response->header.initiator_task_tag, wire::InitiatorTaskTag{0x55aa});
}

TEST(MalformedLogin, IsDroppedWhereTheRuleSaysSo) {
  Talk talk;
  expect_dropped(refuse_malformed(talk.state, malformed_header(),
                                  {.rule = Rule::data_segment_within_limit}, talk.context()),
                 Rule::data_segment_within_limit);
}

}  // namespace
}  // namespace iscsi::login
