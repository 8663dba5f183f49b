#include "conformance/proof/saboteurs.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "conformance/monitor/monitor.hpp"
#include "conformance/proof/tables.hpp"
#include "conformance/report/expectations.hpp"

namespace conformance::proof {

using iscsi::Rule;

namespace {

bool claims(const Story& story, Rule rule) {
  if (std::ranges::find(story.rules, rule) != story.rules.end()) return true;
  return std::ranges::any_of(story.steps, [&](const Step& step) {
    const auto* expect = std::get_if<Expect>(&step.what);
    return expect != nullptr && expect->rule == rule;
  });
}

}  // namespace

Saboteur Saboteur::in(std::string_view pattern) const {
  Saboteur row = *this;
  row.cases = pattern;
  return row;
}
Saboteur Saboteur::by(When when, What what) const {
  Saboteur row = *this;
  row.strikes.push_back({std::move(when), std::move(what)});
  return row;
}
Saboteur Saboteur::along_with(Rule other, std::string_view because) const {
  Saboteur row = *this;
  row.companions.push_back({other, because});
  return row;
}
Saboteur Saboteur::as_defect(unsigned number) const {
  Saboteur row = *this;
  row.defect = number;
  return row;
}
Saboteur breaks(Rule rule, std::string_view does) { return {.rule = rule, .does = does}; }

std::vector<Saboteur> join(std::initializer_list<Table> tables) {
  std::vector<Saboteur> joined;
  for (const Table table : tables) std::ranges::move(table(), std::back_inserter(joined));
  return joined;
}

const std::vector<Saboteur>& saboteurs() {
  static const std::vector<Saboteur> all =
      join({form_saboteurs, numbering_saboteurs, login_saboteurs, text_saboteurs, task_saboteurs,
            transfer_saboteurs});
  return all;
}

std::span<const std::string_view> known_defects() {
  static constexpr auto defects = std::to_array<std::string_view>({
      "a login that begins in the operational stage needs no secret",
      "text requests are served before a login",
      "SCSI commands are carried out in a discovery session",
      "digests are agreed on, and never sent",
      "sense data comes without its length",
      "the first response repeats the StatSN of the final Login Response",
      "commands outside the window are carried out",
      "all R2Ts are sent at once",
      "a write with holes is complete",
      "a command kills the target",
      "a transfer length of zero means nothing, in commands of six bytes too",
      "pings without a tag end the connection, others come back empty",
      "no residuals, no Reject, and every task management function complete",
      "unknown keys are passed over",
      "a data segment of any length is waited for",
      "a reflected challenge is answered",
  });
  return defects;
}

std::set<Rule> claimed_rules(const Library& library) {
  const auto monitored = monitored_rules();
  std::set<Rule> rules{monitored.begin(), monitored.end()};
  for (const auto& story : library.stories()) {
    rules.insert(story->rules.begin(), story->rules.end());
    for (const Step& step : story->steps)
      if (const auto* expect = std::get_if<Expect>(&step.what); expect != nullptr && expect->rule)
        rules.insert(*expect->rule);
  }
  return rules;
}

std::vector<Case> cases_for(const Saboteur& saboteur, const Library& library) {
  std::vector<Case> cases = library.cases();
  std::erase_if(cases, [&](const Case& one) {
    return saboteur.cases.empty() ? !claims(*one.story, saboteur.rule)
                                  : !fits(saboteur.cases, one.name);
  });
  return cases;
}

}  // namespace conformance::proof
