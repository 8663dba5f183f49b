#pragma once

/// Capture files as Wireshark opens them (pcapng, draft-ietf-opsawg-pcapng), written block by
/// block into bytes: a section, one Ethernet interface, packets with comments, and blocks of our
/// own. Only what the packets carry is real: the Ethernet, IPv4 and TCP headers around it are made
/// up, so that dissectors know what they see. The initiator is 192.0.2.1 (RFC 5737), the target
/// 192.0.2.2 with port 3260; numbers and checksums are right.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/bytes.hpp"

namespace iscsi::wire::pcapng {

/// Begins a file: the section and its interface. Times count microseconds.
void begin(Bytes& out, std::string_view comment, std::string_view application);

/// A block of a type that the format leaves for local use: its highest bit is set. Readers that do
/// not know it pass over it.
void put_block(Bytes& out, std::uint32_t type, ByteView body);

/// Connections as packets: what each side has sent so far is remembered.
class Packets {
 public:
  enum class From : std::uint8_t { initiator, target };
  using Comments = std::span<const std::string>;

  /// The three packets of a new connection.
  void open(Bytes& out, std::uint32_t connection, std::uint64_t at_us, Comments comments = {});
  /// As many packets as the data needs; the comments stand at the last one, where it is complete.
  /// `missing` bytes behind it were sent as well, but the file does not have them: packets that
  /// were cut.
  void data(Bytes& out, std::uint32_t connection, std::uint64_t at_us, From from, ByteView data,
            Comments comments = {}, std::size_t missing = 0);
  /// FIN, or RST.
  void close(Bytes& out, std::uint32_t connection, std::uint64_t at_us, From from, bool reset,
             Comments comments = {});

 private:
  struct Sent {
    std::uint32_t initiator = 1000;  // any first sequence numbers will do
    std::uint32_t target = 5000;
  };
  struct Segment {
    From from = From::initiator;
    std::uint32_t connection = 0;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledged = 0;
    std::uint8_t flags = 0;
    ByteView data{};
    std::size_t missing = 0;  ///< bytes behind `data`
  };
  static Bytes packet(const Segment& segment);
  void put(Bytes& out, std::uint64_t at_us, Segment segment, Comments comments);

  std::map<std::uint32_t, Sent> sent_;
};

/// A block of a file, as far as this writer's files go.
struct Block {
  std::uint32_t type = 0;
  ByteView body{};     ///< of a block of our own
  ByteView payload{};  ///< of a packet: what TCP carries
  bool from_target = false;
};

/// Takes the next block off `file`. Nothing where the file ends, or what is left is no block of a
/// file that this writer wrote; `file` then still holds it.
[[nodiscard]] std::optional<Block> take_block(ByteView& file);

}  // namespace iscsi::wire::pcapng
