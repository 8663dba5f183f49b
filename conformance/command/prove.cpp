#include "conformance/command/prove.hpp"

#include <algorithm>

#include "conformance/command/files.hpp"
#include "conformance/in_process.hpp"
#include "conformance/proof/prove.hpp"
#include "conformance/report/chapters.hpp"
#include "conformance/report/expectations.hpp"

namespace conformance {
namespace {

bool concerns(const proof::Saboteur& saboteur, const std::vector<std::string>& patterns) {
  const iscsi::RuleInfo& info = iscsi::about(saboteur.rule);
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return fits(pattern, info.slug) || lies_in(info.section, pattern);
         });
}

}  // namespace

int prove(const Options& options, const Library& library) {
  std::size_t sent = 0;
  std::size_t killed = 0;
  std::set<iscsi::Rule> unproved;
  if (options.select.empty()) unproved = proof::claimed_rules(library);
  for (const proof::Saboteur& saboteur : proof::saboteurs()) {
    if (!concerns(saboteur, options.select)) continue;
    if (proof::cases_for(saboteur, library).empty()) continue;  // no story for it
    const proof::Proof proof = proof::prove(saboteur, library, fresh_bench);
    ++sent;
    if (options.verbose || !proof.killed()) say(proof.told() + "\n");
    if (!proof.killed()) continue;
    ++killed;
    unproved.erase(saboteur.rule);
  }
  if (sent == 0) {
    (void)refuse("no saboteur is selected");
    return exit_nothing_run;
  }
  for (const iscsi::Rule rule : unproved)
    say("no saboteur proves " + std::string{iscsi::about(rule).slug} + "\n");
  say("saboteurs found out: " + std::to_string(killed) + " of " + std::to_string(sent) + "\n");
  return killed == sent && unproved.empty() ? exit_expected : exit_unexpected;
}

}  // namespace conformance
