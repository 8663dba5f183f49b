#include "bench.hpp"

namespace scsi {
namespace {

using ReadTest = Bench;
using WriteTest = Bench;

constexpr Operation reading(std::uint64_t lba, std::uint64_t blocks, bool durable = false) {
  return {.kind = Operation::Kind::read, .durable = durable, .lba = lba, .blocks = blocks};
}
constexpr Operation writing(std::uint64_t lba, std::uint64_t blocks, bool durable = false) {
  return {.kind = Operation::Kind::write, .durable = durable, .lba = lba, .blocks = blocks};
}
Outcome out_of_range(std::uint16_t byte, std::optional<std::uint8_t> bit = std::nullopt) {
  return check(SenseKey::illegal_request, {0x21, 0x00}, FieldPointer{true, byte, bit});
}

TEST_F(ReadTest, OfEachLengthFindsAddressAndLength) {
  EXPECT_EQ(run("08 00 01 02 03 00"), good(reading(0x102, 3)));
  EXPECT_EQ(run("28 00 00 00 01 02 00 00 03 00"), good(reading(0x102, 3)));
  EXPECT_EQ(run("a8 00 00 00 01 02 00 00 00 03 00 00"), good(reading(0x102, 3)));
  EXPECT_EQ(run("88 00 00 00 00 00 00 00 01 02 00 00 00 03 00 00"), good(reading(0x102, 3)));
  EXPECT_EQ(planned("08 00 01 02 03 00"), blocks_in(1536));
  EXPECT_EQ(planned("28 00 00 00 01 02 00 00 03 00"), blocks_in(1536));
  EXPECT_EQ(planned("a8 00 00 00 01 02 00 00 00 03 00 00"), blocks_in(1536));
  EXPECT_EQ(planned("88 00 00 00 00 00 00 00 01 02 00 00 00 03 00 00"), blocks_in(1536));
  EXPECT_EQ(planned("28 00 00 00 00 02 00 00 03 00", 5), blocks_in(12288));
}

TEST_F(ReadTest, ReadsEveryByteOfAddressAndLength) {
  unit().configuration.block_count = (std::uint64_t{1} << 54U) - 1;
  EXPECT_EQ(run("08 1f fe fd 01 00"), good(reading(0x1FFEFD, 1)));
  EXPECT_EQ(run("08 ff fe fd 01 00"), good(reading(0x1FFEFD, 1))) << "SCSI-2's LUN bits";
  EXPECT_EQ(run("28 00 fe dc ba 98 00 12 34 00"), good(reading(0xFEDCBA98, 0x1234)));
  EXPECT_EQ(run("a8 00 fe dc ba 98 12 34 56 78 00 00"), good(reading(0xFEDCBA98, 0x12345678)));
  EXPECT_EQ(run("88 00 00 3f ed cb a9 87 65 43 12 34 56 78 00 00"),
            good(reading(0x3F'EDCB'A987'6543, 0x12345678)));
  EXPECT_EQ(planned("a8 00 00 00 00 00 ff ff ff ff 00 00"), blocks_in(0xFFFFFFFFULL * 512));
}

TEST_F(ReadTest, Of6BytesMeans256ByZero) {
  EXPECT_EQ(run("08 00 00 00 00 00"), good(reading(0, 256)));
  EXPECT_EQ(planned("08 00 00 00 00 00"), blocks_in(131072));
  EXPECT_EQ(run("08 00 02 e8 00 00"), good(reading(744, 256)));
  EXPECT_EQ(run("08 00 02 e9 00 00"), out_of_range(1, 4)) << "256 blocks from 745 end behind 1000";
}

TEST_F(ReadTest, OfNoBlockIsGoodAndMovesNothing) {
  for (const std::string_view cdb :
       {"28 00 00 00 00 00 00 00 00 00", "a8 00 00 00 00 00 00 00 00 00 00 00",
        "88 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "28 00 00 00 03 e8 00 00 00 00"}) {
    EXPECT_EQ(run(cdb), good()) << cdb;
    EXPECT_EQ(planned(cdb), no_transfer) << cdb;
  }
  EXPECT_EQ(run("28 00 00 00 03 e9 00 00 00 00"), out_of_range(2))
      << "but its address is looked at";
  EXPECT_EQ(run("28 00 80 00 00 00 00 00 00 00"), out_of_range(2));
  EXPECT_EQ(run("28 00 ff ff ff ff 00 00 00 00"), out_of_range(2));
}

TEST_F(ReadTest, MayReachTheLastBlockAndNoFurther) {
  EXPECT_EQ(run("28 00 00 00 03 e7 00 00 01 00"), good(reading(999, 1)));
  EXPECT_EQ(run("28 00 00 00 00 00 00 03 e8 00"), good(reading(0, 1000)));
  for (const std::string_view cdb :
       {"28 00 00 00 03 e8 00 00 01 00", "28 00 00 00 03 e7 00 00 02 00",
        "28 00 00 00 00 00 00 03 e9 00"}) {
    EXPECT_EQ(run(cdb), out_of_range(2)) << cdb;
    EXPECT_EQ(planned(cdb), no_transfer) << cdb;
  }
  EXPECT_EQ(run("08 00 03 e8 01 00"), out_of_range(1, 4));
}

/// Address plus length past 2^64, where a sum would wrap to a small number.
TEST_F(ReadTest, IsNotDeceivedByOverflow) {
  EXPECT_EQ(run("88 00 ff ff ff ff ff ff ff ff 00 00 00 01 00 00"), out_of_range(2));
  EXPECT_EQ(run("88 00 ff ff ff ff ff ff ff ff 00 00 00 02 00 00"), out_of_range(2));
  EXPECT_EQ(run("88 00 ff ff ff ff ff ff ff 00 ff ff ff ff 00 00"), out_of_range(2));
  EXPECT_EQ(run("88 00 00 80 00 00 00 00 00 00 00 00 00 01 00 00"), out_of_range(2))
      << "2^55 blocks are 2^64 bytes";
  EXPECT_EQ(run("a8 00 ff ff ff ff ff ff ff ff 00 00"), out_of_range(2));
}

TEST_F(ReadTest, WithFuaIsFromStableStorage) {
  EXPECT_EQ(run("28 08 00 00 00 00 00 00 01 00"), good(reading(0, 1, true)));
  EXPECT_EQ(run("a8 08 00 00 00 00 00 00 00 01 00 00"), good(reading(0, 1, true)));
  EXPECT_EQ(run("88 08 00 00 00 00 00 00 00 00 00 00 00 01 00 00"), good(reading(0, 1, true)));
  EXPECT_EQ(run("28 10 00 00 00 00 00 00 01 00"), good(reading(0, 1))) << "DPO is a hint";
  EXPECT_EQ(run("28 18 00 00 00 00 00 00 01 00"), good(reading(0, 1, true)));
}

TEST_F(ReadTest, HasNoProtectionInformationToCheck) {
  for (unsigned protect = 1; protect < 8; ++protect)
    for (const std::string_view cdb :
         {"28 00 00 00 00 00 00 00 01 00", "a8 00 00 00 00 00 00 00 00 01 00 00",
          "88 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00"}) {
      auto bytes = hex(cdb);
      bytes[1] = static_cast<std::byte>(protect << 5U);
      const Command command{.nexus = 1, .lun = 0, .cdb = bytes};
      EXPECT_EQ(execute(device, command), bad_cdb(1, 7));
      EXPECT_EQ(plan(device, command), no_transfer);
    }
}

TEST_F(ReadTest, IgnoresReservedBitsAndGroupNumber) {
  EXPECT_EQ(run("28 07 00 00 00 00 3f 00 01 00"), good(reading(0, 1)));
  EXPECT_EQ(run("88 07 00 00 00 00 00 00 00 00 00 00 00 01 ff 00"), good(reading(0, 1)));
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 f8"), good(reading(0, 1))) << "CONTROL but for NACA";
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 03"), good(reading(0, 1)));
}

TEST_F(ReadTest, RefusesNaca) {
  EXPECT_EQ(run("08 00 00 00 01 04"), bad_cdb(5, 2));
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 04"), bad_cdb(9, 2));
  EXPECT_EQ(run("a8 00 00 00 00 00 00 00 00 01 00 04"), bad_cdb(11, 2));
  EXPECT_EQ(run("88 00 00 00 00 00 00 00 00 00 00 00 00 01 00 04"), bad_cdb(15, 2));
}

TEST_F(ReadTest, IsBoundByTheGreatestTransfer) {
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 10 00", 1, 5), good(reading(0, 16)));
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 11 00", 1, 5), bad_cdb(7));
  EXPECT_EQ(planned("28 00 00 00 00 00 00 00 11 00", 5), no_transfer);
  EXPECT_EQ(run("a8 00 00 00 00 00 00 00 00 11 00 00", 1, 5), bad_cdb(6));
  EXPECT_EQ(run("88 00 00 00 00 00 00 00 00 00 00 00 00 11 00 00", 1, 5), bad_cdb(10));
  EXPECT_EQ(run("08 00 00 00 11 00", 1, 5), bad_cdb(4));
  EXPECT_EQ(run("28 00 00 00 00 3f 00 00 11 00", 1, 5), out_of_range(2)) << "the range comes first";
}

TEST_F(WriteTest, OfEachLengthFindsAddressAndLength) {
  EXPECT_EQ(run("0a 00 01 02 03 00"), good(writing(0x102, 3)));
  EXPECT_EQ(run("2a 00 00 00 01 02 00 00 03 00"), good(writing(0x102, 3)));
  EXPECT_EQ(run("aa 00 00 00 01 02 00 00 00 03 00 00"), good(writing(0x102, 3)));
  EXPECT_EQ(run("8a 00 00 00 00 00 00 00 01 02 00 00 00 03 00 00"), good(writing(0x102, 3)));
  EXPECT_EQ(planned("0a 00 01 02 00 00"), blocks_out(131072));
  EXPECT_EQ(planned("2a 00 00 00 01 02 00 00 03 00"), blocks_out(1536));
  EXPECT_EQ(planned("aa 00 00 00 01 02 00 00 00 03 00 00"), blocks_out(1536));
  EXPECT_EQ(planned("8a 00 00 00 00 00 00 00 01 02 00 00 00 03 00 00"), blocks_out(1536));
}

TEST_F(WriteTest, WithFuaIsDurable) {
  EXPECT_EQ(run("2a 08 00 00 00 00 00 00 01 00"), good(writing(0, 1, true)));
  EXPECT_EQ(run("aa 08 00 00 00 00 00 00 00 01 00 00"), good(writing(0, 1, true)));
  EXPECT_EQ(run("8a 08 00 00 00 00 00 00 00 00 00 00 00 01 00 00"), good(writing(0, 1, true)));
}

TEST_F(WriteTest, OfNoBlockIsGoodButForABadAddress) {
  EXPECT_EQ(run("2a 00 00 00 00 00 00 00 00 00"), good());
  EXPECT_EQ(planned("2a 00 00 00 00 00 00 00 00 00"), no_transfer);
  EXPECT_EQ(run("aa 00 00 00 03 e9 00 00 00 00 00 00"), out_of_range(2));
}

/// Initiators may expect to send less than the CDB says (Q15): the blocks that came are written.
TEST_F(WriteTest, CoversTheWholeBlocksThatHaveCome) {
  const auto cdb = hex("2a 00 00 00 00 07 00 00 03 00");
  const Command command{.nexus = 1, .lun = 0, .cdb = cdb};
  const auto blocks_for = [&](std::uint64_t bytes) {
    return execute(device, command, {}, bytes).operation.blocks;
  };
  EXPECT_EQ(execute(device, command, {}, 0), good());
  EXPECT_EQ(execute(device, command, {}, 511), good());
  EXPECT_EQ(blocks_for(512), 1U);
  EXPECT_EQ(blocks_for(1023), 1U);
  EXPECT_EQ(blocks_for(1535), 2U);
  EXPECT_EQ(blocks_for(1536), 3U);
  EXPECT_EQ(blocks_for(1'000'000), 3U) << "and never more than the CDB says";
}

TEST_F(WriteTest, OfAProtectedMediumIsRefused) {
  for (const std::string_view cdb :
       {"0a 00 00 00 01 00", "2a 00 00 00 00 00 00 00 01 00", "aa 00 00 00 00 00 00 00 00 01 00 00",
        "8a 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", "2e 00 00 00 00 00 00 00 01 00",
        "ae 00 00 00 00 00 00 00 00 01 00 00", "8e 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00",
        "2a 00 00 00 00 00 00 00 00 00"}) {
    EXPECT_EQ(run(cdb, 1, 5), check(SenseKey::data_protect, {0x27, 0x00})) << cdb;
    EXPECT_EQ(planned(cdb, 5), no_transfer) << cdb;
  }
}

TEST_F(WriteTest, AndVerifyIsDurableAndComparesIfAsked) {
  const auto operation = [](Operation::Kind kind) {
    return Operation{.kind = kind, .durable = true, .lba = 0x102, .blocks = 3};
  };
  for (const std::string_view cdb :
       {"2e 00 00 00 01 02 00 00 03 00", "ae 00 00 00 01 02 00 00 00 03 00 00",
        "8e 00 00 00 00 00 00 00 01 02 00 00 00 03 00 00"}) {
    auto bytes = hex(cdb);
    const Command command{.nexus = 1, .lun = 0, .cdb = bytes};
    EXPECT_EQ(plan(device, command), blocks_out(1536));
    EXPECT_EQ(execute(device, command, {}, 1536),
              good(operation(Operation::Kind::write_and_verify)));
    bytes[1] = std::byte{0x02};
    EXPECT_EQ(execute(device, command, {}, 1536),
              good(operation(Operation::Kind::write_and_compare)));
    EXPECT_EQ(execute(device, command, {}, 1535).operation.blocks, 2U);
    bytes[1] = std::byte{0x12};
    EXPECT_EQ(execute(device, command, {}, 1536).status, Status::good) << "DPO is a hint";
    for (const unsigned refused : {0x04U, 0x06U}) {
      bytes[1] = static_cast<std::byte>(refused);
      EXPECT_EQ(execute(device, command, {}, 1536), bad_cdb(1, 2));
    }
    bytes[1] = std::byte{0x20};
    EXPECT_EQ(execute(device, command, {}, 1536), bad_cdb(1, 7));
  }
}

TEST_F(WriteTest, EndsAsItsOperationDoes) {
  using Kind = MediumResult::Kind;
  const std::string_view cdb = "2a 00 00 00 00 64 00 00 08 00";
  const Operation operation = writing(100, 8);
  EXPECT_EQ(concluded(cdb, operation, {}), good());

  Outcome write_error = check(SenseKey::medium_error, {0x0C, 0x00});
  write_error.sense.information = 103;
  EXPECT_EQ(concluded(cdb, operation, {Kind::write_error, 1536}), write_error);

  Outcome no_space = check(SenseKey::data_protect, {0x27, 0x07});
  no_space.sense.information = 100;
  EXPECT_EQ(concluded(cdb, operation, {Kind::no_space, 0}), no_space);

  Outcome miscompare = check(SenseKey::miscompare, {0x1D, 0x00});
  miscompare.sense.information = 1537;
  EXPECT_EQ(concluded(cdb, operation, {Kind::miscompare, 1537}), miscompare)
      << "an offset in bytes";

  EXPECT_EQ(concluded(cdb, operation, {Kind::not_ready, 0}),
            check(SenseKey::not_ready, {0x04, 0x03}));
}

TEST_F(ReadTest, EndsAsItsOperationDoes) {
  using Kind = MediumResult::Kind;
  const std::string_view cdb = "28 00 00 00 00 02 00 00 04 00";
  EXPECT_EQ(concluded(cdb, reading(2, 4), {}, 5), good());
  Outcome read_error = check(SenseKey::medium_error, {0x11, 0x00});
  read_error.sense.information = 4;
  EXPECT_EQ(concluded(cdb, reading(2, 4), {Kind::read_error, 8192}, 5), read_error);
  EXPECT_EQ(concluded(cdb, reading(2, 4), {Kind::read_error, 0}, 1),
            check(SenseKey::illegal_request, {0x25, 0x00}))
      << "of a unit that is not there";
}

}  // namespace
}  // namespace scsi
