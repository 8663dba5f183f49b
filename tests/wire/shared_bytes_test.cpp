#include "wire/shared_bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/hex.hpp"

namespace {

using namespace iscsi::wire;
using test::hex;

TEST(Slice, OfNothingIsEmpty) {
  EXPECT_TRUE(Slice{}.empty());
  EXPECT_TRUE(copy_of({}).empty());
  EXPECT_EQ(copy_of({}).owner, nullptr);
  EXPECT_TRUE(copy_of({}).view().empty());
}

TEST(Slice, CopiesIntoMemoryOfItsOwn) {
  Bytes bytes = hex("010203");
  const Slice slice = copy_of(bytes);
  bytes[0] = std::byte{0xff};
  EXPECT_FALSE(slice.empty());
  EXPECT_EQ(test::to_hex(slice.view()), "010203");
}

TEST(Slice, HandsOutAPartWithoutACopy) {
  const Slice whole = copy_of(hex("0001020304050607"));
  const Slice part = whole.part(2, 4);
  EXPECT_EQ(test::to_hex(part.view()), "02030405");
  EXPECT_EQ(test::to_hex(part.part(1, 2).view()), "0304");
  EXPECT_EQ(part.view().data(), whole.view().data() + 2);
  EXPECT_EQ(part.owner, whole.owner);
}

TEST(Slice, KeepsItsMemoryAliveThroughAnyPart) {
  Slice part;
  {
    const Slice whole = copy_of(hex("00010203"));
    part = whole.part(3, 1);
  }
  EXPECT_EQ(test::to_hex(part.view()), "03");
}

TEST(Slice, IsFilledBeforeItIsShared) {
  Slice slice = allocate(3);
  std::ranges::copy(hex("0a0b0c"), slice.writable().begin());
  EXPECT_EQ(test::to_hex(slice.view()), "0a0b0c");
  slice.part(1, 2).writable()[0] = std::byte{0xff};
  EXPECT_EQ(test::to_hex(slice.view()), "0aff0c");
}

}  // namespace
