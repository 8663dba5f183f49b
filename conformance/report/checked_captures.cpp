#include "conformance/report/checked_captures.hpp"

#include <algorithm>
#include <filesystem>

namespace conformance {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
constexpr std::size_t recent_records = 4096;
constexpr std::size_t most_bytes_kept = 16U << 20U;
constexpr std::size_t bytes_of_evidence = 1024;  // of a PDU of a long conversation
constexpr std::size_t findings_shown = 100;      // of one rule, side and connection
constexpr std::size_t most_notes = 50;

constexpr std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

/// The worst that was found is what the connection comes out as.
void judge(CaseResult& one, bool strict) {
  for (const Observation* seen : {&one.observation, &one.of_initiator})
    for (const Finding& finding : seen->findings) {
      const Verdict verdict = weight_of(finding.rule, strict);
      if (verdict <= one.judgement.verdict) continue;
      one.judgement = {.verdict = verdict,
                       .rule = finding.rule,
                       .what = found_text(finding),
                       .where = {},
                       .record = finding.record,
                       .byte = finding.byte,
                       .side = finding.side};
    }
}

}  // namespace

struct CheckedCaptures::Reading {
  Capture capture;
  std::string name;
  Monitor monitor;
  std::map<ConnectionNumber, std::size_t> cases;
  std::deque<Recent> recent;
  std::size_t next_record = 0;
};

std::size_t CheckedCaptures::case_of(Reading& reading, ConnectionNumber connection) {
  const auto known = reading.cases.find(connection);
  if (known != reading.cases.end()) return known->second;
  const Flow flow = reading.capture.flow(connection);
  Story& story = stories_.emplace_back();
  story.name = reading.name;
  story.claim = "from " + flow.initiator + " to " + flow.target;
  CaseResult one{.name = reading.name + "/" + std::to_string(connection),
                 .story = &story,
                 .judgement = {},
                 .observation = {},
                 .transcript = {}};
  cases_.push_back(std::move(one));
  found_.emplace_back();
  judged_.push_back(0);
  return reading.cases[connection] = cases_.size() - 1;
}

void CheckedCaptures::keep(Reading& reading, Record record) {
  const std::size_t index = case_of(reading, record.connection);
  Transcript& transcript = cases_[index].transcript;
  Recent recent{.record = {}, .case_index = index, .place = nowhere};
  bytes_kept_ += record.bytes.size() + sizeof(Record);
  if (bytes_kept_ <= most_bytes_kept) {
    recent.place = transcript.size();
    transcript.push_back(std::move(record));
  } else {
    if (record.bytes.size() > bytes_of_evidence) record.bytes.resize(bytes_of_evidence);
    recent.record = std::move(record);
  }
  reading.recent.push_back(std::move(recent));
  if (reading.recent.size() > recent_records) reading.recent.pop_front();
  ++reading.next_record;
}

void CheckedCaptures::add_findings(Reading& reading) {
  const std::size_t first = reading.next_record - reading.recent.size();
  for (Finding& finding : reading.monitor.take_findings()) {
    const std::size_t index = case_of(reading, finding.connection);
    if (++found_[index][{finding.rule, finding.side}] > findings_shown) continue;
    CaseResult& one = cases_[index];
    // A PDU that is no longer there cannot be shown.
    if (finding.record < first) {
      finding.record = nowhere;
    } else {
      Recent& recent = reading.recent.at(finding.record - first);
      if (recent.place == nowhere) {
        recent.place = one.transcript.size();
        one.transcript.push_back(recent.record);
      }
      finding.record = recent.place;
    }
    auto& seen = finding.side == Side::target ? one.observation : one.of_initiator;
    seen.findings.push_back(std::move(finding));
  }
}

void CheckedCaptures::count_looks(const Monitor& monitor) {
  for (const Side side : {Side::initiator, Side::target}) {
    for (const auto& [rule, times] : monitor.checked(side)) checked_[index_of(side)][rule] += times;
    for (const auto& [rule, times] : monitor.inconclusive(side))
      inconclusive_[index_of(side)][rule] += times;
  }
}

void CheckedCaptures::add_note(std::string note) {
  if (notes_.size() < most_notes) notes_.push_back(std::move(note));
}

std::expected<void, std::string> CheckedCaptures::read(const std::string& file) {
  auto capture = Capture::open(file);
  if (!capture) return std::unexpected(capture.error());
  Reading reading{.capture = *std::move(capture),
                  .name = std::filesystem::path{file}.filename().string(),
                  .monitor = {},
                  .cases = {},
                  .recent = {}};
  while (true) {
    auto record = reading.capture.next();
    if (!record) return std::unexpected(file + ": " + record.error());
    if (!*record) break;
    const std::int64_t judged_before = reading.monitor.judged();
    reading.monitor.take(**record);
    judged_[case_of(reading, (*record)->connection)] += reading.monitor.judged() - judged_before;
    keep(reading, **std::move(record));
    add_findings(reading);
  }
  reading.monitor.finish();
  add_findings(reading);
  count_looks(reading.monitor);
  for (const CaptureNote& note : reading.capture.take_notes())
    add_note(reading.name + (note.packet != 0 ? ", packet " + std::to_string(note.packet) : "") +
             ": " + note.text);
  return {};
}

RunResult CheckedCaptures::result(bool strict) {
  RunResult run;
  run.strict = strict;
  run.both_sides = true;
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    CaseResult& one = cases_[i];
    if (judged_[i] == 0) {
      one.judgement.verdict = Verdict::inconclusive;
      one.judgement.what = "the capture lacks the packets that it takes to judge it";
    }
    judge(one, strict);
    for (const auto& [place, times] : found_[i])
      if (times > findings_shown)
        add_note(one.name + ": " + std::string{iscsi::about(place.first).slug} + " is broken " +
                 std::to_string(times) + " times, " + std::to_string(findings_shown) +
                 " of them are shown");
  }
  run.cases = std::move(cases_);
  if (run.cases.empty()) return run;
  Observation& target = run.cases.front().observation;
  target.checked = checked_[index_of(Side::target)];
  target.inconclusive = inconclusive_[index_of(Side::target)];
  Observation& initiator = run.cases.front().of_initiator;
  initiator.checked = checked_[index_of(Side::initiator)];
  initiator.inconclusive = inconclusive_[index_of(Side::initiator)];
  return run;
}

}  // namespace conformance
