#include "conformance/report/checked_captures.hpp"

#include <algorithm>
#include <filesystem>

namespace conformance {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
constexpr std::size_t recent_records = 4096;
constexpr std::size_t most_bytes_kept = 16U << 20U;
constexpr std::size_t bytes_of_evidence = 1024;  // of a PDU of a long conversation
constexpr std::size_t findings_shown = 100;      // of one rule, side and case
constexpr std::size_t most_findings = 20000;     // shown, of all captures
constexpr std::size_t most_cases = 4096;
constexpr std::size_t most_notes = 50;

constexpr std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

/// Leaves what is needed as evidence; what is left out becomes a hole.
void cut(Record& record) {
  const std::size_t size = record.bytes.size();
  if (size <= bytes_of_evidence) return;
  // Not `resize`, which would keep the memory.
  record.bytes = {record.bytes.begin(), record.bytes.begin() + bytes_of_evidence};
  std::erase_if(record.holes, [](const Hole& hole) { return hole.offset >= bytes_of_evidence; });
  if (!record.holes.empty())
    record.holes.back().length = std::min<std::uint32_t>(
        record.holes.back().length,
        static_cast<std::uint32_t>(bytes_of_evidence) - record.holes.back().offset);
  record.holes.push_back({.offset = static_cast<std::uint32_t>(bytes_of_evidence),
                          .length = static_cast<std::uint32_t>(size - bytes_of_evidence)});
}

std::string place_of(const std::string& capture, std::uint64_t packet) {
  return capture + (packet != 0 ? ", packet " + std::to_string(packet) : "") + ": ";
}

}  // namespace

struct CheckedCaptures::Reading {
  Capture capture;
  std::string name;
  Monitor monitor;
  std::map<ConnectionNumber, std::size_t> cases{};
  std::optional<std::size_t> others{};  ///< the case of all connections without one of their own
  std::deque<Recent> recent{};
  std::size_t next_record = 0;
};

std::size_t CheckedCaptures::add_case(const std::string& name, std::string claim) {
  Story& story = stories_.emplace_back();
  story.name = name.substr(0, name.rfind('/'));
  story.claim = std::move(claim);
  cases_.push_back(
      {.name = name, .story = &story, .judgement = {}, .observation = {}, .transcript = {}});
  found_.emplace_back();
  judged_.push_back(0);
  return cases_.size() - 1;
}

std::size_t CheckedCaptures::case_of(Reading& reading, ConnectionNumber connection) {
  const auto known = reading.cases.find(connection);
  if (known != reading.cases.end()) return known->second;
  if (reading.others) return *reading.others;
  if (cases_.size() >= most_cases) {
    reading.others = add_case(reading.name + "/others",
                              "the connections from number " + std::to_string(connection) + " on");
    return *reading.others;
  }
  const Flow flow = reading.capture.flow(connection);
  return reading.cases[connection] = add_case(reading.name + "/" + std::to_string(connection),
                                              "from " + flow.initiator + " to " + flow.target);
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
    cut(record);
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
    const std::size_t times = ++found_[index][{finding.rule, finding.side}];
    const bool is_first = ++found_anywhere_[{finding.rule, finding.side}] == 1;
    if (times > findings_shown || (findings_kept_ >= most_findings && !is_first)) continue;
    ++findings_kept_;
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
                  .monitor = {}};
  while (true) {
    auto record = reading.capture.next();
    if (!record) cut_short_.push_back(reading.name + ": " + record.error());
    if (!record || !*record) break;
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
    add_note(place_of(reading.name, note.packet) + note.text);
  return {};
}

/// The worst that was found is what a case comes out as.
void CheckedCaptures::judge(std::size_t index, bool strict) {
  CaseResult& one = cases_[index];
  Judgement& judgement = one.judgement;
  if (judged_[index] == 0) {
    judgement.verdict = Verdict::inconclusive;
    judgement.what = "the capture lacks the packets that it takes to judge it";
  }
  for (const Observation* seen : {&one.observation, &one.of_initiator})
    for (const Finding& finding : seen->findings) {
      const Verdict verdict = weight_of(finding.rule, strict);
      if (verdict <= judgement.verdict) continue;
      judgement = {.verdict = verdict,
                   .rule = finding.rule,
                   .what = found_text(finding),
                   .where = {},
                   .record = finding.record,
                   .byte = finding.byte,
                   .side = finding.side};
    }
  // What is not shown counts as well.
  for (const auto& [place, times] : found_[index]) {
    const Verdict verdict = weight_of(place.first, strict);
    if (verdict <= judgement.verdict) continue;
    judgement = {.verdict = verdict,
                 .rule = place.first,
                 .what = "found " + std::to_string(times) + " times",
                 .where = {},
                 .record = {},
                 .side = place.second};
  }
}

RunResult CheckedCaptures::result(bool strict) {
  RunResult run;
  run.strict = strict;
  run.both_sides = true;
  for (const std::string& cut : cut_short_)
    run.remark += (run.remark.empty() ? "" : "; ") + cut + "; what is before it was judged";
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    judge(i, strict);
    const CaseResult& one = cases_[i];
    for (const auto& [place, times] : found_[i]) {
      const Observation& seen = place.second == Side::target ? one.observation : one.of_initiator;
      const auto shown =
          static_cast<std::size_t>(std::ranges::count(seen.findings, place.first, &Finding::rule));
      if (times > shown)
        add_note(one.name + ": " + std::string{iscsi::about(place.first).slug} + " is broken " +
                 std::to_string(times) + " times, " + std::to_string(shown) + " of them are shown");
    }
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
