#include "conformance/report/expectations.hpp"

#include <algorithm>

#include "conformance/story/loader.hpp"
#include "conformance/story/reader.hpp"

namespace conformance {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::size_t most_cases_per_pattern = 20;

bool covers(const Expectation& entry, const CaseResult& one) {
  if (entry.is_rule) return false;
  return entry.name == one.story->name || fits(entry.name, one.name);
}

bool fails(Verdict verdict) { return verdict == Verdict::fail; }

json::Value entry_value(std::string_view kind, std::string_view name, std::string_view reason) {
  return json::object({{std::string{kind}, json::text(name)}, {"reason", json::text(reason)}});
}

}  // namespace

bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (std::size_t skipped = 0; skipped <= name.size(); ++skipped)
      if (fits(pattern.substr(1), name.substr(skipped))) return true;
    return false;
  }
  return !name.empty() && pattern.front() == name.front() &&
         fits(pattern.substr(1), name.substr(1));
}

std::expected<std::vector<Expectation>, json::Error> read_expectations(std::string_view text) {
  const auto value = json::parse(text);
  if (!value) return std::unexpected(value.error());
  try {
    const Reader file{*value, ""};
    file.allow_only({"version", "target", "known"});
    if (file.need("version").number() != version) file.need("version").refuse("version 1");
    std::vector<Expectation> entries;
    for (const Reader& item : file.need("known").items()) {
      item.allow_only({"rule", "story", "reason"});
      Expectation entry;
      const auto rule = item.get("rule");
      entry.is_rule = rule.has_value();
      entry.name = rule ? rule->text() : item.need("story").text();
      entry.reason = item.need("reason").text();
      if (entry.reason.empty()) item.need("reason").refuse("a reason");
      if (rule && find_rule(entry.name) == nullptr) rule->refuse("the name of a rule");
      entries.push_back(std::move(entry));
    }
    return entries;
  } catch (const json::Error& refusal) {
    return std::unexpected(refusal);
  }
}

std::vector<std::string> excuse(RunResult& run, const std::vector<Expectation>& entries) {
  std::vector<std::string> complaints;
  for (const Expectation& entry : entries) {
    std::size_t excused = 0;
    for (RuleResult& rule : run.rules)
      if (entry.is_rule && iscsi::about(rule.rule).slug == entry.name && fails(rule.verdict)) {
        rule.excuse = entry.reason;
        ++excused;
      }
    for (CaseResult& one : run.cases) {
      // A case that fails for a rule that is known to be broken is known as well.
      const bool by_rule = entry.is_rule && one.judgement.rule &&
                           iscsi::about(*one.judgement.rule).slug == entry.name;
      if (!fails(one.judgement.verdict) || (!by_rule && !covers(entry, one))) continue;
      one.excuse = entry.reason;
      ++excused;
    }
    const std::string what = (entry.is_rule ? "rule " : "story ") + entry.name;
    if (excused == 0) complaints.push_back(what + " is expected to fail, and nothing fails for it");
    if (entry.name.contains('*') && excused > most_cases_per_pattern)
      complaints.push_back(what + " covers " + std::to_string(excused) + " cases, more than " +
                           std::to_string(most_cases_per_pattern));
  }
  return complaints;
}

std::string rewrite_expectations(const RunResult& run, const std::vector<Expectation>& old) {
  const auto reason_for = [&](bool is_rule, std::string_view name) -> std::string {
    for (const Expectation& entry : old)
      if (entry.is_rule == is_rule && entry.name == name) return entry.reason;
    return "not yet explained";
  };
  json::Array known;
  for (const RuleResult& rule : run.rules)
    if (fails(rule.verdict)) {
      const std::string_view slug = iscsi::about(rule.rule).slug;
      known.push_back(entry_value("rule", slug, reason_for(true, slug)));
    }
  for (const CaseResult& one : run.cases)
    if (fails(one.judgement.verdict) && !one.judgement.rule)
      known.push_back(entry_value("story", one.name, reason_for(false, one.name)));
  return json::print(json::object({{"version", json::number(version)},
                                   {"target", json::text(run.target)},
                                   {"known", json::array(std::move(known))}}));
}

}  // namespace conformance
