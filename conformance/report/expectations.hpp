#pragma once

/// Known failures: a file with a reason for each, that may neither go stale nor hide a pass.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/report/results.hpp"
#include "conformance/story/json.hpp"

namespace conformance {

struct Expectation {
  bool is_rule = false;  ///< about a rule, else about cases
  std::string name;      ///< a rule's slug; a story, a case, or a pattern with `*` over cases
  std::string reason;
};

/// Errors: text that is not JSON, an entry without a reason, an unknown rule.
[[nodiscard]] std::expected<std::vector<Expectation>, json::Error> read_expectations(
    std::string_view text);

/// Gives every expected failure its excuse. What is left to complain about comes back in words:
/// entries that nothing fails for any more, patterns that cover more than 20 cases.
[[nodiscard]] std::vector<std::string> excuse(RunResult& run,
                                              const std::vector<Expectation>& entries);

/// The file that this run would need: old reasons kept, new entries without one.
[[nodiscard]] std::string rewrite_expectations(const RunResult& run,
                                               const std::vector<Expectation>& old);

/// Whether `name` fits `pattern`, in which `*` stands for any characters.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view name);

}  // namespace conformance
