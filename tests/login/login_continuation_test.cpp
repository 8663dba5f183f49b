/// The C bit in both directions (RFC 3720 5.1, 5.2, 10.12.2, 10.13.7).

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "login/login.hpp"
#include "login/talk.hpp"

namespace iscsi::login {
namespace {

const std::string portal_group = "TargetPortalGroupTag=1";
const std::string our_segments = "MaxRecvDataSegmentLength=262144";

/// An empty response that ends nothing.
void expect_silence(const Answer& answer, LoginStage stage) {
  expect_partial(answer, stage, {});
  EXPECT_TRUE(answer.response->text.empty());
  EXPECT_FALSE(answer.response->header.continued);
}

TEST(ContinuedRequest, MayBeCutAnywhere) {
  const std::string text = joined({initiator_pair, target_pair, "MaxBurstLength=131072"});
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Talk talk;
    expect_silence(talk.send_bytes(more(operational), text.substr(0, cut)), operational);
    expect_transit(talk.send_bytes(move(operational, full_feature), text.substr(cut)), operational,
                   full_feature, {"MaxBurstLength=131072", portal_group, our_segments});
  }
}

TEST(ContinuedRequest, MayComeByteByByte) {
  const std::string text = joined({"InitiatorName=eui.02004567A425678D", discovery_pair});
  Talk talk;
  ASSERT_LE(text.size(), 64U);  // requests in one login
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    expect_silence(talk.send_bytes(more(operational), text.substr(i, 1)), operational);
  expect_transit(talk.send_bytes(move(operational, full_feature), text.substr(text.size() - 1)),
                 operational, full_feature, {our_segments});
}

TEST(ContinuedRequest, IsJudgedWhenItIsComplete) {
  Talk talk;
  expect_silence(talk.send(more(security), {target_pair}), security);
  expect_refused(talk.send(stay(security), {}), LoginStatus::missing_parameter,
                 Rule::initiator_name_in_first_login);
}

TEST(ContinuedRequest, EndsInANullByte) {
  Talk talk;
  talk.send(more(security), {initiator_pair});
  expect_refused(talk.send_bytes(stay(security), target_pair), LoginStatus::initiator_error,
                 Rule::text_pair_ends_in_null);
}

TEST(ContinuedRequest, KeepsItsStage) {
  Talk talk;
  talk.send(more(security), {initiator_pair});
  expect_refused(talk.send(stay(operational), {target_pair}), LoginStatus::initiator_error,
                 Rule::login_is_in_current_stage);
}

TEST(ContinuedRequest, MakesATextOf64KibAtTheMost) {
  Talk talk;
  std::string text = joined({initiator_pair, target_pair});
  while (text.size() < 8192) text += joined({"X-com.example.a=" + std::string(100, 'v')});
  text.resize(8192, 'v');
  for (int i = 0; i < 8; ++i) expect_silence(talk.send_bytes(more(security), text), security);
  expect_refused(talk.send_bytes(more(security), text), LoginStatus::initiator_error,
                 Rule::negotiation_text_within_limit);
}

TEST(ContinuedRequest, WithoutDataIsAnsweredWithoutData) {
  Talk talk;
  expect_silence(talk.send(more(security), {}), security);
  expect_partial(talk.send(stay(security), {initiator_pair, target_pair}), security,
                 {portal_group});
  expect_silence(talk.send(more(security), {}), security);
  expect_silence(talk.send(stay(security), {}), security);
}

/// CVE-2026-90011: a full PDU whose text has no null byte at its end.
TEST(Request, OfAFullSegmentWithoutANullByteIsRefused) {
  for (std::size_t size = 8189; size <= 8192; ++size) {
    std::string text = joined({initiator_pair, target_pair}) + "InitiatorAlias=";
    text.resize(size, 'a');
    Talk talk;
    expect_refused(talk.send_bytes(stay(security), text), LoginStatus::initiator_error,
                   Rule::text_pair_ends_in_null);
  }
}

/// CVE-2026-63887: 2,048 pairs of four bytes in one PDU.
TEST(Request, FullOfUnknownKeysIsRefusedAndNotAmplified) {
  std::string text;
  for (int i = 0; i < 2048; ++i) text += std::string("a=b\0", 4);
  Talk lower;
  expect_refused(lower.send_bytes(stay(security), text), LoginStatus::initiator_error,
                 Rule::key_name_begins_with_capital);

  Pairs pairs{initiator_pair, target_pair};
  for (int i = 0; i < 1000; ++i) pairs.push_back("K" + std::to_string(i) + "=");
  Talk upper;
  const auto answer = upper.send(stay(security), pairs);
  expect_refused(answer, LoginStatus::initiator_error, Rule::negotiation_keys_within_limit);
  EXPECT_TRUE(answer.response->text.empty());
}

/// CVE-2013-2850: a long key name before authentication.
TEST(Request, WithALongKeyNameIsRefused) {
  for (const std::size_t size : {64U, 65U, 255U, 8000U}) {
    Talk talk;
    expect_refused(
        talk.send(stay(security), {initiator_pair, target_pair, std::string(size, 'K') + "=a"}),
        LoginStatus::initiator_error, Rule::key_name_within_limit);
  }
}

// Responses.

constexpr int many = 230;

/// An unknown key of 63 characters: answered, it takes 78 bytes.
std::string long_key(int number) {
  return "X-com.example." + std::string(46, 'k') + std::to_string(100 + number);
}

/// A login in its operational stage that has asked 230 such keys, in two requests. The answer takes
/// 17,995 bytes, which is three segments.
struct LongAnswer {
  Talk talk{};
  Pairs expected{};
  Answer first;

  explicit LongAnswer(const Turns& turns) {
    Pairs question{initiator_pair, target_pair};
    for (int i = 0; i < many; ++i) {
      question.push_back(long_key(i) + "=1");
      expected.push_back(long_key(i) + "=NotUnderstood");
    }
    expected.push_back(portal_group);
    expected.push_back(our_segments);
    const std::string text = joined(question);
    expect_silence(talk.send_bytes(more(operational), text.substr(0, 8192)), operational);
    first = talk.send_bytes(turns, text.substr(8192));
  }
};

void expect_segment(const Answer& answer, std::size_t bytes, bool continued,
                    std::uint32_t stat_sn) {
  ASSERT_TRUE(answer.response.has_value());
  EXPECT_EQ(answer.response->text.size(), bytes);
  EXPECT_EQ(answer.response->header.continued, continued);
  EXPECT_EQ(answer.response->header.stat_sn, wire::StatSN{stat_sn});
  EXPECT_EQ(answer.response->header.current_stage, operational);
}

TEST(ContinuedResponse, IsFetchedByEmptyRequests) {
  LongAnswer login(stay(operational));
  const auto second = login.talk.send(stay(operational), {});
  const auto third = login.talk.send(stay(operational), {});
  expect_segment(login.first, 8192, true, 101);
  expect_segment(second, 8192, true, 102);
  expect_segment(third, 17995 - 2 * 8192, false, 103);
  EXPECT_EQ(split(login.first.response->text + second.response->text + third.response->text),
            login.expected);
  expect_silence(login.talk.send(stay(operational), {}), operational);
}

TEST(ContinuedResponse, EndsTheStageWithItsLastSegmentOnly) {
  LongAnswer login(move(operational, full_feature));
  EXPECT_FALSE(login.first.response->header.transit);  // 10.13.7: C and T exclude each other
  const auto second = login.talk.send(move(operational, full_feature), {});
  EXPECT_TRUE(second.response->header.continued);
  EXPECT_FALSE(second.response->header.transit);
  EXPECT_FALSE(second.admission.has_value());
  const auto third = login.talk.send(move(operational, full_feature), {});
  EXPECT_FALSE(third.response->header.continued);
  EXPECT_TRUE(third.response->header.transit);
  EXPECT_TRUE(third.admission.has_value());
}

TEST(ContinuedResponse, EndsTheStageOnlyIfTheLastRequestAsksForIt) {
  LongAnswer patient(move(operational, full_feature));
  patient.talk.send(move(operational, full_feature), {});
  EXPECT_FALSE(patient.talk.send(stay(operational), {}).response->header.transit);
  EXPECT_TRUE(patient.talk.send(move(operational, full_feature), {}).admission.has_value());

  LongAnswer late(stay(operational));
  late.talk.send(stay(operational), {});
  EXPECT_TRUE(late.talk.send(move(operational, full_feature), {}).admission.has_value());
}

TEST(ContinuedResponse, IsNotFetchedWithData) {
  LongAnswer login(stay(operational));
  const auto answer = login.talk.send(stay(operational), {"InitiatorAlias=a"});
  expect_refused(answer, LoginStatus::initiator_error,
                 Rule::continued_text_is_fetched_without_data);
  // Byte 5 of the header begins DataSegmentLength.
  EXPECT_EQ(answer.violation, (Violation{Rule::continued_text_is_fetched_without_data, 5, 17}));
}

/// Two texts under way at once: both sides go on without data, and nothing is lost.
TEST(ContinuedResponse, WaitsForARequestThatIsContinuedItself) {
  LongAnswer login(stay(operational));
  const auto waiting = login.talk.send(more(operational), {});
  expect_segment(waiting, 0, true, 102);
  const auto second = login.talk.send(stay(operational), {});
  const auto third = login.talk.send(stay(operational), {});
  EXPECT_EQ(split(login.first.response->text + second.response->text + third.response->text),
            login.expected);
}

}  // namespace
}  // namespace iscsi::login
