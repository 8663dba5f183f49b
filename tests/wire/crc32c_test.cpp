#include "wire/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>

#include "support/crc_by_division.hpp"
#include "support/hex.hpp"

namespace {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using iscsi::wire::crc32c;
using iscsi::wire::crc32c_by_table;
using test::hex;

/// The digest field for `bytes`, by the way of computing that `crc` is.
Bytes digest(std::uint32_t (*crc)(ByteView, std::uint32_t), ByteView bytes) {
  Bytes field(4);
  iscsi::wire::store_digest(std::span<std::byte, 4>{field}, crc(bytes, 0));
  return field;
}

Bytes counting(std::size_t count, int first, int step) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = static_cast<std::byte>(first + step * static_cast<int>(i));
  return bytes;
}

Bytes random_bytes(std::size_t count) {
  std::mt19937_64 random(3720);
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

struct Vector {
  Bytes bytes;
  std::string_view digest;
};

TEST(Crc32c, GivesTheDigestsOfTheRfcsAppendix) {
  const Vector vectors[] = {
      {Bytes(32, std::byte{0x00}), "aa36918a"},
      {Bytes(32, std::byte{0xff}), "43aba862"},
      {counting(32, 0x00, 1), "4e79dd46"},
      {counting(32, 0x1f, -1), "5cdb3f11"},
      {hex("01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018"
           "28000000 00000000 02000000 00000000"),
       "563a96d9"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(test::to_hex(digest(crc32c, vector.bytes)), vector.digest);
    EXPECT_EQ(test::to_hex(digest(crc32c_by_table, vector.bytes)), vector.digest);
    EXPECT_EQ(test::to_hex(test::digest_of(vector.bytes)), vector.digest);
  }
}

TEST(Crc32c, GivesThePublishedCheckValue) {
  const ByteView nine_digits = iscsi::wire::as_bytes("123456789");
  EXPECT_EQ(crc32c(nine_digits), 0xe3069283U);
  EXPECT_EQ(crc32c_by_table(nine_digits), 0xe3069283U);
}

TEST(Crc32c, OfNothingIsZero) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c_by_table({}), 0U);
}

TEST(Crc32c, LeavesTheRfcsResidueOverASegmentAndItsDigest) {
  // 12.1: the remainder over a segment with its digest is always 0x1c2d19ed.
  Bytes bytes = random_bytes(77);
  const Bytes field = digest(crc32c, bytes);
  bytes.insert(bytes.end(), field.begin(), field.end());
  EXPECT_EQ(~test::crc_polynomial(bytes), 0x1c2d19edU);
}

TEST(Crc32c, IsTheSameByInstructionByTableAndByDivisionAtEveryLengthAndAlignment) {
  const Bytes bytes = random_bytes(4096 + 8);
  for (std::size_t alignment = 0; alignment < 8; ++alignment)
    for (std::size_t length = 0; length <= 4096; ++length) {
      const ByteView part = ByteView{bytes}.subspan(alignment, length);
      ASSERT_EQ(crc32c(part), crc32c_by_table(part)) << length << " bytes at " << alignment;
    }
  for (std::size_t length = 0; length <= 256; ++length) {
    const ByteView part = ByteView{bytes}.first(length);
    ASSERT_EQ(digest(crc32c_by_table, part), test::digest_of(part)) << length;
  }
}

TEST(Crc32c, IsTheSameWhereTheLanesOfLongBuffersMeet) {
  const Bytes bytes = random_bytes(3 * 16384 + 64);
  for (const std::size_t edge : {504U, 1008U, 4080U, 4584U, 8160U, 16368U, 20448U, 32736U, 49104U})
    for (std::size_t length = edge - 9; length <= edge + 9; ++length) {
      const ByteView part = ByteView{bytes}.first(length);
      ASSERT_EQ(crc32c(part), crc32c_by_table(part)) << length;
    }
}

TEST(Crc32c, GoesOnFromWhereItStopped) {
  const Bytes bytes = random_bytes(9000);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t split = 0; split <= bytes.size(); split += 53) {
    const ByteView head = ByteView{bytes}.first(split);
    const ByteView tail = ByteView{bytes}.subspan(split);
    ASSERT_EQ(crc32c(tail, crc32c(head)), whole) << split;
    ASSERT_EQ(crc32c_by_table(tail, crc32c_by_table(head)), whole) << split;
  }
}

TEST(Crc32c, SeesEveryFlippedBit) {
  const Bytes bytes = random_bytes(600);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << bit % 8;
    ASSERT_NE(crc32c(flipped), whole) << bit;
  }
}

TEST(Crc32c, DigestFieldIsReadAsItIsWritten) {
  const Bytes field = hex("78563412");
  EXPECT_EQ(iscsi::wire::load_digest(field), 0x12345678U);
  Bytes written(4);
  iscsi::wire::store_digest(std::span<std::byte, 4>{written}, 0x12345678U);
  EXPECT_EQ(written, field);
}

TEST(Crc32c, TellsWhetherTheInstructionIsUsed) {
#if defined(__x86_64__)
  EXPECT_EQ(iscsi::wire::crc32c_is_accelerated(), __builtin_cpu_supports("sse4.2") != 0);
#else
  EXPECT_FALSE(iscsi::wire::crc32c_is_accelerated());
#endif
}

}  // namespace
