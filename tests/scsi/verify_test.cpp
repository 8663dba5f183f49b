#include "bench.hpp"

namespace scsi {
namespace {

class VerifyTest : public Bench, public testing::WithParamInterface<std::string_view> {
 protected:
  /// The parameter's CDB, verifying from block 0x102, with another byte 1 and length.
  Command command(unsigned byte_1, std::uint64_t blocks) {
    cdb_ = hex(GetParam());
    cdb_[1] = static_cast<std::byte>(byte_1);
    if (cdb_.size() == 10)
      iscsi::wire::store<2>(cdb_, 7, blocks);
    else
      iscsi::wire::store<4>(cdb_, length_at(), blocks);
    return {.nexus = 1, .lun = 0, .cdb = cdb_};
  }
  /// Where VERIFICATION LENGTH begins.
  std::uint16_t length_at() {
    const std::size_t size = hex(GetParam()).size();
    return size == 10 ? 7 : size == 12 ? 6 : 10;
  }
  Operation operation(Operation::Kind kind, std::uint64_t blocks) {
    return {.kind = kind, .lba = 0x102, .blocks = blocks};
  }
  iscsi::wire::Bytes cdb_;
};

TEST_P(VerifyTest, WithoutByteCheckReadsTheMedium) {
  EXPECT_EQ(plan(device, command(0x00, 5)), no_transfer);
  EXPECT_EQ(execute(device, command(0x00, 5)), good(operation(Operation::Kind::verify, 5)));
}

TEST_P(VerifyTest, WithByteCheck01ComparesAsManyBlocks) {
  EXPECT_EQ(plan(device, command(0x02, 5)), blocks_out(2560));
  EXPECT_EQ(execute(device, command(0x02, 5), {}, 2560),
            good(operation(Operation::Kind::compare, 5)));
}

TEST_P(VerifyTest, WithByteCheck11ComparesEachBlockWithOne) {
  EXPECT_EQ(plan(device, command(0x06, 5)), blocks_out(512));
  EXPECT_EQ(execute(device, command(0x06, 5), {}, 512),
            good(operation(Operation::Kind::compare_one_block, 5)));
}

TEST_P(VerifyTest, WithByteCheck10IsRefused) {
  EXPECT_EQ(plan(device, command(0x04, 5)), no_transfer);
  EXPECT_EQ(execute(device, command(0x04, 5)), bad_cdb(1, 2));
}

TEST_P(VerifyTest, DoesNotSayGoodOfDataItDidNotGet) {
  EXPECT_EQ(execute(device, command(0x02, 5), {}, 2559), bad_cdb(length_at()));
  EXPECT_EQ(execute(device, command(0x02, 5), {}, 0), bad_cdb(length_at()));
  EXPECT_EQ(execute(device, command(0x06, 5), {}, 511), bad_cdb(length_at()));
}

TEST_P(VerifyTest, OfNoBlockIsGood) {
  for (const unsigned byte_1 : {0x00U, 0x02U, 0x06U}) {
    EXPECT_EQ(plan(device, command(byte_1, 0)), no_transfer);
    EXPECT_EQ(execute(device, command(byte_1, 0)), good());
  }
}

TEST_P(VerifyTest, StaysOnTheMedium) {
  for (const unsigned byte_1 : {0x00U, 0x02U, 0x06U}) {
    EXPECT_EQ(execute(device, command(byte_1, 742), {}, 742 * 512).status, Status::good);
    EXPECT_EQ(execute(device, command(byte_1, 743), {}, 743 * 512),
              check(SenseKey::illegal_request, {0x21, 0x00}, FieldPointer{true, 2, {}}));
    EXPECT_EQ(plan(device, command(byte_1, 743)), no_transfer);
  }
}

TEST_P(VerifyTest, IsBoundByTheGreatestTransfer) {
  unit().configuration.maximum_transfer_blocks = 4;
  for (const unsigned byte_1 : {0x00U, 0x02U, 0x06U}) {
    EXPECT_EQ(execute(device, command(byte_1, 4), {}, 2048).status, Status::good);
    EXPECT_EQ(execute(device, command(byte_1, 5), {}, 2560), bad_cdb(length_at()));
  }
}

TEST_P(VerifyTest, TakesDpoAndRefusesProtection) {
  EXPECT_EQ(execute(device, command(0x10, 5)), good(operation(Operation::Kind::verify, 5)));
  for (unsigned protect = 1; protect < 8; ++protect)
    EXPECT_EQ(execute(device, command(protect << 5U, 5)), bad_cdb(1, 7));
}

INSTANTIATE_TEST_SUITE_P(OfEachLength, VerifyTest,
                         testing::Values("2f 00 00 00 01 02 00 00 00 00",
                                         "af 00 00 00 01 02 00 00 00 00 00 00",
                                         "8f 00 00 00 00 00 00 00 01 02 00 00 00 00 00 00"));

using VerifyEndTest = Bench;

TEST_F(VerifyEndTest, TellsWhereTheFirstDifferenceIs) {
  const std::string_view cdb = "2f 02 00 00 00 00 00 00 02 00";
  const Outcome started = run(cdb);
  const Outcome ended =
      concluded(cdb, started.operation, {.kind = MediumResult::Kind::miscompare, .offset = 0x201});
  EXPECT_EQ(text(encode(ended.sense, ended.sense_format).view()),
            "f0 00 0e 00 00 02 01 0a 00 00 00 00 1d 00 00 00 00 00");
  EXPECT_EQ(concluded(cdb, started.operation, {}), good());
}

TEST_F(VerifyEndTest, AWriteProtectedMediumCanBeVerified) {
  EXPECT_EQ(run("2f 02 00 00 00 00 00 00 02 00", 1, 5).operation.kind, Operation::Kind::compare);
}

}  // namespace
}  // namespace scsi
