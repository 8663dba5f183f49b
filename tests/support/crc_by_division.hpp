#pragma once

/// CRC32C as RFC 3720 12.1 tells it, one bit at a time: the bits of the segment are a polynomial,
/// its first 32 are complemented, it is multiplied by x^32 and divided by G(x), and the complement
/// of the remainder is the CRC. Slow, and shares nothing with the code under test.

#include <cstdint>

#include "wire/bytes.hpp"

namespace test {

/// The remainder R(x), complemented; bit 31 is the coefficient of x^31. Of each byte bit 7 enters
/// first, which in the RFC's numbering is the least significant.
inline std::uint32_t crc_polynomial(iscsi::wire::ByteView bytes) {
  constexpr std::uint32_t generator = 0x1edc6f41;  // 0x11edc6f41 without x^32
  std::uint32_t remainder = 0xffffffff;            // complements the first 32 bits
  for (const std::byte byte : bytes)
    for (unsigned bit = 0; bit < 8; ++bit) {
      const bool next = (std::to_integer<unsigned>(byte) >> bit & 1U) != 0;
      const bool top = (remainder >> 31U & 1U) != 0;
      remainder <<= 1U;
      if (next != top) remainder ^= generator;
    }
  return ~remainder;
}

/// The four bytes of the digest: x^31 is bit 7 of the first byte, x^24 its bit 0, and so on.
inline iscsi::wire::Bytes digest_of(iscsi::wire::ByteView bytes) {
  const std::uint32_t crc = crc_polynomial(bytes);
  iscsi::wire::Bytes digest(4);
  for (unsigned i = 0; i < 32; ++i)
    if ((crc >> (31 - i) & 1U) != 0) digest[i / 8] |= std::byte{1} << i % 8;
  return digest;
}

}  // namespace test
