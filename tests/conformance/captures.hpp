#pragma once

/// Transcripts from captures: classic pcap, Ethernet, IPv4, TCP to one port; enough for the files
/// that this project has, and nothing more.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "conformance/model/talk.hpp"
#include "conformance/model/transcript.hpp"
#include "pdu/codec.hpp"

namespace conformance {
namespace gap_free {  // the judge has classes of the same names

/// One direction of a TCP connection, put together by its sequence numbers.
class Stream {
 public:
  /// Takes a segment; what has become readable in order is appended to `ready`.
  void add(std::uint32_t sequence, bool syn, iscsi::wire::ByteView data) {
    if (syn || !begun_) {
      next_ = sequence + (syn ? 1 : 0);
      begun_ = true;
    }
    if (!data.empty()) early_[sequence] = {data.begin(), data.end()};
    for (auto at = early_.begin(); at != early_.end();) {
      const std::uint32_t behind = next_ - at->first;
      if (behind >= 0x8000'0000U) {  // not yet
        ++at;
        continue;
      }
      if (behind < at->second.size()) {
        ready.insert(ready.end(), at->second.begin() + behind, at->second.end());
        next_ += static_cast<std::uint32_t>(at->second.size()) - behind;
        early_.erase(at);
        at = early_.begin();
      } else {
        at = early_.erase(at);
      }
    }
  }
  iscsi::wire::Bytes ready;

 private:
  std::map<std::uint32_t, iscsi::wire::Bytes> early_;
  std::uint32_t next_ = 0;
  bool begun_ = false;
};

/// The PDUs of one connection in the order in which their last bytes were seen.
class CapturedConnection {
 public:
  explicit CapturedConnection(ConnectionNumber number) : number_{number} {}

  void add(bool from_initiator, std::uint32_t sequence, bool syn, iscsi::wire::ByteView data,
           Transcript& out) {
    Stream& stream = from_initiator ? sent_ : received_;
    stream.add(sequence, syn, data);
    while (take(from_initiator, stream.ready, out)) {
    }
  }

 private:
  bool take(bool from_initiator, iscsi::wire::Bytes& bytes, Transcript& out) {
    using namespace iscsi::pdu;
    const auto framing =
        next_frame(bytes, {.data = iscsi::limits::data_segment_bytes, .digests = digests_});
    const auto* framed = std::get_if<Framed>(&framing);
    if (framed == nullptr) return false;
    follow_login(framed->frame);
    const auto end = bytes.begin() + static_cast<long>(framed->consumed);
    out.push_back({.kind = from_initiator ? Record::Kind::sent : Record::Kind::received,
                   .connection = number_,
                   .bytes = {bytes.begin(), end}});
    bytes.erase(bytes.begin(), end);
    return true;
  }
  void follow_login(const iscsi::pdu::Frame& frame) {
    const auto opcode = std::to_integer<unsigned>(frame.header[0]) & 0x3fU;
    const auto flags = std::to_integer<unsigned>(frame.header[1]);
    const bool continued = (flags & 0x40U) != 0;
    if (opcode == 0x03) talk_.request(Stage::operational, continued, frame.data);
    if (opcode != 0x23) return;
    const bool final = (flags & 0x83U) == 0x83;
    talk_.response(Stage::operational, continued, final, frame.data);
    if (!final) return;
    digests_.header = talk_.parameters().header_digest;
    digests_.data = talk_.parameters().data_digest;
  }

  ConnectionNumber number_;
  Stream sent_;
  Stream received_;
  iscsi::pdu::Digests digests_{};
  Talk talk_{Parameters{}};
};

/// Everything in the file that went to or came from a port that takes Login Requests.
inline Transcript read_capture(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  const std::vector<char> chars{std::istreambuf_iterator<char>{in}, {}};
  const iscsi::wire::ByteView file = std::as_bytes(std::span{chars});
  const auto little = [&](std::size_t at) {
    return std::to_integer<std::uint32_t>(file[at]) |
           std::to_integer<std::uint32_t>(file[at + 1]) << 8U |
           std::to_integer<std::uint32_t>(file[at + 2]) << 16U |
           std::to_integer<std::uint32_t>(file[at + 3]) << 24U;
  };
  Transcript transcript;
  std::map<std::pair<std::uint64_t, std::uint64_t>, CapturedConnection> connections;
  for (std::size_t at = 24; at + 16 <= file.size();) {
    const std::size_t length = std::min<std::size_t>(little(at + 8), file.size() - at - 16);
    const iscsi::wire::ByteView frame = file.subspan(at + 16, length);
    at += 16 + length;
    if (frame.size() < 54 || iscsi::wire::load<2>(frame, 12) != 0x0800) continue;
    // A length of 0 is left to be filled in by a network card that segments: all of it counts.
    const std::size_t told = iscsi::wire::load<2>(frame, 16);
    const iscsi::wire::ByteView ip =
        frame.subspan(14, told == 0 ? length - 14 : std::min(told, length - 14));
    if (ip.empty()) continue;
    const std::size_t ip_header = (std::to_integer<std::size_t>(ip[0]) & 15U) * 4;
    if (ip.size() < ip_header + 20 || ip[9] != std::byte{6}) continue;
    const iscsi::wire::ByteView tcp = ip.subspan(ip_header);
    const std::uint64_t source = iscsi::wire::load<4>(ip, 12) << 16U | iscsi::wire::load<2>(tcp, 0);
    const std::uint64_t target = iscsi::wire::load<4>(ip, 16) << 16U | iscsi::wire::load<2>(tcp, 2);
    const bool syn = (std::to_integer<unsigned>(tcp[13]) & 2U) != 0;
    const bool answer = (std::to_integer<unsigned>(tcp[13]) & 16U) != 0;
    const auto forward = std::pair{source, target};
    const auto backward = std::pair{target, source};
    // Some captures begin behind the handshake; an initiator's first byte is 43h or 03h (10.12).
    const std::size_t tcp_header = (std::to_integer<std::size_t>(tcp[12]) >> 4U) * 4;
    const auto data = tcp.subspan(std::min(tcp_header, tcp.size()));
    const bool known = connections.contains(forward) || connections.contains(backward);
    const bool logs_in = !known && data.size() >= iscsi::pdu::bhs_bytes &&
                         (std::to_integer<unsigned>(data[0]) & 0xbfU) == 0x03;
    if ((syn && !answer) || logs_in) {
      const auto number = static_cast<ConnectionNumber>(transcript.size());
      connections.insert_or_assign(forward, CapturedConnection{number});
      transcript.push_back({.kind = Record::Kind::opened, .connection = number});
    }
    const bool from_initiator = connections.contains(forward);
    const auto found = connections.find(from_initiator ? forward : backward);
    if (found == connections.end()) continue;
    found->second.add(from_initiator, static_cast<std::uint32_t>(iscsi::wire::load<4>(tcp, 4)), syn,
                      data, transcript);
  }
  return transcript;
}

}  // namespace gap_free

using gap_free::read_capture;

}  // namespace conformance
