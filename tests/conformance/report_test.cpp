#include <gtest/gtest.h>

#include "conformance/report/figures.hpp"
#include "conformance/report/reports.hpp"
#include "conformance/runs.hpp"

namespace conformance {
namespace {

using iscsi::Rule;

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
                     "time=\"0.000\" skipped=\"1\">"),
            xml.npos)
      << xml;
  EXPECT_NE(xml.find("<failure type=\"ping-data-is-returned\" message=\"a &lt;b&gt; &amp; "
                     "&quot;c&quot;\\x01\">"),
            xml.npos)
      << xml;
  EXPECT_NE(xml.find("<testsuite name=\"rules\" tests=\"3\" failures=\"1\""), xml.npos);
}

TEST(TheHeadline, CallsNoRuleKeptThatWasInconclusive) {
  RunResult run;
  run.rules.resize(3);
  for (RuleResult& rule : run.rules) rule.verdict = Verdict::pass;
  EXPECT_EQ(headline_of(run).text, "All of 3 rules judged were kept");
  run.rules.front().verdict = Verdict::inconclusive;
  EXPECT_EQ(headline_of(run).text, "2 rules kept, none broken, 1 inconclusive");
}

TEST(TheJsonReport, CanBeReadAgain) {
  const auto value = json::parse(json_report(a_run()));
  ASSERT_TRUE(value.has_value()) << value.error().what;
  const auto* report = value->as<json::Object>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(json::find(*report, "cases")->as<json::Array>()->size(), 3U);
  EXPECT_EQ(json::find(*report, "rules")->as<json::Array>()->size(), 3U);
}

TEST(AFileName, HoldsNothingThatAFileSystemMinds) {
  EXPECT_EQ(file_name("a/b[c=0x 1]"), "a_b_c=0x_1_");
}

}  // namespace
}  // namespace conformance
