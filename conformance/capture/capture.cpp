#include "conformance/capture/capture.hpp"

#include <algorithm>
#include <utility>

#include "conformance/capture/packet_capture.hpp"
#include "conformance/capture/sources.hpp"

namespace conformance {

namespace {

/// The first character that is no blank.
char first_mark(const PeekedBytes& bytes) {
  const std::string_view text = iscsi::wire::as_text(bytes.first());
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == text.npos ? '\0' : text[at];
}

std::expected<Capture, std::string> open_if(
    std::expected<std::unique_ptr<PeekedBytes>, std::string> opened) {
  if (!opened) return std::unexpected(opened.error());
  return open_capture(*std::move(opened));
}

}  // namespace

std::expected<Capture, std::string> open_capture(std::unique_ptr<PeekedBytes> bytes) {
  if (first_mark(*bytes) == '[')
    return Capture{std::make_unique<PacketCapture>(open_wireshark_json(std::move(bytes)))};
  if (is_json_object(*bytes)) {
    auto recording = read_recording({}, std::move(bytes));
    if (!recording) return std::unexpected(recording.error());
    return Capture{records_of(*std::move(recording)), Capture::Origin::recording};
  }
  auto packets = open_pcap(std::move(bytes));
  if (!packets) return std::unexpected(packets.error());
  return Capture{std::make_unique<PacketCapture>(*std::move(packets))};
}

std::string CaptureNote::print() const {
  std::string out;
  if (packet > 0) out += "packet " + std::to_string(packet) + ": ";
  if (connection) out += "connection " + std::to_string(*connection) + ": ";
  return out + text;
}

bool is_json_object(const PeekedBytes& bytes) { return first_mark(bytes) == '{'; }

std::expected<Capture, std::string> Capture::open(const std::filesystem::path& file) {
  auto capture = open_if(open_bytes(file));
  if (!capture) return std::unexpected(file.string() + ": " + capture.error());
  return capture;
}

std::expected<Capture, std::string> Capture::open(iscsi::wire::ByteView file) {
  return open_if(open_bytes(file));
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
