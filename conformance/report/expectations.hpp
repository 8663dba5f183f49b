#pragma once

/// Known failures: a file with a reason for each, that may neither go stale nor hide a pass.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/report/results.hpp"
#include "conformance/story/json.hpp"

namespace conformance {

/// About a rule: it is broken, wherever it can be. About a story: whatever goes wrong in the cases
/// that it names, and nothing elsewhere.
struct Expectation {
  bool is_rule = false;
  std::string name;            ///< a rule's slug; a story, a case, or a pattern with `*` over cases
  std::string reason;          ///< empty only where `rewrite` found something new
  std::optional<Side> side{};  ///< whose breaches of a rule; of either side if it is not said
};

struct Expectations {
  std::string target;  ///< for the reader: what the file is about
  std::vector<Expectation> known;
};

/// Whether entries may lack their reason: only on the way to being rewritten.
enum class Reasons : std::uint8_t { needed, may_be_missing };

/// Errors: text that is not JSON, an entry without a reason, an unknown rule.
[[nodiscard]] std::expected<Expectations, json::Error> read_expectations(
    std::string_view text, Reasons reasons = Reasons::needed);

/// Gives every expected failure its excuse. What is left to complain about comes back in words:
/// entries that nothing fails for any more, entries that name nothing that was judged (unless the
/// run is partial), patterns that cover more than 20 cases.
[[nodiscard]] std::vector<std::string> excuse(RunResult& run,
                                              const std::vector<Expectation>& entries);

/// The entries that this run needs: those of `old` that still excuse something, or that a partial
/// run did not come to, with their reasons; behind them one for each failure that is new, without
/// a reason. Gives `run` its excuses for the old ones.
[[nodiscard]] Expectations rewrite(RunResult& run, const Expectations& old);

[[nodiscard]] std::string print_expectations(const Expectations& expectations);

/// Whether `name` fits `pattern`, in which `*` stands for any characters.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view name);

}  // namespace conformance
