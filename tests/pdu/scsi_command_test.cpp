#include "pdu/scsi_command.hpp"

#include "pdu/additional_headers.hpp"
#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.3: a write with a CDB of twenty bytes, six bytes of its data at once and more to
// follow unsolicited.
iscsi::wire::Bytes test::scsi_command_bytes() {
  return hex(
      "01"                                 // opcode 0x01
      "21 0000"                            // W, ATTR simple; reserved
      "02 000006"                          // TotalAHSLength in words, DataSegmentLength
      "0001020304050607"                   // LUN
      "10111213"                           // Initiator Task Tag
      "20212223"                           // Expected Data Transfer Length
      "30313233"                           // CmdSN
      "40414243"                           // ExpStatSN
      "7f515253545556575859 5a5b5c5d5e5f"  // CDB
      "0005 01 00 60616263"                // AHS: AHSLength 20 - 15, Extended CDB, reserved, CDB
      "707172737475 0000");                // data, padding
}

namespace {

using namespace test;

const ScsiCommand sample{
    .final = false,
    .write = true,
    .attribute = TaskAttribute::simple,
    .lun = Lun{0x0001020304050607},
    .initiator_task_tag = InitiatorTaskTag{0x10111213},
    .expected_data_transfer_length = 0x20212223,
    .cmd_sn = CmdSN{0x30313233},
    .exp_stat_sn = StatSN{0x40414243},
    .cdb = {std::byte{0x7f}, std::byte{0x51}, std::byte{0x52}, std::byte{0x53}, std::byte{0x54},
            std::byte{0x55}, std::byte{0x56}, std::byte{0x57}, std::byte{0x58}, std::byte{0x59},
            std::byte{0x5a}, std::byte{0x5b}, std::byte{0x5c}, std::byte{0x5d}, std::byte{0x5e},
            std::byte{0x5f}}};

// RFC 3720 appendix B.4, the last example: READ(10) of two blocks.
const Bytes read_command =
    hex("01 c0 0000 00 000000 0000000000000000 14000000 00000400 00000014 00000018"
        "28000000000000000200000000000000");

TEST(ScsiCommand, HasTheRfcsLayout) { expect_same(scsi_command_bytes(), sample); }

TEST(ScsiCommand, OfTheRfcsExampleIsARead) {
  ScsiCommand pdu{.read = true,
                  .initiator_task_tag = InitiatorTaskTag{0x14000000},
                  .expected_data_transfer_length = 1024,
                  .cmd_sn = CmdSN{0x14},
                  .exp_stat_sn = StatSN{0x18}};
  pdu.cdb[0] = std::byte{0x28};
  pdu.cdb[8] = std::byte{0x02};
  expect_same(read_command, pdu);
}

TEST(ScsiCommand, OfOpenIscsiBringsImmediateDataAndAnnouncesMore) {
  // linux61_lio_unsolicited.pcap, open-iscsi 2.1.8: WRITE(10) of 512 blocks, 8192 bytes at once.
  Bytes bytes =
      hex("0121000000002000 0000000000000000 28000000 00040000 00000027 131f3eb4"
          "2a000000100000020000000000000000");
  bytes.resize(48 + 8192);
  ScsiCommand pdu{.final = false,
                  .write = true,
                  .attribute = TaskAttribute::simple,
                  .initiator_task_tag = InitiatorTaskTag{0x28000000},
                  .expected_data_transfer_length = 262144,
                  .cmd_sn = CmdSN{0x27},
                  .exp_stat_sn = StatSN{0x131f3eb4}};
  pdu.cdb[0] = std::byte{0x2a};
  pdu.cdb[4] = std::byte{0x10};
  pdu.cdb[7] = std::byte{0x02};
  expect_same(bytes, pdu);
}

TEST(ScsiCommand, MayBeImmediate) {
  ScsiCommand pdu = sample;
  pdu.immediate = true;
  expect_same(with(scsi_command_bytes(), 0, "41"), pdu);
}

TEST(ScsiCommand, KnowsFiveTaskAttributes) {
  EXPECT_EQ(accepted_codes<ScsiCommand>(read_command, bits(1, 5, 3)),
            (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
}

TEST(ScsiCommand, IsRefusedWhenItNeitherWritesNorIsFinal) {
  expect_refused<ScsiCommand>(with(read_command, 1, "40"),
                              {Rule::scsi_command_is_final_or_write, 1, 0});
  // It sends nothing, so that nothing of it is complete.
  EXPECT_EQ(audit(frame_in(with(with(read_command, 1, "40"), 20, "00000000"))),
            (std::vector<Violation>{{Rule::scsi_command_is_final_or_write, 1, 0}}));
}

TEST(ScsiCommand, IsRefusedWhenItsDataHasNoDirection) {
  expect_refused<ScsiCommand>(with(read_command, 1, "80"),
                              {Rule::expected_transfer_has_direction, 1, 0});
  EXPECT_TRUE(decode<ScsiCommand>(with(with(read_command, 1, "80"), 20, "00000000")).has_value());
}

TEST(ScsiCommand, MayNameADirectionWithoutData) {
  for (const std::string_view flags : {"80", "c0", "a0"})
    EXPECT_TRUE(decode<ScsiCommand>(with(with(read_command, 1, flags), 20, "00000000")).has_value())
        << flags;
}

TEST(ScsiCommand, IsRefusedWhenAllItsDataIsHereAndMoreIsAnnounced) {
  const Bytes whole = with(scsi_command_bytes(), 20, "00000006");
  expect_refused<ScsiCommand>(whole, {Rule::complete_immediate_data_is_final, 1, 0});
  EXPECT_TRUE(decode<ScsiCommand>(with(whole, 1, "a1")).has_value());
  // No data expected and none sent: nothing can follow either.
  expect_refused<ScsiCommand>(with(with(read_command, 1, "20"), 20, "00000000"),
                              {Rule::complete_immediate_data_is_final, 1, 0});
}

TEST(ScsiCommand, LooksPastReservedBits) {
  ScsiCommand pdu = sample;
  pdu.immediate = true;
  expect_noted(with(scsi_command_bytes(), 0, "c1 39 1234"), pdu,
               {{Rule::reserved_bits_are_zero, 0, 1},
                {Rule::reserved_bits_are_zero, 1, 3},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
}

// Both directions: the read length travels in an AHS (10.2.2.4, 10.3.4).
const Bytes bidirectional =
    hex("01 e0 0000 02 000000 0000000000000000 14000000 00000400 00000014 00000018"
        "53000000000000000200000000000000"
        "0005 02 00 00000800");

TEST(ScsiCommand, InBothDirectionsHasAReadLength) {
  EXPECT_TRUE(decode<ScsiCommand>(bidirectional).has_value());
  EXPECT_EQ(audit(frame_in(bidirectional)), std::vector<Violation>{});
  EXPECT_EQ(decode_additional_headers(frame_in(bidirectional).additional_headers)
                .value()
                .bidirectional_read_length,
            0x800U);
}

TEST(ScsiCommand, IsRefusedInBothDirectionsWithoutAReadLength) {
  expect_refused<ScsiCommand>(with(read_command, 1, "e0"),
                              {Rule::bidirectional_command_has_read_length, 4, 0});
  const Bytes other_header = with(scsi_command_bytes(), 1, "61");
  expect_refused<ScsiCommand>(other_header, {Rule::bidirectional_command_has_read_length, 4, 0});
}

TEST(ScsiCommand, IsRefusedInOneDirectionWithAReadLength) {
  for (const std::string_view flags : {"c0", "a0"})
    expect_refused<ScsiCommand>(with(bidirectional, 1, flags),
                                {Rule::bidirectional_length_has_read_and_write, 1, 0});
}

TEST(ScsiCommand, IsRefusedWhenAnAdditionalHeaderIs) {
  expect_refused<ScsiCommand>(with(bidirectional, 48, "0006"),
                              {Rule::additional_header_fits, 48, 6});
  expect_refused<ScsiCommand>(with(scsi_command_bytes(), 50, "03"),
                              {Rule::additional_header_type_is_known, 50, 3});
}

TEST(ScsiCommand, LooksPastReservedBitsOfAdditionalHeaders) {
  expect_noted(with(scsi_command_bytes(), 50, "c1 a5"), sample,
               {{Rule::reserved_bits_are_zero, 50, 3}, {Rule::reserved_bits_are_zero, 51, 0xa5}});
}

}  // namespace
