#include "conformance/command/conclude.hpp"

#include <algorithm>
#include <filesystem>

#include "conformance/command/files.hpp"

namespace conformance {
namespace {

/// Rewrites the expectations; an error, or nothing.
std::string fix(const Options& options, const Expectations& expectations, RunResult& run) {
  const Expectations fresh = rewrite(run, expectations);
  if (!write_file(options.expect, print_expectations(fresh)))
    return options.expect + " cannot be written";
  const auto open = std::ranges::count(fresh.known, std::string{}, &Expectation::reason);
  say(options.expect + ": " + std::to_string(fresh.known.size()) + " entries, " +
      std::to_string(open) + " to be given a reason\n");
  return {};
}

/// Writes every report that was asked for; an error, or nothing.
std::string write_reports(const Options& options, const RunResult& run) {
  for (std::size_t i = 0; i < report_kinds.size(); ++i) {
    const std::string& file = options.report_files.at(i);
    if (!file.empty() && !write_file(file, report_kinds.at(i).print(run)))
      return file + " cannot be written";
  }
  if (options.evidence.empty()) return {};
  const auto done = write_evidence(options.evidence, run);
  return done ? std::string{} : done.error();
}

bool is_as_expected(const RunResult& run) {
  return run.complaints.empty() && run.stopped.empty() &&
         std::ranges::all_of(run.cases,
                             [](const CaseResult& one) {
                               return is_accepted(one.judgement.verdict, one.excuse);
                             }) &&
         std::ranges::all_of(run.rules, [](const RuleResult& rule) {
           return is_accepted(rule.verdict, rule.excuse);
         });
}

}  // namespace

std::expected<Expectations, std::string> expectations_of(const Options& options) {
  if (options.expect.empty()) return Expectations{};
  std::error_code failed;
  if (options.fix && !std::filesystem::exists(options.expect, failed)) return Expectations{};
  const auto text = read_file(options.expect);
  if (!text) return std::unexpected(options.expect + " cannot be read");
  auto read = read_expectations(*text, options.fix ? Reasons::may_be_missing : Reasons::needed);
  if (!read)
    return std::unexpected(options.expect + ": " + read.error().where + ": expected " +
                           read.error().what);
  return *std::move(read);
}

std::string unwritable_report(const Options& options) {
  for (const std::string& file : options.report_files)
    if (!file.empty() && !can_be_written(file)) return file;
  if (options.fix && !can_be_written(options.expect)) return options.expect;
  return {};
}

int conclude(const Options& options, const Expectations& expectations, RunResult& run) {
  sum_up_rules(run);
  if (options.fix) {
    if (const std::string wrong = fix(options, expectations, run); !wrong.empty())
      return refuse(wrong);
  } else {
    run.complaints = excuse(run, expectations.known);
  }
  if (const std::string wrong = write_reports(options, run); !wrong.empty()) return refuse(wrong);
  say(console_summary(run));
  if (count(run, Verdict::error) > 0) return exit_usage;
  if (!is_as_expected(run)) return exit_unexpected;
  return count(run, Verdict::unsupported) == run.cases.size() ? exit_nothing_run : exit_expected;
}

}  // namespace conformance
