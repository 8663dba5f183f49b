#pragma once

/// The command line of iscsi-trace, as values. A command has its options in a struct of its own
/// header, and one row in the table of options.cpp.

#include <expected>

#include "conformance/command/options.hpp"
#include "conformance/trace/convert.hpp"
#include "conformance/trace/replay.hpp"
#include "conformance/trace/show.hpp"

namespace conformance {

struct TraceOptions {
  int (*run)(const TraceOptions&) = nullptr;  ///< the command that was chosen
  ShowOptions show;
  ConvertOptions convert;
  ReplayOptions replay;
};

/// Reads the command line; says on the error output, in one line, what is wrong with it.
[[nodiscard]] std::expected<TraceOptions, Ended> read_trace_command_line(int argc, char** argv);

}  // namespace conformance
