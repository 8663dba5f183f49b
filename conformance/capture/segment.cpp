#include "conformance/capture/segment.hpp"

#include <algorithm>

#include "conformance/capture/header_bytes.hpp"

namespace conformance {
namespace {

using iscsi::wire::ByteView;
using iscsi::wire::load;

constexpr std::uint64_t ether_ip4 = 0x0800;
constexpr std::uint64_t ether_ip6 = 0x86dd;
constexpr std::uint64_t protocol_tcp = 6;
constexpr std::size_t most_extension_headers = 16;

/// What is left of a packet: bytes of the file, and bytes on the wire.
struct Rest {
  ByteView bytes;
  std::size_t length = 0;

  [[nodiscard]] bool has(std::size_t count) const {
    return bytes.size() >= count && length >= count;
  }
  void skip(std::size_t count) {
    bytes = bytes.subspan(count);
    length -= count;
  }
  void cut(std::size_t count) {
    length = std::min(length, count);
    bytes = bytes.first(std::min(bytes.size(), length));
  }
};

bool is_vlan(std::uint64_t type) { return type == 0x8100 || type == 0x88a8 || type == 0x9100; }

/// Takes `skipped` bytes and behind them what VLANs put in; then the type of what follows.
std::uint64_t behind_vlans(Rest& rest, std::uint64_t type, std::size_t skipped) {
  rest.skip(skipped);
  while (is_vlan(type) && rest.has(4)) {
    type = load<2>(rest.bytes, 2);
    rest.skip(4);
  }
  return type;
}

std::uint64_t type_by_version(const Rest& rest) {
  if (!rest.has(1)) return 0;
  const unsigned version = at(rest.bytes, 0) >> 4U;
  return version == 4 ? ether_ip4 : version == 6 ? ether_ip6 : 0;
}

/// The protocol family is in the order of bytes of the machine that captured, 2 for IPv4 on all;
/// for IPv6 each system has its own.
std::uint64_t null_type(ByteView bytes) {
  const unsigned family = std::max(at(bytes, 0), at(bytes, 3));
  if (family == 2) return ether_ip4;
  return family == 10 || family == 24 || family == 28 || family == 30 ? ether_ip6 : 0;
}

/// Removes the header of the link; the type of what is in it, as Ethernet numbers them, or 0.
std::uint64_t leave_link(Rest& rest, LinkType link) {
  switch (link) {
    case LinkType::ethernet:
      return rest.has(14) ? behind_vlans(rest, load<2>(rest.bytes, 12), 14) : 0;
    case LinkType::cooked:
      return rest.has(16) ? behind_vlans(rest, load<2>(rest.bytes, 14), 16) : 0;
    case LinkType::cooked2:
      return rest.has(20) ? behind_vlans(rest, load<2>(rest.bytes, 0), 20) : 0;
    case LinkType::raw: return type_by_version(rest);
    case LinkType::null: return rest.has(4) ? behind_vlans(rest, null_type(rest.bytes), 4) : 0;
    case LinkType::unknown: break;
  }
  return 0;
}

Endpoint endpoint(ByteView address) {
  Endpoint end;
  end.v6 = address.size() == end.address.size();
  std::ranges::transform(address, end.address.begin(), std::to_integer<std::uint8_t>);
  return end;
}

/// Leaves the segment in `rest` and the addresses in `out`; false if there is none.
bool leave_ip4(Rest& rest, Segment& segment, Unwrapped& out) {
  if (!rest.has(20) || at(rest.bytes, 0) >> 4U != 4) return false;
  const std::size_t header = std::size_t{at(rest.bytes, 0) & 15U} * 4;
  const std::size_t told = load<2>(rest.bytes, 2);
  // A length of 0 is left to be filled in by a network card that segments: all of it counts.
  if (told != 0) rest.cut(told);
  if (header < 20 || !rest.has(header) || at(rest.bytes, 9) != protocol_tcp) return false;
  if ((load<2>(rest.bytes, 6) & 0x3fffU) != 0) {  // more fragments, or an offset
    out.fragment = true;
    return false;
  }
  segment.source = endpoint(rest.bytes.subspan(12, 4));
  segment.destination = endpoint(rest.bytes.subspan(16, 4));
  rest.skip(header);
  return true;
}

bool leave_ip6(Rest& rest, Segment& segment, Unwrapped& out) {
  if (!rest.has(40) || at(rest.bytes, 0) >> 4U != 6) return false;
  const std::size_t told = load<2>(rest.bytes, 4);
  if (told != 0) rest.cut(40 + told);  // 0: a jumbogram
  segment.source = endpoint(rest.bytes.subspan(8, 16));
  segment.destination = endpoint(rest.bytes.subspan(24, 16));
  unsigned next = at(rest.bytes, 6);
  rest.skip(40);
  for (std::size_t i = 0; i < most_extension_headers; ++i) {
    if (next == protocol_tcp) return true;
    if (!rest.has(8)) return false;
    const unsigned length = at(rest.bytes, 1);
    const unsigned follows = at(rest.bytes, 0);
    std::size_t bytes = (std::size_t{length} + 1) * 8;
    if (next == 44) {  // a fragment, if it is not the only one
      out.fragment = (load<2>(rest.bytes, 2) & 0xfff9U) != 0;
      if (out.fragment) return false;
      bytes = 8;
    } else if (next == 51) {
      bytes = (std::size_t{length} + 2) * 4;  // authentication
    } else if (next != 0 && next != 43 && next != 60 && next != 135) {
      return false;
    }
    if (!rest.has(bytes)) return false;
    rest.skip(bytes);
    next = follows;
  }
  return false;
}

bool leave_tcp(Rest& rest, Segment& segment) {
  if (!rest.has(20)) return false;
  const ByteView tcp = rest.bytes;
  const std::size_t header = std::size_t{at(tcp, 12) >> 4U} * 4;
  if (header < 20 || rest.length < header) return false;
  segment.source.port = static_cast<std::uint16_t>(load<2>(tcp, 0));
  segment.destination.port = static_cast<std::uint16_t>(load<2>(tcp, 2));
  segment.sequence = static_cast<std::uint32_t>(load<4>(tcp, 4));
  segment.acknowledged = static_cast<std::uint32_t>(load<4>(tcp, 8));
  const unsigned flags = at(tcp, 13);
  segment.fin = (flags & 0x01U) != 0;
  segment.syn = (flags & 0x02U) != 0;
  segment.reset = (flags & 0x04U) != 0;
  segment.has_ack = (flags & 0x10U) != 0;
  segment.length = rest.length - header;
  segment.data = tcp.subspan(std::min(header, tcp.size()));
  return true;
}

}  // namespace

Unwrapped unwrap(const Packet& packet) {
  Rest rest{.bytes = packet.bytes, .length = std::max(packet.wire_size, packet.bytes.size())};
  Unwrapped out;
  Segment segment;
  const std::uint64_t type = leave_link(rest, packet.link);
  const bool is_ip = type == ether_ip4   ? leave_ip4(rest, segment, out)
                     : type == ether_ip6 ? leave_ip6(rest, segment, out)
                                         : false;
  if (is_ip && leave_tcp(rest, segment)) out.segment = segment;
  return out;
}

}  // namespace conformance
