#include "wire/pcapng.hpp"

#include <algorithm>

namespace iscsi::wire::pcapng {
namespace {

// Blocks, in little-endian order (the byte-order magic says so).

constexpr std::uint32_t section_header = 0x0a0d'0d0a;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b'3c4d;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_application = 4;  // of a section header
constexpr std::uint16_t link_ethernet = 1;
constexpr std::size_t longest_option = 0xfff0;
constexpr std::size_t block_frame = 12;    // type, length, length again
constexpr std::size_t packet_header = 20;  // of an enhanced packet block

void put(Bytes& out, std::uint64_t value, std::size_t bytes) {
  for (; bytes > 0; --bytes, value >>= 8U) out.push_back(static_cast<std::byte>(value));
}

std::uint32_t get(ByteView from, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;)
    value = value << 8U | std::to_integer<std::uint32_t>(from[at + i]);
  return value;
}

void put_padded(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize(out.size() + padding(bytes.size()));
}

void put_option(Bytes& out, std::uint16_t code, std::string_view text) {
  if (text.empty()) return;
  text = text.substr(0, longest_option);
  put(out, code, 2);
  put(out, text.size(), 2);
  put_padded(out, as_bytes(text));
}

// Packets, in network order.

constexpr std::uint64_t initiator_address = 0xc000'0201;
constexpr std::uint64_t target_address = 0xc000'0202;
constexpr std::uint32_t iscsi_port = 3260;
constexpr std::uint32_t first_initiator_port = 49152;
constexpr std::size_t ethernet_bytes = 14;
constexpr std::size_t ip_bytes = 20;
constexpr std::size_t tcp_bytes = 20;
constexpr std::size_t headers_bytes = ethernet_bytes + ip_bytes + tcp_bytes;
constexpr std::size_t longest_segment = 0xffff - ip_bytes - tcp_bytes;

constexpr std::uint8_t fin = 0x01;
constexpr std::uint8_t syn = 0x02;
constexpr std::uint8_t rst = 0x04;
constexpr std::uint8_t push = 0x08;
constexpr std::uint8_t ack = 0x10;

void put_big(Bytes& out, std::uint64_t value, std::size_t bytes) {
  out.resize(out.size() + bytes);
  store_big(std::span{out}.last(bytes), value);
}

/// RFC 1071, begun at `sum`.
std::uint64_t checksum(ByteView bytes, std::uint64_t sum) {
  for (; bytes.size() > 1; bytes = bytes.subspan(2)) sum += load_big(bytes.first(2));
  if (!bytes.empty()) sum += std::to_integer<std::uint64_t>(bytes[0]) << 8U;
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  return ~sum & 0xffffU;
}

}  // namespace

/// A block has its length at both ends.
void put_block(Bytes& out, std::uint32_t type, ByteView body) {
  const std::size_t length = body.size() + padding(body.size()) + block_frame;
  put(out, type, 4);
  put(out, length, 4);
  put_padded(out, body);
  put(out, length, 4);
}

void begin(Bytes& out, std::string_view comment, std::string_view application) {
  Bytes section;
  put(section, byte_order_magic, 4);
  put(section, 1, 2);  // version 1.0
  put(section, 0, 2);
  put(section, ~std::uint64_t{0}, 8);  // the section's length is not given
  put_option(section, option_comment, comment);
  put_option(section, option_application, application);
  put(section, 0, 4);  // the end of the options
  put_block(out, section_header, section);
  Bytes interface;
  put(interface, link_ethernet, 2);
  put(interface, 0, 2);
  put(interface, 0, 4);  // packets are not cut; their times count microseconds, the default
  put_block(out, interface_description, interface);
}

Bytes Packets::packet(const Segment& segment) {
  const bool outward = segment.from == From::initiator;
  const std::uint64_t source = outward ? initiator_address : target_address;
  const std::uint64_t destination = outward ? target_address : initiator_address;
  const std::uint32_t port = first_initiator_port + segment.connection % 16384;
  const std::size_t tcp_length = tcp_bytes + segment.data.size() + segment.missing;
  Bytes bytes;
  bytes.reserve(headers_bytes + segment.data.size());
  put_big(bytes, 0x0200'0000'0000 + (outward ? 2U : 1U), 6);  // locally administered
  put_big(bytes, 0x0200'0000'0000 + (outward ? 1U : 2U), 6);
  put_big(bytes, 0x0800, 2);
  put_big(bytes, 0x4500, 2);  // IPv4, a header of five words
  put_big(bytes, ip_bytes + tcp_length, 2);
  put_big(bytes, 0x0000'4000, 4);  // not to be fragmented
  put_big(bytes, 0x4006'0000, 4);  // time to live, TCP, and the checksum to come
  put_big(bytes, source, 4);
  put_big(bytes, destination, 4);
  const auto ip = std::span{bytes}.subspan(ethernet_bytes, ip_bytes);
  store_big(ip.subspan(10, 2), checksum(ip, 0));
  put_big(bytes, outward ? port : iscsi_port, 2);
  put_big(bytes, outward ? iscsi_port : port, 2);
  put_big(bytes, segment.sequence, 4);
  put_big(bytes, segment.acknowledged, 4);
  put_big(bytes, 0x5000U | segment.flags, 2);  // a header of five words
  put_big(bytes, 0xffff'0000'0000, 6);         // window, checksum to come, no urgent data
  bytes.insert(bytes.end(), segment.data.begin(), segment.data.end());
  const auto tcp = std::span{bytes}.subspan(ethernet_bytes + ip_bytes);
  const std::uint64_t pseudo_header = (source >> 16U) + (source & 0xffffU) + (destination >> 16U) +
                                      (destination & 0xffffU) + 6 + tcp_length;
  store_big(tcp.subspan(16, 2), checksum(tcp, pseudo_header));
  return bytes;
}

void Packets::put(Bytes& out, std::uint64_t at_us, Segment segment, Comments comments) {
  Sent& sent = sent_[segment.connection];
  const bool outward = segment.from == From::initiator;
  std::uint32_t& own = outward ? sent.initiator : sent.target;
  segment.sequence = own;
  if ((segment.flags & ack) != 0) segment.acknowledged = outward ? sent.target : sent.initiator;
  const Bytes bytes = packet(segment);
  Bytes body;
  body.reserve(packet_header + bytes.size() + 4);
  wire::pcapng::put(body, 0, 4);
  wire::pcapng::put(body, at_us >> 32U, 4);
  wire::pcapng::put(body, at_us, 4);
  wire::pcapng::put(body, bytes.size(), 4);
  wire::pcapng::put(body, bytes.size() + segment.missing, 4);
  put_padded(body, bytes);
  for (const std::string& comment : comments) put_option(body, option_comment, comment);
  if (!comments.empty()) wire::pcapng::put(body, 0, 4);
  put_block(out, enhanced_packet, body);
  own += static_cast<std::uint32_t>(segment.data.size() + segment.missing) +
         ((segment.flags & (syn | fin)) != 0 ? 1U : 0U);
}

void Packets::open(Bytes& out, std::uint32_t connection, std::uint64_t at_us, Comments comments) {
  put(out, at_us, {.connection = connection, .flags = syn}, comments);
  put(out, at_us, {.from = From::target, .connection = connection, .flags = syn | ack}, {});
  put(out, at_us, {.connection = connection, .flags = ack}, {});
}

void Packets::data(Bytes& out, std::uint32_t connection, std::uint64_t at_us, From from,
                   ByteView data, Comments comments, std::size_t missing) {
  Segment segment{.from = from, .connection = connection, .flags = push | ack};
  while (data.size() + missing > longest_segment) {
    segment.data = data.first(std::min(data.size(), longest_segment));
    segment.missing = longest_segment - segment.data.size();
    data = data.subspan(segment.data.size());
    missing -= segment.missing;
    put(out, at_us, segment, {});
  }
  segment.data = data;
  segment.missing = missing;
  put(out, at_us, segment, comments);
}

void Packets::close(Bytes& out, std::uint32_t connection, std::uint64_t at_us, From from,
                    bool reset, Comments comments) {
  const auto flags = static_cast<std::uint8_t>((reset ? rst : fin) | ack);
  put(out, at_us, {.from = from, .connection = connection, .flags = flags}, comments);
}

std::optional<Block> take_block(ByteView& file) {
  if (file.size() < block_frame) return std::nullopt;
  const std::uint32_t length = get(file, 4);
  if (length < block_frame || length % 4 != 0 || length > file.size() ||
      get(file, length - 4) != length)
    return std::nullopt;
  Block block{.type = get(file, 0), .body = file.subspan(8, length - block_frame)};
  if (block.type == enhanced_packet) {
    if (block.body.size() < packet_header + headers_bytes) return std::nullopt;
    const std::uint32_t captured = get(block.body, 12);
    if (captured < headers_bytes || captured > block.body.size() - packet_header)
      return std::nullopt;
    const ByteView packet = block.body.subspan(packet_header, captured);
    block.payload = packet.subspan(headers_bytes);
    block.from_target = load<2>(packet, ethernet_bytes + ip_bytes) == iscsi_port;
  }
  file = file.subspan(length);
  return block;
}

}  // namespace iscsi::wire::pcapng
