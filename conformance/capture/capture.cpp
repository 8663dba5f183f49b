#include "conformance/capture/capture.hpp"

#include <algorithm>
#include <utility>

#include "conformance/capture/packet_capture.hpp"
#include "conformance/capture/sources.hpp"

namespace conformance {

namespace {

std::expected<Capture, std::string> open_packets(std::unique_ptr<PeekedBytes> bytes) {
  std::string_view text = iscsi::wire::as_text(bytes->first());
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.starts_with('['))
    return Capture{std::make_unique<PacketCapture>(open_wireshark_json(std::move(bytes)))};
  if (text.starts_with('{'))
    return std::unexpected("a JSON object; what is read is Wireshark's array of packets");
  auto packets = open_pcap(std::move(bytes));
  if (!packets) return std::unexpected(packets.error());
  return Capture{std::make_unique<PacketCapture>(*std::move(packets))};
}

std::expected<Capture, std::string> open_bytes_in(
    std::expected<std::unique_ptr<BytesIn>, std::string> bytes) {
  if (!bytes) return std::unexpected(bytes.error());
  auto peeked = PeekedBytes::look_into(*std::move(bytes));
  if (!peeked) return std::unexpected(peeked.error());
  return open_packets(*std::move(peeked));
}

}  // namespace

std::expected<Capture, std::string> Capture::open(const std::filesystem::path& file) {
  auto capture = open_bytes_in(open_bytes(file));
  if (!capture) return std::unexpected(file.string() + ": " + capture.error());
  return capture;
}

std::expected<Capture, std::string> Capture::open(iscsi::wire::ByteView file) {
  return open_bytes_in(open_bytes(file));
}

std::expected<std::unique_ptr<PeekedBytes>, std::string> PeekedBytes::look_into(
    std::unique_ptr<BytesIn> bytes) {
  auto first = bytes->next();
  if (!first) return std::unexpected(std::move(first.error()));
  auto peeked = std::make_unique<PeekedBytes>();
  peeked->bytes_ = std::move(bytes);
  peeked->first_ = *first;
  return peeked;
}

std::expected<iscsi::wire::ByteView, std::string> PeekedBytes::next() {
  if (std::exchange(given_, true)) return bytes_->next();
  return first_;
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
