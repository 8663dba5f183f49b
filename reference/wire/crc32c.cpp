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
/// them reaches a third of the limit. Three chains over three neighbouring lanes run abreast;
/// their sums are joined by moving a sum past a lane's length of zero bytes, which is a linear
/// map of 32 bits: four tables of 256 entries, made at compile time for each length of lane.
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr std::uint32_t shifted(const Shift& shift, std::uint64_t crc) {
  return shift[0][crc & 0xffU] ^ shift[1][crc >> 8U & 0xffU] ^ shift[2][crc >> 16U & 0xffU] ^
         shift[3][crc >> 24U & 0xffU];
}

/// The linear map that takes the sum with only bit `i` set to `move(1 << i)`.
template <class Move>
constexpr Shift tabulate(Move move) {
  Shift shift{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    const std::uint32_t moved = move(1U << bit);
    for (std::size_t value = 0; value < 256; ++value)
      if ((value >> bit % 8 & 1U) != 0) shift[bit / 8][value] ^= moved;
  }
  return shift;
}

/// Past so many zero bytes: the map of one byte, composed by halves.
template <std::size_t Bytes>
constexpr Shift past = tabulate([](std::uint32_t crc) {
  return shifted(past<Bytes / 2>, shifted(past<Bytes - Bytes / 2>, crc));
});
template <>
constexpr Shift past<1> =
    tabulate([](std::uint32_t crc) { return crc >> 8U ^ table[crc & 0xffU]; });

std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Continues `sum` over as many triples of `Lane` bytes as `rest` begins with, and takes them off.
template <std::size_t Lane>
__attribute__((target("sse4.2"))) std::uint64_t over_three_lanes(std::uint64_t sum,
                                                                 ByteView& rest) {
  static_assert(Lane % 8 == 0);
  for (; rest.size() >= 3 * Lane; rest = rest.subspan(3 * Lane)) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    const std::byte* const end = rest.data() + Lane;
    for (const std::byte* at = rest.data(); at != end; at += 8) {
      sum = _mm_crc32_u64(sum, load_word(at));
      second = _mm_crc32_u64(second, load_word(at + Lane));
      third = _mm_crc32_u64(third, load_word(at + 2 * Lane));
    }
    sum = shifted(past<2 * Lane>, sum) ^ shifted(past<Lane>, second) ^ third;
  }
  return sum;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(ByteView rest,
                                                                      std::uint32_t crc) {
  // A triple of lanes falls just short of 16 KiB, of 4 KiB and of 512 bytes.
  std::uint64_t sum = over_three_lanes<5456>(crc, rest);
  sum = over_three_lanes<1360>(sum, rest);
  sum = over_three_lanes<168>(sum, rest);
  for (; rest.size() >= 8; rest = rest.subspan(8)) sum = _mm_crc32_u64(sum, load_word(rest.data()));
  auto narrow = static_cast<std::uint32_t>(sum);
  for (const std::byte byte : rest)
    narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(byte));
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
