#include "conformance/trace/options.hpp"

#include "conformance/command/reporting.hpp"
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
  add_reporting(command, check);
  command.add_option("--pcapng", check.evidence,
                     "write a decoded transcript and a capture per connection, its packets "
                     "commented with the rules broken, to this folder");
}

void add_convert(CLI::App& command, TraceOptions& options) {
  ConvertOptions& convert = options.convert;
  command.add_option("from", convert.from, "a capture, or a recording (JSON)")->required();
  command.add_option("to", convert.to, "a recording (.json) or a capture (.pcapng)")->required();
  command.add_flag("--facts", convert.facts,
                   "replace payloads by a generated pattern, host names by x");
  command.add_flag("--anonymise", convert.anonymise,
                   "--facts, and names, addresses and CHAP values become examples");
  command.add_option("--records", convert.records, "FIRST:LAST, counted from 0: only those");
  command.add_option("--claim", convert.claim, "what the session shows");
  command.add_option("--source", convert.source, "who captured it, where it can be had");
  command.add_option("--initiator", convert.initiator, "the initiator's program and version");
  command.add_option("--recorded-target", convert.target, "the target's program and version");
  command.add_option("--note", convert.note, "what a reader should know beside");
  command.add_option("--origin", convert.origin, "reconstructed: nobody captured it")
      ->check(CLI::IsMember({"reconstructed"}));
  command.add_option("--doubtful", convert.doubtful,
                     "RECORD:REASON: the answer to that request is no model for other targets");
  command.add_option("--secret", convert.secret,
                     "user%secret of the initiator's CHAP, to be kept in the recording");
  command.add_option("--target-secret", convert.target_secret, "the same of the target");
}

void add_replay(CLI::App& command, TraceOptions& options) {
  ReplayOptions& replay = options.replay;
  Options& run = replay.run;
  command.add_option("file", replay.files,
                     "captures and recordings; all that are shipped if none is given");
  command.add_option("--target", run.target,
                     "iscsi://[user%secret@]host[:port]/target-name; without it the reference in "
                     "this process, made after the recording");
  command.add_option("--chap", run.chap_file, "a file with the line user%secret");
  command.add_flag("--allow-writes", replay.allow_writes,
                   "send what writes, reserves or resets to --target, too");
  command.add_flag("--timing", replay.timing, "wait between PDUs as the recorded initiator did");
  add_timeout(command, run.answer_ms);
  add_reporting(command, run);
  command.add_option("--evidence", run.evidence,
                     "write a decoded transcript and a capture per recording to this folder");
  command.add_flag("-v,--verbose", run.verbose, "a line for every recording, and its notes");
}

struct Command {
  const char* name;
  const char* help;
  void (*add)(CLI::App&, TraceOptions&);
  int (*run)(const TraceOptions&);
};
constexpr std::array<Command, 4> commands{{
    {"show", "the conversation, PDU by PDU", add_show,
     [](const TraceOptions& options) { return show(options.show); }},
    {"check", "which rules of RFC 3720 either side broke", add_check,
     [](const TraceOptions& options) { return check(options.check); }},
    {"convert", "a capture to a recording, a recording to a capture", add_convert,
     [](const TraceOptions& options) { return convert(options.convert); }},
    {"replay", "a recorded session, acted out against a target", add_replay,
     [](const TraceOptions& options) { return replay(options.replay); }},
}};

}  // namespace

std::expected<TraceOptions, Ended> read_trace_command_line(int argc, char** argv) {
  TraceOptions options;
  options.replay.run.stories = ISCSI_STORIES;
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
