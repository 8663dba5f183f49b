#pragma once

/// What a run comes to: the figures and sentences that every report begins with.

#include <string>
#include <string_view>
#include <vector>

#include "conformance/report/results.hpp"

namespace conformance {

/// The verdict as reports show it: `known` for a failure that was expected.
[[nodiscard]] std::string_view shown_verdict(Verdict verdict, const std::string& excuse);

struct Figure {
  std::string_view name;  ///< as `shown_verdict` has it
  std::size_t count = 0;
};

/// How many came out so, the worst first; every verdict is there, also those that nothing has.
[[nodiscard]] std::vector<Figure> figures_of(const std::vector<const RuleResult*>& rules);
[[nodiscard]] std::vector<Figure> figures_of(const std::vector<const CaseResult*>& cases);
[[nodiscard]] std::vector<Figure> rule_figures(const RunResult& run);
[[nodiscard]] std::vector<Figure> case_figures(const RunResult& run);

[[nodiscard]] bool is_broken(const RuleResult& rule);

/// The rules that were broken: failures first, then warnings, then what was expected. `run`
/// outlives the result.
[[nodiscard]] std::vector<const RuleResult*> broken(const RunResult& run);

/// The run in one sentence.
struct Headline {
  std::string text;
  std::string_view verdict;
};
[[nodiscard]] Headline headline_of(const RunResult& run);

/// What keeps a run from being the whole story: cases left out, a survey that failed.
[[nodiscard]] std::vector<std::string> notes_of(const RunResult& run);

/// Date, duration, seed …
[[nodiscard]] std::vector<std::string> facts_of(const RunResult& run);

/// `1.25 s`.
[[nodiscard]] std::string seconds(std::uint64_t microseconds);

[[nodiscard]] std::string_view name_of(iscsi::Level level);

}  // namespace conformance
