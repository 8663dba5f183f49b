#include <string_view>

#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

/// XML 1.0 text: markup escaped, what XML cannot hold replaced.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: {
        const auto code = static_cast<unsigned char>(c);
        out += (code < 0x20 && c != '\n' && c != '\t') || code >= 0x7f ? '?' : c;
      }
    }
  }
  return out;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string{name} + "=\"" + escaped(value) + "\"";
}

struct Entry {
  std::string classname;
  std::string name;
  Verdict verdict = Verdict::pass;
  std::string excuse;
  std::string type;
  std::string message;
  std::uint64_t duration_us = 0;
};

std::string element(const Entry& entry) {
  std::string out =
      "    <testcase" + attribute("classname", entry.classname) + attribute("name", entry.name) +
      attribute("time", std::to_string(entry.duration_us / 1'000'000) + "." +
                            std::to_string(entry.duration_us / 1000 % 1000 + 1000).substr(1));
  const std::string message = attribute("message", entry.message);
  if (entry.verdict == Verdict::pass) return out + "/>\n";
  if (!entry.excuse.empty())
    out += "><skipped" + attribute("message", "expected: " + entry.excuse) + "/>";
  else if (entry.verdict == Verdict::unsupported)
    out += "><skipped" + message + "/>";
  else if (entry.verdict == Verdict::fail)
    out += "><failure" + attribute("type", entry.type) + message + "/>";
  else if (entry.verdict == Verdict::error)
    out += "><error" + message + "/>";
  else
    out += "><system-out>" + escaped("warning: " + entry.message) + "</system-out>";
  return out + "</testcase>\n";
}

std::string suite(std::string_view name, const std::vector<Entry>& entries) {
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::string elements;
  for (const Entry& entry : entries) {
    const bool excused = !entry.excuse.empty();
    skipped += entry.verdict == Verdict::unsupported || excused ? 1 : 0;
    failures += entry.verdict == Verdict::fail && !excused ? 1 : 0;
    errors += entry.verdict == Verdict::error && !excused ? 1 : 0;
    elements += element(entry);
  }
  return "  <testsuite" + attribute("name", name) +
         attribute("tests", std::to_string(entries.size())) +
         attribute("failures", std::to_string(failures)) +
         attribute("errors", std::to_string(errors)) +
         attribute("skipped", std::to_string(skipped)) + ">\n" + elements + "  </testsuite>\n";
}

std::string slug_of(const Judgement& judgement) {
  return judgement.rule ? std::string{iscsi::about(*judgement.rule).slug} : "";
}

}  // namespace

std::string junit(const RunResult& run) {
  std::vector<Entry> stories;
  for (const CaseResult& one : run.cases) {
    const std::size_t slash = one.name.find('/');
    stories.push_back({.classname = "stories." + one.name.substr(0, slash),
                       .name = one.name,
                       .verdict = one.judgement.verdict,
                       .excuse = one.excuse,
                       .type = slug_of(one.judgement),
                       .message = one.judgement.what,
                       .duration_us = one.duration_us});
  }
  std::vector<Entry> rules;
  for (const RuleResult& rule : run.rules) {
    const iscsi::RuleInfo& info = iscsi::about(rule.rule);
    std::string message{info.says};
    if (!rule.breaches.empty()) {
      const Breach& breach = rule.breaches.front();
      message += "; broken " + std::to_string(rule.breaches.size()) + " times, first in " +
                 run.cases[breach.case_index].name + ": " + breach.what;
    }
    rules.push_back({.classname = "rules." + std::string{info.section},
                     .name = std::string{info.slug},
                     .verdict = rule.verdict,
                     .excuse = rule.excuse,
                     .type = std::string{info.slug},
                     .message = message,
                     .duration_us = 0});
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
         attribute("name", "iscsi-conform " + run.target) + ">\n" + suite("stories", stories) +
         suite("rules", rules) + "</testsuites>\n";
}

}  // namespace conformance
