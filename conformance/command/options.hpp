#pragma once

/// The command line of iscsi-conform, as values.

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "conformance/report/reports.hpp"

namespace conformance {

// What the program ends with.
inline constexpr int exit_expected = 0;      ///< everything came out as expected
inline constexpr int exit_unexpected = 1;    ///< it did not
inline constexpr int exit_usage = 2;         ///< a wrong command line or set-up, or a bad story
inline constexpr int exit_nothing_run = 77;  ///< nothing was run, or nothing could be judged

/// A report that `run` writes to a file.
struct ReportKind {
  const char* option;
  const char* help;
  std::string (*print)(const RunResult&);
  bool shows_conversations = false;
};
inline constexpr std::array<ReportKind, 4> report_kinds{{
    {"--junit", "write JUnit XML to this file", junit},
    {"--json", "write a JSON report to this file", json_report},
    {"--html", "write one self-contained HTML page to this file", html, true},
    {"--markdown", "write a summary in GitHub's Markdown to this file", markdown},
}};

struct Options {
  enum class Command : std::uint8_t { list, run, explain, prove };
  Command command = Command::run;
  std::string stories;

  // list, run and prove
  std::vector<std::string> select;
  std::string profile = "full";

  bool as_json = false;  ///< list
  std::string rule;      ///< explain

  // run
  std::string target;  ///< a URL; empty: the reference in this process
  std::string chap_file;
  std::string allow_writes;  ///< FIRST:COUNT, in blocks
  std::string restart;       ///< a shell command
  std::string expect;
  bool fix = false;
  bool strict = false;
  bool verbose = false;
  std::uint64_t seed = 1;
  std::uint64_t answer_ms = 5000;
  std::array<std::string, report_kinds.size()> report_files;
  std::string evidence;
};

/// Ends the program before anything was done: 0 after `--help`, else `exit_usage`.
struct Ended {
  int status;
};

/// Reads the command line; says on the error output, in one line, what is wrong with it.
[[nodiscard]] std::expected<Options, Ended> read_command_line(int argc, char** argv);

}  // namespace conformance
