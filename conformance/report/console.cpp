#include <algorithm>

#include "conformance/report/figures.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

constexpr std::size_t most_breaches_shown = 3;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// Captures have packets that people can look up.
std::string position_of(const Record& record, std::size_t index) {
  if (record.packet != 0) return ", packet " + std::to_string(record.packet);
  return ", record " + std::to_string(index);
}

/// The record that a breach points to: as a line of the transcript.
std::string pointer(const RunResult& run, const Breach& breach) {
  const CaseResult& one = run.cases[breach.case_index];
  std::string text = "      " + one.name;
  if (breach.record && *breach.record < one.transcript.size())
    text += position_of(one.transcript[*breach.record], number_of(one, *breach.record)) +
            (breach.byte ? ", byte " + std::to_string(*breach.byte) : "") + "\n        " +
            print_line(one.transcript[*breach.record]);
  return text + "\n";
}

void append_rule(std::string& out, const RunResult& run, const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  out += padded(std::string{shown_verdict(rule.verdict, rule.excuse)}, 5) + " " +
         name_of(rule, run) + "  (RFC 3720 " + std::string{info.section} + ")\n";
  out += "      " + std::string{info.says} + "\n";
  if (!rule.excuse.empty()) out += "      expected: " + rule.excuse + "\n";
  std::size_t shown = 0;
  for (const Breach& breach : rule.breaches) {
    if (shown++ == most_breaches_shown) break;
    if (!breach.what.empty()) out += "      " + printable(breach.what) + "\n";
    out += pointer(run, breach);
  }
  if (rule.breaches.size() > most_breaches_shown)
    out += "      and " + std::to_string(rule.breaches.size() - most_breaches_shown) + " more\n";
}

}  // namespace

std::string console_line(const CaseResult& one) {
  const Judgement& judgement = one.judgement;
  std::string line =
      padded(std::string{shown_verdict(judgement.verdict, one.excuse)}, 11) + " " + one.name;
  if (judgement.verdict != Verdict::pass) {
    line += "\n            ";
    if (judgement.manner != Manner::none) line += std::string{name_of(judgement.manner)} + ": ";
    line += printable(judgement.what);
    if (!judgement.where.empty()) line += "  [" + judgement.where + "]";
  }
  return line + "\n";
}

std::string console_summary(const RunResult& run) {
  std::string out;
  const std::vector<const RuleResult*> rules = broken(run);
  if (!rules.empty()) out += "\nRules broken by " + run.target + "\n\n";
  for (const RuleResult* rule : rules) append_rule(out, run, *rule);
  const auto unclear = static_cast<std::size_t>(std::ranges::count_if(
      run.rules, [](const RuleResult& rule) { return rule.verdict == Verdict::inconclusive; }));
  const auto kept = run.rules.size() - rules.size() - unclear;
  out += "\n" + std::to_string(run.cases.size()) + " cases: ";
  for (const Verdict verdict : {Verdict::pass, Verdict::inconclusive, Verdict::warn, Verdict::fail,
                                Verdict::unsupported, Verdict::error}) {
    if (verdict == Verdict::inconclusive && !run.both_sides) continue;  // only captures lack PDUs
    out += std::to_string(count(run, verdict)) + " " + std::string{name_of(verdict)} +
           (verdict == Verdict::error ? "" : ", ");
  }
  out += "\n" + std::to_string(run.rules.size()) + " rules judged: " + std::to_string(kept) +
         " kept, " + std::to_string(rules.size()) + " broken" +
         (run.both_sides ? ", " + std::to_string(unclear) + " inconclusive" : "") + "\n" +
         seconds(run.duration_us) + (run.both_sides ? "" : ", seed " + std::to_string(run.seed)) +
         "\n";
  for (const std::string& note : notes_of(run)) out += "note: " + note + "\n";
  return out;
}

}  // namespace conformance
