#include "pdu/data_out.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.7: a PDU in the middle of an R2T's answer.
iscsi::wire::Bytes test::data_out_bytes() {
  return hex(
      "05"                // opcode 0x05
      "00 0000"           // not F, reserved
      "00 000004"         // TotalAHSLength, DataSegmentLength
      "0001020304050607"  // LUN
      "10111213"          // Initiator Task Tag
      "20212223"          // Target Transfer Tag
      "00000000"          // reserved
      "40414243"          // ExpStatSN
      "00000000"          // reserved
      "60616263"          // DataSN
      "70717273"          // Buffer Offset
      "00000000"          // reserved
      "80818283");        // data
}

namespace {

using namespace test;

constexpr DataOut sample{.final = false,
                         .lun = Lun{0x0001020304050607},
                         .initiator_task_tag = InitiatorTaskTag{0x10111213},
                         .target_transfer_tag = TargetTransferTag{0x20212223},
                         .exp_stat_sn = StatSN{0x40414243},
                         .data_sn = DataSN{0x60616263},
                         .buffer_offset = 0x70717273};

TEST(DataOut, HasTheRfcsLayout) { expect_same(data_out_bytes(), sample); }

TEST(DataOut, OfIpxeIsTheLastOfItsSequence) {
  // ipxe_bios_tgt.pcap, iPXE 1.0.0+git-20190125: the fourth 512 bytes of an R2T's 2048.
  Bytes bytes =
      hex("0580000000000200 0001000000000000 18ae000b 1061e01b 00000000 0000000c 00000000 00000003"
          "00000600 00000000");
  bytes.resize(48 + 512);
  expect_same(bytes, DataOut{.lun = Lun{0x0001000000000000},
                             .initiator_task_tag = InitiatorTaskTag{0x18ae000b},
                             .target_transfer_tag = TargetTransferTag{0x1061e01b},
                             .exp_stat_sn = StatSN{0x0c},
                             .data_sn = DataSN{3},
                             .buffer_offset = 1536});
}

TEST(DataOut, HasALunOnlyWithATransferTag) {
  DataOut pdu = sample;
  pdu.lun = Lun{};
  pdu.target_transfer_tag = TargetTransferTag::none;
  expect_noted(with(data_out_bytes(), 20, "ffffffff"), pdu,
               {{Rule::reserved_bits_are_zero, 9, 0x01}});
}

TEST(DataOut, NotesOddBytesUnlessFinal) {
  for (const std::string_view length : {"000001", "000002", "000003"}) {
    const Bytes odd = with(with(data_out_bytes(), 5, length), 48, "00000000");
    expect_noted(odd, sample, {{Rule::data_segment_fills_words, 5, 0}});
    EXPECT_EQ(audit(frame_in(with(odd, 1, "80"))), std::vector<Violation>{});
  }
}

TEST(DataOut, MayBeEmpty) {
  Bytes empty = with(data_out_bytes(), 5, "000000");
  empty.resize(48);
  expect_same(empty, sample);
}

TEST(DataOut, LooksPastReservedBits) {
  expect_noted(with(data_out_bytes(), 0, "c5 7f 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 0x7f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  for (const auto& [first, end] : {std::pair{3U, 4U}, {24U, 28U}, {32U, 36U}, {44U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<DataOut>(data_out_bytes(), byte)) << byte;
}

}  // namespace
