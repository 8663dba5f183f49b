/// Recordings as sources of records.

#include <utility>

#include "conformance/capture/limits.hpp"
#include "conformance/capture/sources.hpp"
#include "conformance/story/loader.hpp"

namespace conformance {
namespace {

class RecordedSource : public RecordSource {
 public:
  explicit RecordedSource(Recording recording) : recording_{std::move(recording)} {}

  std::expected<std::optional<Record>, std::string> next() override {
    if (next_ == recording_.transcript.size()) return std::nullopt;
    return std::move(recording_.transcript[next_++]);
  }
  [[nodiscard]] Endpoints endpoints(ConnectionNumber connection) const override {
    if (connection >= recording_.connections.size()) return {};
    return recording_.connections[connection];
  }
  [[nodiscard]] std::vector<CaptureNote> take_notes() override {
    if (recording_.note.empty()) return {};
    return {CaptureNote{.text = std::exchange(recording_.note, {})}};
  }

 private:
  Recording recording_;
  std::size_t next_ = 0;
};

}  // namespace

std::expected<Recording, std::string> read_recording(std::string_view name,
                                                     std::unique_ptr<PeekedBytes> bytes) {
  if (!is_recording(iscsi::wire::as_text(bytes->first())))
    return std::unexpected(
        "a JSON object that is no recording; what is read is a recording, or Wireshark's array of "
        "packets");
  std::string text;
  while (true) {
    const auto next = bytes->next();
    if (!next) return std::unexpected(next.error());
    if (next->empty()) break;
    text += iscsi::wire::as_text(*next);
    if (text.size() > capture_limits::recording_bytes)
      return std::unexpected("a recording of more than 512 MiB");
  }
  auto recording = load_recording(name, text);
  if (recording) return *std::move(recording);
  return std::unexpected(recording.error().where + ": expected " + recording.error().what);
}

std::unique_ptr<RecordSource> records_of(Recording recording) {
  return std::make_unique<RecordedSource>(std::move(recording));
}

}  // namespace conformance
