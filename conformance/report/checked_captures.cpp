#include "conformance/report/checked_captures.hpp"

#include <algorithm>
#include <filesystem>

#include "pdu/opcode.hpp"

namespace conformance {
namespace {

constexpr std::size_t most_bytes_kept = 16U << 20U;
constexpr std::size_t bytes_of_evidence = 1024;  // of a PDU
constexpr std::size_t bytes_of_text = 8192;      // of one that carries text: its keys are told
constexpr std::size_t recent_texts = 256;
constexpr std::size_t findings_shown = 100;   // of one rule, side and case
constexpr std::size_t most_findings = 20000;  // shown, of all captures
constexpr std::size_t most_cases = 4096;
constexpr std::size_t most_notes = 50;

constexpr std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

std::size_t memory_of(const Record& record) {
  return sizeof(Record) + record.bytes.capacity() + record.holes.capacity() * sizeof(Hole);
}

bool has_text(const Record& record) {
  return !record.bytes.empty() && iscsi::pdu::carries_text(iscsi::pdu::opcode_of(record.bytes));
}

/// What is needed as evidence.
Record excerpt(const Record& record) {
  const std::size_t size = record.bytes.size();
  const std::size_t kept = std::min(size, has_text(record) ? bytes_of_text : bytes_of_evidence);
  Record out;
  out.kind = record.kind;
  out.connection = record.connection;
  out.at_us = record.at_us;
  out.bytes.assign(record.bytes.begin(), record.bytes.begin() + static_cast<std::ptrdiff_t>(kept));
  out.violation = record.violation;
  out.damaged = record.damaged;
  out.midway = record.midway;
  out.packet = record.packet;
  out.left_out = size - kept + record.left_out;
  for (const Hole& hole : record.holes) {
    if (hole.offset >= kept) break;
    const auto most = static_cast<std::uint32_t>(kept - hole.offset);
    out.holes.push_back({.offset = hole.offset, .length = std::min(hole.length, most)});
  }
  return out;
}

/// Who talked to whom, as far as that is told.
std::string claim_of(const Endpoints& ends) {
  if (ends.initiator.empty() && ends.target.empty()) return "a captured conversation";
  return "from " + ends.initiator + " to " + ends.target;
}

}  // namespace

struct CheckedCaptures::Reading {
  Capture capture;
  std::string name;
  Monitor monitor;
  std::map<ConnectionNumber, std::size_t> cases{};
  std::optional<std::size_t> others{};  ///< the case of all connections without one of their own
  std::optional<std::pair<ConnectionNumber, std::size_t>> latest{};  ///< whose case was asked for
  std::map<std::size_t, Evidence> accused{};
  std::size_t accused_bytes = 0;
  using Text = std::pair<std::size_t, Evidence>;
  std::deque<Text> texts{};  ///< the last requests that carry it: a later PDU may accuse them
  std::size_t next_record = 0;
};

std::size_t CheckedCaptures::add_case(const std::string& name, std::string claim) {
  Story& story = stories_.emplace_back();
  story.name = name.substr(0, name.rfind('/'));
  story.claim = std::move(claim);
  cases_.push_back(
      {.name = name, .story = &story, .judgement = {}, .observation = {}, .transcript = {}});
  counts_.emplace_back();
  return cases_.size() - 1;
}

std::size_t CheckedCaptures::case_of(Reading& reading, ConnectionNumber connection) {
  if (reading.latest && reading.latest->first == connection) return reading.latest->second;
  const auto found = [&] {
    const auto known = reading.cases.find(connection);
    if (known != reading.cases.end()) return known->second;
    if (reading.others) return *reading.others;
    if (cases_.size() >= most_cases) {
      reading.others = add_case(reading.name + "/others", "the connections from number " +
                                                              std::to_string(connection) + " on");
      return *reading.others;
    }
    const Endpoints ends = reading.capture.endpoints(connection);
    return reading.cases[connection] =
               add_case(reading.name + "/" + std::to_string(connection), claim_of(ends));
  }();
  reading.latest = {connection, found};
  return found;
}

/// All of a conversation, if that is wanted and there is room; the place in its transcript.
std::optional<std::size_t> CheckedCaptures::keep_whole(std::size_t index, std::size_t number,
                                                       Record& record) {
  if (shown_ != Shown::conversations || bytes_kept_ > most_bytes_kept) return std::nullopt;
  bytes_kept_ += memory_of(record);
  if (bytes_kept_ > most_bytes_kept) return std::nullopt;
  return keep(index, number, std::move(record));
}

/// Puts a record into the transcript of its case, where it has its place then.
std::size_t CheckedCaptures::keep(std::size_t index, std::size_t number, Record record) {
  CaseResult& one = cases_[index];
  const std::size_t place = one.transcript.size();
  if (number != place || !one.numbers.empty()) {
    for (std::size_t i = one.numbers.size(); i < place; ++i) one.numbers.push_back(i);
    one.numbers.push_back(number);
  }
  one.transcript.push_back(std::move(record));
  return place;
}

bool CheckedCaptures::may_be_shown(std::size_t index, const Accusation& accusation) const {
  const Place place{accusation.rule, accusation.side};
  const auto times = counts_[index].found.find(place);
  if (times != counts_[index].found.end() && times->second >= findings_shown) return false;
  return findings_kept_ < most_findings || !found_anywhere_.contains(place);
}

/// Findings wait until the other side is heard: meanwhile their PDUs are kept. `now`: the record
/// that was taken just now, in which most of them are.
void CheckedCaptures::keep_accused(Reading& reading, std::size_t index, const Evidence& now,
                                   const std::vector<Accusation>& accusations) {
  std::map<std::size_t, std::pair<std::size_t, bool>> times;  // how often, and whether it is shown
  for (const Accusation& accusation : accusations) {
    auto& [count, shown] = times[accusation.record];
    ++count;
    shown = shown || may_be_shown(index, accusation);
  }
  for (const auto& [number, of_record] : times) {
    const auto& [count, shown] = of_record;
    if (const auto known = reading.accused.find(number); known != reading.accused.end()) {
      known->second.accusations += count;
      continue;
    }
    if (!shown || reading.accused_bytes > most_bytes_kept) continue;
    const bool is_now = number + 1 == reading.next_record;
    const auto text = std::ranges::find(reading.texts, number, &Reading::Text::first);
    if (!is_now && text == reading.texts.end()) continue;
    Evidence evidence = is_now ? now : text->second;
    evidence.accusations = count;
    reading.accused_bytes += memory_of(evidence.record);
    reading.accused.emplace(number, std::move(evidence));
  }
}

void CheckedCaptures::take(Reading& reading, Record record) {
  const std::int64_t judged_before = reading.monitor.judged();
  reading.monitor.take(record);
  const std::size_t index = case_of(reading, record.connection);
  counts_[index].judged += reading.monitor.judged() - judged_before;
  Evidence now{.number = counts_[index].records++};
  const std::size_t number = reading.next_record++;
  const std::vector<Accusation> accusations = reading.monitor.take_accusations();
  const bool is_text = record.kind == Record::Kind::sent && has_text(record);
  now.place = keep_whole(index, now.number, record);
  if (!now.place && (is_text || !accusations.empty())) now.record = excerpt(record);
  if (!accusations.empty()) keep_accused(reading, index, now, accusations);
  add_findings(reading);
  reading.capture.reuse(std::move(record.bytes));
  if (!is_text) return;
  reading.texts.emplace_back(number, std::move(now));
  if (reading.texts.size() > recent_texts) reading.texts.pop_front();
}

/// One finding less is to come for that record.
void CheckedCaptures::release(Reading& reading, std::size_t record) {
  const auto evidence = reading.accused.find(record);
  if (evidence == reading.accused.end() || --evidence->second.accusations > 0) return;
  reading.accused_bytes -= memory_of(evidence->second.record);
  reading.accused.erase(evidence);
}

void CheckedCaptures::add_findings(Reading& reading) {
  for (Finding& finding : reading.monitor.take_findings()) {
    const std::size_t index = case_of(reading, finding.connection);
    const std::size_t times = ++counts_[index].found[{finding.rule, finding.side}];
    const bool is_first = ++found_anywhere_[{finding.rule, finding.side}] == 1;
    const std::size_t number = finding.record.value();
    if (times <= findings_shown && (findings_kept_ < most_findings || is_first)) {
      ++findings_kept_;
      const auto evidence = reading.accused.find(number);
      finding.record.reset();
      if (evidence != reading.accused.end()) {
        Evidence& found = evidence->second;
        if (!found.place) found.place = keep(index, found.number, found.record);
        finding.record = found.place;
      }
      CaseResult& one = cases_[index];
      auto& seen = finding.side == Side::target ? one.observation : one.of_initiator;
      seen.findings.push_back(std::move(finding));
    }
    release(reading, number);
  }
  for (const std::size_t record : reading.monitor.take_cleared()) release(reading, record);
}

void CheckedCaptures::count_looks(const Monitor& monitor) {
  for (const Side side : {Side::initiator, Side::target}) {
    for (const auto& [rule, times] : monitor.checked(side)) checked_[index_of(side)][rule] += times;
    for (const auto& [rule, times] : monitor.inconclusive(side))
      inconclusive_[index_of(side)][rule] += times;
  }
}

void CheckedCaptures::add_note(std::string note) {
  if (notes_.size() < most_notes)
    notes_.push_back(std::move(note));
  else
    ++notes_left_out_;
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
    take(reading, **std::move(record));
  }
  reading.monitor.finish();
  add_findings(reading);
  count_looks(reading.monitor);
  for (const CaptureNote& note : reading.capture.take_notes())
    add_note(reading.name + ": " + note.print());
  return {};
}

/// What is accused late is kept late: brings the transcript back in order.
void CheckedCaptures::sort_transcript(CaseResult& one) {
  if (std::ranges::is_sorted(one.numbers)) return;
  std::multimap<std::size_t, std::size_t> in_order;  // places, by number
  for (std::size_t i = 0; i < one.numbers.size(); ++i) in_order.emplace(one.numbers[i], i);
  std::vector<std::size_t> place_of(one.numbers.size());
  Transcript transcript;
  one.numbers.clear();
  for (const auto& [number, before] : in_order) {
    place_of[before] = transcript.size();
    transcript.push_back(std::move(one.transcript[before]));
    one.numbers.push_back(number);
  }
  one.transcript = std::move(transcript);
  for (Observation* seen : {&one.observation, &one.of_initiator})
    for (Finding& finding : seen->findings)
      if (finding.record) finding.record = place_of[*finding.record];
}

/// The worst that was found is what a case comes out as.
void CheckedCaptures::judge(std::size_t index, bool strict) {
  CaseResult& one = cases_[index];
  Judgement& judgement = one.judgement;
  if (counts_[index].judged == 0) {
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
  for (const auto& [place, times] : counts_[index].found) {
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
    CaseResult& one = cases_[i];
    sort_transcript(one);
    judge(i, strict);
    if (shown_ == Shown::conversations && one.transcript.size() < counts_[i].records)
      one.notes.push_back("of " + std::to_string(counts_[i].records) + " records " +
                          std::to_string(one.transcript.size()) + " are kept");
    for (const auto& [place, times] : counts_[i].found) {
      const Observation& seen = place.second == Side::target ? one.observation : one.of_initiator;
      const auto shown =
          static_cast<std::size_t>(std::ranges::count(seen.findings, place.first, &Finding::rule));
      if (times > shown)
        add_note(one.name + ": " + std::string{iscsi::about(place.first).slug} + " is broken " +
                 std::to_string(times) + " times, " + std::to_string(shown) + " of them are shown");
    }
  }
  if (notes_left_out_ > 0) notes_.push_back(std::to_string(notes_left_out_) + " more are not told");
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
