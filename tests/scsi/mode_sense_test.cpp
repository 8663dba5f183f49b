#include <algorithm>

#include "bench.hpp"

namespace scsi {
namespace {

using ModeSenseTest = Bench;

const std::string caching = "08 12 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
const std::string control = "0a 0a 00 10 00 00 00 00 00 00 00 00";
const std::string exceptions = "1c 0a 08 00 00 00 00 00 00 00 00 00";
const std::string descriptor = "00 00 03 e8 00 00 02 00";

TEST_F(ModeSenseTest, TellsEveryPageByPage3F) {
  EXPECT_EQ(run("1a 00 3f 00 ff 00"),
            good("37 00 10 08" + descriptor + caching + control + exceptions));
  EXPECT_EQ(run("1a 00 3f ff ff 00"),
            good("37 00 10 08" + descriptor + caching + control + exceptions));
  EXPECT_EQ(run("5a 00 3f 00 00 00 00 01 00 00"),
            good("00 3a 00 10 00 00 00 08" + descriptor + caching + control + exceptions));
  EXPECT_EQ(planned("1a 00 3f 00 ff 00"), parameters_in(255));
  EXPECT_EQ(planned("5a 00 3f 00 00 00 00 01 00 00"), parameters_in(256));
}

TEST_F(ModeSenseTest, TellsOnePageByItsCode) {
  EXPECT_EQ(run("1a 00 08 00 ff 00"), good("1f 00 10 08" + descriptor + caching));
  EXPECT_EQ(run("1a 00 0a 00 ff 00"), good("17 00 10 08" + descriptor + control));
  EXPECT_EQ(run("1a 00 1c 00 c0 00"), good("17 00 10 08" + descriptor + exceptions));
  EXPECT_EQ(run("1a 08 0a 00 10 00"), good("0f 00 10 00" + control));
  EXPECT_EQ(run("5a 08 0a ff 00 00 00 00 ff 00"), good("00 12 00 10 00 00 00 00" + control));
}

TEST_F(ModeSenseTest, HasNoOtherPageAndNoSubpage) {
  for (unsigned page = 0; page < 64; ++page)
    for (const unsigned subpage : {0x00U, 0x01U, 0x3FU, 0xFEU, 0xFFU}) {
      iscsi::wire::Bytes cdb = hex("1a 08 00 00 ff 00");
      cdb[2] = static_cast<std::byte>(page);
      cdb[3] = static_cast<std::byte>(subpage);
      const Command command{.nexus = 1, .lun = 0, .cdb = cdb};
      const Outcome outcome = execute(device, command);
      const bool known = page == 0x08 || page == 0x0A || page == 0x1C || page == 0x3F;
      if (!known) {
        EXPECT_EQ(outcome, bad_cdb(2, 5)) << page;
        EXPECT_EQ(plan(device, command), no_transfer);
      } else if (subpage != 0 && subpage != 0xFF) {
        EXPECT_EQ(outcome, bad_cdb(3)) << page << ' ' << subpage;
      } else {
        EXPECT_EQ(outcome.status, Status::good) << page << ' ' << subpage;
      }
    }
  EXPECT_EQ(run("5a 08 2a 00 00 00 00 00 20 00"), bad_cdb(2, 5))
      << "a CD-ROM page that Windows asks for";
}

TEST_F(ModeSenseTest, TellsWhatMayBeChanged) {
  EXPECT_EQ(run("1a 08 7f 00 ff 00"),
            good("2f 00 10 00"
                 "08 12 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
                 "0a 0a 04 00 08 00 00 00 00 00 00 00"
                 "1c 0a 00 00 00 00 00 00 00 00 00 00"));
}

TEST_F(ModeSenseTest, TellsDefaultsWhateverIsCurrent) {
  unit().mode.image()[2] = std::byte{0};
  EXPECT_EQ(run("1a 08 88 00 ff 00"), good("17 00 10 00" + caching));
  EXPECT_EQ(run("1a 08 08 00 ff 00"),
            good("17 00 10 00 08 12 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"));
}

TEST_F(ModeSenseTest, SavesNothing) {
  EXPECT_EQ(run("1a 08 ff 00 ff 00"), check(SenseKey::illegal_request, {0x39, 0x00}));
  EXPECT_EQ(run("5a 08 c8 00 00 00 00 00 ff 00"), check(SenseKey::illegal_request, {0x39, 0x00}));
}

TEST_F(ModeSenseTest, TellsWriteProtection) {
  EXPECT_EQ(run("1a 08 1c 00 ff 00", 1, 5), good("0f 00 90 00" + exceptions));
  EXPECT_EQ(run("5a 08 1c 00 00 00 00 00 ff 00", 1, 5),
            good("00 12 00 90 00 00 00 00" + exceptions));
  unit().mode.image()[20 + 4] = std::byte{0x08};  // SWP
  EXPECT_EQ(run("1a 08 1c 00 ff 00"), good("0f 00 90 00" + exceptions));
}

TEST_F(ModeSenseTest, TellsAWriteThroughCacheIfSoConfigured) {
  add(1, {.block_count = 1, .write_cache = false});
  EXPECT_EQ(run("1a 08 88 00 07 00", 1, 1), good("17 00 10 00 08 12 00"));
  EXPECT_EQ(run("1a 08 08 00 07 00", 1, 1), good("17 00 10 00 08 12 00"));
}

TEST_F(ModeSenseTest, CapsTheShortBlockCountAndNotTheLongOne) {
  unit().configuration.block_count = 0x1'0000'0000;
  EXPECT_EQ(run("1a 00 1c 00 0c 00"), good("17 00 10 08 ff ff ff ff 00 00 02 00"));
  EXPECT_EQ(run("5a 00 1c 00 00 00 00 00 10 00"),
            good("00 1a 00 10 00 00 00 08 ff ff ff ff 00 00 02 00"));
  EXPECT_EQ(
      run("5a 10 1c 00 00 00 00 00 ff 00"),
      good("00 22 00 10 01 00 00 10 00 00 00 01 00 00 00 00 00 00 00 00 00 00 02 00" + exceptions));
  EXPECT_EQ(run("5a 18 1c 00 00 00 00 00 08 00"), good("00 12 00 10 00 00 00 00"));
}

TEST_F(ModeSenseTest, IsCutAtEveryAllocationLength) {
  const Outcome whole = run("1a 00 3f 00 ff 00");
  for (unsigned length = 0; length < 256; ++length) {
    iscsi::wire::Bytes cdb = hex("1a 00 3f 00 00 00");
    cdb[4] = static_cast<std::byte>(length);
    const Outcome outcome = execute(device, {.nexus = 1, .lun = 0, .cdb = cdb});
    const auto size = std::min<std::ptrdiff_t>(length, 56);
    EXPECT_EQ(outcome.data_in,
              iscsi::wire::Bytes(whole.data_in.begin(), whole.data_in.begin() + size));
  }
}

}  // namespace
}  // namespace scsi
