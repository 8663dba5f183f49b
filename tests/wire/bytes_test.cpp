#include "wire/bytes.hpp"

#include <gtest/gtest.h>

#include "support/hex.hpp"

namespace {

using namespace iscsi::wire;
using test::hex;

TEST(BigEndian, ReadsTheMostSignificantByteFirst) {
  const Bytes bytes = hex("0102030405060708");
  EXPECT_EQ(load_big(ByteView{bytes}.first(0)), 0U);
  EXPECT_EQ(load_big(ByteView{bytes}.first(1)), 0x01U);
  EXPECT_EQ(load_big(ByteView{bytes}.first(3)), 0x010203U);
  EXPECT_EQ(load_big(bytes), 0x0102030405060708U);
}

TEST(BigEndian, ReadsAtAnOffset) {
  const Bytes bytes = hex("ff 0102030405060708 ff");
  EXPECT_EQ(load<1>(bytes, 1), 0x01U);
  EXPECT_EQ(load<2>(bytes, 1), 0x0102U);
  EXPECT_EQ(load<3>(bytes, 1), 0x010203U);
  EXPECT_EQ(load<4>(bytes, 2), 0x02030405U);
  EXPECT_EQ(load<8>(bytes, 1), 0x0102030405060708U);
}

TEST(BigEndian, WritesTheMostSignificantByteFirst) {
  Bytes bytes(8);
  store_big(bytes, 0x0102030405060708U);
  EXPECT_EQ(bytes, hex("0102030405060708"));
}

TEST(BigEndian, WritesTheLowBytesAndNothingElse) {
  Bytes bytes = hex("aaaaaaaaaaaa");
  store<3>(bytes, 2, 0xff010203U);
  EXPECT_EQ(bytes, hex("aaaa010203aa"));
}

TEST(BigEndian, IsReadAsItIsWritten) {
  for (const std::uint64_t value : {0ULL, 1ULL, 0x8000000000000000ULL, 0xffffffffffffffffULL}) {
    Bytes bytes(8);
    store<8>(bytes, 0, value);
    EXPECT_EQ(load<8>(bytes, 0), value);
  }
}

TEST(Text, IsBytesSeenAnotherWay) {
  const std::string_view text{"A=B\0", 4};
  EXPECT_EQ(test::to_hex(as_bytes(text)), "413d4200");
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(as_text({}), "");
}

TEST(Padding, ReachesTheNextWord) {
  EXPECT_EQ(padding(0), 0U);
  EXPECT_EQ(padding(1), 3U);
  EXPECT_EQ(padding(2), 2U);
  EXPECT_EQ(padding(3), 1U);
  EXPECT_EQ(padding(4), 0U);
  EXPECT_EQ(padding((1U << 24U) - 1), 1U);
}

}  // namespace
