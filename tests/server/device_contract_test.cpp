/// What every device must do, asked of each of them.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>

#include "media.hpp"
#include "server/file_device.hpp"
#include "server/memory_device.hpp"

namespace iscsi::server::testing {
namespace {

constexpr std::uint64_t model_bytes = 300U << 10U;  // not a multiple of the chunk in memory

struct Maker {
  const char* name;
  std::uint32_t block_bytes;
  std::unique_ptr<BlockDevice> (*make)(const TemporaryFolder&, std::uint32_t block_bytes);
};

std::unique_ptr<BlockDevice> in_memory(const TemporaryFolder&, std::uint32_t block_bytes) {
  return std::make_unique<MemoryDevice>(model_bytes,
                                        MemoryDeviceOptions{.block_bytes = block_bytes});
}
std::unique_ptr<BlockDevice> in_file(const TemporaryFolder& folder, std::uint32_t block_bytes) {
  auto device = FileDevice::open(folder / "disk.img",
                                 {.size_bytes = model_bytes, .block_bytes = block_bytes});
  return device ? std::move(*device) : nullptr;
}

class DeviceContract : public ::testing::TestWithParam<Maker> {
 protected:
  void SetUp() override {
    device_ = GetParam().make(folder_, GetParam().block_bytes);
    ASSERT_NE(device_, nullptr);
  }
  TemporaryFolder folder_;
  std::unique_ptr<BlockDevice> device_;
};

INSTANTIATE_TEST_SUITE_P(Devices, DeviceContract,
                         ::testing::Values(Maker{"memory512", 512, in_memory},
                                           Maker{"memory4096", 4096, in_memory},
                                           Maker{"file512", 512, in_file},
                                           Maker{"file4096", 4096, in_file}),
                         [](const auto& chosen) { return chosen.param.name; });

TEST_P(DeviceContract, TellsTheGeometryItWasMadeWith) {
  EXPECT_EQ(device_->block_bytes(), GetParam().block_bytes);
  EXPECT_EQ(device_->block_count(), model_bytes / GetParam().block_bytes);
  EXPECT_FALSE(device_->read_only());
}

TEST_P(DeviceContract, ReadsZeroesWhereNothingWasWritten) {
  EXPECT_EQ(contents(*device_, 0, device_->block_count()), Bytes(model_bytes));
}

TEST_P(DeviceContract, FirstAndLastBlockAreWhereTheyShouldBe) {
  const std::uint64_t last = device_->block_count() - 1;
  const Bytes front = pattern(device_->block_bytes(), 1);
  const Bytes back = pattern(device_->block_bytes(), 2);
  EXPECT_EQ(device_->write(0, cut(front), false), scsi::MediumResult{});
  EXPECT_EQ(device_->write(last, cut(back), true), scsi::MediumResult{});
  EXPECT_EQ(contents(*device_, 0, 1), front);
  EXPECT_EQ(contents(*device_, last, 1), back);
  EXPECT_EQ(contents(*device_, 1, last - 1),
            Bytes(static_cast<std::size_t>((last - 1) * device_->block_bytes())));
}

TEST_P(DeviceContract, TakesPiecesThatSplitBlocksAtOddBytes) {
  const Bytes data = pattern(4 * device_->block_bytes(), 3);
  const auto pieces = cut(data, {0, 1, 7, 7, 300, 513, device_->block_bytes() + 1, data.size()});
  EXPECT_EQ(device_->write(5, pieces, false), scsi::MediumResult{});
  EXPECT_EQ(contents(*device_, 5, 4), data);
}

TEST_P(DeviceContract, TakesMorePiecesThanOneSystemCallDoes) {
  const Bytes data = pattern(8 * device_->block_bytes(), 4);
  std::vector<std::size_t> offsets;
  for (std::size_t at = 3; at < data.size(); at += 3) offsets.push_back(at);
  ASSERT_GT(offsets.size(), 1024U);  // IOV_MAX
  EXPECT_EQ(device_->write(1, cut(data, offsets), true), scsi::MediumResult{});
  EXPECT_EQ(contents(*device_, 1, 8), data);
}

TEST_P(DeviceContract, FlushesAPartAndTheWhole) {
  const Bytes data = pattern(device_->block_bytes(), 5);
  EXPECT_EQ(device_->write(2, cut(data), false), scsi::MediumResult{});
  EXPECT_EQ(device_->flush(2, 1), scsi::MediumResult{});
  EXPECT_EQ(device_->flush(2, 0), scsi::MediumResult{});
  EXPECT_EQ(device_->flush(0, 0), scsi::MediumResult{});
  device_->prefetch(0, 0);
  device_->prefetch(2, 1);
  EXPECT_EQ(contents(*device_, 2, 1), data);
}

/// Any sequence of writes, cut anywhere, leaves what the same writes leave in a plain array.
TEST_P(DeviceContract, BehavesLikeAnArrayOfBytes) {
  Bytes model(model_bytes);
  const std::size_t block_bytes = device_->block_bytes();
  const bool held = rc::check([&] {
    const auto lba = *rc::gen::inRange<std::uint64_t>(0, device_->block_count());
    const auto most = std::min<std::uint64_t>(device_->block_count() - lba, 200);
    const auto blocks = *rc::gen::inRange<std::uint64_t>(1, most + 1);
    const auto size = static_cast<std::size_t>(blocks) * block_bytes;
    auto offsets =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, size + 1));
    std::ranges::sort(offsets);
    const bool zeroes = *rc::gen::weightedElement<bool>({{3, false}, {1, true}});
    const Bytes data = zeroes ? Bytes(size) : pattern(size, *rc::gen::arbitrary<std::uint32_t>());

    RC_ASSERT((device_->write(lba, cut(data, offsets), *rc::gen::arbitrary<bool>()) ==
               scsi::MediumResult{}));
    std::ranges::copy(data, model.begin() + static_cast<std::ptrdiff_t>(lba * block_bytes));

    const auto from = *rc::gen::inRange<std::uint64_t>(0, device_->block_count());
    const auto count = *rc::gen::inRange<std::uint64_t>(0, device_->block_count() - from + 1);
    const auto start = model.begin() + static_cast<std::ptrdiff_t>(from * block_bytes);
    const Bytes expected(start, start + static_cast<std::ptrdiff_t>(count * block_bytes));
    RC_ASSERT((contents(*device_, from, count) == expected));
  });
  EXPECT_TRUE(held);
  EXPECT_TRUE(contents(*device_, 0, device_->block_count()) == model);
}

}  // namespace
}  // namespace iscsi::server::testing
