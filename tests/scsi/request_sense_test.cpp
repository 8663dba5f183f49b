#include "bench.hpp"

namespace scsi {
namespace {

using RequestSenseTest = Bench;

TEST_F(RequestSenseTest, HasNothingToTellMostly) {
  EXPECT_EQ(run("03 00 00 00 ff 00"),
            good("70 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00"));
  EXPECT_EQ(run("03 01 00 00 ff 00"), good("72 00 00 00 00 00 00 00"));
  EXPECT_EQ(planned("03 00 00 00 fc 00"), parameters_in(252));
}

TEST_F(RequestSenseTest, TellsAPendingAttentionAndClearsIt) {
  device.raise_attention(0, 1, {0x2A, 0x09});
  device.raise_attention(0, 1, {0x47, 0x7F});
  EXPECT_EQ(run("03 00 00 00 12 00", 2),
            good("70 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00"))
      << "not the other nexus's";
  EXPECT_EQ(run("03 00 00 00 12 00"),
            good("70 00 06 00 00 00 00 0a 00 00 00 00 2a 09 00 00 00 00"));
  EXPECT_EQ(run("03 01 00 00 12 00"), good("72 06 47 7f 00 00 00 00"));
  EXPECT_EQ(run("03 01 00 00 12 00"), good("72 00 00 00 00 00 00 00"));
  EXPECT_EQ(run("00 00 00 00 00 00"), good());
}

TEST_F(RequestSenseTest, IsCutAtEveryAllocationLength) {
  for (unsigned length = 0; length < 256; ++length) {
    auto cdb = hex("03 00 00 00 00 00");
    cdb[4] = static_cast<std::byte>(length);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}).data_in.size(),
              std::min(length, 18U));
  }
}

TEST_F(RequestSenseTest, TellsThatTheUnitIsStopped) {
  unit().stopped = true;
  EXPECT_EQ(run("03 01 00 00 ff 00"), good("72 02 04 02 00 00 00 00"));
  EXPECT_EQ(run("03 01 00 00 ff 00"), good("72 02 04 02 00 00 00 00"));
}

TEST_F(RequestSenseTest, TellsADeferredErrorAsSuch) {
  unit().attentions.raise(
      1, {.key = SenseKey::medium_error, .additional = {0x0C, 0}, .deferred = true});
  EXPECT_EQ(run("03 00 00 00 12 00"),
            good("71 00 03 00 00 00 00 0a 00 00 00 00 0c 00 00 00 00 00"));
  EXPECT_EQ(run("03 01 00 00 12 00"), good("72 00 00 00 00 00 00 00"));
}

TEST_F(RequestSenseTest, TellsThatThereIsNoUnit) {
  EXPECT_EQ(run("03 00 00 00 12 00", 1, 1),
            good("70 00 05 00 00 00 00 0a 00 00 00 00 25 00 00 00 00 00"));
  EXPECT_EQ(run("03 01 00 00 12 00", 1, 1), good("72 05 25 00 00 00 00 00"));
}

TEST_F(RequestSenseTest, KeepsTheFormTheCdbAsksForWhateverDSenseSays) {
  unit().mode.image()[20 + 2] = std::byte{0x04};
  EXPECT_EQ(run("03 00 00 00 ff 00").data_in.size(), 18U);
  EXPECT_EQ(run("03 01 00 00 ff 00").data_in.size(), 8U);
}

}  // namespace
}  // namespace scsi
