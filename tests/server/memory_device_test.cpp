#include "server/memory_device.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "media.hpp"

namespace iscsi::server::testing {
namespace {

constexpr std::uint64_t ten_terabytes = 10ULL << 40U;
constexpr std::size_t chunk = MemoryDevice::chunk_bytes;

TEST(MemoryDevice, PromisesTenTerabytesForNothing) {
  MemoryDevice device(ten_terabytes);
  EXPECT_EQ(device.block_count(), ten_terabytes / 512);
  EXPECT_EQ(contents(device, device.block_count() - 8192, 8192), Bytes(8192 * 512));
  EXPECT_EQ(device.resident_bytes(), 0U);
}

TEST(MemoryDevice, PaysOneChunkForOneBlockAnywhere) {
  MemoryDevice device(ten_terabytes);
  const Bytes block = pattern(512, 1);
  EXPECT_EQ(device.write(device.block_count() - 1, cut(block), false), scsi::MediumResult{});
  EXPECT_EQ(device.resident_bytes(), chunk);
  EXPECT_EQ(contents(device, device.block_count() - 1, 1), block);
  EXPECT_EQ(contents(device, device.block_count() - 2, 1), Bytes(512));
}

TEST(MemoryDevice, ZeroesInAHoleStayAHole) {
  MemoryDevice device(ten_terabytes);
  const Bytes zeroes(3 * chunk);
  EXPECT_EQ(device.write(77, cut(zeroes, {1, 1000}), false), scsi::MediumResult{});
  EXPECT_EQ(device.resident_bytes(), 0U);
}

TEST(MemoryDevice, ZeroesOverDataAreWritten) {
  MemoryDevice device(1U << 20U);
  const Bytes data = pattern(1024, 1);
  EXPECT_EQ(device.write(0, cut(data), false), scsi::MediumResult{});
  const Bytes zeroes(512);
  EXPECT_EQ(device.write(1, cut(zeroes), false), scsi::MediumResult{});
  EXPECT_EQ(contents(device, 1, 1), zeroes);
  EXPECT_EQ(contents(device, 0, 1), Bytes(data.begin(), data.begin() + 512));
}

TEST(MemoryDevice, OneByteOtherThanZeroIsNotAHole) {
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{511}}) {
    MemoryDevice device(1U << 20U);
    Bytes block(512);
    block[at] = std::byte{1};
    EXPECT_EQ(device.write(9, cut(block), false), scsi::MediumResult{});
    EXPECT_EQ(contents(device, 9, 1), block) << at;
  }
}

TEST(MemoryDevice, IsFullWhenItsShareOfMemoryIs) {
  MemoryDevice device(ten_terabytes, {.resident_bytes = 2 * chunk});
  const std::uint64_t blocks = chunk / 512;
  const Bytes data = pattern(3 * chunk, 1);
  const auto refused = device.write(0, cut(data, {chunk - 1}), false);
  EXPECT_EQ(refused, (scsi::MediumResult{.kind = Kind::no_space, .offset = 2 * chunk}));
  EXPECT_EQ(device.resident_bytes(), 2 * chunk);
  // What is there stays there, can be overwritten, and holes can still be read.
  const Bytes other = pattern(2 * chunk, 2);
  EXPECT_EQ(device.write(0, cut(other), false), scsi::MediumResult{});
  EXPECT_EQ(contents(device, 0, 2 * blocks), other);
  EXPECT_EQ(contents(device, 2 * blocks, 1), Bytes(512));
}

TEST(MemoryDevice, ReportsTheBlockThatFoundNoRoomWhenPiecesSplitIt) {
  MemoryDevice device(ten_terabytes, {.resident_bytes = chunk});
  const Bytes data = pattern(2048, 1);
  const std::uint64_t two_before_the_next_chunk = chunk / 512 - 2;
  EXPECT_EQ(device.write(two_before_the_next_chunk, cut(data, {1000, 1025}), false),
            (scsi::MediumResult{.kind = Kind::no_space, .offset = 1024}));
}

TEST(MemoryDevice, ReachesTheLastBlockThatSixtyFourBitsOfBytesAddress) {
  constexpr std::uint64_t size = std::numeric_limits<std::uint64_t>::max() - 511;
  MemoryDevice device(size);
  const Bytes block = pattern(512, 3);
  EXPECT_EQ(device.write(device.block_count() - 1, cut(block), false), scsi::MediumResult{});
  EXPECT_EQ(contents(device, device.block_count() - 1, 1), block);
}

TEST(MemoryDevice, SaysWhenItIsReadOnly) {
  EXPECT_TRUE(MemoryDevice(1U << 20U, {.read_only = true}).read_only());
}

}  // namespace
}  // namespace iscsi::server::testing
