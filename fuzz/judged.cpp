// Holds: whatever several initiators send on several connections, in whatever order of events, the
// judge of conformance/, which shares no code with the engine, finds no rule broken by the target.

#include <cstdio>

#include "conformance/monitor/monitor.hpp"
#include "support/entry.hpp"
#include "support/play.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

conformance::Transcript transcript_of(const std::vector<Said>& record) {
  using enum conformance::Record::Kind;
  conformance::Transcript transcript;
  transcript.reserve(record.size());
  for (const Said& said : record) {
    const auto kind = said.kind == Said::Kind::opened ? opened
                      : said.kind == Said::Kind::sent ? sent
                                                      : received;
    transcript.push_back({.kind = kind,
                          .connection = static_cast<conformance::ConnectionNumber>(said.connection),
                          .bytes = said.bytes});
  }
  return transcript;
}

/// With FUZZ_TRACE set, the PDUs are above it.
void report(const conformance::Finding& finding) {
  const std::string_view slug = about(finding.rule).slug;
  std::fprintf(stderr, "record %zu, byte %u: %.*s: %s\n", finding.record.value_or(0), finding.byte,
               static_cast<int>(slug.size()), slug.data(), finding.what.c_str());
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const auto input = bytes_of(data, size);
  Settings settings{input};
  const Prepared& made = prepared(settings.below(prepared_count));
  const auto failure_in = settings.one_of<std::size_t>({0, 0, 0, 3, 17});
  Play play{made, failure_in, settings};
  for (InputPdu& pdu : split(input, 96)) play.take(std::move(pdu));
  play.end();
  const conformance::Transcript transcript = transcript_of(play.record());
  const conformance::Observation observation = conformance::observe(transcript);
  if (!observation.findings.empty()) report(observation.findings.front());
  require(observation.findings.empty(), "the judge has nothing to say against the target");
  return 0;
}
