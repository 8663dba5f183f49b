/// The monitor is fed what hostile targets and careless stories send: it has to bear anything.

#include <gtest/gtest.h>

#include <random>

#include "conformance/monitor/monitor.hpp"
#include "conformance/sins.hpp"

namespace conformance {
namespace {

std::vector<Transcript> transcripts() {
  std::vector<Transcript> all;
  for (const auto& converse : sound_values()) all.push_back(converse().transcript);
  for (auto sins :
       {sins_of_form(), sins_of_framing(), sins_of_numbering(), sins_of_login(), sins_of_text(),
        sins_of_values(), sins_of_authentication(), sins_of_discovery(), sins_of_tasks(),
        sins_of_reading(), sins_of_writing(), sins_of_both_directions()})
    for (const Sin& sin : sins) all.push_back(sin.commit().transcript);
  return all;
}

/// Bytes of one PDU turned to others, the PDU cut, sent twice, moved, or to the other side.
void disturb(Transcript& transcript, std::mt19937& random) {
  const auto below = [&](std::size_t end) { return random() % end; };
  const std::size_t at = 1 + below(transcript.size() - 1);
  Record& record = transcript[at];
  switch (below(6)) {
    case 0: record.bytes.resize(below(record.bytes.size() + 1)); break;
    case 1: transcript.insert(transcript.begin() + static_cast<long>(at), Record{record}); break;
    case 2: std::swap(record, transcript[1 + below(transcript.size() - 1)]); break;
    case 3: record.connection = static_cast<ConnectionNumber>(below(3)); break;
    case 4:
      record.kind = record.kind == Record::Kind::sent ? Record::Kind::received : Record::Kind::sent;
      break;
    default:
      for (std::size_t i = below(4) + 1; i > 0 && !record.bytes.empty(); --i)
        record.bytes[below(record.bytes.size())] = static_cast<std::byte>(random());
  }
}

TEST(TheMonitor, BearsWhateverIsSent) {
  std::mt19937 random{3720};
  std::size_t findings = 0;
  for (const Transcript& sound : transcripts())
    for (int round = 0; round < 60; ++round) {
      Transcript transcript = sound;
      for (int i = round % 4; i >= 0; --i) disturb(transcript, random);
      const Observation seen = observe(transcript);
      for (const Finding& finding : seen.findings) {
        ASSERT_LT(finding.record.value(), transcript.size());
        ASSERT_TRUE(seen.checked.contains(finding.rule));
      }
      findings += seen.findings.size();
    }
  EXPECT_GT(findings, 1000U);
}

}  // namespace
}  // namespace conformance
