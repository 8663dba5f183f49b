#include "conformance/trace/replay.hpp"

#include "conformance/command/conclude.hpp"
#include "conformance/command/files.hpp"
#include "conformance/command/one_by_one.hpp"
#include "conformance/command/secrets.hpp"
#include "conformance/in_process.hpp"
#include "conformance/play/tcp.hpp"
#include "conformance/play/url.hpp"
#include "conformance/trace/load.hpp"

namespace conformance {
namespace {

std::expected<std::deque<RecordedStory>, std::string> recordings_of(const ReplayOptions& options) {
  if (options.files.empty()) return read_recordings(options.run.stories);
  std::deque<RecordedStory> recordings;
  for (const std::string& file : options.files) {
    auto recording = load_any(file);
    if (!recording) return std::unexpected(recording.error());
    recordings.push_back(as_story(*std::move(recording)));
  }
  return recordings;
}

template <class Replay>
int replay_all(const ReplayOptions& options, const std::deque<RecordedStory>& recordings,
               const std::string& target, Replay replay_one) {
  const auto expectations = expectations_of(options.run);
  if (!expectations) return refuse(expectations.error());
  if (const std::string wrong = unwritable_report(options.run); !wrong.empty())
    return refuse(wrong + " cannot be written");
  RunResult run{.target = target,
                .began = time_of_day(),
                .seed = options.run.seed,
                .strict = options.run.strict,
                .partial = true,
                .cases = {},
                .rules = {}};
  std::vector<Trial> trials;
  for (const RecordedStory& one : recordings)
    trials.push_back({one.story.name, [&] { return replay_one(one); }});
  judge_one_by_one(trials, options.run.verbose, [] { return false; }, run);
  for (const CaseResult& one : run.cases) run.duration_us += one.duration_us;
  return conclude(options.run, *expectations, run);
}

int replay_over_tcp(const ReplayOptions& options, const std::deque<RecordedStory>& recordings) {
  auto url = parse_url(options.run.target);
  if (!url) return refuse("--target: expected " + url.error());
  if (const auto done = add_secrets(*url, options.run.chap_file); !done)
    return refuse(done.error());
  auto transport = Tcp::to(url->host, url->port, options.run.answer_ms);
  if (!transport) return refuse(transport.error());
  Settings settings;
  settings.target_name = url->target_name;
  settings.lun = lun_field(url->lun);
  settings.initiator = url->initiator;
  settings.target = url->target;
  settings.answer_ms = options.run.answer_ms;
  settings.seed = options.run.seed;
  settings.may_write = options.allow_writes;
  return replay_all(options, recordings, print_url(*url), [&](const RecordedStory& one) {
    return judge_recording(one, {.play = settings, .keep_timing = options.timing}, *transport);
  });
}

}  // namespace

int replay(const ReplayOptions& options) {
  const auto recordings = recordings_of(options);
  if (!recordings) return refuse(recordings.error());
  if (recordings->empty()) {
    (void)refuse("there is no recording to be replayed");
    return exit_nothing_run;
  }
  if (!options.run.target.empty()) return replay_over_tcp(options, *recordings);
  Settings settings;
  settings.seed = options.run.seed;
  settings.answer_ms = options.run.answer_ms;
  return replay_all(options, *recordings, "the reference", [&](const RecordedStory& one) {
    return replay_in_process(one, settings, options.timing);
  });
}

}  // namespace conformance
