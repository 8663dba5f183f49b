#include "conformance/report/expectations.hpp"

#include <gtest/gtest.h>

#include "conformance/runs.hpp"

namespace conformance {
namespace {

using iscsi::Rule;

std::vector<Expectation> expecting(const std::string& entries) {
  const auto read = read_expectations(R"({"version": 1, "known": [)" + entries + "]}");
  EXPECT_TRUE(read.has_value()) << read.error().where << ": " << read.error().what;
  return read ? read->known : std::vector<Expectation>{};
}

using Complaints = std::vector<std::string>;

TEST(AnExpectationAboutARule, ExcusesItsBreachesWhereverTheyAre) {
  RunResult run = a_run();
  EXPECT_EQ(excuse(run, expecting(R"({"rule": "ping-data-is-returned", "reason": "known"})")),
            Complaints{});
  EXPECT_EQ(run.cases[1].excuse, "known");
  EXPECT_EQ(about_rule(run, Rule::ping_data_is_returned).excuse, "known");
  EXPECT_TRUE(is_accepted(run.cases[1].judgement.verdict, run.cases[1].excuse));
}

/// The monitor finds a MUST broken in a second case.
RunResult a_run_with_two_breaches() {
  RunResult run = a_run();
  run.cases[2].observation.findings.push_back({.rule = Rule::ping_data_is_returned, .record = 1});
  sum_up_rules(run);
  return run;
}

TEST(AnExpectationAboutAStory, ExcusesWhatGoesWrongThereAndNothingElsewhere) {
  const auto entries = expecting(R"({"story": "nop-out/*2]", "reason": "known"})");
  RunResult run = a_run();
  EXPECT_EQ(excuse(run, entries), Complaints{});
  EXPECT_EQ(run.cases[1].excuse, "known");
  EXPECT_EQ(about_rule(run, Rule::ping_data_is_returned).excuse, "known");
  RunResult worse = a_run_with_two_breaches();
  EXPECT_EQ(excuse(worse, entries), Complaints{});
  EXPECT_EQ(about_rule(worse, Rule::ping_data_is_returned).excuse, "")
      << "broken in another case as well";
}

TEST(AnExpectation, ExcusesNoWarning) {
  RunResult run = a_run();
  EXPECT_EQ(excuse(run, expecting(R"({"rule": "padding-is-zero", "reason": "r"})")),
            Complaints{"rule padding-is-zero is expected to fail, and nothing fails for it"});
  EXPECT_EQ(about_rule(run, Rule::padding_is_zero).excuse, "");
}

TEST(AnUnexpectedPass, IsComplainedAbout) {
  RunResult run = a_run();
  EXPECT_EQ(excuse(run, expecting(R"({"rule": "nop-out-is-answered", "reason": "old"})")),
            Complaints{"rule nop-out-is-answered is expected to fail, and nothing fails for it"});
  EXPECT_EQ(excuse(run, expecting(R"({"story": "nop-out/ping[a=1]", "reason": "old"})")),
            Complaints{"story nop-out/ping[a=1] is expected to fail, and nothing fails for it"});
}

TEST(AStaleEntry, IsComplainedAboutUnlessTheRunIsPartial) {
  const auto entries = expecting(R"({"rule": "stat-sn-advances-by-one", "reason": "old"},
                                    {"story": "gone/*", "reason": "old"})");
  RunResult run = a_run();
  EXPECT_EQ(excuse(run, entries),
            (Complaints{"rule stat-sn-advances-by-one is expected to fail, and was not judged",
                        "story gone/* is expected to fail, and was not judged"}));
  run.partial = true;
  EXPECT_EQ(excuse(run, entries), Complaints{});
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
  EXPECT_EQ(complaint(R"({"rule": "padding-is-zero", "story": "x", "reason": "r"})"),
            "known[0]: either a rule or a story");
}

std::vector<std::string> names_of(const Expectations& expectations) {
  std::vector<std::string> names;
  for (const Expectation& entry : expectations.known) names.push_back(entry.name);
  return names;
}

TEST(Rewriting, KeepsReasonsDropsWhatIsStaleAndAddsWhatIsNew) {
  RunResult run = a_run();
  run.cases.push_back(result("nop-out/ping[a=4]", Verdict::fail));
  const Expectations old{.target = "peer 1.0",
                         .known = expecting(R"({"story": "nop-out/ping[a=1]", "reason": "stale"},
                            {"rule": "ping-data-is-returned", "reason": "ticket 5"})")};
  const Expectations fresh = rewrite(run, old);
  EXPECT_EQ(names_of(fresh),
            (std::vector<std::string>{"ping-data-is-returned", "nop-out/ping[a=4]"}));
  EXPECT_EQ(fresh.known[0].reason, "ticket 5");
  EXPECT_EQ(fresh.known[1].reason, "");
  EXPECT_EQ(run.cases[1].excuse, "ticket 5");
  EXPECT_EQ(run.cases[3].excuse, "") << "nobody has given a reason yet";
  EXPECT_EQ(fresh.target, "peer 1.0");
}

TEST(Rewriting, LeavesAloneWhatAPartialRunDidNotComeTo) {
  RunResult run = a_run();
  run.partial = true;
  const Expectations old{.target = {},
                         .known = expecting(R"({"story": "gone/*", "reason": "elsewhere"})")};
  EXPECT_EQ(names_of(rewrite(run, old)),
            (std::vector<std::string>{"gone/*", "ping-data-is-returned"}));
}

TEST(Rewriting, MakesAFileThatAsksForItsReasons) {
  RunResult run = a_run();
  const std::string text = print_expectations(rewrite(run, {}));
  const auto read = read_expectations(text);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().where, "known[0].reason");
  const auto unfinished = read_expectations(text, Reasons::may_be_missing);
  ASSERT_TRUE(unfinished.has_value());
  EXPECT_EQ(names_of(rewrite(run, *unfinished)), names_of(*unfinished));
}

TEST(APattern, FitsWithStarsForAnything) {
  EXPECT_TRUE(fits("login/*", "login/x[a=1]"));
  EXPECT_TRUE(fits("*[a=1]", "login/x[a=1]"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_FALSE(fits("login/", "login/x"));
  EXPECT_FALSE(fits("", "x"));
  EXPECT_TRUE(fits("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(fits("a*b*c", "a-c-b"));
}

TEST(APattern, TakesItsTimeOnlyOnce) {
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "a*";
  EXPECT_FALSE(fits(stars + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace conformance
