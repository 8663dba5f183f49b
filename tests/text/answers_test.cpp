#include "text/negotiate.hpp"

#include <map>

#include "text/one_key.hpp"

namespace iscsi::text {
namespace {

// Proposals, and the answers to them.

TEST(Proposal, IsThePolicysWish) {
  Policy policy;
  policy.max_recv_data_segment_length = 65536;
  policy.data_digest = {.none = true, .crc32c = true, .preferred = Digest::crc32c};
  policy.of_mark_int = {.low = 2048, .high = 8192};
  policy.if_mark_int = {.low = 2048, .high = 2048};
  const std::map<Key, std::string> wishes{
      {Key::header_digest, "None,CRC32C"},
      {Key::data_digest, "CRC32C,None"},
      {Key::max_connections, "1"},
      {Key::initial_r2t, "No"},
      {Key::immediate_data, "Yes"},
      {Key::max_recv_data_segment_length, "65536"},
      {Key::max_burst_length, "262144"},
      {Key::first_burst_length, "65536"},
      {Key::default_time2wait, "2"},
      {Key::default_time2retain, "20"},
      {Key::max_outstanding_r2t, "1"},
      {Key::data_pdu_in_order, "Yes"},
      {Key::data_sequence_in_order, "Yes"},
      {Key::error_recovery_level, "0"},
      {Key::if_marker, "No"},
      {Key::of_marker, "No"},
      {Key::if_mark_int, "2048"},
      {Key::of_mark_int, "2048~8192"},
  };
  for (const auto& [key, wish] : wishes) EXPECT_EQ(proposal(key, policy), wish) << about(key).name;
  policy.header_digest = {.none = false, .crc32c = true};
  EXPECT_EQ(proposal(Key::header_digest, policy), "CRC32C");
  policy.header_digest = {.none = true, .crc32c = false};
  EXPECT_EQ(proposal(Key::header_digest, policy), "None");
}

/// What comes of `answer` to `proposed`: `ok` if taken, `kept` if the key keeps its value, or a
/// rule.
std::string reception(Key key, std::string_view proposed, std::string_view answer) {
  const KeySpec& spec = about(key);
  const auto result = check_answer(spec, proposed, {.key = spec.name, .value = answer, .byte = 0});
  if (!result) return std::string{iscsi::about(result.error().rule).slug};
  return *result ? "ok" : "kept";
}

TEST(AnswerToANumber, KeepsToTheResultFunctionAndTheRange) {
  const std::string_view wrong = "answer-follows-result-function";
  for (const KeySpec& key : keys()) {
    if (key.kind != Kind::numerical || key.declarative) continue;
    const std::uint64_t middle = key.least + (key.most - key.least) / 2;
    const auto got = [&](std::uint64_t answer) {
      return reception(key.key, number(middle), number(answer));
    };
    const bool minimum = key.result == Result::minimum;
    EXPECT_EQ(got(middle), "ok") << key.name;
    EXPECT_EQ(got(middle - 1), minimum ? "ok" : wrong) << key.name;
    EXPECT_EQ(got(middle + 1), minimum ? wrong : "ok") << key.name;
    EXPECT_EQ(got(key.least), minimum ? "ok" : wrong) << key.name;
    EXPECT_EQ(got(key.most), minimum ? wrong : "ok") << key.name;
    EXPECT_EQ(got(key.most + 1), wrong) << key.name;
    if (key.least > 0) {
      EXPECT_EQ(got(key.least - 1), wrong) << key.name;
    }
    for (const std::string_view garbage : {"", "x", "Yes", "None", "1~2"})
      EXPECT_EQ(reception(key.key, number(middle), garbage), wrong) << key.name << garbage;
  }
}

TEST(AnswerToABoolean, KeepsToTheResultFunction) {
  const std::string_view wrong = "answer-follows-result-function";
  for (const KeySpec& key : keys()) {
    if (key.kind != Kind::boolean) continue;
    const bool is_and = key.result == Result::logical_and;
    EXPECT_EQ(reception(key.key, "Yes", "Yes"), "ok") << key.name;
    EXPECT_EQ(reception(key.key, "No", "No"), "ok") << key.name;
    EXPECT_EQ(reception(key.key, "Yes", "No"), is_and ? "ok" : wrong) << key.name;
    EXPECT_EQ(reception(key.key, "No", "Yes"), is_and ? wrong : "ok") << key.name;
    for (const std::string_view garbage : {"", "yes", "None", "1"})
      EXPECT_EQ(reception(key.key, "Yes", garbage), wrong) << key.name << garbage;
  }
}

TEST(AnswerToAList, WasInTheList) {
  const std::string_view wrong = "list-answer-was-proposed";
  for (const Key key : {Key::header_digest, Key::data_digest}) {
    EXPECT_EQ(reception(key, "CRC32C,None", "CRC32C"), "ok");
    EXPECT_EQ(reception(key, "CRC32C,None", "None"), "ok");
    EXPECT_EQ(reception(key, "CRC32C", "None"), wrong);
    EXPECT_EQ(reception(key, "None", "CRC32C"), wrong);
    for (const std::string_view garbage : {"", "crc32c", "CRC32C,None", "Yes", "Y-a"})
      EXPECT_EQ(reception(key, "CRC32C,None", garbage), wrong) << garbage;
  }
}

TEST(AnswerToARange, IsANumberInIt) {
  const std::string_view wrong = "range-answer-is-in-range";
  for (const Key key : {Key::if_mark_int, Key::of_mark_int}) {
    for (const std::string_view good : {"2048", "8192", "4096", "0x1000"})
      EXPECT_EQ(reception(key, "2048~8192", good), "ok") << good;
    for (const std::string_view bad : {"2047", "8193", "", "x", "2048~8192", "None"})
      EXPECT_EQ(reception(key, "2048~8192", bad), wrong) << bad;
    EXPECT_EQ(reception(key, "2048", "2048"), "ok");
    EXPECT_EQ(reception(key, "2048", "2049"), wrong);
  }
}

/// The number or the truth value, where it is one; the length of anything else.
TEST(WrongAnswer, IsTold) {
  struct Case {
    Key key;
    std::string_view proposed, answer;
    Violation violation;
  };
  for (const auto& [key, proposed, answer, violation] :
       {Case{Key::of_mark_int, "2048~8192", "8193", {Rule::range_answer_is_in_range, 10, 8193}},
        Case{Key::of_mark_int, "2048~8192", "x", {Rule::range_answer_is_in_range, 10, 1}},
        Case{Key::initial_r2t, "Yes", "No", {Rule::answer_follows_result_function, 11, 0}},
        Case{Key::immediate_data, "No", "Yes", {Rule::answer_follows_result_function, 14, 1}},
        Case{Key::immediate_data, "No", "yes!", {Rule::answer_follows_result_function, 14, 4}}}) {
    const KeySpec& spec = about(key);
    EXPECT_EQ(check_answer(spec, proposed, {.key = spec.name, .value = answer, .byte = 0}).error(),
              violation)
        << spec.name;
  }
}

TEST(ReservedAnswers, LeaveAKeyAsItIsButNotUnderstoodMayNotBeSaid) {
  for (const KeySpec& key : keys()) {
    if (!is_negotiated(key)) continue;
    const std::string proposed = proposal(key.key, Policy{});
    EXPECT_EQ(reception(key.key, proposed, "Irrelevant"), "kept") << key.name;
    EXPECT_EQ(reception(key.key, proposed, "Reject"), "kept") << key.name;
    EXPECT_EQ(reception(key.key, proposed, "NotUnderstood"), "standard-key-is-understood");
  }
}

// Whatever we answer, a proposer that knows the RFC has to accept.
TEST(OurAnswers, PassTheProposersCheckForEveryOffer) {
  for (const KeySpec& key : keys()) {
    if (!is_negotiated(key)) continue;
    for (const std::string_view offer :
         {"Yes",       "No",   "None", "CRC32C", "None,CRC32C", "CRC32C,None", "0",    "1",
          "2",         "512",  "1024", "65536",  "262144",      "16777215",    "3600", "1~65535",
          "2048~8192", "4096", "x",    ""})
      for (const Policy& policy : {Policy{}, yielding()})
        for (const Parameters& values : {Parameters{}, free_values()}) {
          const std::string answer = outcome(key.key, offer, policy, values);
          const auto result = reception(key.key, offer, answer);
          EXPECT_TRUE(result == "ok" || result == "kept")
              << key.name << '=' << offer << " answered " << answer << ": " << result;
        }
  }
}

}  // namespace
}  // namespace iscsi::text
