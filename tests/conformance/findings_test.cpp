/// `iscsi-trace check` over conversations between programs that nobody here wrote: the best guard
/// against wrong accusations. Every finding that is expected was held against the bytes and the RFC
/// by hand (docs/findings.md).

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "conformance/report/checked_captures.hpp"
#include "conformance/report/expectations.hpp"
#include "conformance/report/pcapng.hpp"
#include "conformance/report/reports.hpp"
#include "conformance/sins.hpp"

namespace conformance {
namespace {

namespace fs = std::filesystem;

/// `name.pcap` and `name.pcap.gz` alike.
std::string stem_of(const fs::path& capture) {
  const std::string name = capture.filename().string();
  return name.substr(0, name.find(".pcap"));
}

Expectations expected_of(const fs::path& capture) {
  const fs::path file =
      fs::path{SOURCE_ROOT} / "conformance/expectations/captured" / (stem_of(capture) + ".json");
  std::ifstream in{file, std::ios::binary};
  if (!in) return {};
  const auto read = read_expectations(std::string{std::istreambuf_iterator<char>{in}, {}});
  EXPECT_TRUE(read.has_value()) << file;
  return read ? *read : Expectations{};
}

TEST(Findings, InCapturesAreThoseThatAreKnownWithAReason) {
  const fs::path folder = SOURCE_ROOT "/../shared/traces";
  if (!fs::exists(folder)) GTEST_SKIP() << "THE CAPTURES ARE NOT HERE: " << folder;
  std::size_t captures = 0;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (!entry.path().filename().string().contains(".pcap")) continue;
    CheckedCaptures checked;
    const auto read = checked.read(entry.path().string());
    ASSERT_TRUE(read.has_value()) << (read ? "" : read.error());
    RunResult run = checked.result(false);
    run.target = entry.path().filename().string();
    sum_up_rules(run);
    run.complaints = excuse(run, expected_of(entry.path()).known);
    EXPECT_TRUE(run.complaints.empty()) << entry.path() << ": " << run.complaints.front();
    EXPECT_GE(run.cases.size(), 1U) << entry.path();
    std::size_t judged_initiator = 0;
    for (const RuleResult& rule : run.rules) {
      judged_initiator += rule.side == Side::initiator && rule.looks > 0 ? 1U : 0U;
      EXPECT_TRUE(is_accepted(rule.verdict, rule.excuse)) << name_of(rule, run) << "\n"
                                                          << console_summary(run);
    }
    EXPECT_GE(judged_initiator, 40U) << entry.path();
    ++captures;
  }
  EXPECT_GT(captures, 10U);
}

/// A file of our own, in which the initiator breaks one rule and the target another.
fs::path capture_with_two_sins() {
  Scene scene = acknowledged();
  scene.say(ping()).spoil(2, 0x40).answer(echo()).spoil(2, 0x40);
  Story story;
  const CaseResult one{.name = "x",
                       .story = &story,
                       .judgement = {},
                       .observation = {},
                       .transcript = scene.transcript};
  const fs::path file = fs::path{testing::TempDir()} / "two_sins.pcapng";
  const auto bytes = pcapng(one, false);
  std::ofstream{file, std::ios::binary} << iscsi::wire::as_text(bytes);
  return file;
}

RunResult checked(CheckedCaptures& captures, const std::string& known) {
  EXPECT_TRUE(captures.read(capture_with_two_sins().string()).has_value());
  RunResult run = captures.result(false);
  sum_up_rules(run);
  const auto expectations = read_expectations(R"({"version": 1, "known": [)" + known + "]}");
  EXPECT_TRUE(expectations.has_value());
  if (expectations) run.complaints = excuse(run, expectations->known);
  return run;
}

TEST(Findings, TellTheSideThePacketAndTheByte) {
  CheckedCaptures captures;
  const RunResult run = checked(captures, "");
  ASSERT_EQ(run.cases.size(), 1U);
  std::set<Side> sides;
  for (const RuleResult& rule : run.rules) {
    if (rule.breaches.empty()) continue;
    EXPECT_EQ(iscsi::about(rule.rule).slug, "reserved-bits-are-zero");
    ASSERT_EQ(rule.breaches.size(), 1U);
    const Breach& breach = rule.breaches.front();
    EXPECT_EQ(breach.byte, 2U);
    EXPECT_GT(run.cases[0].transcript.at(breach.record.value()).packet, 0U);
    sides.insert(rule.side);
  }
  EXPECT_EQ(sides, (std::set<Side>{Side::initiator, Side::target}));
  EXPECT_NE(console_summary(run).find("reserved-bits-are-zero (initiator)"), std::string::npos);
  EXPECT_NE(console_summary(run).find(", packet "), std::string::npos);
  EXPECT_NE(json_report(run).find("\"side\": \"initiator\""), std::string::npos);
}

TEST(Findings, AreExcusedForTheSideThatAnEntryNames) {
  CheckedCaptures captures;
  const RunResult run = checked(
      captures,
      R"({"rule": "reserved-bits-are-zero", "side": "target", "reason": "a reserved bit"})");
  EXPECT_TRUE(run.complaints.empty());
  for (const RuleResult& rule : run.rules)
    EXPECT_TRUE(rule.breaches.empty() || rule.excuse.empty() == (rule.side == Side::initiator));
}

}  // namespace
}  // namespace conformance
