#pragma once

/// The saboteurs: for every rule that the suite claims to judge, faults that break this rule and
/// no other. A check that cannot fail is a defect; these are what it has to fail on.

#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "conformance/proof/faults.hpp"
#include "conformance/story/library.hpp"
#include "rules/rule.hpp"

namespace conformance::proof {

/// A rule that cannot be kept when another one is broken in this way.
struct Companion {
  iscsi::Rule rule;
  std::string_view because;
};

struct Saboteur {
  iscsi::Rule rule;          ///< the one that it breaks
  std::string_view does;     ///< how, in words
  std::string_view cases{};  ///< a pattern of case names; empty: the stories that claim the rule
  std::vector<Strike> strikes{};
  std::vector<Companion> companions{};
  unsigned defect = 0;  ///< its number among the known defects, or 0

  // For tables: each gives back the row with one thing more.
  [[nodiscard]] Saboteur in(std::string_view pattern) const;
  [[nodiscard]] Saboteur by(When when, What what) const;
  [[nodiscard]] Saboteur along_with(iscsi::Rule other, std::string_view because) const;
  [[nodiscard]] Saboteur as_defect(unsigned number) const;
};
[[nodiscard]] Saboteur breaks(iscsi::Rule rule, std::string_view does);

[[nodiscard]] const std::vector<Saboteur>& saboteurs();

/// Defects found by reading in a target that people used, each of which is among the saboteurs.
[[nodiscard]] std::span<const std::string_view> known_defects();

/// Every rule that the suite says it can find broken: by the monitor or by a story.
[[nodiscard]] std::set<iscsi::Rule> claimed_rules(const Library& library);

/// The cases that a saboteur goes into, in the library's order.
[[nodiscard]] std::vector<Case> cases_for(const Saboteur& saboteur, const Library& library);

}  // namespace conformance::proof
