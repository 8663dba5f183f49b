#pragma once

/// The forms that a capture file may have.

#include "conformance/capture/bytes_in.hpp"
#include "conformance/capture/capture.hpp"
#include "conformance/capture/packet.hpp"
#include "conformance/recording/recording.hpp"

namespace conformance {

/// Whatever it holds: as `Capture::open`. Errors do not name the file.
[[nodiscard]] std::expected<Capture, std::string> open_capture(std::unique_ptr<PeekedBytes> bytes);

/// Whether what begins so is an object in JSON: a recording, or nothing that is read here.
[[nodiscard]] bool is_json_object(const PeekedBytes& bytes);

/// A whole recording. Errors: that it is none, by its first bytes; else the place, and what was
/// expected there.
[[nodiscard]] std::expected<Recording, std::string> read_recording(
    std::string_view name, std::unique_ptr<PeekedBytes> bytes);

[[nodiscard]] std::unique_ptr<RecordSource> records_of(Recording recording);

/// pcap or pcapng, by libpcap.
[[nodiscard]] std::expected<std::unique_ptr<PacketSource>, std::string> open_pcap(
    std::unique_ptr<BytesIn> bytes);

/// What `tshark -T json -x` writes: an array of packets, each with the bytes of its frame.
[[nodiscard]] std::unique_ptr<PacketSource> open_wireshark_json(std::unique_ptr<BytesIn> bytes);

}  // namespace conformance
