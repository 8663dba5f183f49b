// Holds: over any transcript, however wrong both sides are, the judge's monitor finds only what it
// says it can judge, about PDUs of the target; it looks back and never forward; the same transcript
// has the same findings.

#include <algorithm>

#include "conformance/monitor/monitor.hpp"
#include "support/entry.hpp"
#include "support/pdu_stream.hpp"
#include "support/require.hpp"
#include "support/steering.hpp"

namespace iscsi::fuzz {
namespace {

using conformance::Finding;
using conformance::Observation;
using conformance::Record;
using conformance::Transcript;

/// Every PDU is a record, whose side its operation code tells. Requests say by their steering where
/// they belong, and responses follow them.
Transcript transcript_of(wire::ByteView input) {
  Transcript transcript;
  conformance::ConnectionNumber connection = 0;
  transcript.push_back({.kind = Record::Kind::opened});
  for (const InputPdu& pdu : split(input)) {
    const bool is_sent = (pdu.opcode() & 0x20U) == 0;
    const Steering steering = is_sent ? steering_of(pdu) : Steering{};
    if (is_sent && steering.connection != connection) {
      connection = steering.connection;
      transcript.push_back({.kind = Record::Kind::opened, .connection = connection});
    }
    if (steering.event == Event::connection_closes)
      transcript.push_back({.kind = Record::Kind::ended, .connection = connection});
    transcript.push_back(
        {.kind = is_sent ? Record::Kind::sent : Record::Kind::received,
         .connection = connection,
         .bytes = join({pdu}, {.header = steering.spoils_header, .data = steering.spoils_data}),
         .damaged = steering.as_it_stands});
  }
  return transcript;
}

bool same(const Finding& one, const Finding& other) {
  return one.rule == other.rule && one.record == other.record && one.byte == other.byte &&
         one.found == other.found && one.what == other.what;
}

void check_finding(const Finding& finding, const Transcript& transcript,
                   const Observation& observation) {
  require(finding.record.has_value() && *finding.record < transcript.size(),
          "a finding is about a record");
  require(transcript[*finding.record].connection == finding.connection,
          "a finding is about the connection of its record");
  require(transcript[*finding.record].kind == Record::Kind::received,
          "only the target's PDUs are found wrong");
  const auto rules = conformance::monitored_rules();
  require(std::ranges::find(rules, finding.rule) != rules.end(),
          "only rules that the monitor can judge are found broken");
  const auto checked = observation.checked.find(finding.rule);
  require(checked != observation.checked.end() && checked->second > 0,
          "what is found broken was looked at");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  Transcript transcript = transcript_of(bytes_of(data, size));
  const Observation whole = conformance::observe(transcript);
  for (const Finding& finding : whole.findings) check_finding(finding, transcript, whole);
  require(std::ranges::is_sorted(whole.findings, {}, &Finding::record), "findings come in order");

  transcript.resize(1 + transcript.size() / 2);
  const Observation part = conformance::observe(transcript);
  require(part.findings.size() <= whole.findings.size() &&
              std::ranges::equal(part.findings,
                                 std::span{whole.findings}.first(part.findings.size()), same),
          "the beginning of a transcript has the beginning of the findings");
  require(std::ranges::none_of(
              std::span{whole.findings}.subspan(part.findings.size()),
              [&](const Finding& finding) { return *finding.record < transcript.size(); }),
          "and all of them");
  return 0;
}
