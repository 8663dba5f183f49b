#pragma once

/// A run as text for people and for machines. All pure but `write_evidence`.

#include <expected>
#include <filesystem>
#include <string>

#include "conformance/report/results.hpp"

namespace conformance {

/// One line for a case, as it finishes.
[[nodiscard]] std::string console_line(const CaseResult& one);
/// What broke, rule by rule, with the PDU to look at; then the figures.
[[nodiscard]] std::string console_summary(const RunResult& run);

/// JUnit's XML as CI systems read it: a suite of stories and a suite of rules. Expected failures
/// and what the target does not support count as skipped.
[[nodiscard]] std::string junit(const RunResult& run);

/// The run for programs; `conformance/report/report.schema.json` describes it.
[[nodiscard]] std::string json_report(const RunResult& run);

/// One page that needs nothing but itself: figures, broken rules, all rules by section, and the
/// ladder of each story.
[[nodiscard]] std::string html(const RunResult& run);

/// GitHub's Markdown, for the summary of a job.
[[nodiscard]] std::string markdown(const RunResult& run);

/// A decoded transcript and a capture per case, with its verdicts, as files in `folder`. Errors: in
/// words.
[[nodiscard]] std::expected<void, std::string> write_evidence(const std::filesystem::path& folder,
                                                              const RunResult& run);

/// A case's name as a file name.
[[nodiscard]] std::string file_name(const std::string& case_name);

}  // namespace conformance
