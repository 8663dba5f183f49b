#pragma once

/// From a packet to the TCP segment in it.

#include <array>

#include "conformance/capture/packet.hpp"

namespace conformance {

/// One end of a TCP connection. An IPv4 address fills the first four bytes.
struct Endpoint {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
  bool v6 = false;

  /// `192.0.2.1:3260`, `[2001:db8::1]:3260`.
  [[nodiscard]] std::string print() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

struct Segment {
  Endpoint source;
  Endpoint destination;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  bool syn = false;
  bool fin = false;
  bool reset = false;
  bool has_ack = false;
  iscsi::wire::ByteView data{};  ///< as far as the file holds it
  std::size_t length = 0;        ///< bytes that it carried
};

/// What a packet turned out to be.
struct Unwrapped {
  std::optional<Segment> segment{};
  bool fragment = false;  ///< of an IP packet: its TCP segment is not put together
};

[[nodiscard]] Unwrapped unwrap(const Packet& packet);

}  // namespace conformance
