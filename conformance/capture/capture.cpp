#include "conformance/capture/capture.hpp"

#include "conformance/capture/packet_capture.hpp"
#include "conformance/capture/sources.hpp"

namespace conformance {

std::expected<Capture, std::string> Capture::open(const std::filesystem::path& file) {
  auto packets = open_pcap(file);
  if (!packets) return std::unexpected(file.string() + ": " + packets.error());
  return Capture{std::make_unique<PacketCapture>(*std::move(packets))};
}

std::expected<Transcript, std::string> read_all(const std::filesystem::path& file) {
  auto capture = Capture::open(file);
  if (!capture) return std::unexpected(capture.error());
  Transcript transcript;
  while (true) {
    auto record = capture->next();
    if (!record) return std::unexpected(file.string() + ": " + record.error());
    if (!*record) return transcript;
    transcript.push_back(**std::move(record));
  }
}

}  // namespace conformance
