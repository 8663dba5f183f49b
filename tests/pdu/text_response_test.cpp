#include "pdu/text_response.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.11: a part of a long text, to be asked for again.
iscsi::wire::Bytes test::text_response_bytes() {
  return hex(
      "24"                          // opcode 0x24
      "40 0000"                     // C, reserved
      "00 000003"                   // TotalAHSLength, DataSegmentLength
      "0001020304050607"            // LUN
      "10111213"                    // Initiator Task Tag
      "20212223"                    // Target Transfer Tag
      "30313233"                    // StatSN
      "40414243"                    // ExpCmdSN
      "50515253"                    // MaxCmdSN
      "00000000 00000000 00000000"  // reserved
      "413d42 00");                 // text: A=B, padding
}

namespace {

using namespace test;

constexpr TextResponse sample{.final = false,
                              .continued = true,
                              .lun = Lun{0x0001020304050607},
                              .initiator_task_tag = InitiatorTaskTag{0x10111213},
                              .target_transfer_tag = TargetTransferTag{0x20212223},
                              .stat_sn = StatSN{0x30313233},
                              .exp_cmd_sn = CmdSN{0x40414243},
                              .max_cmd_sn = CmdSN{0x50515253}};

TEST(TextResponse, HasTheRfcsLayout) { expect_same(text_response_bytes(), sample); }

TEST(TextResponse, OfTgtIsFinal) {
  // libiscsi119_tgt.pcap, tgt 1.0.85, the header alone: the answer to SendTargets=All.
  expect_same(hex("2480000000000000 0000000000000000 6dea7854 ffffffff 00000001 4aa42824 4aa42825"
                  "000000000000000000000000"),
              TextResponse{.initiator_task_tag = InitiatorTaskTag{0x6dea7854},
                           .stat_sn = StatSN{1},
                           .exp_cmd_sn = CmdSN{0x4aa42824},
                           .max_cmd_sn = CmdSN{0x4aa42825}});
}

TEST(TextResponse, IsRefusedWhenItsTextGoesOnAndItIsFinal) {
  const Bytes bytes = with(with(text_response_bytes(), 1, "c0"), 20, "ffffffff");
  expect_refused<TextResponse>(bytes, {Rule::continued_text_response_is_not_final, 1, 0});
}

TEST(TextResponse, NotesATransferTagOnTheFinalOne) {
  // 10.10.4 has the initiator look past the tag of a final response.
  TextResponse pdu = sample;
  pdu.final = true;
  pdu.continued = false;
  expect_noted(with(text_response_bytes(), 1, "80"), pdu,
               {{Rule::final_text_response_has_no_transfer_tag, 20, 0}});
}

TEST(TextResponse, IsRefusedWhenUnfinishedAndWithoutATransferTag) {
  const Bytes bytes = with(with(text_response_bytes(), 20, "ffffffff"), 8, "0000000000000000");
  expect_refused<TextResponse>(bytes, {Rule::unfinished_text_response_has_transfer_tag, 20, 0});
  expect_refused<TextResponse>(with(bytes, 1, "00"),
                               {Rule::unfinished_text_response_has_transfer_tag, 20, 0});
}

TEST(TextResponse, HasALunOnlyWithATransferTag) {
  TextResponse pdu = sample;
  pdu.final = true;
  pdu.continued = false;
  pdu.lun = Lun{};
  pdu.target_transfer_tag = TargetTransferTag::none;
  expect_noted(with(with(text_response_bytes(), 1, "80"), 20, "ffffffff"), pdu,
               {{Rule::reserved_bits_are_zero, 9, 0x01}});
}

TEST(TextResponse, LooksPastReservedBits) {
  expect_noted(with(text_response_bytes(), 0, "e4 7f 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 0x3f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  EXPECT_TRUE(is_reserved<TextResponse>(text_response_bytes(), 3));
  for (std::uint32_t byte = 36; byte < 48; ++byte)
    EXPECT_TRUE(is_reserved<TextResponse>(text_response_bytes(), byte)) << byte;
}

}  // namespace
