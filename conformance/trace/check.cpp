#include "conformance/trace/check.hpp"

#include <filesystem>

#include "conformance/command/conclude.hpp"
#include "conformance/command/files.hpp"
#include "conformance/report/checked_captures.hpp"

namespace conformance {
namespace {

/// What `conclude` and its helpers go by.
Options as_run_options(const CheckOptions& options) {
  Options run;
  run.expect = options.expect;
  run.fix = options.fix;
  run.strict = options.strict;
  run.report_files = options.report_files;
  run.evidence = options.evidence;
  return run;
}

bool shows_conversations(const CheckOptions& options) {
  for (std::size_t i = 0; i < report_kinds.size(); ++i)
    if (report_kinds.at(i).shows_conversations && !options.report_files.at(i).empty()) return true;
  return !options.evidence.empty();
}

int refuse_all(const std::vector<std::string>& reasons) {
  int status = exit_usage;
  for (const std::string& why : reasons) status = refuse(why);
  return status;
}

std::string names_of(const std::vector<std::string>& captures) {
  std::string names;
  for (const std::string& capture : captures)
    names += (names.empty() ? "" : ", ") + std::filesystem::path{capture}.filename().string();
  return names;
}

}  // namespace

int check(const CheckOptions& options) {
  if (options.fix && options.expect.empty()) return refuse("--fix goes with --expect");
  const Options as_run = as_run_options(options);
  const auto expectations = expectations_of(as_run);
  if (!expectations) return refuse(expectations.error());
  if (const std::string file = unwritable_report(as_run); !file.empty())
    return refuse(file + " cannot be written");
  CheckedCaptures checked{shows_conversations(options) ? Shown::conversations : Shown::evidence};
  std::vector<std::string> unread;
  for (const std::string& capture : options.captures)
    if (const auto done = checked.read(capture); !done) unread.push_back(done.error());
  if (unread.size() == options.captures.size()) return refuse_all(unread);
  RunResult run = checked.result(options.strict);
  for (const std::string& why : unread)
    run.remark += (run.remark.empty() ? "" : "; ") + why + "; it is not judged";
  run.target = names_of(options.captures);
  for (const std::string& note : checked.notes()) say("note: " + note + "\n");
  const int status = conclude(as_run, *expectations, run);
  if (!unread.empty()) return refuse_all(unread);
  if (checked.cut_short().empty()) return status;
  const int refused = refuse_all(checked.cut_short());
  return status == exit_unexpected ? status : refused;
}

}  // namespace conformance
