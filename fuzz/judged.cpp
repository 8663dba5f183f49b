// Holds: whatever several initiators send on several connections, in whatever order of events, the
// judge of conformance/, which shares no code with the engine, finds no rule broken by the target.

#include <array>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "conformance/monitor/monitor.hpp"
#include "support/entry.hpp"
#include "support/play.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

void hear(conformance::Monitor& monitor, std::vector<Said> record) {
  using enum conformance::Record::Kind;
  for (Said& said : record) {
    const auto kind = said.kind == Said::Kind::opened ? opened
                      : said.kind == Said::Kind::sent ? sent
                                                      : received;
    monitor.take({.kind = kind,
                  .connection = static_cast<conformance::ConnectionNumber>(said.connection),
                  .bytes = std::move(said.bytes)});
  }
}

/// A judge who has heard what was said before the input begins.
const conformance::Monitor& judge_of(std::size_t which) {
  static std::array<std::optional<conformance::Monitor>, prepared_count> judges;
  std::optional<conformance::Monitor>& judge = judges.at(which);
  if (!judge) hear(judge.emplace(), prepared(which).record);
  return *judge;
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
  const std::size_t which = settings.below(prepared_count);
  const Prepared& made = prepared(which);
  const auto failure_in = settings.one_of<std::size_t>({0, 0, 0, 3, 17});
  Play play{made, failure_in, settings};
  play.keep_record();
  for (InputPdu& pdu : split(input, 96)) play.take(std::move(pdu));
  play.end();
  conformance::Monitor judge = judge_of(which);
  hear(judge, play.take_record());
  judge.finish();
  for (const conformance::Finding& finding : judge.take_findings()) {
    if (finding.side != conformance::Side::target) continue;
    report(finding);
    require(false, "the judge has nothing to say against the target");
  }
  return 0;
}
