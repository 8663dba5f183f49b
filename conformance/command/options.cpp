#include "conformance/command/options.hpp"

#include "conformance/command/reporting.hpp"
#include "conformance/command/select.hpp"
#include "conformance/report/built_in.hpp"

namespace conformance {
namespace {

constexpr std::uint64_t shortest_answer_ms = 10;
constexpr std::uint64_t longest_answer_ms = 600'000;

constexpr const char* exit_statuses =
    "Exit status: 0 everything came out as expected, 1 it did not, 2 a wrong command line or "
    "set-up,\n77 nothing was run.";

std::string profile_help() {
  std::string help = "a part of the suite:";
  for (const Profile& profile : profiles())
    help += "\n" + std::string{profile.name} + ": " + std::string{profile.says};
  return help;
}

void add_selection(CLI::App& command, Options& options) {
  command.add_option("--select", options.select,
                     "only cases that fit, as often as you like: a pattern with * over names, a "
                     "section of the RFC, a rule");
  std::vector<std::string> names;
  for (const Profile& profile : profiles()) names.emplace_back(profile.name);
  command.add_option("--profile", options.profile, profile_help())->check(CLI::IsMember(names));
}

void add_target(CLI::App& run, Options& options) {
  run.add_option("--target", options.target,
                 "iscsi://[user%secret@]host[:port]/target-name[/lun]; without it the reference "
                 "in this process is judged");
  run.add_option("--chap", options.chap_file,
                 "a file with the line user%secret for CHAP, and for mutual CHAP a second one for "
                 "the target; ISCSI_CONFORM_CHAP and ISCSI_CONFORM_CHAP_TARGET in the environment "
                 "do the same");
  run.add_option("--allow-writes", options.allow_writes,
                 "FIRST:COUNT: blocks of the target that may be overwritten; none by default");
  run.add_option("--restart", options.restart,
                 "a shell command that starts the target again when it takes no connection any "
                 "more");
  add_timeout(run, options.answer_ms);
}

void add_run(CLI::App& run, Options& options) {
  add_target(run, options);
  add_reporting(run, options);
  run.add_option("--seed", options.seed, "the run is repeatable for the same number");
  run.add_option("--evidence", options.evidence,
                 "write a decoded transcript and a pcapng capture per case to this folder");
  run.add_flag("-v,--verbose", options.verbose, "a line for every case, not only for failures");
}

/// What the parser cannot see by itself; empty if all is well.
std::string complaint_about(const Options& options) {
  if (options.fix && options.expect.empty()) return "--fix goes with --expect";
  if (options.target.empty() && !options.chap_file.empty()) return "--chap goes with --target";
  if (options.answer_ms < shortest_answer_ms || options.answer_ms > longest_answer_ms)
    return "--timeout takes 10ms to 600s";
  return {};
}

}  // namespace

std::expected<Options, Ended> read_command_line(int argc, char** argv) {
  Options options;
  options.stories = ISCSI_STORIES;
  CLI::App app{"Judges an iSCSI target by RFC 3720."};
  app.footer(exit_statuses);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string{suite_version});
  app.add_option("--stories", options.stories, "the folder of stories");
  CLI::App* list = app.add_subcommand("list", "the cases, and the rules they judge");
  CLI::App* run = app.add_subcommand("run", "judge a target");
  CLI::App* explain = app.add_subcommand("explain", "a rule, and who judges it");
  CLI::App* prove =
      app.add_subcommand("prove", "show that each rule can come out broken, by saboteurs");
  prove->add_option("--select", options.select,
                    "only the rules that fit: a pattern with *, a section of the RFC");
  prove->add_flag("-v,--verbose", options.verbose, "a line for every saboteur");
  list->add_flag("--json", options.as_json, "as JSON, rules included");
  explain->add_option("rule", options.rule, "its name")->required();
  add_selection(*list, options);
  add_selection(*run, options);
  add_run(*run, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return std::unexpected(Ended{app.exit(help)});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Ended{refuse(error.what())});
  }
  if (list->parsed()) options.command = Options::Command::list;
  if (explain->parsed()) options.command = Options::Command::explain;
  if (prove->parsed()) options.command = Options::Command::prove;
  if (const std::string wrong = complaint_about(options); !wrong.empty())
    return std::unexpected(Ended{refuse(wrong)});
  return options;
}

}  // namespace conformance
