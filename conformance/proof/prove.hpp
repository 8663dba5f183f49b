#pragma once

/// Sends saboteurs into the suite and sees whether it names what they broke.

#include <set>
#include <string>

#include "conformance/play/run.hpp"
#include "conformance/proof/sabotage.hpp"
#include "conformance/proof/saboteurs.hpp"

namespace conformance::proof {

/// What became of one saboteur.
struct Proof {
  const Saboteur* saboteur = nullptr;
  std::string in_case;           ///< the first case that accused the target
  std::set<iscsi::Rule> broken;  ///< the rules that it accused the target of
  std::size_t struck = 0;        ///< PDUs that the saboteur changed, in all cases
  std::size_t played = 0;        ///< cases
  std::string fault{};           ///< of the suite itself

  /// It was found out, for what it did and for nothing else.
  [[nodiscard]] bool killed() const;
  /// One line: what was expected and what happened.
  [[nodiscard]] std::string told() const;
};

/// The rules that the result of a case accuses the target of.
[[nodiscard]] std::set<iscsi::Rule> accused_of(const CaseResult& result);

/// Whether a story can only be played against a target that asks for a secret.
[[nodiscard]] bool wants_secret(const Story& story);

/// Plays the saboteur's cases one by one, each against a target of its own, up to the first that
/// accuses the target. `bench(bool with_secret)` makes a target and the settings that go with it:
/// something with the members `target`, a transport, and `settings`.
template <class MakeBench>
[[nodiscard]] Proof prove(const Saboteur& saboteur, const Library& library,
                          const MakeBench& bench) {
  Proof proof{.saboteur = &saboteur, .in_case = {}, .broken = {}};
  for (const Case& one : cases_for(saboteur, library)) {
    auto fresh = bench(wants_secret(*one.story));
    Sabotage sabotage{saboteur.strikes};
    Sabotaged transport{fresh.target, sabotage};
    const CaseResult result = judge_case(one, fresh.settings, transport, false);
    ++proof.played;
    proof.struck += sabotage.struck();
    if (result.judgement.verdict == Verdict::error) proof.fault = result.judgement.what;
    proof.broken = accused_of(result);
    proof.in_case = one.name;
    if (!proof.broken.empty() || !proof.fault.empty()) break;
  }
  return proof;
}

}  // namespace conformance::proof
