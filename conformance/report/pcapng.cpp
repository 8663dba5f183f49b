#include "conformance/report/pcapng.hpp"

#include <algorithm>
#include <map>

#include "conformance/report/built_in.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/remarks.hpp"

namespace conformance {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

// Blocks, in little-endian order (the byte-order magic says so).

constexpr std::uint32_t section_header = 0x0a0d'0d0a;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b'3c4d;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_application = 4;  // of a section header
constexpr std::uint16_t link_ethernet = 1;
constexpr std::size_t longest_option = 0xfff0;

void put(Bytes& out, std::uint64_t value, std::size_t bytes) {
  for (; bytes > 0; --bytes, value >>= 8U) out.push_back(static_cast<std::byte>(value));
}

void put_padded(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize(out.size() + iscsi::wire::padding(bytes.size()));
}

void put_option(Bytes& out, std::uint16_t code, std::string_view text) {
  if (text.empty()) return;
  text = text.substr(0, longest_option);
  put(out, code, 2);
  put(out, text.size(), 2);
  put_padded(out, iscsi::wire::as_bytes(text));
}

/// A block: its type and its length, which stands at both ends.
void put_block(Bytes& out, std::uint32_t type, const Bytes& body) {
  const std::size_t length = body.size() + 12;
  put(out, type, 4);
  put(out, length, 4);
  out.insert(out.end(), body.begin(), body.end());
  put(out, length, 4);
}

void put_section(Bytes& out, const std::string& comment) {
  Bytes body;
  put(body, byte_order_magic, 4);
  put(body, 1, 2);  // version 1.0
  put(body, 0, 2);
  put(body, ~std::uint64_t{0}, 8);  // the section's length is not given
  put_option(body, option_comment, comment);
  put_option(body, option_application, suite_version);
  put(body, 0, 4);  // the end of the options
  put_block(out, section_header, body);
}

void put_interface(Bytes& out) {
  Bytes body;
  put(body, link_ethernet, 2);
  put(body, 0, 2);
  put(body, 0, 4);  // packets are not cut; their times count microseconds, which is the default
  put_block(out, interface_description, body);
}

using Comments = std::vector<std::string>;

void put_packet(Bytes& out, std::uint64_t at_us, const Bytes& packet, const Comments& comments) {
  Bytes body;
  put(body, 0, 4);
  put(body, at_us >> 32U, 4);
  put(body, at_us, 4);
  put(body, packet.size(), 4);
  put(body, packet.size(), 4);
  put_padded(body, packet);
  for (const std::string& comment : comments) put_option(body, option_comment, comment);
  if (!comments.empty()) put(body, 0, 4);
  put_block(out, enhanced_packet, body);
}

// Packets, in network order.

enum class Side : std::uint8_t { initiator, target };
constexpr std::uint64_t initiator_address = 0xc000'0201;
constexpr std::uint64_t target_address = 0xc000'0202;
constexpr std::uint32_t iscsi_port = 3260;
constexpr std::uint32_t first_initiator_port = 49152;
constexpr std::size_t ethernet_bytes = 14;
constexpr std::size_t ip_bytes = 20;
constexpr std::size_t tcp_bytes = 20;
constexpr std::size_t longest_segment = 0xffff - ip_bytes - tcp_bytes;

constexpr std::uint8_t fin = 0x01;
constexpr std::uint8_t syn = 0x02;
constexpr std::uint8_t rst = 0x04;
constexpr std::uint8_t push = 0x08;
constexpr std::uint8_t ack = 0x10;

void put_big(Bytes& out, std::uint64_t value, std::size_t bytes) {
  out.resize(out.size() + bytes);
  iscsi::wire::store_big(std::span{out}.last(bytes), value);
}

/// RFC 1071, begun at `sum`.
std::uint64_t checksum(ByteView bytes, std::uint64_t sum) {
  for (; bytes.size() > 1; bytes = bytes.subspan(2)) sum += iscsi::wire::load_big(bytes.first(2));
  if (!bytes.empty()) sum += std::to_integer<std::uint64_t>(bytes[0]) << 8U;
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  return ~sum & 0xffffU;
}

struct Segment {
  Side from = Side::initiator;
  ConnectionNumber connection = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  std::uint8_t flags = 0;
  ByteView data;
};

Bytes packet(const Segment& segment) {
  const bool out = segment.from == Side::initiator;
  const std::uint64_t source = out ? initiator_address : target_address;
  const std::uint64_t destination = out ? target_address : initiator_address;
  const std::uint32_t port = first_initiator_port + segment.connection % 16384;
  const std::size_t tcp_length = tcp_bytes + segment.data.size();
  Bytes bytes;
  put_big(bytes, 0x0200'0000'0000 + (out ? 2U : 1U), 6);  // locally administered
  put_big(bytes, 0x0200'0000'0000 + (out ? 1U : 2U), 6);
  put_big(bytes, 0x0800, 2);
  put_big(bytes, 0x4500, 2);  // IPv4, a header of five words
  put_big(bytes, ip_bytes + tcp_length, 2);
  put_big(bytes, 0x0000'4000, 4);  // not to be fragmented
  put_big(bytes, 0x4006'0000, 4);  // time to live, TCP, and the checksum to come
  put_big(bytes, source, 4);
  put_big(bytes, destination, 4);
  const auto ip = std::span{bytes}.subspan(ethernet_bytes, ip_bytes);
  iscsi::wire::store_big(ip.subspan(10, 2), checksum(ip, 0));
  put_big(bytes, out ? port : iscsi_port, 2);
  put_big(bytes, out ? iscsi_port : port, 2);
  put_big(bytes, segment.sequence, 4);
  put_big(bytes, segment.acknowledged, 4);
  put_big(bytes, 0x5000U | segment.flags, 2);  // a header of five words
  put_big(bytes, 0xffff'0000'0000, 6);         // window, checksum to come, no urgent data
  bytes.insert(bytes.end(), segment.data.begin(), segment.data.end());
  const auto tcp = std::span{bytes}.subspan(ethernet_bytes + ip_bytes);
  const std::uint64_t pseudo_header = (source >> 16U) + (source & 0xffffU) + (destination >> 16U) +
                                      (destination & 0xffffU) + 6 + tcp_length;
  iscsi::wire::store_big(tcp.subspan(16, 2), checksum(tcp, pseudo_header));
  return bytes;
}

/// The TCP connections of a case: what each side has sent so far.
class Wire {
 public:
  explicit Wire(Bytes& out) : out_{out} {}

  void add(const Record& record, const Comments& comments) {
    switch (record.kind) {
      case Record::Kind::opened:
        segment(record, Side::initiator, syn, {}, comments);
        segment(record, Side::target, syn | ack, {}, {});
        segment(record, Side::initiator, ack, {}, {});
        break;
      case Record::Kind::sent:
      case Record::Kind::unreadable_sent: data(record, Side::initiator, comments); break;
      case Record::Kind::received:
      case Record::Kind::unreadable: data(record, Side::target, comments); break;
      case Record::Kind::ended: segment(record, Side::target, fin | ack, {}, comments); break;
      case Record::Kind::broken: segment(record, Side::target, rst | ack, {}, comments); break;
      case Record::Kind::left: segment(record, Side::initiator, fin | ack, {}, comments); break;
      case Record::Kind::left_by_reset:
        segment(record, Side::initiator, rst | ack, {}, comments);
        break;
      case Record::Kind::lost:
      case Record::Kind::lost_sent: break;
    }
  }

 private:
  struct Sent {
    std::uint32_t initiator = 1000;  // any first sequence numbers will do
    std::uint32_t target = 5000;
  };

  /// A PDU that is too long for one packet is told about at its last one, where it is complete.
  void data(const Record& record, Side from, const Comments& comments) {
    ByteView left = record.bytes;
    while (left.size() > longest_segment) {
      segment(record, from, push | ack, left.first(longest_segment), {});
      left = left.subspan(longest_segment);
    }
    segment(record, from, push | ack, left, comments);
  }

  void segment(const Record& record, Side from, std::uint8_t flags, ByteView bytes,
               const Comments& comments) {
    Sent& sent = sent_[record.connection];
    std::uint32_t& own = from == Side::initiator ? sent.initiator : sent.target;
    const std::uint32_t other = from == Side::initiator ? sent.target : sent.initiator;
    const bool acknowledges = (flags & ack) != 0;
    put_packet(out_, record.at_us,
               packet({.from = from,
                       .connection = record.connection,
                       .sequence = own,
                       .acknowledged = acknowledges ? other : 0,
                       .flags = flags,
                       .data = bytes}),
               comments);
    own += static_cast<std::uint32_t>(bytes.size()) + ((flags & (syn | fin)) != 0 ? 1U : 0U);
  }

  Bytes& out_;
  std::map<ConnectionNumber, Sent> sent_;
};

}  // namespace

Bytes pcapng(const CaseResult& one, bool strict) {
  const std::vector<Remark> remarks = remarks_of(one, strict);
  // What is about the case as a whole is told at the end of the conversation.
  std::map<std::size_t, Comments> comments;
  std::string about =
      one.name + ": " + std::string{name_of(one.judgement.verdict)} + "\n" + one.story->claim;
  for (const Remark& remark : remarks) {
    const std::string text =
        std::string{name_of(remark.verdict)} + ": " + printable(print_remark(remark));
    const std::size_t last = one.transcript.empty() ? 0 : one.transcript.size() - 1;
    comments[remark.record.value_or(last)].push_back(text);
    about += "\n" + text;
  }
  Bytes out;
  put_section(out, about);
  put_interface(out);
  Wire wire{out};
  for (std::size_t i = 0; i < one.transcript.size(); ++i) wire.add(one.transcript[i], comments[i]);
  return out;
}

}  // namespace conformance
