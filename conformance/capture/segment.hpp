#pragma once

/// From a packet to the TCP segment in it.

#include "conformance/capture/capture.hpp"
#include "conformance/capture/packet.hpp"

namespace conformance {

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
