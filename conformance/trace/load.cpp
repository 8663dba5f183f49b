#include "conformance/trace/load.hpp"

#include <filesystem>

#include "conformance/capture/capture.hpp"
#include "conformance/command/files.hpp"
#include "conformance/story/loader.hpp"

namespace conformance {
namespace {

std::expected<Recording, std::string> load_capture(const std::string& path) {
  auto capture = Capture::open(path);
  if (!capture) return std::unexpected(capture.error());
  Recording recording;
  std::uint64_t bytes = 0;
  while (true) {
    auto record = capture->next();
    if (!record) return std::unexpected(path + ": " + record.error());
    if (!*record) break;
    bytes += (*record)->bytes.size();
    if (bytes > longest_recording)
      return std::unexpected(path + ": more than 256 MiB of PDUs; cut the capture first");
    const std::size_t number = (*record)->connection;
    if (recording.connections.size() <= number) {
      recording.connections.resize(number + 1);
      const Flow flow = capture->flow((*record)->connection);
      recording.connections[number] = {flow.initiator.print(), flow.target.print()};
    }
    recording.transcript.push_back(*std::move(*record));
  }
  if (recording.transcript.empty()) return std::unexpected(path + ": no iSCSI in it");
  return recording;
}

}  // namespace

std::expected<Recording, std::string> load_any(const std::string& path) {
  const std::string name = std::filesystem::path{path}.stem().string();
  if (path.ends_with(".json")) {
    const auto text = read_file(path);
    if (!text) return std::unexpected(path + " cannot be read");
    if (is_recording(*text)) {
      auto loaded = load_recording(name, *text);
      if (loaded) return *std::move(loaded);
      return std::unexpected(path + ": " + loaded.error().where + ": expected " +
                             loaded.error().what);
    }
  }
  auto recording = load_capture(path);
  if (recording) recording->name = name;
  return recording;
}

}  // namespace conformance
