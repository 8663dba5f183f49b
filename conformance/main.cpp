/// iscsi-conform: judges any iSCSI target by RFC 3720.
///
///   list      the cases and the rules that they judge
///   run       acts the cases out against a target, by default the reference in this process
///   explain   a rule: what it says, who judges it, and what proves that it is judged
///   prove     sends saboteurs into the suite: every rule that it claims to judge has to be able to
///             come out broken
///
/// Exit status: 0 everything came out as expected, 1 it did not, 2 a wrong command line or set-up,
/// 77 nothing was run.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "conformance/in_process.hpp"
#include "conformance/play/run.hpp"
#include "conformance/play/tcp.hpp"
#include "conformance/play/url.hpp"
#include "conformance/proof/prove.hpp"
#include "conformance/report/expectations.hpp"
#include "conformance/report/reports.hpp"
#include "conformance/story/loader.hpp"

namespace {

using namespace conformance;

constexpr int exit_expected = 0;
constexpr int exit_unexpected = 1;
constexpr int exit_usage = 2;
constexpr int exit_nothing_run = 77;

constexpr const char* survey_story = "start/survey";

struct Options {
  std::string stories = ISCSI_STORIES;
  std::vector<std::string> select;
  bool json = false;
  std::string target;
  std::string allow_writes;
  bool strict = false;
  bool verbose = false;
  std::string expect;
  bool fix = false;
  std::string junit;
  std::string json_file;
  std::string evidence;
  std::string restart;
  std::uint64_t seed = 1;
  std::uint64_t answer_ms = 5000;
  std::string rule;
};

/// A line on the error output, and the exit status that goes with it.
int refuse(const std::string& why) {
  std::fprintf(stderr, "iscsi-conform: %s\n", why.c_str());
  return exit_usage;
}

void say(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return std::nullopt;
  return text.str();
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  return static_cast<bool>(out.flush());
}

// Selecting.

/// `10.18` selects 10.18 and 10.18.1, but not 10.180.
bool lies_in(std::string_view section, std::string_view chosen) {
  return section == chosen ||
         (section.starts_with(chosen) && section.substr(chosen.size()).starts_with('.'));
}

bool is_selected(const Case& one, const std::string& pattern) {
  if (fits(pattern, one.name) || fits(pattern, one.story->name)) return true;
  return std::ranges::any_of(one.story->rules, [&](iscsi::Rule rule) {
    const iscsi::RuleInfo& info = iscsi::about(rule);
    return info.slug == pattern || lies_in(info.section, pattern);
  });
}

std::vector<Case> selected(const Library& library, const std::vector<std::string>& patterns) {
  std::vector<Case> cases = library.cases();
  if (patterns.empty()) return cases;
  std::erase_if(cases, [&](const Case& one) {
    return std::ranges::none_of(
        patterns, [&](const std::string& pattern) { return is_selected(one, pattern); });
  });
  return cases;
}

// list and explain.

std::string_view level_name(iscsi::Level level) {
  constexpr std::array<std::string_view, 6> names{"MUST",       "MUST NOT", "SHOULD",
                                                  "SHOULD NOT", "MAY",      "implied"};
  return names[static_cast<std::size_t>(level)];
}

bool is_monitored(iscsi::Rule rule) {
  const auto rules = monitored_rules();
  return std::ranges::find(rules, rule) != rules.end();
}

std::vector<std::string> stories_judging(const Library& library, iscsi::Rule rule) {
  std::vector<std::string> names;
  for (const auto& story : library.stories())
    if (!story->is_start() && std::ranges::find(story->rules, rule) != story->rules.end())
      names.push_back(story->name);
  return names;
}

json::Value listing(const Library& library, const std::vector<Case>& cases) {
  json::Array case_values;
  for (const Case& one : cases) {
    json::Array rules;
    for (const iscsi::Rule rule : one.story->rules)
      rules.push_back(json::text(iscsi::about(rule).slug));
    case_values.push_back(json::object({{"name", json::text(one.name)},
                                        {"claim", json::text(one.story->claim)},
                                        {"rules", json::array(std::move(rules))}}));
  }
  json::Array rule_values;
  for (const iscsi::RuleInfo& info : iscsi::ledger()) {
    json::Array stories;
    for (const std::string& name : stories_judging(library, info.rule))
      stories.push_back(json::text(name));
    const bool monitored = is_monitored(info.rule);
    if (stories.empty() && !monitored) continue;
    rule_values.push_back(json::object({{"rule", json::text(info.slug)},
                                        {"section", json::text(info.section)},
                                        {"level", json::text(level_name(info.level))},
                                        {"says", json::text(info.says)},
                                        {"monitor", json::boolean(monitored)},
                                        {"stories", json::array(std::move(stories))}}));
  }
  return json::object({{"version", json::number(1)},
                       {"cases", json::array(std::move(case_values))},
                       {"rules", json::array(std::move(rule_values))}});
}

int list(const Options& options, const Library& library) {
  const std::vector<Case> cases = selected(library, options.select);
  if (options.json) {
    say(json::print(listing(library, cases)));
    return exit_expected;
  }
  for (const Case& one : cases) say(one.name + "\n    " + one.story->claim + "\n");
  return exit_expected;
}

int explain(const Options& options, const Library& library) {
  const iscsi::RuleInfo* info = find_rule(options.rule);
  if (info == nullptr) return refuse("no rule is called " + options.rule);
  say(std::string{info->slug} + "\n  RFC 3720 " + std::string{info->section} + ", " +
      std::string{level_name(info->level)} + "\n  " + std::string{info->says} + "\n");
  if (is_monitored(info->rule)) say("  judged in every conversation by the monitor\n");
  for (const std::string& name : stories_judging(library, info->rule))
    say("  judged by " + name + "\n");
  for (const proof::Saboteur& saboteur : proof::saboteurs())
    if (saboteur.rule == info->rule)
      say("  found broken in a target that " + std::string{saboteur.does} + "\n");
  return exit_expected;
}

// prove.

bool concerns(const proof::Saboteur& saboteur, const std::vector<std::string>& patterns) {
  const iscsi::RuleInfo& info = iscsi::about(saboteur.rule);
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return fits(pattern, info.slug) || lies_in(info.section, pattern);
         });
}

int prove(const Options& options, const Library& library) {
  std::size_t sent = 0;
  std::size_t killed = 0;
  std::set<iscsi::Rule> unproved;
  if (options.select.empty()) unproved = proof::claimed_rules(library);
  for (const proof::Saboteur& saboteur : proof::saboteurs()) {
    if (!concerns(saboteur, options.select)) continue;
    const proof::Proof proof = proof::prove(saboteur, library, fresh_bench);
    ++sent;
    if (options.verbose || !proof.killed()) say(proof.told() + "\n");
    if (!proof.killed()) continue;
    ++killed;
    unproved.erase(saboteur.rule);
  }
  if (sent == 0) {
    (void)refuse("no saboteur is selected");
    return exit_nothing_run;
  }
  for (const iscsi::Rule rule : unproved)
    say("no saboteur proves " + std::string{iscsi::about(rule).slug} + "\n");
  say("saboteurs found out: " + std::to_string(killed) + " of " + std::to_string(sent) + "\n");
  return killed == sent && unproved.empty() ? exit_expected : exit_unexpected;
}

// run.

/// `FIRST:COUNT`, in blocks.
bool read_range(const std::string& text, Settings& settings) {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [colon, failed] = std::from_chars(text.data(), end, first);
  if (failed != std::errc{} || colon == end || *colon != ':') return false;
  const auto [stop, wrong] = std::from_chars(colon + 1, end, count);
  if (wrong != std::errc{} || stop != end || count == 0) return false;
  settings.may_write = true;
  settings.facts.insert_or_assign("block", first);
  settings.facts.insert_or_assign("writable_blocks", count);
  return true;
}

/// Completes the facts once the survey has told the size of the disk.
std::string check_facts(Settings& settings) {
  const auto number = [&](const char* name) -> std::uint64_t {
    const auto found = settings.facts.find(name);
    return found == settings.facts.end() ? 0 : std::get<std::uint64_t>(found->second);
  };
  if (!settings.has_unit()) return {};
  const std::uint64_t blocks = number("last_block") + 1;
  settings.facts.insert_or_assign("blocks", blocks);
  if (!settings.may_write) return {};
  if (number("block") + number("writable_blocks") > blocks)
    return "the range that may be written to goes beyond the disk's " + std::to_string(blocks) +
           " blocks";
  return {};
}

class Progress {
 public:
  explicit Progress(bool verbose) : verbose_{verbose}, terminal_{::isatty(STDERR_FILENO) == 1} {}

  void begin(std::size_t index, std::size_t count, const std::string& name) const {
    if (terminal_) std::fprintf(stderr, "\r\033[K[%zu/%zu] %s", index + 1, count, name.c_str());
  }
  void end(const CaseResult& one) const {
    if (terminal_) std::fputs("\r\033[K", stderr);
    const Verdict verdict = one.judgement.verdict;
    if (verbose_ || verdict == Verdict::fail || verdict == Verdict::error) say(console_line(one));
  }

 private:
  bool verbose_;
  bool terminal_;
};

/// Everything that follows the last case: expectations, reports, exit status.
int conclude(const Options& options, RunResult& run) {
  sum_up_rules(run);
  std::vector<std::string> complaints;
  std::vector<Expectation> entries;
  if (!options.expect.empty()) {
    const auto text = read_file(options.expect);
    if (!text && !options.fix) return refuse(options.expect + " cannot be read");
    if (text) {
      auto read = read_expectations(*text);
      if (!read)
        return refuse(options.expect + ": " + read.error().where + ": expected " +
                      read.error().what);
      entries = *std::move(read);
    }
    if (options.fix) {
      if (!write_file(options.expect, rewrite_expectations(run, entries)))
        return refuse(options.expect + " cannot be written");
    } else {
      complaints = excuse(run, entries);
    }
  }
  if (!options.junit.empty() && !write_file(options.junit, junit(run)))
    return refuse(options.junit + " cannot be written");
  if (!options.json_file.empty() && !write_file(options.json_file, json::print(json_report(run))))
    return refuse(options.json_file + " cannot be written");
  if (!options.evidence.empty())
    if (const auto done = write_evidence(options.evidence, run); !done) return refuse(done.error());
  say(console_summary(run));
  for (const std::string& complaint : complaints) say("expectations: " + complaint + "\n");

  if (count(run, Verdict::error) > 0) return exit_usage;
  if (run.cases.size() == count(run, Verdict::unsupported)) return exit_nothing_run;
  const bool accepted =
      std::ranges::all_of(
          run.cases,
          [](const CaseResult& one) { return is_accepted(one.judgement.verdict, one.excuse); }) &&
      std::ranges::all_of(
          run.rules, [](const RuleResult& rule) { return is_accepted(rule.verdict, rule.excuse); });
  return accepted && complaints.empty() ? exit_expected : exit_unexpected;
}

/// Whether the target can be reached again after a crash; without `--restart` it cannot.
template <Transport T>
bool restart(const Options& options, T& transport) {
  constexpr int attempts = 100;
  constexpr useconds_t pause_us = 100'000;
  if (options.restart.empty() || std::system(options.restart.c_str()) != 0) return false;
  for (int i = 0; i < attempts; ++i, ::usleep(pause_us))
    if (!transport.open(probing_connection)) {
      transport.leave(probing_connection, false);
      return true;
    }
  return false;
}

template <Transport T>
int run_on(const Options& options, const Library& library, Settings settings, T& transport) {
  const std::vector<Case> cases = selected(library, options.select);
  if (cases.empty()) {
    (void)refuse("no case is selected");
    return exit_nothing_run;
  }
  RunResult run{.target = options.target.empty() ? "the reference" : options.target,
                .seed = options.seed,
                .strict = options.strict,
                .cases = {},
                .rules = {}};
  const std::uint64_t begin_us = transport.now_us();
  if (const Story* story = library.find(survey_story)) {
    const CaseResult seen = survey(library.cases_of(*story).front(), settings, transport);
    if (seen.judgement.manner == Manner::unreachable) return refuse(seen.judgement.what);
    if (seen.judgement.verdict != Verdict::pass)
      run.remark = "no disk was found: " + seen.judgement.what;
  }
  if (const std::string wrong = check_facts(settings); !wrong.empty()) return refuse(wrong);
  const Progress progress{options.verbose};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    progress.begin(i, cases.size(), cases[i].name);
    run.cases.push_back(judge_case(cases[i], settings, transport, options.strict));
    progress.end(run.cases.back());
    const Manner manner = run.cases.back().judgement.manner;
    if ((manner == Manner::crash || manner == Manner::unreachable) &&
        !restart(options, transport)) {
      run.remark =
          "the target takes no connection any more: " + std::to_string(cases.size() - i - 1) +
          " cases were not run";
      break;
    }
  }
  run.duration_us = transport.now_us() - begin_us;
  return conclude(options, run);
}

int run_in_process(const Options& options, const Library& library, Settings settings) {
  iscsi::server::Configuration configuration;
  configuration.logical_units = {{.size_bytes = 64U << 20U}};
  auto transport = InProcess::with(configuration);
  if (!transport) return refuse(transport.error());
  settings.target_name = configuration.target_name;
  settings.quiet_ms = 1;
  if (options.allow_writes.empty()) (void)read_range("0:65536", settings);
  return run_on(options, library, std::move(settings), *transport);
}

int run_over_tcp(const Options& options, const Library& library, Settings settings) {
  const auto url = parse_url(options.target);
  if (!url) return refuse(options.target + ": expected " + url.error());
  auto transport = Tcp::to(url->host, url->port, options.answer_ms);
  if (!transport) return refuse(transport.error());
  settings.target_name = url->target_name;
  settings.lun = lun_field(url->lun);
  settings.initiator = url->initiator;
  settings.target = url->target;
  return run_on(options, library, std::move(settings), *transport);
}

int run(const Options& options, const Library& library) {
  if (options.fix && (options.expect.empty() || !options.select.empty()))
    return refuse("--fix goes with --expect and without --select");
  Settings settings;
  settings.seed = options.seed;
  settings.answer_ms = options.answer_ms;
  if (!options.allow_writes.empty() && !read_range(options.allow_writes, settings))
    return refuse("--allow-writes takes FIRST:COUNT, in blocks");
  if (options.target.empty()) return run_in_process(options, library, std::move(settings));
  return run_over_tcp(options, library, std::move(settings));
}

void add_run_options(CLI::App& run, Options& options) {
  run.add_option("--target", options.target,
                 "iscsi://[user%secret@]host[:port]/target-name[/lun]; without it the reference "
                 "in this process is judged");
  run.add_option("--allow-writes", options.allow_writes,
                 "FIRST:COUNT: blocks of the target that may be overwritten; none by default");
  run.add_flag("--strict", options.strict, "count warnings as failures");
  run.add_option("--expect", options.expect, "a file of failures that are known, with reasons");
  run.add_flag("--fix", options.fix, "rewrite that file to what this run found");
  run.add_option("--junit", options.junit, "write JUnit XML to this file");
  run.add_option("--json", options.json_file, "write a JSON report to this file");
  run.add_option("--evidence", options.evidence, "write a decoded transcript per case here");
  run.add_option("--restart", options.restart,
                 "a shell command that starts the target again when it takes no connection any "
                 "more");
  run.add_option("--seed", options.seed, "the run is repeatable for the same number");
  run.add_option("--timeout", options.answer_ms, "milliseconds that an answer may take")
      ->check(CLI::Range(10, 600'000));
  run.add_flag("-v,--verbose", options.verbose, "a line for every case, not only for failures");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Judges an iSCSI target by RFC 3720"};
  app.require_subcommand(1);
  app.add_option("--stories", options.stories, "the folder of stories");
  CLI::App* list_command = app.add_subcommand("list", "the cases, and the rules they judge");
  CLI::App* run_command = app.add_subcommand("run", "judge a target");
  CLI::App* explain_command = app.add_subcommand("explain", "a rule, and who judges it");
  CLI::App* prove_command =
      app.add_subcommand("prove", "show that each rule can come out broken, by saboteurs");
  prove_command->add_option("--select", options.select,
                            "only the rules that fit: a pattern with *, a section of the RFC");
  prove_command->add_flag("-v,--verbose", options.verbose, "a line for every saboteur");
  list_command->add_flag("--json", options.json, "as JSON, rules included");
  explain_command->add_option("rule", options.rule, "its name")->required();
  for (CLI::App* command : {list_command, run_command})
    command->add_option("--select", options.select,
                        "only cases that fit: a pattern with *, a section of the RFC, a rule");
  add_run_options(*run_command, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? exit_expected : exit_usage;
  }
  const auto library = Library::read(options.stories);
  if (!library)
    return refuse(library.error().file + ": " + library.error().error.where + ": expected " +
                  library.error().error.what);
  if (list_command->parsed()) return list(options, *library);
  if (explain_command->parsed()) return explain(options, *library);
  if (prove_command->parsed()) return prove(options, *library);
  return run(options, *library);
}
