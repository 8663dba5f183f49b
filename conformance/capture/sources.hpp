#pragma once

/// The forms that a capture file may have.

#include "conformance/capture/bytes_in.hpp"
#include "conformance/capture/packet.hpp"

namespace conformance {

/// Bytes of which the first were looked at already.
class PeekedBytes : public BytesIn {
 public:
  /// Errors: as the first call of `next`.
  [[nodiscard]] static std::expected<std::unique_ptr<PeekedBytes>, std::string> look_into(
      std::unique_ptr<BytesIn> bytes);

  [[nodiscard]] iscsi::wire::ByteView first() const { return first_; }
  [[nodiscard]] std::expected<iscsi::wire::ByteView, std::string> next() override;

 private:
  std::unique_ptr<BytesIn> bytes_;
  iscsi::wire::ByteView first_;
  bool given_ = false;
};

/// pcap or pcapng, by libpcap.
[[nodiscard]] std::expected<std::unique_ptr<PacketSource>, std::string> open_pcap(
    std::unique_ptr<BytesIn> bytes);

/// What `tshark -T json -x` writes: an array of packets, each with the bytes of its frame.
[[nodiscard]] std::unique_ptr<PacketSource> open_wireshark_json(std::unique_ptr<BytesIn> bytes);

}  // namespace conformance
