#pragma once

#include <string>

#include "conformance/catalogue/catalogue.hpp"
#include "conformance/story/library.hpp"

namespace test {

/// Whether a rule is judged at all: by the monitor, by a story, by both.
struct Judges {
  bool monitor = false;
  bool stories = false;

  [[nodiscard]] bool any() const { return monitor || stories; }
};
Judges judges_of(iscsi::Rule rule, const conformance::Library& library);

/// docs/requirements.md: the ledger as a page, by chapter and section, in the ledger's order
/// within a section, and what the judge does about each rule.
std::string render_requirements_page(const conformance::Catalogue& catalogue,
                                     const conformance::Library& library);

/// docs/not-covered.md: the statements that the suite owes a rule and does not judge.
std::string render_not_covered_page(const conformance::Catalogue& catalogue,
                                    const conformance::Library& library);

}  // namespace test
