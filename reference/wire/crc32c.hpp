#pragma once

/// CRC32C, the digest of RFC 3720 12.1 (polynomial 0x11edc6f41, reflected; appendix B.4 has
/// examples). Two implementations of one function: the table, which is the reference, and the
/// processor's instruction where there is one.

#include "wire/bytes.hpp"

namespace iscsi::wire {

/// Continues a checksum over `bytes`; start with the default. The result is the value of the
/// digest field read as a little-endian number (see `store_digest`).
[[nodiscard]] std::uint32_t crc32c(ByteView bytes, std::uint32_t continued_from = 0);

/// The same by table only.
[[nodiscard]] std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t continued_from = 0);

/// True where `crc32c` uses the processor's instruction.
[[nodiscard]] bool crc32c_is_accelerated();

/// A digest field holds the checksum with its least significant byte first (12.1: the first bit
/// on the wire is the coefficient of the highest power, and the bits of a byte are reflected).
constexpr void store_digest(std::span<std::byte, 4> to, std::uint32_t crc) {
  for (std::byte& byte : to) {
    byte = static_cast<std::byte>(crc);
    crc >>= 8U;
  }
}
[[nodiscard]] constexpr std::uint32_t load_digest(ByteView from) {
  return std::to_integer<std::uint32_t>(from[0]) | std::to_integer<std::uint32_t>(from[1]) << 8U |
         std::to_integer<std::uint32_t>(from[2]) << 16U |
         std::to_integer<std::uint32_t>(from[3]) << 24U;
}

}  // namespace iscsi::wire
