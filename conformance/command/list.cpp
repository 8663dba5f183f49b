#include "conformance/command/list.hpp"

#include <algorithm>
#include <array>

#include "conformance/catalogue/catalogue.hpp"
#include "conformance/command/files.hpp"
#include "conformance/command/select.hpp"
#include "conformance/proof/saboteurs.hpp"
#include "conformance/report/built_in.hpp"
#include "conformance/report/figures.hpp"
#include "conformance/story/json.hpp"
#include "conformance/story/loader.hpp"

namespace conformance {
namespace {

constexpr std::uint64_t version = 1;

bool is_monitored(iscsi::Rule rule) {
  const auto rules = monitored_rules();
  return std::ranges::find(rules, rule) != rules.end();
}

std::vector<std::string> stories_judging(const Library& library, iscsi::Rule rule) {
  std::vector<std::string> names;
  for (const auto& story : library.stories())
    if (!story->is_start() && std::ranges::find(story->rules, rule) != story->rules.end())
      names.push_back(story->name);
  return names;
}

std::string_view party_name(iscsi::Party party) {
  constexpr std::array<std::string_view, 3> names{"initiator", "target", "both"};
  return names.at(static_cast<std::size_t>(party));
}

json::Value case_value(const Case& one) {
  json::Array rules;
  for (const iscsi::Rule rule : one.story->rules)
    rules.push_back(json::text(iscsi::about(rule).slug));
  std::string_view profile;
  for (const Profile& each : profiles())
    if (profile.empty() && belongs_to(*one.story, each.name)) profile = each.name;
  return json::object({{"name", json::text(one.name)},
                       {"claim", json::text(one.story->claim)},
                       {"profile", json::text(profile)},
                       {"writes", json::boolean(one.story->writes.has_value())},
                       {"rules", json::array(std::move(rules))}});
}

json::Array texts(const std::vector<std::string>& words) {
  json::Array values;
  for (const std::string& word : words) values.push_back(json::text(word));
  return values;
}

json::Value rule_value(const iscsi::RuleInfo& info, const std::vector<std::string>& stories,
                       const Catalogue& catalogue) {
  return json::object({{"rule", json::text(info.slug)},
                       {"section", json::text(info.section)},
                       {"level", json::text(name_of(info.level))},
                       {"binds", json::text(party_name(info.binds))},
                       {"says", json::text(info.says)},
                       {"monitor", json::boolean(is_monitored(info.rule))},
                       {"stories", json::array(texts(stories))},
                       {"covers", json::array(texts(catalogue.covered_by(info.rule)))}});
}

/// The cases chosen, and every rule that the suite judges.
json::Value listing(const Library& library, const Catalogue& catalogue,
                    const std::vector<Case>& cases) {
  json::Array case_values;
  for (const Case& one : cases) case_values.push_back(case_value(one));
  json::Array rule_values;
  for (const iscsi::RuleInfo& info : iscsi::ledger()) {
    const std::vector<std::string> stories = stories_judging(library, info.rule);
    if (!stories.empty() || is_monitored(info.rule))
      rule_values.push_back(rule_value(info, stories, catalogue));
  }
  return json::object({{"version", json::number(version)},
                       {"suite", json::text(suite_version)},
                       {"cases", json::array(std::move(case_values))},
                       {"rules", json::array(std::move(rule_values))}});
}

}  // namespace

int list(const Options& options, const Library& library) {
  const auto cases = selected(library, options.profile, options.select);
  if (!cases) return refuse(cases.error());
  if (options.as_json) {
    const auto catalogue = Catalogue::read(ISCSI_CATALOGUE);
    if (!catalogue) return refuse(catalogue.error().where + ": expected " + catalogue.error().what);
    say(json::print(listing(library, *catalogue, *cases)));
    return exit_expected;
  }
  for (const Case& one : *cases) say(one.name + "\n    " + one.story->claim + "\n");
  return exit_expected;
}

int explain(const Options& options, const Library& library) {
  const iscsi::RuleInfo* info = find_rule(options.rule);
  if (info == nullptr) return refuse("no rule is called " + options.rule);
  say(std::string{info->slug} + "\n  RFC 3720 " + std::string{info->section} + ", " +
      std::string{name_of(info->level)} + ", binds " +
      (info->binds == iscsi::Party::both ? "both sides"
                                         : "the " + std::string{party_name(info->binds)}) +
      "\n  " + std::string{info->says} + "\n");
  const std::vector<std::string> stories = stories_judging(library, info->rule);
  if (is_monitored(info->rule)) say("  judged in every conversation by the monitor\n");
  for (const std::string& name : stories) say("  judged by " + name + "\n");
  if (stories.empty() && !is_monitored(info->rule)) say("  not judged\n");
  for (const proof::Saboteur& saboteur : proof::saboteurs())
    if (saboteur.rule == info->rule)
      say("  found broken in a target that " + std::string{saboteur.does} + "\n");
  return exit_expected;
}

}  // namespace conformance
