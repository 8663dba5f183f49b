#include "server/perform.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "limits.hpp"
#include "media.hpp"
#include "server/memory_device.hpp"

namespace iscsi::server::testing {
namespace {

using scsi::MediumResult;
using scsi::Operation;
using OperationKind = Operation::Kind;

/// A disk in memory that writes down what is asked of it and can fail at a block.
class RecordingDevice final : public BlockDevice {
 public:
  struct Call {
    char what;
    std::uint64_t lba;
    std::uint64_t bytes;  // blocks, for a flush and a prefetch
    bool durable = false;
    friend bool operator==(const Call&, const Call&) = default;
  };

  [[nodiscard]] std::uint32_t block_bytes() const override { return disk_.block_bytes(); }
  [[nodiscard]] std::uint64_t block_count() const override { return disk_.block_count(); }
  MediumResult read(std::uint64_t lba, std::span<std::byte> out) override {
    calls.push_back({'r', lba, out.size()});
    last_out = out.data();
    if (lba <= bad_block && bad_block < lba + out.size() / 512)
      return {.kind = Kind::read_error, .offset = (bad_block - lba) * 512};
    return disk_.read(lba, out);
  }
  MediumResult write(std::uint64_t lba, Pieces data, bool durable) override {
    std::size_t bytes = 0;
    for (const ByteView piece : data) bytes += piece.size();
    calls.push_back({'w', lba, bytes, durable});
    last_pieces = data;
    return write_result == MediumResult{} ? disk_.write(lba, data, durable) : write_result;
  }
  MediumResult flush(std::uint64_t lba, std::uint64_t blocks) override {
    calls.push_back({'f', lba, blocks});
    return flush_result;
  }
  void prefetch(std::uint64_t lba, std::uint64_t blocks) override {
    calls.push_back({'p', lba, blocks});
  }

  std::vector<Call> calls;
  const std::byte* last_out = nullptr;
  Pieces last_pieces;
  std::uint64_t bad_block = ~0ULL;
  MediumResult write_result;
  MediumResult flush_result;

 private:
  MemoryDevice disk_{16U << 20U};
};

using Calls = std::vector<RecordingDevice::Call>;

class Perform : public ::testing::Test {
 protected:
  MediumResult run(const Operation& operation, Pieces data_out = {},
                   std::span<std::byte> data_in = {}) {
    return perform(device_, operation, data_out, data_in);
  }
  /// Fills blocks from `lba` on and forgets that it did.
  Bytes fill(std::uint64_t lba, std::size_t blocks, std::uint32_t seed) {
    Bytes data = pattern(blocks * 512, seed);
    EXPECT_EQ(device_.write(lba, cut(data), false), MediumResult{});
    device_.calls.clear();
    return data;
  }
  RecordingDevice device_;
};

TEST_F(Perform, NothingTouchesNothing) {
  EXPECT_EQ(run({.kind = OperationKind::none}), MediumResult{});
  EXPECT_EQ(device_.calls, Calls{});
}

TEST_F(Perform, ReadsStraightIntoTheAnswer) {
  const Bytes data = fill(3, 4, 1);
  Bytes in(2048);
  EXPECT_EQ(run({.kind = OperationKind::read, .lba = 3, .blocks = 4}, {}, in), MediumResult{});
  EXPECT_EQ(in, data);
  EXPECT_EQ(device_.last_out, in.data());
  EXPECT_EQ(device_.calls, (Calls{{'r', 3, 2048}}));
}

TEST_F(Perform, ADurableReadFlushesTheSameBlocksFirst) {
  Bytes in(2048);
  const Operation operation{.kind = OperationKind::read, .durable = true, .lba = 3, .blocks = 4};
  EXPECT_EQ(run(operation, {}, in), MediumResult{});
  EXPECT_EQ(device_.calls, (Calls{{'f', 3, 4}, {'r', 3, 2048}}));
  device_.flush_result = {.kind = Kind::write_error};
  EXPECT_EQ(run(operation, {}, in), device_.flush_result);
}

TEST_F(Perform, WritesThePiecesAsTheyLie) {
  const Bytes data = pattern(1024, 1);
  const auto pieces = cut(data, {5, 700});
  for (const bool durable : {false, true}) {
    device_.calls.clear();
    EXPECT_EQ(
        run({.kind = OperationKind::write, .durable = durable, .lba = 7, .blocks = 2}, pieces),
        MediumResult{});
    EXPECT_EQ(device_.last_pieces.data(), pieces.data());
    EXPECT_EQ(device_.calls, (Calls{{'w', 7, 1024, durable}}));
  }
}

TEST_F(Perform, ZeroBlocksTouchNothingButAFlushOfAllIsOne) {
  for (const auto kind :
       {OperationKind::read, OperationKind::write, OperationKind::compare, OperationKind::verify,
        OperationKind::write_and_compare, OperationKind::prefetch})
    EXPECT_EQ(run({.kind = kind, .lba = device_.block_count()}), MediumResult{});
  EXPECT_EQ(device_.calls, Calls{});
  EXPECT_EQ(run({.kind = OperationKind::flush, .lba = 9}), MediumResult{});
  EXPECT_EQ(device_.calls, (Calls{{'f', 9, 0}}));
}

TEST_F(Perform, PassesFlushAndPrefetchOn) {
  EXPECT_EQ(run({.kind = OperationKind::flush, .lba = 1, .blocks = 2}), MediumResult{});
  EXPECT_EQ(run({.kind = OperationKind::prefetch, .lba = 3, .blocks = 4}), MediumResult{});
  EXPECT_EQ(device_.calls, (Calls{{'f', 1, 2}, {'p', 3, 4}}));
  device_.flush_result = {.kind = Kind::no_space};
  EXPECT_EQ(run({.kind = OperationKind::flush}), device_.flush_result);
}

TEST_F(Perform, VerifiesInBoundedMemory) {
  const std::uint64_t blocks = 3 * limits::compare_bytes / 512 + 1;
  EXPECT_EQ(run({.kind = OperationKind::verify, .lba = 1, .blocks = blocks}), MediumResult{});
  const std::uint64_t step = limits::compare_bytes / 512;
  EXPECT_EQ(device_.calls, (Calls{{'r', 1, limits::compare_bytes},
                                  {'r', 1 + step, limits::compare_bytes},
                                  {'r', 1 + 2 * step, limits::compare_bytes},
                                  {'r', 1 + 3 * step, 512}}));
}

TEST_F(Perform, ReportsAReadErrorWhereItIsInTheWholeOperation) {
  device_.bad_block = 1000;
  EXPECT_EQ(run({.kind = OperationKind::verify, .lba = 2, .blocks = 2000}),
            (MediumResult{.kind = Kind::read_error, .offset = 998 * 512}));
  const Bytes data(2000 * 512);
  EXPECT_EQ(run({.kind = OperationKind::compare, .lba = 2, .blocks = 2000}, cut(data)),
            (MediumResult{.kind = Kind::read_error, .offset = 998 * 512}));
}

TEST_F(Perform, ComparesEveryByteOfABlockInPiecesCutAnywhere) {
  const Bytes data = fill(5, 2, 1);
  const Operation operation{.kind = OperationKind::compare, .lba = 5, .blocks = 2};
  for (std::size_t at = 0; at < data.size(); ++at) {
    Bytes other = data;
    const auto pieces = cut(other, {0, at, at, (at + data.size()) / 2, data.size()});
    ASSERT_EQ(run(operation, pieces), MediumResult{}) << at;
    other[at] ^= std::byte{0x80};
    ASSERT_EQ(run(operation, pieces), (MediumResult{.kind = Kind::miscompare, .offset = at}));
  }
}

TEST_F(Perform, ComparesBehindTheFirstChunk) {
  const std::size_t blocks = 2 * limits::compare_bytes / 512 + 3;
  Bytes data = fill(1, blocks, 2);
  const Operation operation{.kind = OperationKind::compare, .lba = 1, .blocks = blocks};
  EXPECT_EQ(run(operation, cut(data, {limits::compare_bytes + 1})), MediumResult{});
  const std::size_t at = data.size() - 1;
  data[at] ^= std::byte{1};
  EXPECT_EQ(run(operation, cut(data, {limits::compare_bytes + 1})),
            (MediumResult{.kind = Kind::miscompare, .offset = at}));
}

TEST_F(Perform, TheFirstOfTwoDifferencesCounts) {
  Bytes data = fill(0, 2, 2);
  data[3] ^= std::byte{1};
  data[700] ^= std::byte{1};
  EXPECT_EQ(run({.kind = OperationKind::compare, .blocks = 2}, cut(data, {650})),
            (MediumResult{.kind = Kind::miscompare, .offset = 3}));
}

TEST_F(Perform, ComparesOneBlockWithEachBlock) {
  const std::size_t blocks = limits::compare_bytes / 512 + 2;
  const Bytes one = pattern(512, 9);
  for (std::size_t i = 0; i < blocks; ++i)
    ASSERT_EQ(device_.write(4 + i, cut(one), false), MediumResult{});
  const Operation operation{.kind = OperationKind::compare_one_block, .lba = 4, .blocks = blocks};
  EXPECT_EQ(run(operation, cut(one, {1, 511})), MediumResult{});
  Bytes spoiled = one;
  spoiled[17] ^= std::byte{1};
  ASSERT_EQ(device_.write(4 + blocks - 1, cut(spoiled), false), MediumResult{});
  EXPECT_EQ(run(operation, cut(one, {1, 511})),
            (MediumResult{.kind = Kind::miscompare, .offset = (blocks - 1) * 512 + 17}));
}

TEST_F(Perform, WritesAndThenComparesWithTheMedium) {
  const Bytes data = pattern(1024, 1);
  const Operation operation{
      .kind = OperationKind::write_and_compare, .durable = true, .lba = 6, .blocks = 2};
  EXPECT_EQ(run(operation, cut(data, {100})), MediumResult{});
  EXPECT_EQ(device_.calls, (Calls{{'w', 6, 1024, true}, {'r', 6, 1024}}));
  EXPECT_EQ(contents(device_, 6, 2), data);
  device_.calls.clear();
  device_.write_result = {.kind = Kind::no_space, .offset = 512};
  EXPECT_EQ(run(operation, cut(data)), device_.write_result);
  EXPECT_EQ(device_.calls, (Calls{{'w', 6, 1024, true}})) << "nothing to compare with";
}

using PerformDeath = Perform;

TEST_F(PerformDeath, BrokenPromisesOfOurOwnStopTheProgram) {
  Bytes in(511);
  EXPECT_DEATH((void)run({.kind = OperationKind::read, .blocks = 1}, {}, in), "data_in");
  EXPECT_DEATH((void)run({.kind = OperationKind::write, .blocks = 1}, cut(in)), "data_out");
  EXPECT_DEATH((void)run({.kind = OperationKind::verify, .lba = 1, .blocks = ~0ULL}),
               "block_count");
}

}  // namespace
}  // namespace iscsi::server::testing
