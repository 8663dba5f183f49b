#include "conformance/trace/load.hpp"

#include <filesystem>

#include "conformance/capture/sources.hpp"
#include "conformance/command/files.hpp"

namespace conformance {
namespace {

std::expected<Recording, std::string> load_capture(const std::string& path, Capture capture) {
  Recording recording;
  std::uint64_t bytes = 0;
  while (true) {
    auto record = capture.next();
    if (!record) return std::unexpected(path + ": " + record.error());
    if (!*record) break;
    bytes += sizeof(Record) + (*record)->bytes.size() + (*record)->holes.size() * sizeof(Hole);
    if (bytes > longest_recording)
      return std::unexpected(path + ": PDUs of more than " +
                             std::to_string(longest_recording >> 20U) +
                             " MiB; cut the capture first");
    const ConnectionNumber number = (*record)->connection;
    if (recording.connections.size() <= number) recording.connections.resize(number + 1);
    // The first record of a connection may come behind those of later ones.
    if (Endpoints& ends = recording.connections[number]; ends.initiator.empty())
      ends = capture.endpoints(number);
    recording.transcript.push_back(*std::move(*record));
  }
  if (recording.transcript.empty()) return std::unexpected(path + ": no iSCSI in it");
  for (const CaptureNote& note : capture.take_notes())
    say("note: " + path + ": " + note.print() + "\n");
  return recording;
}

}  // namespace

std::expected<Recording, std::string> load_any(const std::string& path) {
  const std::string name = std::filesystem::path{path}.stem().string();
  auto bytes = open_bytes(path);
  if (!bytes) return std::unexpected(path + ": " + bytes.error());
  if (is_json_object(**bytes)) {
    auto recording = read_recording(name, *std::move(bytes));
    if (!recording) return std::unexpected(path + ": " + recording.error());
    return recording;
  }
  auto capture = open_capture(*std::move(bytes));
  if (!capture) return std::unexpected(path + ": " + capture.error());
  auto recording = load_capture(path, *std::move(capture));
  if (recording) recording->name = name;
  return recording;
}

}  // namespace conformance
