#include "conformance/proof/prove.hpp"

#include <algorithm>

namespace conformance::proof {

using iscsi::Rule;

namespace {

std::set<Rule> meant(const Saboteur& saboteur) {
  std::set<Rule> rules{saboteur.rule};
  for (const Companion& companion : saboteur.companions) rules.insert(companion.rule);
  return rules;
}

std::string names_of(const std::set<Rule>& rules) {
  std::string text;
  for (const Rule rule : rules)
    text += (text.empty() ? "" : ", ") + std::string{iscsi::about(rule).slug};
  return text;
}

}  // namespace

bool Proof::killed() const { return fault.empty() && broken == meant(*saboteur); }

std::string Proof::told() const {
  const std::string who =
      std::string{iscsi::about(saboteur->rule).slug} + ": " + std::string{saboteur->does} + ": ";
  if (killed()) return who + "found by " + in_case;
  if (!fault.empty()) return who + "the suite failed in " + in_case + ": " + fault;
  if (played == 0) return who + "no case to go into";
  if (struck == 0) return who + "had nothing to strike in " + std::to_string(played) + " cases";
  if (broken.empty()) return who + "not found in " + std::to_string(played) + " cases";
  return who + in_case + " accuses of " + names_of(broken);
}

std::set<Rule> accused_of(const CaseResult& result) {
  std::set<Rule> rules;
  const auto accuse = [&](Rule rule, Verdict verdict) {
    if (verdict == Verdict::warn || verdict == Verdict::fail) rules.insert(rule);
  };
  for (const Finding& finding : result.observation.findings)
    accuse(finding.rule, weight_of(finding.rule, false));
  if (result.judgement.rule) accuse(*result.judgement.rule, result.judgement.verdict);
  return rules;
}

bool wants_secret(const Story& story) {
  return std::ranges::any_of(story.needs, [](const Requirement& need) {
    return need.kind == Requirement::Kind::secret || need.kind == Requirement::Kind::mutual_secret;
  });
}

}  // namespace conformance::proof
