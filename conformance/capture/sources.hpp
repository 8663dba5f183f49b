#pragma once

/// The forms that a capture file may have.

#include <expected>
#include <filesystem>
#include <memory>

#include "conformance/capture/packet.hpp"

namespace conformance {

/// pcap or pcapng, by libpcap.
[[nodiscard]] std::expected<std::unique_ptr<PacketSource>, std::string> open_pcap(
    const std::filesystem::path& file);

}  // namespace conformance
