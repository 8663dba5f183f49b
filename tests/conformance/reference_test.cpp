/// The reference, judged in this process by every story; and the judge, held to what it may see.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

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

/// Stories that play an initiator who breaks rules, without damage to a PDU that would say so.
const std::set<std::string, std::less<>> stories_of_wrong_initiators{
    "discovery/other-text",
    "discovery/rejects-logout-for-recovery",
    "discovery/rejects-nop-out",
    "discovery/rejects-scsi-command",
    "discovery/rejects-task-management",
    "errors/data-out-for-another-unit",
    "errors/data-out-of-no-command",
    "errors/data-out-out-of-sequence",
    "errors/inconsistent-command",
    "errors/login-in-full-feature-phase",
    "errors/reject-ends-no-task",
    "errors/snack-at-level-zero",
    "errors/unknown-additional-header",
    "login/first-pdu-is-no-login",
    "login/initiator-name-twice",
    "login/key-of-another-stage",
    "login/key-twice-in-one-request",
    "login/long-key-name",
    "login/longer-than-8192-bytes",
    "login/no-initiator-name",
    "login/no-target-name",
    "login/other-connection-id-in-second-request",
    "login/other-request-during-login",
    "login/rejected-key-keeps-its-value",
    "login/reserved-word-as-proposal",
    "login/session-type-defaults-to-normal",
    "login/stage-code-is-reserved",
    "login/text-without-end",
    "login/too-long-initiator-name",
    "login/transition-is-not-allowed",
    "login/unsupported-version",
    "login/value-out-of-bounds",
    "logout/nothing-behind",
    "numbering/abort-fills-the-gap",
    "numbering/cmd-sn-above-window",
    "numbering/cmd-sn-below-window",
    "numbering/duplicate-inside-window",
    "numbering/gap-holds-commands-back",
    "numbering/immediate-commands-find-room",
    "numbering/wrap",
    "scsi/immediate-data-beyond-first-burst",
    "scsi/immediate-data-not-agreed",
    "scsi/unsolicited-data-falls-short",
    "scsi/unsolicited-data-not-agreed",
    "text/failed-negotiation-changes-nothing",
    "text/invalid-value",
    "text/key-twice",
    "text/stale-transfer-tag",
};

/// The judge's own initiator, as the monitor sees it: right, but where a story wants it wrong.
TEST(TheJudge, BreaksNoRuleThatAStoryDoesNotWantBroken) {
  std::set<std::string, std::less<>> wrong;
  for (const CaseResult& one : run_all(1).cases)
    for (const Finding& finding : observe(one.transcript, Side::initiator).findings) {
      if (one.transcript[finding.record.value()].damaged) continue;
      const std::string story = one.name.substr(0, one.name.find('['));
      wrong.insert(story);
      EXPECT_TRUE(stories_of_wrong_initiators.contains(story))
          << one.name << " breaks " << iscsi::about(finding.rule).slug << ": " << finding.what;
    }
  EXPECT_EQ(wrong, stories_of_wrong_initiators);
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

/// nlohmann's header costs seconds wherever it is included: what is held as values has one file,
/// and captures, which are too long for that and are read as a stream, another.
TEST(TheJudge, HasItsJsonParserInTwoFiles) {
  const fs::path root{SOURCE_ROOT "/conformance"};
  std::set<std::string> includers;
  for (const auto& entry : fs::recursive_directory_iterator{root}) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    std::ifstream in{entry.path()};
    for (std::string line; std::getline(in, line);)
      if (line.find("<nlohmann/") != line.npos)
        includers.insert(fs::relative(entry.path(), root).string());
  }
  EXPECT_EQ(includers, (std::set<std::string>{"capture/json_source.cpp", "story/json.cpp"}));
}

}  // namespace
}  // namespace conformance
