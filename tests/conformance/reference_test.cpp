/// The reference, judged in this process by every story; and the judge, held to what it may see.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "conformance/in_process.hpp"
#include "conformance/play/run.hpp"

namespace conformance {
namespace {

namespace fs = std::filesystem;

RunResult run_all(std::uint64_t seed) {
  iscsi::server::Configuration configuration;
  configuration.logical_units = {{.size_bytes = 64U << 20U}};
  auto transport = InProcess::with(configuration);
  const auto library = Library::read(SOURCE_ROOT "/traces");
  RunResult run{.target = "the reference", .seed = seed, .cases = {}, .rules = {}};
  if (!transport || !library) return run;
  Settings settings;
  settings.target_name = configuration.target_name;
  settings.seed = seed;
  settings.quiet_ms = 1;
  settings.may_write = true;
  const CaseResult seen =
      survey(library->cases_of(*library->find("start/survey")).front(), settings, *transport);
  EXPECT_EQ(seen.judgement.verdict, Verdict::pass) << seen.judgement.what;
  settings.facts.insert_or_assign("blocks", std::uint64_t{131'072});
  settings.facts.insert_or_assign("block", std::uint64_t{0});
  settings.facts.insert_or_assign("writable_blocks", std::uint64_t{4096});
  for (const Case& one : library->cases()) {
    run.cases.push_back(judge_case(one, settings, *transport, false));
    run.cases.back().story = nullptr;
  }
  return run;
}

TEST(TheReference, KeepsEveryRuleThatTheStoriesAndTheMonitorJudge) {
  const RunResult run = run_all(1);
  EXPECT_GT(run.cases.size(), 200U);
  for (const CaseResult& one : run.cases) {
    EXPECT_NE(one.judgement.verdict, Verdict::fail) << one.name << ": " << one.judgement.what;
    EXPECT_NE(one.judgement.verdict, Verdict::error) << one.name << ": " << one.judgement.what;
    for (const Finding& finding : one.observation.findings)
      ADD_FAILURE() << one.name << " breaks " << iscsi::about(finding.rule).slug << ": "
                    << finding.what;
  }
}

TEST(TheVerdicts, AreTheSameForTheSameSeed) {
  const auto verdicts = [] {
    std::vector<Verdict> all;
    for (const CaseResult& one : run_all(7).cases) all.push_back(one.judgement.verdict);
    return all;
  };
  EXPECT_EQ(verdicts(), verdicts());
}

/// What the judge's library includes of the reference.
TEST(TheJudge, DoesNotConsultTheAccused) {
  const std::regex include{"#include \"([^\"]+)\""};
  const std::regex allowed{
      "conformance/(story|model|play|monitor|report|catalogue|proof|recording|capture)/.*|"
      "rules/.*|wire/.*|pdu/.*|limits.hpp|"
      "text/grammar.hpp|text/assembly.hpp"};
  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator{SOURCE_ROOT "/conformance"}) {
    const fs::path path = entry.path();
    if (path.extension() != ".cpp" && path.extension() != ".hpp") continue;
    // The programs may: they are what puts the reference in front of the judge.
    const fs::path folder = path.parent_path().filename();
    if (folder == "conformance" || folder == "command" || folder == "trace") continue;
    std::ifstream in{path};
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      ++seen;
      EXPECT_TRUE(std::regex_match(match[1].str(), allowed)) << path << " includes " << match[1];
    }
  }
  EXPECT_GT(seen, 50U);
}

/// nlohmann's header costs seconds wherever it is included: one file is enough.
TEST(TheJudge, HasItsJsonParserInOneFile) {
  std::size_t includes = 0;
  for (const auto& entry : fs::recursive_directory_iterator{SOURCE_ROOT "/conformance"}) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    std::ifstream in{entry.path()};
    for (std::string line; std::getline(in, line);)
      includes += line.find("<nlohmann/") != line.npos ? 1 : 0;
  }
  EXPECT_EQ(includes, 1U);
}

}  // namespace
}  // namespace conformance
