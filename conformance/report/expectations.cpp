#include "conformance/report/expectations.hpp"

#include <algorithm>

#include "conformance/story/loader.hpp"
#include "conformance/story/reader.hpp"

namespace conformance {
namespace {

constexpr std::uint64_t file_version = 1;
constexpr std::size_t most_cases_per_pattern = 20;

bool covers(const Expectation& entry, const CaseResult& one) {
  if (entry.is_rule) return false;
  return entry.name == one.story->name || fits(entry.name, one.name);
}

bool is_about(const Expectation& entry, iscsi::Rule rule, Side side) {
  return entry.is_rule && entry.name == iscsi::about(rule).slug &&
         entry.side.value_or(side) == side;
}

std::string_view side_name(Side side) { return side == Side::target ? "target" : "initiator"; }

bool fails(Verdict verdict) { return verdict == Verdict::fail; }

/// What came of an entry.
struct Effect {
  std::size_t cases = 0;    ///< that it names
  std::size_t excused = 0;  ///< failing cases and breaches of failing rules
  bool judged = false;      ///< something that it names was judged
};

void excuse_once(std::string& excuse, const std::string& reason) {
  if (excuse.empty()) excuse = reason;
}

Effect apply_to_cases(RunResult& run, const Expectation& entry) {
  Effect effect;
  for (CaseResult& one : run.cases) {
    const Judgement& judgement = one.judgement;
    const bool named = covers(entry, one);
    effect.cases += named ? 1 : 0;
    effect.judged |= named && judgement.verdict != Verdict::unsupported;
    // A case that fails for a rule that is known to be broken is known as well.
    const bool by_rule = judgement.rule && is_about(entry, *judgement.rule, judgement.side);
    if (!fails(judgement.verdict) || (!by_rule && !named)) continue;
    excuse_once(one.excuse, entry.reason);
    ++effect.excused;
  }
  return effect;
}

Effect apply(RunResult& run, const Expectation& entry) {
  Effect effect = apply_to_cases(run, entry);
  for (RuleResult& rule : run.rules) {
    effect.judged |= is_about(entry, rule.rule, rule.side);
    if (!fails(rule.verdict)) continue;
    for (Breach& breach : rule.breaches) {
      if (!is_about(entry, rule.rule, rule.side) && !covers(entry, run.cases[breach.case_index]))
        continue;
      excuse_once(breach.excuse, entry.reason);
      ++effect.excused;
    }
  }
  return effect;
}

/// A rule is excused when each of its breaches is.
void excuse_rules(RunResult& run) {
  for (RuleResult& rule : run.rules) {
    if (!fails(rule.verdict) || std::ranges::any_of(rule.breaches, [](const Breach& breach) {
          return breach.excuse.empty();
        }))
      continue;
    std::vector<std::string> reasons;
    for (const Breach& breach : rule.breaches)
      if (std::ranges::find(reasons, breach.excuse) == reasons.end())
        reasons.push_back(breach.excuse);
    rule.excuse.clear();
    for (const std::string& reason : reasons)
      rule.excuse += (rule.excuse.empty() ? "" : "; ") + reason;
  }
}

/// Of a rule only.
std::optional<Side> read_side(const Reader& item) {
  const auto side = item.get("side");
  if (!side) return std::nullopt;
  if (item.get("story")) side->refuse("no side with a story");
  if (side->text() != "initiator" && side->text() != "target") side->refuse("initiator or target");
  return side->text() == "target" ? Side::target : Side::initiator;
}

std::string_view kind_of(const Expectation& entry) { return entry.is_rule ? "rule" : "story"; }

}  // namespace

bool fits(std::string_view pattern, std::string_view name) {
  // Only the last star is ever widened: what came before it fits as early as it can.
  std::size_t at = 0;
  std::size_t star = pattern.npos;
  std::size_t behind_star = 0;
  for (std::size_t i = 0; i < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      behind_star = i;
    } else if (at < pattern.size() && pattern[at] == name[i]) {
      ++at;
      ++i;
    } else if (star != pattern.npos) {
      at = star + 1;
      i = ++behind_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == pattern.npos;
}

std::expected<Expectations, json::Error> read_expectations(std::string_view text, Reasons reasons) {
  const auto value = json::parse(text);
  if (!value) return std::unexpected(value.error());
  try {
    const Reader file{*value, ""};
    file.allow_only({"version", "target", "known"});
    if (file.need("version").number() != file_version) file.need("version").refuse("version 1");
    Expectations read;
    if (const auto target = file.get("target")) read.target = target->text();
    for (const Reader& item : file.need("known").items()) {
      item.allow_only({"rule", "side", "story", "reason"});
      Expectation entry;
      const auto rule = item.get("rule");
      if (rule && item.get("story")) item.refuse("either a rule or a story");
      entry.is_rule = rule.has_value();
      entry.name = rule ? rule->text() : item.need("story").text();
      entry.reason = item.need("reason").text();
      if (entry.reason.empty() && reasons == Reasons::needed)
        item.need("reason").refuse("a reason");
      if (rule && find_rule(entry.name) == nullptr) rule->refuse("the name of a rule");
      entry.side = read_side(item);
      read.known.push_back(std::move(entry));
    }
    return read;
  } catch (const json::Error& refusal) {
    return std::unexpected(refusal);
  }
}

std::vector<std::string> excuse(RunResult& run, const std::vector<Expectation>& entries) {
  std::vector<std::string> complaints;
  for (const Expectation& entry : entries) {
    const Effect effect = apply(run, entry);
    const std::string what = std::string{kind_of(entry)} + " " + entry.name;
    if (effect.excused == 0 && effect.judged)
      complaints.push_back(what + " is expected to fail, and nothing fails for it");
    if (!effect.judged && !run.partial)
      complaints.push_back(what + " is expected to fail, and was not judged");
    if (entry.name.contains('*') && effect.cases > most_cases_per_pattern)
      complaints.push_back(what + " covers " + std::to_string(effect.cases) + " cases, more than " +
                           std::to_string(most_cases_per_pattern));
  }
  excuse_rules(run);
  return complaints;
}

Expectations rewrite(RunResult& run, const Expectations& old) {
  Expectations fresh{.target = old.target.empty() ? run.target : old.target, .known = {}};
  for (const Expectation& entry : old.known) {
    if (entry.reason.empty()) continue;  // found anew below, if it is still there
    const Effect effect = apply(run, entry);
    if (effect.excused > 0 || (!effect.judged && run.partial)) fresh.known.push_back(entry);
  }
  excuse_rules(run);
  for (const RuleResult& rule : run.rules)
    if (fails(rule.verdict) && rule.excuse.empty())
      fresh.known.push_back({.is_rule = true,
                             .name = std::string{iscsi::about(rule.rule).slug},
                             .reason = {},
                             .side = run.both_sides ? std::optional{rule.side} : std::nullopt});
  for (const CaseResult& one : run.cases)
    if (fails(one.judgement.verdict) && one.excuse.empty() && !one.judgement.rule)
      fresh.known.push_back({.is_rule = false, .name = one.name, .reason = {}});
  return fresh;
}

std::string print_expectations(const Expectations& expectations) {
  json::Array known;
  for (const Expectation& entry : expectations.known) {
    json::Object object{{std::string{kind_of(entry)}, json::text(entry.name)}};
    if (entry.side) object.push_back({"side", json::text(side_name(*entry.side))});
    object.push_back({"reason", json::text(entry.reason)});
    known.push_back(json::object(std::move(object)));
  }
  return json::print(json::object({{"version", json::number(file_version)},
                                   {"target", json::text(expectations.target)},
                                   {"known", json::array(std::move(known))}}));
}

}  // namespace conformance
