#include "wire/crc32c.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstring>

namespace iscsi::wire {
namespace {

constexpr std::uint32_t reflected_polynomial = 0x82f6'3b78U;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1U ^ ((crc & 1U) != 0 ? reflected_polynomial : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)

/// The instruction has a latency of three cycles and a throughput of one, so a single chain of
/// them reaches a third of the limit. Three chains over three neighbouring blocks run abreast;
/// their sums are joined by moving a sum past a block's length of zero bytes, which is a linear
/// map of 32 bits: four tables of 256 entries, made at compile time for the one block length.
constexpr std::size_t lane_bytes = 1024;

struct Shift {
  std::array<std::array<std::uint32_t, 256>, 4> by_byte{};
};

constexpr Shift make_shift(std::size_t zero_bytes) {
  std::array<std::uint32_t, 32> column{};
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = 1U << bit;
    for (std::size_t i = 0; i < zero_bytes; ++i) crc = crc >> 8U ^ table[crc & 0xffU];
    column[bit] = crc;
  }
  Shift shift;
  for (std::size_t byte = 0; byte < 4; ++byte)
    for (std::uint32_t value = 0; value < 256; ++value)
      for (std::size_t bit = 0; bit < 8; ++bit)
        if ((value >> bit & 1U) != 0) shift.by_byte[byte][value] ^= column[byte * 8 + bit];
  return shift;
}
constexpr Shift past_one_lane = make_shift(lane_bytes);
constexpr Shift past_two_lanes = make_shift(2 * lane_bytes);

std::uint32_t apply(const Shift& shift, std::uint64_t crc) {
  return shift.by_byte[0][crc & 0xffU] ^ shift.by_byte[1][crc >> 8U & 0xffU] ^
         shift.by_byte[2][crc >> 16U & 0xffU] ^ shift.by_byte[3][crc >> 24U & 0xffU];
}

std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(ByteView bytes,
                                                                      std::uint32_t crc) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t sum = crc;
  while (left >= 3 * lane_bytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < lane_bytes; i += 8) {
      sum = _mm_crc32_u64(sum, load_word(at + i));
      second = _mm_crc32_u64(second, load_word(at + lane_bytes + i));
      third = _mm_crc32_u64(third, load_word(at + 2 * lane_bytes + i));
    }
    sum = apply(past_two_lanes, sum) ^ apply(past_one_lane, second) ^ third;
    at += 3 * lane_bytes;
    left -= 3 * lane_bytes;
  }
  for (; left >= 8; at += 8, left -= 8) sum = _mm_crc32_u64(sum, load_word(at));
  auto narrow = static_cast<std::uint32_t>(sum);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
  return narrow;
}

const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;

#endif

}  // namespace

std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t continued_from) {
  std::uint32_t crc = ~continued_from;
  for (const std::byte byte : bytes)
    crc = crc >> 8U ^ table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xffU];
  return ~crc;
}

std::uint32_t crc32c(ByteView bytes, std::uint32_t continued_from) {
#if defined(__x86_64__)
  if (has_instruction) return ~crc32c_by_instruction(bytes, ~continued_from);
#endif
  return crc32c_by_table(bytes, continued_from);
}

bool crc32c_is_accelerated() {
#if defined(__x86_64__)
  return has_instruction;
#else
  return false;
#endif
}

}  // namespace iscsi::wire
