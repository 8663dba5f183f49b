#pragma once

/// What follows the last case: expectations, reports, the exit status.

#include <expected>
#include <string>

#include "conformance/command/options.hpp"
#include "conformance/report/expectations.hpp"

namespace conformance {

/// The expectations that the options name; none without them. Errors: in words.
[[nodiscard]] std::expected<Expectations, std::string> expectations_of(const Options& options);

/// The file of a report that cannot be written, known before a long run; empty if all can.
[[nodiscard]] std::string unwritable_report(const Options& options);

/// Weighs the run by the expectations, or rewrites these; writes all reports; the exit status.
[[nodiscard]] int conclude(const Options& options, const Expectations& expectations,
                           RunResult& run);

}  // namespace conformance
