/// The monitor over conversations between programs that nobody here wrote: the best guard against
/// wrong accusations. Every finding named below was held against the bytes and the RFC by hand.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "conformance/captures.hpp"
#include "conformance/monitor/monitor.hpp"
#include "conformance/report/print.hpp"

namespace conformance {
namespace {

namespace fs = std::filesystem;
using Slugs = std::set<std::string>;

/// What the targets in the captures do wrong.
///  - LIO fills fields with ones that are drawn "or Reserved": the LUN of Data-In without the A bit
///    (10.7.4) and of NOP-In without a transfer tag (10.19), StatSN of Data-In without status
///    (10.7). Reserved fields are zero (10).
///  - IET answers a discovery login of CmdSN 1 with ExpCmdSN 0 (10.12.8), and leaves what was in
///    its buffers as padding (10.1, a SHOULD).
const std::map<std::string, Slugs> known_breaches{
    {"linux-iscsi_iet_tape_changer.pcap", {"padding-is-zero"}},
    {"linux61_lio_chap.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_crc32c.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_default.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_reinstatement.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_solicited_r2t.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_tmf.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_unsolicited.pcap", {"reserved-bits-are-zero"}},
    {"linux61_lio_unsolicited_noimm.pcap", {"reserved-bits-are-zero"}},
    {"win2003_iet_cdrom.pcap", {"leading-login-sets-exp-cmd-sn", "padding-is-zero"}},
};

/// All of LIO's reserved bits: LUN and StatSN of Data-In (25h), LUN of NOP-In (20h).
bool is_field_of_ones(const Finding& finding, const Transcript& transcript) {
  const auto opcode = std::to_integer<unsigned>(transcript[finding.record].bytes[0]) & 0x3fU;
  return (finding.byte == 8 && (opcode == 0x20 || opcode == 0x25)) ||
         (finding.byte == 24 && opcode == 0x25);
}

TEST(TheMonitor, AccusesRealTargetsOfNothingThatTheyDidNotDo) {
  const fs::path folder = SOURCE_ROOT "/../shared/traces";
  if (!fs::exists(folder)) GTEST_SKIP() << "THE CAPTURES ARE NOT HERE: " << folder;
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.path().extension() != ".pcap") continue;
    const Transcript transcript = read_capture(entry.path());
    EXPECT_GE(transcript.size(), 10U) << entry.path();
    const Observation seen = observe(transcript);
    EXPECT_GE(seen.checked.size(), 50U) << entry.path();
    Slugs broken;
    std::string evidence;
    for (const Finding& finding : seen.findings) {
      const std::string slug{iscsi::about(finding.rule).slug};
      EXPECT_TRUE(finding.rule != iscsi::Rule::reserved_bits_are_zero ||
                  is_field_of_ones(finding, transcript))
          << entry.path();
      if (broken.insert(slug).second)
        evidence +=
            slug + ": " + finding.what + "\n  " + print_line(transcript[finding.record]) + "\n";
    }
    const auto known = known_breaches.find(entry.path().filename());
    EXPECT_EQ(broken, known == known_breaches.end() ? Slugs{} : known->second)
        << entry.path() << "\n"
        << evidence;
    ++files;
  }
  EXPECT_GT(files, 10U);
}

}  // namespace
}  // namespace conformance
