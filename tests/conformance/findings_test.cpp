/// `iscsi-trace check` over conversations between programs that nobody here wrote: the best guard
/// against wrong accusations. Every finding that is expected was held against the bytes and the RFC
/// by hand (docs/findings.md).

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "conformance/report/checked_captures.hpp"
#include "conformance/report/expectations.hpp"
#include "conformance/report/reports.hpp"

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

}  // namespace
}  // namespace conformance
