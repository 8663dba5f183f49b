#pragma once

/// The parts of the RFC that reports group rules by.

#include <string_view>
#include <vector>

#include "conformance/report/results.hpp"

namespace conformance {

struct Chapter {
  std::string_view number;  ///< as in a rule's section; empty for other documents
  std::string_view title;
  std::vector<const RuleResult*> rules;
};

/// The rules of a run by chapter, in the RFC's order; chapters without a rule are left out. `run`
/// outlives the result.
[[nodiscard]] std::vector<Chapter> by_chapter(const RunResult& run);

/// `10.18` holds 10.18 and 10.18.1, but not 10.180.
[[nodiscard]] bool lies_in(std::string_view section, std::string_view chapter);

}  // namespace conformance
