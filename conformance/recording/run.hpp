#pragma once

/// A recording as a case of a run: acted out over any transport, compared, and watched by the
/// monitor.

#include <deque>
#include <expected>
#include <filesystem>

#include "conformance/play/run.hpp"
#include "conformance/play/transport.hpp"
#include "conformance/recording/replay.hpp"

namespace conformance {

/// A recording, and the story that it is to the reports.
struct RecordedStory {
  Recording recording;
  Story story;
};

[[nodiscard]] RecordedStory as_story(Recording recording);

/// Every recording below `folder`, in the order of their names. Errors: the file, the place in it,
/// and what was expected there.
[[nodiscard]] std::expected<std::deque<RecordedStory>, std::string> read_recordings(
    const std::filesystem::path& folder);

/// The verdict on a replay, and its remarks in words: the differences that do not count, what was
/// not compared, what was done otherwise than recorded.
void judge_replay(const ReplayResult& replay, CaseResult& result);

template <Transport T>
[[nodiscard]] CaseResult judge_recording(const RecordedStory& one, ReplaySettings settings,
                                         T& transport) {
  settings.play.seed = seed_of_case(settings.play.seed, one.story.name);
  const std::uint64_t begin_us = transport.now_us();
  Replayer replayer{one.recording, settings};
  drive(replayer, transport);
  CaseResult result{.name = one.story.name,
                    .story = &one.story,
                    .judgement = {},
                    .observation = observe(replayer.transcript()),
                    .transcript = replayer.transcript(),
                    .duration_us = transport.now_us() - begin_us};
  for (Record& record : result.transcript) record.at_us -= begin_us;
  judge_replay(replayer.result(), result);
  return result;
}

}  // namespace conformance
