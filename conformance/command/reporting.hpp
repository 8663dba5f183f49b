#pragma once

/// The options of every command that judges something: what is known, and where reports go. For
/// the files that read command lines.

#include <CLI/CLI.hpp>

#include "conformance/command/files.hpp"

namespace conformance {

/// `Chosen` has the members `expect`, `fix`, `strict` and `report_files`.
template <class Chosen>
void add_reporting(CLI::App& command, Chosen& chosen) {
  command.add_option("--expect", chosen.expect, "a file of failures that are known, with reasons");
  command.add_flag("--fix", chosen.fix, "rewrite that file to what was found");
  command.add_flag("--strict", chosen.strict, "count warnings as failures");
  for (std::size_t i = 0; i < report_kinds.size(); ++i)
    command.add_option(report_kinds.at(i).option, chosen.report_files.at(i),
                       report_kinds.at(i).help);
}

/// `--timeout`, in milliseconds.
inline void add_timeout(CLI::App& command, std::uint64_t& answer_ms) {
  command
      .add_option("--timeout", answer_ms, "how long an answer may take: 500ms, 5s; 5 s by default")
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, std::uint64_t>{{"ms", 1}, {"s", 1000}}));
}

}  // namespace conformance
