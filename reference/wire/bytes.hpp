#pragma once

/// Byte access (RFC 3720 10, preamble: every field is big-endian, bit 0 is the leftmost).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace iscsi::wire {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// Reads the big-endian number that fills `from` (at most eight bytes). Shifts rather than a
/// byte-swap intrinsic: compilers turn the loop into one load and one swap.
[[nodiscard]] constexpr std::uint64_t load_big(ByteView from) {
  std::uint64_t value = 0;
  for (const std::byte byte : from) value = value << 8U | std::to_integer<std::uint64_t>(byte);
  return value;
}

/// Fills `to` (at most eight bytes) with the low bytes of `value`, most significant first.
constexpr void store_big(std::span<std::byte> to, std::uint64_t value) {
  for (std::size_t i = to.size(); i-- > 0; value >>= 8U) to[i] = static_cast<std::byte>(value);
}

/// `N` bytes (1, 2, 4 or 8) at `offset`; the caller has checked that they are there.
template <std::size_t N>
[[nodiscard]] constexpr std::uint64_t load(ByteView from, std::size_t offset) {
  static_assert(N >= 1 && N <= 8);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < N; ++i)
    value = value << 8U | std::to_integer<std::uint64_t>(from[offset + i]);
  return value;
}

template <std::size_t N>
constexpr void store(std::span<std::byte> to, std::size_t offset, std::uint64_t value) {
  store_big(to.subspan(offset, N), value);
}

/// The text of a data segment seen as characters, and back; no copy.
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Bytes needed to reach the next multiple of four (RFC 3720 10.2.3: segments are padded so).
[[nodiscard]] constexpr std::size_t padding(std::size_t length) { return (4 - length % 4) % 4; }

}  // namespace iscsi::wire
