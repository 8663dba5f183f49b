#include "bench.hpp"

namespace scsi {
namespace {

using CapacityTest = Bench;

TEST_F(CapacityTest, IsTheLastAddressAndTheBlockSize) {
  EXPECT_EQ(run("25 00 00 00 00 00 00 00 00 00"), good("00 00 03 e7 00 00 02 00"));
  EXPECT_EQ(run("25 00 00 00 00 00 00 00 00 00", 1, 5), good("00 00 00 3f 00 00 10 00"));
  EXPECT_EQ(planned("25 00 00 00 00 00 00 00 00 00"), parameters_in(8));
}

TEST_F(CapacityTest, OfTheLongFormHasThePhysicalBlockToo) {
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00"),
            good("00 00 00 00 00 00 03 e7 00 00 02 00 00 00 00 00" + zeros(16)));
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 00 00 00 ff 00 00", 1, 5),
            good("00 00 00 00 00 00 00 3f 00 00 10 00 00 03 00 00" + zeros(16)));
}

TEST_F(CapacityTest, OfTheLongFormIsCutAtTheAllocationLength) {
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 00 00 00 0c 00 00"),
            good("00 00 00 00 00 00 03 e7 00 00 02 00"))
      << "as Windows asks";
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00"), good());
  EXPECT_EQ(planned("9e 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00"), no_transfer);
  EXPECT_EQ(planned("9e 10 00 00 00 00 00 00 00 00 ff ff ff ff 00 00"), parameters_in(0xFFFFFFFF));
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 ff ff ff ff 00 00").data_in.size(), 32U);
}

TEST_F(CapacityTest, ThatNeedsMoreThan32BitsIsToldByTheLongForm) {
  unit().configuration.block_count = 0x1'0000'0000;
  EXPECT_EQ(run("25 00 00 00 00 00 00 00 00 00"), good("ff ff ff ff 00 00 02 00"));
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 00 00 00 08 00 00"),
            good("00 00 00 00 ff ff ff ff"));
  unit().configuration.block_count = 0xFFFF'FFFF;
  EXPECT_EQ(run("25 00 00 00 00 00 00 00 00 00"), good("ff ff ff fe 00 00 02 00"));
  unit().configuration.block_count = 0x1234'5678'9abc;
  EXPECT_EQ(run("25 00 00 00 00 00 00 00 00 00"), good("ff ff ff ff 00 00 02 00"));
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 00 00 00 00 08 00 00"),
            good("00 00 12 34 56 78 9a bb"));
}

TEST_F(CapacityTest, TakesAnAddressOnlyWithPmi) {
  EXPECT_EQ(run("25 00 00 00 00 01 00 00 00 00"), bad_cdb(2));
  EXPECT_EQ(run("25 00 80 00 00 00 00 00 00 00"), bad_cdb(2));
  EXPECT_EQ(planned("25 00 80 00 00 00 00 00 00 00"), no_transfer);
  EXPECT_EQ(run("25 00 00 00 00 01 00 00 01 00"), good("00 00 03 e7 00 00 02 00"));
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 01 00 00 00 20 00 00"), bad_cdb(2));
  EXPECT_EQ(run("9e 10 00 00 00 00 00 00 00 01 00 00 00 08 01 00"),
            good("00 00 00 00 00 00 03 e7"));
}

}  // namespace
}  // namespace scsi
