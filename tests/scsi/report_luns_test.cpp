#include "bench.hpp"

namespace scsi {
namespace {

using ReportLunsTest = Bench;

TEST_F(ReportLunsTest, ListsTheUnits) {
  EXPECT_EQ(run("a0 00 00 00 00 00 00 00 01 00 00 00"),
            good("00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 05 00 00 00 00 00 00"));
  EXPECT_EQ(run("a0 00 02 00 00 00 00 00 00 18 00 00"),
            good("00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 05 00 00 00 00 00 00"));
  EXPECT_EQ(planned("a0 00 00 00 00 00 00 00 01 00 00 00"), parameters_in(256));
}

TEST_F(ReportLunsTest, TellsTheWholeLengthOfAListThatIsCut) {
  EXPECT_EQ(run("a0 00 00 00 00 00 00 00 00 10 00 00"),
            good("00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00"));
  EXPECT_EQ(run("a0 00 00 00 00 00 00 00 00 13 00 00"),
            good("00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 05 00"));
}

TEST_F(ReportLunsTest, NeedsRoomForOneEntry) {
  for (unsigned length = 0; length < 16; ++length) {
    auto cdb = hex("a0 00 00 00 00 00 00 00 00 00 00 00");
    cdb[9] = static_cast<std::byte>(length);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(6)) << length;
    EXPECT_EQ(plan(device, {.nexus = 1, .lun = 0, .cdb = cdb}), no_transfer) << length;
  }
}

TEST_F(ReportLunsTest, HasNoWellKnownUnits) {
  EXPECT_EQ(run("a0 00 01 00 00 00 00 00 01 00 00 00"), good("00 00 00 00 00 00 00 00"));
}

TEST_F(ReportLunsTest, RefusesOtherSelections) {
  for (unsigned select = 3; select < 256; ++select) {
    auto cdb = hex("a0 00 00 00 00 00 00 00 01 00 00 00");
    cdb[2] = static_cast<std::byte>(select);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(2)) << select;
  }
}

TEST_F(ReportLunsTest, UsesFlatAddressingAbove255) {
  add(255, {.block_count = 1});
  add(256, {.block_count = 1});
  add(0x3FFF, {.block_count = 1});
  EXPECT_EQ(run("a0 00 00 00 00 00 00 00 01 00 00 00"), good("00 00 00 28 00 00 00 00"
                                                             "00 00 00 00 00 00 00 00"
                                                             "00 05 00 00 00 00 00 00"
                                                             "00 ff 00 00 00 00 00 00"
                                                             "41 00 00 00 00 00 00 00"
                                                             "7f ff 00 00 00 00 00 00"));
}

TEST_F(ReportLunsTest, IsAnsweredWithoutUnit0) {
  Device other;
  ASSERT_TRUE(other.add_unit(3, {.block_count = 1}).has_value());
  const auto cdb = hex("a0 00 00 00 00 00 00 00 01 00 00 00");
  for (const std::uint64_t lun : {lun_field(0), lun_field(3), std::uint64_t{0xC101'0000'0000'0000}})
    EXPECT_EQ(execute(other, {.nexus = 1, .lun = lun, .cdb = cdb}),
              good("00 00 00 08 00 00 00 00 00 03 00 00 00 00 00 00"));
  Device empty;
  EXPECT_EQ(execute(empty, {.nexus = 1, .lun = 0, .cdb = cdb}), good("00 00 00 00 00 00 00 00"));
}

}  // namespace
}  // namespace scsi
