#pragma once

/// Captures made by hand: packets byte by byte, and files of them.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "conformance/capture/capture.hpp"
#include "wire/bytes.hpp"

namespace conformance {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// `"45 00 0000"`, blanks as you like.
inline Bytes hex(std::string_view text) {
  Bytes bytes;
  std::string digits;
  for (const char c : text)
    if (c != ' ' && c != '\n') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline Bytes big(std::uint64_t value, std::size_t bytes) {
  Bytes out(bytes);
  iscsi::wire::store_big(out, value);
  return out;
}
inline Bytes little(std::uint64_t value, std::size_t bytes) {
  Bytes out;
  for (; bytes > 0; --bytes, value >>= 8U) out.push_back(static_cast<std::byte>(value));
  return out;
}

constexpr unsigned fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10;

struct TcpHead {
  std::uint16_t source = 0;
  std::uint16_t destination = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  unsigned flags = ack;
};

inline Bytes tcp(const TcpHead& head, const Bytes& data) {
  return big(head.source, 2) + big(head.destination, 2) + big(head.sequence, 4) +
         big(head.acknowledged, 4) + hex("50") + big(head.flags, 1) + hex("ffff 0000 0000") + data;
}
/// 192.0.2.1 to 192.0.2.2, or back.
inline Bytes ip4(const Bytes& segment, bool back = false, unsigned fragment = 0) {
  return hex("45 00") + big(20 + segment.size(), 2) + hex("0000") + big(fragment, 2) +
         hex("40 06 0000") + (back ? hex("c0000202 c0000201") : hex("c0000201 c0000202")) + segment;
}
inline Bytes ip6(const Bytes& behind, unsigned next = 6) {
  return hex("60000000") + big(behind.size(), 2) + big(next, 1) + hex("40") +
         hex("20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002") + behind;
}
inline Bytes ethernet(const Bytes& packet, std::string_view type = "0800") {
  return hex("020000000002 020000000001") + hex(type) + packet;
}

/// A classic pcap file in the making.
class Tap {
 public:
  explicit Tap(unsigned link = 1)
      : file{hex("d4c3b2a1 0200 0400 00000000 00000000 00000400") + little(link, 4)} {}

  /// A packet a millisecond after the one before; `cut`: bytes that the file has of it.
  Tap& packet(const Bytes& bytes, std::optional<std::size_t> cut = {}) {
    ++packets;
    const std::size_t kept = std::min(cut.value_or(bytes.size()), bytes.size());
    file = std::move(file) + little(1000 + packets / 1000, 4) + little(packets % 1000 * 1000, 4) +
           little(kept, 4) + little(bytes.size(), 4);
    file.insert(file.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept));
    return *this;
  }
  Bytes file;
  std::uint32_t packets = 0;
};

/// A TCP connection on a tap. What is sent is on the tap unless it is asked to miss it.
class TappedConnection {
 public:
  struct How {
    bool missed = false;
    std::optional<std::size_t> cut{};  ///< bytes of the data that the file has
    bool silent = false;               ///< sequence numbers stay: it will come again
  };

  TappedConnection(Tap& tap, std::uint16_t client, std::uint16_t server)
      : tap_{tap}, ports_{client, server} {}

  std::array<std::uint32_t, 2> next{0xffff'fff0, 5000};  ///< sequence numbers; one wraps at once

  void open() {
    segment(0, syn, {}, {});
    ++next[0];
    segment(1, syn | ack, {}, {});
    ++next[1];
  }
  void send(const Bytes& data) { from(0, data, {}); }
  void answer(const Bytes& data) { from(1, data, {}); }
  void from(std::size_t side, const Bytes& data, const How& how) {
    if (!how.missed) segment(side, ack, data, how.cut);
    if (!how.silent) next[side] += static_cast<std::uint32_t>(data.size());
  }
  /// Bytes at a distance from what comes next.
  void at(std::size_t side, std::int32_t distance, const Bytes& data) {
    const std::uint32_t kept = next[side];
    next[side] += static_cast<std::uint32_t>(distance);
    segment(side, ack, data, {});
    next[side] = kept;
  }
  void acknowledge(std::size_t side) { segment(side, ack, {}, {}); }
  void end(std::size_t side, unsigned flags) {
    segment(side, flags, {}, {});
    if ((flags & fin) != 0) ++next[side];
  }

 private:
  void segment(std::size_t side, unsigned flags, const Bytes& data,
               std::optional<std::size_t> cut) {
    const Bytes packet = ethernet(ip4(tcp({.source = ports_.at(side),
                                           .destination = ports_.at(1 - side),
                                           .sequence = next.at(side),
                                           .acknowledged = next.at(1 - side),
                                           .flags = flags},
                                          data),
                                      side == 1));
    std::optional<std::size_t> kept;
    if (cut) kept = packet.size() - data.size() + *cut;
    tap_.packet(packet, kept);
  }
  Tap& tap_;
  std::array<std::uint16_t, 2> ports_;
};

struct Reading {
  Transcript records;
  std::vector<CaptureNote> notes;
  std::vector<Endpoints> endpoints;  ///< by connection
  std::string error;                 ///< what the file was refused for, if it was
};

inline Reading read(ByteView file) {
  Reading reading;
  auto capture = Capture::open(file);
  if (!capture) {
    reading.error = capture.error();
    return reading;
  }
  while (reading.error.empty()) {
    auto record = capture->next();
    for (CaptureNote& note : capture->take_notes()) reading.notes.push_back(std::move(note));
    if (!record) {
      reading.error = record.error();
    } else if (*record) {
      if (reading.endpoints.size() <= (*record)->connection)
        reading.endpoints.resize((*record)->connection + std::size_t{1});
      reading.endpoints[(*record)->connection] = capture->endpoints((*record)->connection);
      reading.records.push_back(**std::move(record));
    } else {
      break;
    }
  }
  return reading;
}

}  // namespace conformance
