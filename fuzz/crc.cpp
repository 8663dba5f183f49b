// Holds: the processor's instruction and the table compute one function, which can be continued at
// any cut, and which is the remainder that RFC 3720 12.1 describes.

#include "support/entry.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"
#include "wire/crc32c.hpp"

namespace iscsi::fuzz {
namespace {

using wire::ByteView;

/// Division by the polynomial 0x11edc6f41 bit by bit, bits of a byte taken from the right.
std::uint32_t crc_by_division(ByteView bytes) {
  constexpr std::uint32_t polynomial_from_the_right = 0x82f63b78;
  std::uint32_t remainder = ~0U;
  for (const std::byte byte : bytes) {
    remainder ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit)
      remainder = remainder >> 1U ^ ((remainder & 1U) != 0 ? polynomial_from_the_right : 0U);
  }
  return ~remainder;
}

void check(ByteView bytes, Settings settings) {
  const std::uint32_t crc = wire::crc32c(bytes);
  require(crc == wire::crc32c_by_table(bytes), "the instruction computes what the table does");
  if (bytes.size() <= 256)
    require(crc == crc_by_division(bytes), "the checksum is the remainder of a division");
  const std::size_t cut = settings.below(bytes.size() + 1);
  const std::uint32_t begun = wire::crc32c(bytes.first(cut));
  require(crc == wire::crc32c(bytes.subspan(cut), begun), "a checksum can be continued");
  require(crc == wire::crc32c_by_table(bytes.subspan(cut), begun),
          "each of the two can continue the other");
  std::array<std::byte, 4> digest{};
  wire::store_digest(digest, crc);
  require(wire::load_digest(digest) == crc, "a digest is read as it was written");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const iscsi::wire::ByteView input = bytes_of(data, size);
  const Settings settings{input};
  // From every alignment: the instruction works on words.
  for (std::size_t skipped = 0; skipped < 8 && skipped <= size; ++skipped)
    check(input.subspan(skipped), settings);
  return 0;
}
