#include <algorithm>
#include <iterator>

#include "conformance/report/print.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

constexpr std::size_t most_breaches_shown = 3;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string seconds(std::uint64_t us) {
  const std::uint64_t hundredths = us / 10'000;
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (rest.size() < 2 ? ".0" : ".") + rest + " s";
}

/// The record that a breach points to: as a line of the transcript.
std::string pointer(const RunResult& run, const Breach& breach) {
  const CaseResult& one = run.cases[breach.case_index];
  std::string text = "      " + one.name;
  if (breach.record && *breach.record < one.transcript.size())
    text += ", record " + std::to_string(*breach.record) + ", byte " + std::to_string(breach.byte) +
            "\n        " + print_line(one.transcript[*breach.record]);
  return text + "\n";
}

void append_rule(std::string& out, const RunResult& run, const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  out += padded(std::string{name_of(rule.verdict)}, 5) + " " + std::string{info.slug} +
         "  (RFC 3720 " + std::string{info.section} + ")\n";
  out += "      " + std::string{info.says} + "\n";
  if (!rule.excuse.empty()) out += "      expected: " + rule.excuse + "\n";
  std::size_t shown = 0;
  for (const Breach& breach : rule.breaches) {
    if (shown++ == most_breaches_shown) break;
    if (!breach.what.empty()) out += "      found: " + breach.what + "\n";
    out += pointer(run, breach);
  }
  if (rule.breaches.size() > most_breaches_shown)
    out += "      and " + std::to_string(rule.breaches.size() - most_breaches_shown) + " more\n";
}

}  // namespace

std::string console_line(const CaseResult& one) {
  const Judgement& judgement = one.judgement;
  std::string line = padded(std::string{name_of(judgement.verdict)}, 11) + " " + one.name;
  if (judgement.verdict != Verdict::pass) {
    line += "\n            ";
    if (judgement.manner != Manner::none) line += std::string{name_of(judgement.manner)} + ": ";
    line += judgement.what;
    if (!judgement.where.empty()) line += "  [" + judgement.where + "]";
  }
  return line + "\n";
}

std::string console_summary(const RunResult& run) {
  std::string out;
  std::vector<const RuleResult*> broken;
  for (const RuleResult& rule : run.rules)
    if (!rule.breaches.empty() && rule.verdict != Verdict::pass) broken.push_back(&rule);
  if (!broken.empty()) out += "\nRules broken by " + run.target + "\n\n";
  for (const RuleResult* rule : broken) append_rule(out, run, *rule);
  const auto kept = std::ranges::count(run.rules, Verdict::pass, &RuleResult::verdict);
  out += "\n" + std::to_string(run.cases.size()) + " cases: ";
  for (const Verdict verdict :
       {Verdict::pass, Verdict::warn, Verdict::fail, Verdict::unsupported, Verdict::error})
    out += std::to_string(count(run, verdict)) + " " + std::string{name_of(verdict)} +
           (verdict == Verdict::error ? "" : ", ");
  out += "\n" + std::to_string(run.rules.size()) + " rules judged: " + std::to_string(kept) +
         " kept, " + std::to_string(broken.size()) + " broken\n" + seconds(run.duration_us) +
         ", seed " + std::to_string(run.seed) + "\n";
  if (!run.remark.empty()) out += "note: " + run.remark + "\n";
  return out;
}

}  // namespace conformance
