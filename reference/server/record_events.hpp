#pragma once

/// The blocks of a record that are no packets: one event each. All numbers are big-endian.
///
///   kind 1 byte · time 8 bytes, milliseconds · connection 4 bytes · body
///
/// Private to the recorder and to what reads its records.

#include <optional>

#include "scsi/medium.hpp"
#include "scsi/operation.hpp"
#include "session/moment.hpp"
#include "wire/bytes.hpp"

namespace iscsi::server::events {

/// Of all blocks for local use, the one with this type: "iS".
inline constexpr std::uint32_t block_type = 0x8000'6953;

inline constexpr std::uint8_t configured = 1;  ///< body: the configuration, as JSON
inline constexpr std::uint8_t opened = 2;      ///< body: random bytes, port (2 bytes), host
inline constexpr std::uint8_t received = 3;    ///< body: how many bytes of the packets behind it
inline constexpr std::uint8_t sent = 4;        ///< the same
inline constexpr std::uint8_t finished = 5;    ///< body: kind, offset (8 bytes), what was read
inline constexpr std::uint8_t closed = 6;
inline constexpr std::uint8_t elapsed = 7;
inline constexpr std::uint8_t shut_down = 8;  ///< body: seconds

inline constexpr std::size_t header_bytes = 13;
inline constexpr std::size_t result_bytes = 9;

struct Event {
  std::uint8_t kind = 0;
  session::Moment at = 0;
  std::uint32_t connection = 0;
  wire::ByteView body{};
};

/// The length of the body stands in front, for blocks are padded.
[[nodiscard]] inline wire::Bytes encode(const Event& event) {
  wire::Bytes bytes(4 + header_bytes);
  wire::store<4>(bytes, 0, event.body.size());
  wire::store<1>(bytes, 4, event.kind);
  wire::store<8>(bytes, 5, event.at);
  wire::store<4>(bytes, 13, event.connection);
  bytes.insert(bytes.end(), event.body.begin(), event.body.end());
  return bytes;
}

[[nodiscard]] inline std::optional<Event> decode(wire::ByteView block) {
  if (block.size() < 4 + header_bytes) return std::nullopt;
  const std::uint64_t length = wire::load<4>(block, 0);
  if (length > block.size() - 4 - header_bytes) return std::nullopt;
  return Event{.kind = static_cast<std::uint8_t>(wire::load<1>(block, 4)),
               .at = wire::load<8>(block, 5),
               .connection = static_cast<std::uint32_t>(wire::load<4>(block, 13)),
               .body = block.subspan(4 + header_bytes, length)};
}

[[nodiscard]] inline wire::Bytes encode_number(std::uint64_t number) {
  wire::Bytes bytes(8);
  wire::store<8>(bytes, 0, number);
  return bytes;
}

[[nodiscard]] inline wire::Bytes encode_result(const scsi::MediumResult& result) {
  wire::Bytes bytes(result_bytes);
  wire::store<1>(bytes, 0, static_cast<std::uint64_t>(result.kind));
  wire::store<8>(bytes, 1, result.offset);
  return bytes;
}

}  // namespace iscsi::server::events
