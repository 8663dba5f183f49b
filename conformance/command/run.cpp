#include "conformance/command/run.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "conformance/command/conclude.hpp"
#include "conformance/command/files.hpp"
#include "conformance/command/one_by_one.hpp"
#include "conformance/command/secrets.hpp"
#include "conformance/command/select.hpp"
#include "conformance/in_process.hpp"
#include "conformance/play/run.hpp"
#include "conformance/play/tcp.hpp"
#include "conformance/play/url.hpp"

namespace conformance {
namespace {

constexpr const char* survey_story = "start/survey";
constexpr std::uint64_t disk_bytes = 64U << 20U;
constexpr const char* whole_disk = "0:65536";

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

/// Completes the facts once the survey has told the size of the disk. A complaint, or nothing.
std::string complete_facts(Settings& settings) {
  const auto number = [&](const char* name) -> std::uint64_t {
    const auto found = settings.facts.find(name);
    return found == settings.facts.end() ? 0 : std::get<std::uint64_t>(found->second);
  };
  if (!settings.has_unit()) return {};
  const std::uint64_t blocks = number("last_block") + 1;
  settings.facts.insert_or_assign("blocks", blocks);
  if (!settings.may_write) return {};
  if (number("block") > blocks || number("writable_blocks") > blocks - number("block"))
    return "the range that may be written to goes beyond the disk's " + std::to_string(blocks) +
           " blocks";
  return {};
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

/// `replay_one(recording, settings)` acts out one recording.
template <Transport T, class Replay>
int run_on(const Options& options, const Library& library, Settings settings, T& transport,
           const std::string& label, Replay replay_one) {
  const auto recordings = read_recordings(options.stories);
  if (!recordings) return refuse(recordings.error());
  const auto cases = selected(library, options.profile, options.select, *recordings);
  if (!cases) return refuse(cases.error());
  const auto replays = selected(*recordings, options.profile, options.select);
  if (cases->empty() && replays.empty()) {
    (void)refuse("the profile " + options.profile + " has none of the cases selected");
    return exit_nothing_run;
  }
  const auto expectations = expectations_of(options);
  if (!expectations) return refuse(expectations.error());
  RunResult run{.target = label,
                .began = time_of_day(),
                .seed = options.seed,
                .strict = options.strict,
                .partial = !options.select.empty() || options.profile != "full",
                .cases = {},
                .rules = {}};
  const std::uint64_t begin_us = transport.now_us();
  if (const Story* story = library.find(survey_story)) {
    const CaseResult seen = survey(library.cases_of(*story).front(), settings, transport);
    if (seen.judgement.manner == Manner::unreachable)
      return refuse(label + ": " + seen.judgement.what);
    if (seen.judgement.verdict != Verdict::pass)
      run.remark = "no disk was found: " + seen.judgement.what;
  }
  if (const std::string wrong = complete_facts(settings); !wrong.empty()) return refuse(wrong);
  std::vector<Trial> trials;
  for (const Case& one : *cases)
    trials.push_back(
        {one.name, [&] { return judge_case(one, settings, transport, options.strict); }});
  for (const RecordedStory* one : replays)
    trials.push_back({one->story.name, [&, one] { return replay_one(*one, settings); }});
  judge_one_by_one(trials, options.verbose, [&] { return restart(options, transport); }, run);
  run.duration_us = transport.now_us() - begin_us;
  return conclude(options, *expectations, run);
}

int run_in_process(const Options& options, const Library& library, Settings settings) {
  iscsi::server::Configuration configuration;
  configuration.logical_units = {{.size_bytes = disk_bytes}};
  auto transport = InProcess::with(configuration);
  if (!transport) return refuse(transport.error());
  settings.target_name = configuration.target_name;
  settings.quiet_ms = 1;
  if (options.allow_writes.empty()) (void)read_range(whole_disk, settings);
  return run_on(options, library, std::move(settings), *transport, "the reference",
                [](const RecordedStory& one, const Settings& own) {
                  return replay_in_process(one, own, false);
                });
}

int run_over_tcp(const Options& options, const Library& library, Settings settings) {
  auto url = parse_url(options.target);
  if (!url) return refuse("--target: expected " + url.error());
  if (const auto done = add_secrets(*url, options.chap_file); !done) return refuse(done.error());
  auto transport = Tcp::to(url->host, url->port, options.answer_ms);
  if (!transport) return refuse(transport.error());
  settings.target_name = url->target_name;
  settings.lun = lun_field(url->lun);
  settings.initiator = url->initiator;
  settings.target = url->target;
  return run_on(options, library, std::move(settings), *transport, print_url(*url),
                [&](const RecordedStory& one, const Settings& own) {
                  return judge_recording(one, {.play = own}, *transport);
                });
}

}  // namespace

int run(const Options& options, const Library& library) {
  Settings settings;
  settings.seed = options.seed;
  settings.answer_ms = options.answer_ms;
  if (!options.allow_writes.empty() && !read_range(options.allow_writes, settings))
    return refuse("--allow-writes takes FIRST:COUNT, in blocks");
  if (const std::string wrong = unwritable_report(options); !wrong.empty())
    return refuse(wrong + " cannot be written");
  if (options.target.empty()) return run_in_process(options, library, std::move(settings));
  return run_over_tcp(options, library, std::move(settings));
}

}  // namespace conformance
