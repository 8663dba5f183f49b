#include "bench.hpp"

namespace scsi {
namespace {

using ReservationTest = Bench;

constexpr std::string_view test_unit_ready = "00 00 00 00 00 00", reserve = "16 00 00 00 00 00",
                           release = "17 00 00 00 00 00";

TEST_F(ReservationTest, KeepsTheOthersOut) {
  EXPECT_EQ(run(reserve, 1), good());
  EXPECT_EQ(run(test_unit_ready, 1), good());
  EXPECT_EQ(run(test_unit_ready, 2), conflict());
  EXPECT_EQ(run(reserve, 2), conflict());
  EXPECT_EQ(run(test_unit_ready, 2, 5), good()) << "the other unit is free";
}

TEST_F(ReservationTest, MayBeRepeatedByItsHolder) {
  EXPECT_EQ(run(reserve, 1), good());
  EXPECT_EQ(run(reserve, 1), good());
  EXPECT_EQ(run(release, 1), good());
  EXPECT_EQ(run(test_unit_ready, 2), good()) << "it does not count";
}

TEST_F(ReservationTest, IsReleasedByItsHolderAlone) {
  EXPECT_EQ(run(reserve, 1), good());
  EXPECT_EQ(run(release, 2), good()) << "no error";
  EXPECT_EQ(run(test_unit_ready, 2), conflict()) << "and no effect";
  EXPECT_EQ(run(release, 1), good());
  EXPECT_EQ(run(test_unit_ready, 2), good());
  EXPECT_EQ(run(release, 1), good()) << "with nothing to release";
}

TEST_F(ReservationTest, IsOfTheWholeUnitAndOfNobodyElse) {
  for (const std::string_view command : {reserve, release}) {
    auto cdb = hex(command);
    cdb[1] = std::byte{0x10};
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(1, 4)) << "third party";
    cdb[1] = std::byte{0x01};
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(1, 0)) << "extent";
  }
  EXPECT_EQ(unit().reserved_by, std::nullopt);
}

TEST_F(ReservationTest, LetsAnotherStartTheUnitButNotStopIt) {
  EXPECT_EQ(run(reserve, 1), good());
  EXPECT_EQ(run("1b 00 00 00 01 00", 2), good());
  EXPECT_EQ(run("1b 00 00 00 00 00", 2), conflict());
  EXPECT_EQ(run("1b 00 00 00 04 00", 2), conflict());
}

TEST_F(ReservationTest, ConflictMovesNoData) {
  EXPECT_EQ(run(reserve, 2), good());
  EXPECT_EQ(planned("2a 00 00 00 00 00 00 00 01 00"), no_transfer);
  EXPECT_EQ(planned("15 10 00 00 18 00"), no_transfer);
  EXPECT_EQ(planned("12 00 00 00 60 00"), parameters_in(96));
}

}  // namespace
}  // namespace scsi
