#include <algorithm>
#include <map>
#include <string_view>

#include "conformance/report/figures.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string{name} + "=\"" + escaped(value) + "\"";
}

std::string time_attribute(std::uint64_t us) {
  return attribute("time", std::to_string(us / 1'000'000) + "." +
                               std::to_string(us / 1000 % 1000 + 1000).substr(1));
}

struct Entry {
  std::string classname;
  std::string name;
  Verdict verdict = Verdict::pass;
  std::string excuse;
  std::string type;
  std::string message;
  std::string details;
  std::uint64_t duration_us = 0;
};

std::string element(const Entry& entry) {
  const std::string_view verdict = shown_verdict(entry.verdict, entry.excuse);
  std::string out = "    <testcase" + attribute("classname", entry.classname) +
                    attribute("name", entry.name) + time_attribute(entry.duration_us);
  const std::string message = attribute("message", entry.message);
  const std::string reason = attribute("type", entry.type) + message;
  if (verdict == "pass") return out + "/>\n";
  out += ">";
  if (verdict == "known")
    out += "<skipped" + attribute("message", "expected: " + entry.excuse) + "/>";
  else if (verdict == "unsupported")
    out += "<skipped" + message + "/>";
  else if (verdict == "inconclusive")
    out += "<skipped" + attribute("message", "inconclusive: the capture lacks packets") + "/>";
  else if (verdict == "fail")
    out += "<failure" + reason + ">" + escaped(entry.details) + "</failure>";
  else if (verdict == "error")
    out += "<error" + reason + ">" + escaped(entry.details) + "</error>";
  else
    out += "<system-out>" + escaped("warning: " + entry.message + "\n" + entry.details) +
           "</system-out>";
  return out + "</testcase>\n";
}

/// How many of a suite ended how, in the words of JUnit.
struct Totals {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::uint64_t duration_us = 0;

  void add(const Entry& entry) {
    const std::string_view verdict = shown_verdict(entry.verdict, entry.excuse);
    ++tests;
    failures += verdict == "fail" ? 1U : 0U;
    errors += verdict == "error" ? 1U : 0U;
    const bool judged = verdict != "unsupported" && verdict != "inconclusive";
    skipped += !judged || verdict == "known" ? 1U : 0U;
    duration_us += entry.duration_us;
  }
  [[nodiscard]] std::string attributes() const {
    return attribute("tests", std::to_string(tests)) +
           attribute("failures", std::to_string(failures)) +
           attribute("errors", std::to_string(errors)) + time_attribute(duration_us);
  }
};

std::string suite(const RunResult& run, std::string_view name, const std::vector<Entry>& entries,
                  Totals& all) {
  Totals totals;
  std::string elements;
  for (const Entry& entry : entries) {
    totals.add(entry);
    all.add(entry);
    elements += element(entry);
  }
  std::string out = "  <testsuite" + attribute("name", name) + totals.attributes() +
                    attribute("skipped", std::to_string(totals.skipped));
  if (!run.began.empty()) out += attribute("timestamp", run.began.substr(0, 19));
  out += ">\n    <properties>";
  for (const auto& [key, value] :
       {std::pair{"target", run.target}, std::pair{"seed", std::to_string(run.seed)}})
    out += "<property" + attribute("name", key) + attribute("value", value) + "/>";
  return out + "</properties>\n" + elements + "  </testsuite>\n";
}

std::string slug_of(const Judgement& judgement) {
  if (judgement.rule) return std::string{iscsi::about(*judgement.rule).slug};
  return std::string{name_of(judgement.manner)};
}

std::vector<Entry> stories_of(const RunResult& run) {
  std::vector<Entry> stories;
  for (const CaseResult& one : run.cases)
    stories.push_back({.classname = "stories." + one.name.substr(0, one.name.find('/')),
                       .name = one.name,
                       .verdict = one.judgement.verdict,
                       .excuse = one.excuse,
                       .type = slug_of(one.judgement),
                       .message = one.judgement.what,
                       .details = one.story->claim + "\n" + console_line(one),
                       .duration_us = one.duration_us});
  return stories;
}

std::string packet_of(const RunResult& run, const Breach& breach) {
  const Transcript& transcript = run.cases[breach.case_index].transcript;
  if (!breach.record || *breach.record >= transcript.size()) return {};
  const std::uint64_t packet = transcript[*breach.record].packet;
  return packet == 0 ? std::string{} : ", packet " + std::to_string(packet);
}

std::vector<Entry> rules_of(const RunResult& run) {
  std::vector<Entry> rules;
  for (const RuleResult& rule : run.rules) {
    const iscsi::RuleInfo& info = iscsi::about(rule.rule);
    std::string classname = "rules.RFC 3720 " + std::string{info.section};
    // A dot would be a package to those who read this.
    std::ranges::replace(classname.begin() + 6, classname.end(), '.', '-');
    std::string details;
    for (const Breach& breach : rule.breaches)
      details += run.cases[breach.case_index].name + packet_of(run, breach) +
                 (breach.byte ? ", byte " + std::to_string(*breach.byte) : "") + ": " +
                 breach.what + "\n";
    rules.push_back({.classname = classname,
                     .name = name_of(rule, run),
                     .verdict = rule.verdict,
                     .excuse = rule.excuse,
                     .type = std::string{info.slug},
                     .message = std::string{info.says},
                     .details = details,
                     .duration_us = 0});
  }
  return rules;
}

}  // namespace

std::string junit(const RunResult& run) {
  Totals all;
  const std::string suites =
      suite(run, "stories", stories_of(run), all) + suite(run, "rules", rules_of(run), all);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
         attribute("name", "iscsi-conform " + run.target) + all.attributes() + ">\n" + suites +
         "</testsuites>\n";
}

}  // namespace conformance
