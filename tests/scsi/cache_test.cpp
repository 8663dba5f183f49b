#include "bench.hpp"

namespace scsi {
namespace {

using SynchronizeCacheTest = Bench;
using PrefetchTest = Bench;
using Kind = MediumResult::Kind;

constexpr Operation flush(std::uint64_t lba, std::uint64_t blocks, bool immediate = false) {
  return {.kind = Operation::Kind::flush, .immediate = immediate, .lba = lba, .blocks = blocks};
}
constexpr Operation fetch(std::uint64_t lba, std::uint64_t blocks, bool immediate = false) {
  return {.kind = Operation::Kind::prefetch, .immediate = immediate, .lba = lba, .blocks = blocks};
}
const Outcome out_of_range =
    check(SenseKey::illegal_request, {0x21, 0x00}, FieldPointer{true, 2, {}});

TEST_F(SynchronizeCacheTest, FlushesTheRange) {
  EXPECT_EQ(run("35 00 00 00 00 0a 00 00 14 00"), good(flush(10, 20)));
  EXPECT_EQ(run("91 00 00 00 00 00 00 00 00 0a 00 00 00 14 00 00"), good(flush(10, 20)));
  EXPECT_EQ(planned("35 00 00 00 00 0a 00 00 14 00"), no_transfer);
}

TEST_F(SynchronizeCacheTest, FlushesToTheEndByZero) {
  EXPECT_EQ(run("35 00 00 00 00 00 00 00 00 00"), good(flush(0, 1000)));
  EXPECT_EQ(run("35 00 00 00 03 e7 00 00 00 00"), good(flush(999, 1)));
  EXPECT_EQ(run("91 00 00 00 00 00 00 00 00 0a 00 00 00 00 00 00"), good(flush(10, 990)));
  EXPECT_EQ(run("35 00 00 00 03 e8 00 00 00 00"), good()) << "no block is left";
}

TEST_F(SynchronizeCacheTest, StaysOnTheMedium) {
  EXPECT_EQ(run("35 00 00 00 03 e9 00 00 00 00"), out_of_range);
  EXPECT_EQ(run("35 00 00 00 03 e7 00 00 02 00"), out_of_range);
  EXPECT_EQ(run("91 00 ff ff ff ff ff ff ff ff ff ff ff ff 00 00"), out_of_range);
}

TEST_F(SynchronizeCacheTest, IsNotBoundByTheGreatestTransferNorByWriteProtection) {
  EXPECT_EQ(run("35 00 00 00 00 00 00 00 00 00", 1, 5), good(flush(0, 64)));
}

TEST_F(SynchronizeCacheTest, ThatFailsCannotTellTheBlock) {
  const std::string_view cdb = "35 00 00 00 00 0a 00 00 14 00";
  EXPECT_EQ(concluded(cdb, flush(10, 20), {}), good());
  EXPECT_EQ(concluded(cdb, flush(10, 20), {Kind::write_error, 512}),
            check(SenseKey::medium_error, {0x0C, 0x00}));
}

TEST_F(SynchronizeCacheTest, WithImmedIsGoodAtOnceAndFailsLater) {
  const std::string_view cdb = "35 02 00 00 00 0a 00 00 14 00";
  EXPECT_EQ(run(cdb), good(flush(10, 20, true)));
  EXPECT_EQ(concluded(cdb, flush(10, 20, true), {}), good());
  EXPECT_EQ(run("00 00 00 00 00 00"), good());
  EXPECT_EQ(concluded(cdb, flush(10, 20, true), {Kind::write_error, 0}), good());
  Outcome deferred = check(SenseKey::medium_error, {0x0C, 0x00});
  deferred.sense.deferred = true;
  EXPECT_EQ(run("00 00 00 00 00 00", 2), good()) << "it is not the other nexus's";
  EXPECT_EQ(run("00 00 00 00 00 00", 1), deferred);
  EXPECT_EQ(run("00 00 00 00 00 00", 1), good());
}

TEST_F(SynchronizeCacheTest, ThatFailsLaterIsNotKeptForANexusThatIsGone) {
  const std::string_view cdb = "35 02 00 00 00 0a 00 00 14 00";
  device.nexus_lost(1);
  const Device before = device;
  EXPECT_EQ(concluded(cdb, flush(10, 20, true), {Kind::write_error, 0}), good());
  EXPECT_EQ(device, before);
}

TEST_F(PrefetchTest, PromisesNothingOfTheCache) {
  const std::string_view cdb = "34 00 00 00 00 0a 00 00 14 00";
  EXPECT_EQ(run(cdb), good(fetch(10, 20)));
  EXPECT_EQ(run("90 00 00 00 00 00 00 00 00 0a 00 00 00 14 00 00"), good(fetch(10, 20)));
  EXPECT_EQ(planned(cdb), no_transfer);
  EXPECT_EQ(concluded(cdb, fetch(10, 20), {}), good());
  Outcome unreadable = check(SenseKey::medium_error, {0x11, 0x00});
  unreadable.sense.information = 11;
  EXPECT_EQ(concluded(cdb, fetch(10, 20), {Kind::read_error, 512}), unreadable);
}

TEST_F(PrefetchTest, WithImmedIsGoodAtOnce) {
  const std::string_view cdb = "34 02 00 00 00 0a 00 00 14 00";
  EXPECT_EQ(run(cdb), good(fetch(10, 20, true)));
  EXPECT_EQ(concluded(cdb, fetch(10, 20, true), {Kind::done, 0}), good());
  EXPECT_EQ(run("00 00 00 00 00 00"), good());
  EXPECT_EQ(concluded(cdb, fetch(10, 20, true), {Kind::read_error, 0}), good());
  EXPECT_TRUE(run("00 00 00 00 00 00").sense.deferred);
}

TEST_F(PrefetchTest, ReachesToTheEndByZeroAndStaysOnTheMedium) {
  EXPECT_EQ(run("34 00 00 00 00 0a 00 00 00 00"), good(fetch(10, 990)));
  EXPECT_EQ(run("34 00 00 00 03 e8 00 00 00 00"), good());
  EXPECT_EQ(run("34 00 00 00 03 e9 00 00 00 00"), out_of_range);
  EXPECT_EQ(run("90 00 00 00 00 00 00 00 03 e7 00 00 00 02 00 00"), out_of_range);
}

TEST_F(PrefetchTest, IgnoresTheGroupNumber) {
  for (unsigned group = 0; group < 32; ++group) {
    auto cdb = hex("34 00 00 00 00 0a 00 00 14 00");
    cdb[6] = static_cast<std::byte>(group);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), good(fetch(10, 20)));
  }
}

}  // namespace
}  // namespace scsi
