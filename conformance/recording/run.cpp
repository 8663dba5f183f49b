#include "conformance/recording/run.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "conformance/story/loader.hpp"

namespace conformance {
namespace {

constexpr std::size_t most_told = 40;

std::string list(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

RecordedStory as_story(Recording recording) {
  RecordedStory one{.recording = std::move(recording), .story = {}};
  one.story.name = one.recording.name;
  one.story.claim = one.recording.claim + " (" + std::string{name_of(one.recording.origin)} + ": " +
                    one.recording.initiator + ", " + one.recording.target + ")";
  return one;
}

std::expected<std::deque<RecordedStory>, std::string> read_recordings(
    const std::filesystem::path& folder) {
  auto files = read_trace_files(folder);
  if (!files) return std::unexpected(files.error().first.string() + ": " + files.error().second);
  std::deque<RecordedStory> recordings;
  for (const TraceFile& file : *files) {
    if (!is_recording(file.text)) continue;
    auto loaded = load_recording(file.name, file.text);
    if (!loaded)
      return std::unexpected(file.path.string() + ": " + loaded.error().where + ": expected " +
                             loaded.error().what);
    recordings.push_back(as_story(*std::move(loaded)));
  }
  return recordings;
}

void judge_replay(const ReplayResult& replay, CaseResult& result) {
  Judgement& judgement = result.judgement;
  std::size_t differing = 0;
  for (const Difference& difference : replay.differences) {
    if (result.notes.size() < most_told) result.notes.push_back(difference.what);
    if (!difference.counts || ++differing > 1) continue;
    judgement.verdict = Verdict::fail;
    judgement.manner = Manner::wrong_answer;
    judgement.what = difference.what;
    judgement.where = "recorded[" + std::to_string(difference.recorded) + "]";
    judgement.record = difference.live;
  }
  if (differing > 1) judgement.what += ", and " + std::to_string(differing - 1) + " more";
  if (!replay.unsupported.empty()) {
    judgement = {};
    judgement.verdict = Verdict::unsupported;
    judgement.what = replay.unsupported;
  }
  // What was compared with nothing is kept by anybody, even by a target that says nothing.
  if (judgement.verdict == Verdict::pass && replay.compared == 0) {
    judgement.verdict = Verdict::unsupported;
    judgement.what = "no answer of the recording could be compared with one of the target";
  }
  for (const std::string& remark : replay.remarks) result.notes.push_back(remark);
  if (!replay.not_served.empty())
    result.notes.push_back("not served by the target, compared at the iSCSI layer only: " +
                           list(replay.not_served));
  result.notes.push_back(std::to_string(replay.played) + " of " + std::to_string(replay.requests) +
                         " requests sent; " + std::to_string(replay.compared) +
                         " answers compared, " + std::to_string(replay.transport_only) +
                         " at the iSCSI layer only, " + std::to_string(replay.bytes_compared) +
                         " bytes of blocks");
}

}  // namespace conformance
