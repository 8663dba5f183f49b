#include "conformance/report/figures.hpp"

#include <algorithm>
#include <array>

#include "conformance/report/built_in.hpp"

namespace conformance {
namespace {

constexpr std::array<std::string_view, 7> shown_verdicts{
    "fail", "error", "warn", "known", "unsupported", "inconclusive", "pass"};

template <class T, class VerdictOf>
std::vector<Figure> figures(const std::vector<const T*>& all, VerdictOf verdict_of) {
  std::vector<Figure> figures;
  for (const std::string_view name : shown_verdicts)
    figures.push_back({name, static_cast<std::size_t>(std::ranges::count_if(
                                 all, [&](const T* one) { return verdict_of(*one) == name; }))});
  return figures;
}

template <class T>
std::vector<const T*> pointers(const std::vector<T>& all) {
  std::vector<const T*> result;
  for (const T& one : all) result.push_back(&one);
  return result;
}

std::size_t count_of(const std::vector<Figure>& figures, std::string_view name) {
  const auto found = std::ranges::find(figures, name, &Figure::name);
  return found == figures.end() ? 0 : found->count;
}

std::string counted(std::size_t count, std::string_view thing, std::string_view things) {
  return std::to_string(count) + " " + std::string{count == 1 ? thing : things};
}

std::string rules_text(std::size_t count) { return counted(count, "rule", "rules"); }

}  // namespace

std::string_view shown_verdict(Verdict verdict, const std::string& excuse) {
  return verdict == Verdict::fail && !excuse.empty() ? "known" : name_of(verdict);
}

std::vector<Figure> figures_of(const std::vector<const RuleResult*>& rules) {
  return figures(rules,
                 [](const RuleResult& rule) { return shown_verdict(rule.verdict, rule.excuse); });
}

std::vector<Figure> figures_of(const std::vector<const CaseResult*>& cases) {
  return figures(cases, [](const CaseResult& one) {
    return shown_verdict(one.judgement.verdict, one.excuse);
  });
}

std::vector<Figure> rule_figures(const RunResult& run) { return figures_of(pointers(run.rules)); }
std::vector<Figure> case_figures(const RunResult& run) { return figures_of(pointers(run.cases)); }

bool is_broken(const RuleResult& rule) {
  return !rule.breaches.empty() && rule.verdict != Verdict::pass;
}

std::vector<const RuleResult*> broken(const RunResult& run) {
  std::vector<const RuleResult*> rules;
  for (const std::string_view verdict : shown_verdicts)
    for (const RuleResult& rule : run.rules)
      if (is_broken(rule) && shown_verdict(rule.verdict, rule.excuse) == verdict)
        rules.push_back(&rule);
  return rules;
}

Headline headline_of(const RunResult& run) {
  const std::vector<Figure> rules = rule_figures(run);
  const std::vector<Figure> cases = case_figures(run);
  const std::string judged = rules_text(run.rules.size()) + " judged";
  if (const std::size_t failed = count_of(rules, "fail"); failed > 0)
    return {rules_text(failed) + " broken, of " + judged, "fail"};
  if (const std::size_t failed = count_of(cases, "fail"); failed > 0)
    return {counted(failed, "story", "stories") + " failed", "fail"};
  if (const std::size_t wrong = count_of(cases, "error"); wrong > 0)
    return {counted(wrong, "story", "stories") + " could not be acted out", "error"};
  if (!run.stopped.empty()) return {"The run came to no end", "error"};
  if (const std::size_t known = count_of(rules, "known"); known > 0)
    return {rules_text(known) + " broken as expected, of " + judged, "known"};
  if (const std::size_t warned = count_of(rules, "warn"); warned > 0)
    return {rules_text(warned) + " to be warned about, of " + judged, "warn"};
  if (run.rules.empty()) return {"No rule was judged", "unsupported"};
  const std::size_t kept = count_of(rules, "pass");
  if (kept == 0) return {"Nothing could be judged", "inconclusive"};
  if (const std::size_t unclear = count_of(rules, "inconclusive"); unclear > 0)
    return {rules_text(kept) + " kept, none broken, " + std::to_string(unclear) + " inconclusive",
            "pass"};
  return {"All of " + judged + " were kept", "pass"};
}

std::vector<std::string> notes_of(const RunResult& run) {
  std::vector<std::string> notes;
  for (const std::string& note : {run.stopped, run.remark})
    if (!note.empty()) notes.push_back(note);
  for (const std::string& complaint : run.complaints) notes.push_back("expectations: " + complaint);
  return notes;
}

std::vector<std::string> facts_of(const RunResult& run) {
  std::vector<std::string> facts;
  if (!run.began.empty()) facts.push_back(run.began);
  facts.push_back(seconds(run.duration_us));
  facts.push_back("seed " + std::to_string(run.seed));
  if (run.strict) facts.emplace_back("strict");
  if (run.partial) facts.emplace_back("a part of the suite");
  facts.emplace_back(suite_version);
  return facts;
}

std::string seconds(std::uint64_t microseconds) {
  const std::uint64_t hundredths = microseconds / 10'000;
  const std::string rest = std::to_string(hundredths % 100 + 100).substr(1);
  return std::to_string(hundredths / 100) + "." + rest + " s";
}

std::string_view name_of(iscsi::Level level) {
  constexpr std::array<std::string_view, 6> names{"MUST",       "MUST NOT", "SHOULD",
                                                  "SHOULD NOT", "MAY",      "implied"};
  return names.at(static_cast<std::size_t>(level));
}

}  // namespace conformance
