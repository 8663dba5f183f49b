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

struct Command {
  const char* name;
  const char* help;
  void (*add)(CLI::App&, TraceOptions&);
  int (*run)(const TraceOptions&);
};
constexpr std::array<Command, 1> commands{{
    {"show", "the conversation, PDU by PDU", add_show,
     [](const TraceOptions& options) { return show(options.show); }},
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
