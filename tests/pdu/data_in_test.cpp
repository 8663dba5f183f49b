#include "pdu/data_in.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.7: the last PDU, with status and residual, asking for an acknowledgement.
iscsi::wire::Bytes test::data_in_bytes() {
  return hex(
      "25"                // opcode 0x25
      "c5"                // F, A, O, S
      "00 04"             // reserved, Status: CONDITION MET
      "00 000003"         // TotalAHSLength, DataSegmentLength
      "0001020304050607"  // LUN
      "10111213"          // Initiator Task Tag
      "20212223"          // Target Transfer Tag
      "30313233"          // StatSN
      "40414243"          // ExpCmdSN
      "50515253"          // MaxCmdSN
      "60616263"          // DataSN
      "70717273"          // Buffer Offset
      "80818283"          // Residual Count
      "909192 00");       // data, padding
}

namespace {

using namespace test;

constexpr DataIn sample{.acknowledge = true,
                        .overflow = true,
                        .has_status = true,
                        .status = 0x04,
                        .lun = Lun{0x0001020304050607},
                        .initiator_task_tag = InitiatorTaskTag{0x10111213},
                        .target_transfer_tag = TargetTransferTag{0x20212223},
                        .stat_sn = StatSN{0x30313233},
                        .exp_cmd_sn = CmdSN{0x40414243},
                        .max_cmd_sn = CmdSN{0x50515253},
                        .data_sn = DataSN{0x60616263},
                        .buffer_offset = 0x70717273,
                        .residual_count = 0x80818283};

// Data and nothing else, in the middle of a sequence.
const Bytes plain = hex(
    "2500 00 00 00 000004 0000000000000000 10111213 ffffffff 00000000 40414243 50515253 60616263"
    "70717273 00000000 90919293");
// The same as the last PDU, with GOOD status.
const Bytes with_status = with(plain, 1, "81");

TEST(DataIn, HasTheRfcsLayout) { expect_same(data_in_bytes(), sample); }

TEST(DataIn, PutsEachFlagInItsPlace) {
  EXPECT_TRUE(decode<DataIn>(with(plain, 1, "80")).value().final);
  EXPECT_TRUE(decode<DataIn>(with(plain, 1, "40")).value().acknowledge);
  EXPECT_TRUE(decode<DataIn>(with(plain, 1, "85")).value().overflow);
  EXPECT_FALSE(decode<DataIn>(with(plain, 1, "85")).value().underflow);
  EXPECT_TRUE(decode<DataIn>(with(plain, 1, "83")).value().underflow);
  EXPECT_FALSE(decode<DataIn>(with(plain, 1, "83")).value().overflow);
}

TEST(DataIn, OfTgtComesWithStatusAndUnderflow) {
  // libiscsi119_testcu_iscsi_tgt.pcap, tgt 1.0.85: 8 bytes of REPORT LUNS, 16376 fewer than asked.
  expect_same(hex("2583000000000008 0000000000000000 740c417f ffffffff 00000003 735d7084 735d7104"
                  "00000000 00000000 00003ff8 0000000000000000"),
              DataIn{.underflow = true,
                     .has_status = true,
                     .initiator_task_tag = InitiatorTaskTag{0x740c417f},
                     .stat_sn = StatSN{3},
                     .exp_cmd_sn = CmdSN{0x735d7084},
                     .max_cmd_sn = CmdSN{0x735d7104},
                     .residual_count = 16376});
}

TEST(DataIn, OfLioFillsFieldsThatAreReservedThere) {
  // linux61_lio_crc32c.pcap, LIO of Linux 6.1, the header alone: LUN without A, StatSN without S.
  expect_noted(hex("2580000000000000 ffffffffffffffff 27000000 ffffffff ffffffff 00000027 00000065"
                   "000000000000000000000000"),
               DataIn{.initiator_task_tag = InitiatorTaskTag{0x27000000},
                      .exp_cmd_sn = CmdSN{0x27},
                      .max_cmd_sn = CmdSN{0x65}},
               {{Rule::reserved_bits_are_zero, 8, 0xff}, {Rule::reserved_bits_are_zero, 24, 0xff}});
}

TEST(DataIn, HasStatusResidualAndStatSnOnlyWithS) {
  for (const std::uint32_t byte : {3U, 24U, 25U, 26U, 27U, 44U, 45U, 46U, 47U})
    EXPECT_TRUE(is_reserved<DataIn>(plain, byte)) << byte;
  for (const std::uint32_t byte : {24U, 25U, 26U, 27U})
    EXPECT_FALSE(is_reserved<DataIn>(with_status, byte)) << byte;
  EXPECT_EQ(audit(frame_in(with(plain, 1, "04"))),
            (std::vector<Violation>{{Rule::reserved_bits_are_zero, 1, 1}}));
  EXPECT_EQ(audit(frame_in(with(plain, 1, "02"))),
            (std::vector<Violation>{{Rule::reserved_bits_are_zero, 1, 1}}));
}

TEST(DataIn, HasAResidualCountOnlyWithItsFlags) {
  for (const std::uint32_t byte : {44U, 45U, 46U, 47U}) {
    EXPECT_TRUE(is_reserved<DataIn>(with_status, byte)) << byte;
    EXPECT_FALSE(is_reserved<DataIn>(with(plain, 1, "85"), byte)) << byte;
    EXPECT_FALSE(is_reserved<DataIn>(with(plain, 1, "83"), byte)) << byte;
  }
}

TEST(DataIn, IsRefusedWithStatusBeforeTheLastPdu) {
  expect_refused<DataIn>(with(plain, 1, "01"), {Rule::data_in_status_comes_with_final, 1, 0});
}

TEST(DataIn, IsRefusedWithTheStatusOfACommandInError) {
  // GOOD, CONDITION MET, INTERMEDIATE, INTERMEDIATE-CONDITION MET (10.7.3).
  for (unsigned status = 0; status < 256; ++status) {
    Bytes bytes = with_status;
    bytes[3] = static_cast<std::byte>(status);
    if (status == 0x00 || status == 0x04 || status == 0x10 || status == 0x14)
      EXPECT_EQ(decode<DataIn>(bytes).value().status, status);
    else
      expect_refused<DataIn>(bytes, {Rule::data_in_status_is_no_exception, 3, 0});
  }
}

TEST(DataIn, IsRefusedWhenItsResidualFlagsContradictEachOther) {
  expect_refused<DataIn>(with(plain, 1, "87"), {Rule::residual_flags_exclude_each_other, 1, 0});
  EXPECT_TRUE(decode<DataIn>(with(plain, 1, "06")).has_value());  // without S they say nothing
}

TEST(DataIn, HasATransferTagExactlyWhenItAsksForAnAcknowledgement) {
  // A receiver looks past both: the A bit at recovery level 0 (10.7.2), a reserved tag elsewhere.
  const std::vector<Violation> noted{{Rule::data_in_has_transfer_tag_only_with_acknowledge, 20, 0}};
  const Bytes asks_without_tag = with(plain, 1, "40");
  const Bytes tag_without_asking = with(plain, 20, "20212223");
  EXPECT_TRUE(decode<DataIn>(asks_without_tag).has_value());
  EXPECT_EQ(audit(frame_in(asks_without_tag)), noted);
  EXPECT_TRUE(decode<DataIn>(tag_without_asking).has_value());
  EXPECT_EQ(audit(frame_in(tag_without_asking)), noted);
}

TEST(DataIn, HasALunOnlyWhenItAsksForAnAcknowledgement) {
  for (std::uint32_t byte = 8; byte < 16; ++byte)
    EXPECT_TRUE(is_reserved<DataIn>(plain, byte)) << byte;
  Bytes asking = with(with(plain, 1, "40"), 20, "20212223");
  for (std::uint32_t byte = 8; byte < 16; ++byte)
    EXPECT_FALSE(is_reserved<DataIn>(asking, byte)) << byte;
}

TEST(DataIn, NotesOddBytesUnlessFinal) {
  for (const std::string_view length : {"000001", "000002", "000003"}) {
    const Bytes odd = with(with(plain, 5, length), 48, "00000000");
    EXPECT_EQ(audit(frame_in(odd)),
              (std::vector<Violation>{{Rule::data_segment_fills_words, 5, 0}}));
    EXPECT_EQ(audit(frame_in(with(odd, 1, "80"))), std::vector<Violation>{});
  }
}

TEST(DataIn, LooksPastReservedBits) {
  expect_noted(with(data_in_bytes(), 0, "e5 fd a5"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 7},
                {Rule::reserved_bits_are_zero, 2, 0xa5}});
}

}  // namespace
