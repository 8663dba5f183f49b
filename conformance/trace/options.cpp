#include "conformance/trace/options.hpp"

#include <CLI/CLI.hpp>

#include "conformance/command/files.hpp"
#include "conformance/report/built_in.hpp"

namespace conformance {
namespace {

void add_show(CLI::App& command, TraceOptions& options) {
  command.add_option("capture", options.show.capture, "the file")->required();
  command.add_flag("--full", options.show.full, "every field, the text keys, the data");
  command.add_option("--html", options.show.html, "write a page with ladders to this file instead");
}

void add_check(CLI::App& command, TraceOptions& options) {
  CheckOptions& check = options.check;
  command.add_option("captures", check.captures, "the files")->required();
  command.add_option("--expect", check.expect, "a file of findings that are known, with reasons");
  command.add_flag("--fix", check.fix, "rewrite that file to what was found");
  command.add_flag("--strict", check.strict, "count warnings as failures");
  for (std::size_t i = 0; i < report_kinds.size(); ++i)
    command.add_option(report_kinds.at(i).option, check.report_files.at(i),
                       report_kinds.at(i).help);
  command.add_option("--pcapng", check.evidence,
                     "write a decoded transcript and a capture per connection, its packets "
                     "commented with the rules broken, to this folder");
}

struct Command {
  const char* name;
  const char* help;
  void (*add)(CLI::App&, TraceOptions&);
  int (*run)(const TraceOptions&);
};
constexpr std::array<Command, 2> commands{{
    {"show", "the conversation, PDU by PDU", add_show,
     [](const TraceOptions& options) { return show(options.show); }},
    {"check", "which rules of RFC 3720 either side broke", add_check,
     [](const TraceOptions& options) { return check(options.check); }},
}};

}  // namespace

std::expected<TraceOptions, Ended> read_trace_command_line(int argc, char** argv) {
  TraceOptions options;
  CLI::App app{"Looks into captured iSCSI sessions (RFC 3720)."};
  app.require_subcommand(1);
  const std::string_view version = suite_version.substr(suite_version.find(' '));
  app.set_version_flag("--version", "iscsi-trace" + std::string{version});
  std::array<CLI::App*, commands.size()> parsers{};
  for (std::size_t i = 0; i < commands.size(); ++i) {
    parsers[i] = app.add_subcommand(commands[i].name, commands[i].help);
    commands[i].add(*parsers[i], options);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return std::unexpected(Ended{app.exit(help)});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Ended{refuse(error.what())});
  }
  for (std::size_t i = 0; i < commands.size(); ++i)
    if (parsers[i]->parsed()) options.run = commands[i].run;
  return options;
}

}  // namespace conformance
