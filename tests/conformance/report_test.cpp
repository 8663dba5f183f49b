#include <gtest/gtest.h>

#include "conformance/report/expectations.hpp"
#include "conformance/report/reports.hpp"
#include "conformance/story/loader.hpp"

namespace conformance {
namespace {

using iscsi::Rule;

const Story& a_story() {
  static const auto story =
      load_story("nop-out/ping",
                 R"({"version": 1, "claim": "c", "rules": ["nop-out-is-answered"], "steps": []})");
  return *story;
}

CaseResult result(const std::string& name, Verdict verdict, std::optional<Rule> rule = {}) {
  return {.name = name,
          .story = &a_story(),
          .judgement = {.verdict = verdict,
                        .rule = rule,
                        .what = "a <b> & \"c\"\x01",
                        .where = {},
                        .record = {}},
          .observation = {},
          .transcript = {}};
}

/// One pass, one fail for a rule, one finding of the monitor for a SHOULD.
RunResult a_run(bool strict = false) {
  RunResult run{.target = "peer", .seed = 3, .strict = strict, .cases = {}, .rules = {}};
  run.cases.push_back(result("nop-out/ping[a=1]", Verdict::pass));
  run.cases.push_back(result("nop-out/ping[a=2]", Verdict::fail, Rule::ping_data_is_returned));
  run.cases.push_back(result("nop-out/ping[a=3]", Verdict::unsupported));
  run.cases[0].observation.findings.push_back(
      {.rule = Rule::padding_is_zero, .record = 4, .byte = 50});
  run.cases[0].observation.checked[Rule::padding_is_zero] = 2;
  sum_up_rules(run);
  return run;
}

const RuleResult& about_rule(const RunResult& run, Rule rule) {
  for (const RuleResult& one : run.rules)
    if (one.rule == rule) return one;
  throw std::runtime_error("not judged");
}

TEST(ARun, HasAVerdictForEachRuleThatWasJudged) {
  const RunResult run = a_run();
  EXPECT_EQ(run.rules.size(), 3U);
  EXPECT_EQ(about_rule(run, Rule::nop_out_is_answered).verdict, Verdict::pass);
  EXPECT_EQ(about_rule(run, Rule::ping_data_is_returned).verdict, Verdict::fail);
  EXPECT_EQ(about_rule(run, Rule::padding_is_zero).looks, 2U);
}

TEST(AShould, IsAWarningUnlessTheRunIsStrict) {
  EXPECT_EQ(about_rule(a_run(), Rule::padding_is_zero).verdict, Verdict::warn);
  EXPECT_EQ(about_rule(a_run(true), Rule::padding_is_zero).verdict, Verdict::fail);
  CaseResult one = result("x", Verdict::fail, Rule::padding_is_zero);
  weigh(one, false);
  EXPECT_EQ(one.judgement.verdict, Verdict::warn);
  CaseResult warned = result("x", Verdict::warn, Rule::nop_out_is_answered);
  weigh(warned, true);
  EXPECT_EQ(warned.judgement.verdict, Verdict::fail);
}

TEST(TheJunitReport, CountsAndEscapes) {
  const std::string xml = junit(a_run());
  EXPECT_NE(xml.find("<testsuite name=\"stories\" tests=\"3\" failures=\"1\" errors=\"0\" "
                     "skipped=\"1\">"),
            xml.npos)
      << xml;
  EXPECT_NE(xml.find("<failure type=\"ping-data-is-returned\" message=\"a &lt;b&gt; &amp; "
                     "&quot;c&quot;?\"/>"),
            xml.npos)
      << xml;
  EXPECT_NE(xml.find("<testsuite name=\"rules\" tests=\"3\" failures=\"1\""), xml.npos);
}

TEST(TheJsonReport, CanBeReadAgain) {
  const auto value = json::parse(json::print(json_report(a_run())));
  ASSERT_TRUE(value.has_value()) << value.error().what;
  const auto* report = value->as<json::Object>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(json::find(*report, "cases")->as<json::Array>()->size(), 3U);
  EXPECT_EQ(json::find(*report, "rules")->as<json::Array>()->size(), 3U);
}

std::vector<Expectation> expecting(const std::string& entries) {
  const auto read = read_expectations(R"({"version": 1, "known": [)" + entries + "]}");
  EXPECT_TRUE(read.has_value()) << read.error().where << ": " << read.error().what;
  return read.value_or(std::vector<Expectation>{});
}

TEST(Expectations, ExcuseWhatTheyNameAndNothingElse) {
  RunResult run = a_run();
  EXPECT_TRUE(
      excuse(run, expecting(R"({"rule": "ping-data-is-returned", "reason": "known"})")).empty());
  EXPECT_EQ(run.cases[1].excuse, "known");
  EXPECT_EQ(about_rule(run, Rule::ping_data_is_returned).excuse, "known");
  EXPECT_TRUE(is_accepted(run.cases[1].judgement.verdict, run.cases[1].excuse));
  RunResult other = a_run();
  EXPECT_TRUE(excuse(other, expecting(R"({"story": "nop-out/*2]", "reason": "known"})")).empty());
  EXPECT_EQ(other.cases[1].excuse, "known");
  EXPECT_EQ(about_rule(other, Rule::ping_data_is_returned).excuse, "");
}

TEST(Expectations, ComplainWhenTheyAreStale) {
  RunResult run = a_run();
  EXPECT_EQ(excuse(run, expecting(R"({"rule": "stat-sn-advances-by-one", "reason": "old"})")),
            std::vector<std::string>{
                "rule stat-sn-advances-by-one is expected to fail, and nothing fails for it"});
  EXPECT_EQ(excuse(run, expecting(R"({"story": "nop-out/ping[a=1]", "reason": "old"})")).size(), 1U)
      << "an unexpected pass";
}

TEST(Expectations, ComplainWhenAPatternCoversTooMuch) {
  RunResult run = a_run();
  for (int i = 0; i < 21; ++i)
    run.cases.push_back(result("many/" + std::to_string(i), Verdict::fail));
  EXPECT_EQ(excuse(run, expecting(R"({"story": "many/*", "reason": "lazy"})")).size(), 1U);
}

TEST(Expectations, NeedAReasonAndARuleThatExists) {
  const auto complaint = [](const std::string& entry) {
    const auto read = read_expectations(R"({"version": 1, "known": [)" + entry + "]}");
    return read ? "accepted" : read.error().where + ": " + read.error().what;
  };
  EXPECT_EQ(complaint(R"({"rule": "padding-is-zero"})"), "known[0]: a member \"reason\"");
  EXPECT_EQ(complaint(R"({"rule": "padding-is-zero", "reason": ""})"), "known[0].reason: a reason");
  EXPECT_EQ(complaint(R"({"rule": "no-such", "reason": "r"})"),
            "known[0].rule: the name of a rule");
}

TEST(Expectations, CanBeRewrittenAndKeepTheirReasons) {
  const RunResult run = a_run();
  const auto old = expecting(R"({"rule": "ping-data-is-returned", "reason": "ticket 5"})");
  const auto read = read_expectations(rewrite_expectations(run, old));
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ((*read)[0].name, "ping-data-is-returned");
  EXPECT_EQ((*read)[0].reason, "ticket 5");
}

TEST(APattern, FitsWithStarsForAnything) {
  EXPECT_TRUE(fits("login/*", "login/x[a=1]"));
  EXPECT_TRUE(fits("*[a=1]", "login/x[a=1]"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_FALSE(fits("login/", "login/x"));
  EXPECT_FALSE(fits("", "x"));
}

TEST(AFileName, HoldsNothingThatAFileSystemMinds) {
  EXPECT_EQ(file_name("a/b[c=0x 1]"), "a_b_c=0x_1_");
}

}  // namespace
}  // namespace conformance
