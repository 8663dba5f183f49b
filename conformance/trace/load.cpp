#include "conformance/trace/load.hpp"

#include <filesystem>

#include "conformance/capture/sources.hpp"
#include "conformance/command/files.hpp"

namespace conformance {
namespace {

void say_notes(const std::string& path, const std::vector<CaptureNote>& notes) {
  for (const CaptureNote& note : notes)
    say("note: " + path + (note.packet == 0 ? "" : ", packet " + std::to_string(note.packet)) +
        ": " + note.text + "\n");
}

std::expected<Recording, std::string> load_capture(const std::string& path) {
  auto capture = Capture::open(path);
  if (!capture) return std::unexpected(capture.error());
  Recording recording;
  std::uint64_t bytes = 0;
  while (true) {
    auto record = capture->next();
    if (!record) return std::unexpected(path + ": " + record.error());
    if (!*record) break;
    bytes += sizeof(Record) + (*record)->bytes.size() + (*record)->holes.size() * sizeof(Hole);
    if (bytes > longest_recording)
      return std::unexpected(path + ": more than 256 MiB of PDUs; cut the capture first");
    const std::size_t number = (*record)->connection;
    if (recording.connections.size() <= number) {
      recording.connections.resize(number + 1);
      const Flow flow = capture->flow((*record)->connection);
      recording.connections[number] = {flow.initiator, flow.target};
    }
    recording.transcript.push_back(*std::move(*record));
  }
  if (recording.transcript.empty()) return std::unexpected(path + ": no iSCSI in it");
  say_notes(path, capture->take_notes());
  return recording;
}

}  // namespace

std::expected<Recording, std::string> load_any(const std::string& path) {
  const std::string name = std::filesystem::path{path}.stem().string();
  auto bytes = open_peeked(path);
  if (!bytes) return std::unexpected(path + ": " + bytes.error());
  if (is_json_object(**bytes)) {
    auto recording = read_recording(name, *std::move(bytes));
    if (!recording) return std::unexpected(path + ": " + recording.error());
    return recording;
  }
  auto recording = load_capture(path);
  if (recording) recording->name = name;
  return recording;
}

}  // namespace conformance
