#pragma once

/// Packets as files hold them: the seam between the forms of capture files and what is read out of
/// the packets.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "wire/bytes.hpp"

namespace conformance {

/// What the first bytes of a packet are.
enum class LinkType : std::uint8_t {
  ethernet,
  cooked,   ///< Linux "any" device, SLL
  cooked2,  ///< SLL2
  raw,      ///< begins with an IP header
  null,     ///< loopback of the BSDs: a protocol family of four bytes
  unknown,
};

struct Packet {
  std::uint64_t number = 0;   ///< from 1
  std::uint64_t at_us = 0;    ///< microseconds since 1970
  std::size_t wire_size = 0;  ///< bytes it had; more than `bytes` where it was cut
  LinkType link = LinkType::unknown;
  iscsi::wire::ByteView bytes{};  ///< until the next packet is asked for
};

class PacketSource {
 public:
  PacketSource() = default;
  PacketSource(const PacketSource&) = delete;
  PacketSource& operator=(const PacketSource&) = delete;
  PacketSource(PacketSource&&) = delete;
  PacketSource& operator=(PacketSource&&) = delete;
  virtual ~PacketSource() = default;

  /// Nothing at the end of the file. Errors name the packet; after one there is nothing more.
  [[nodiscard]] virtual std::expected<std::optional<Packet>, std::string> next() = 0;
};

}  // namespace conformance
