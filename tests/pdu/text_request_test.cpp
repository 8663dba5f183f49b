#include "pdu/text_request.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.10: goes on with a negotiation, and with its text in the next request.
iscsi::wire::Bytes test::text_request_bytes() {
  return hex(
      "44"                                   // I, opcode 0x04
      "40 0000"                              // C, reserved
      "00 000003"                            // TotalAHSLength, DataSegmentLength
      "0001020304050607"                     // LUN
      "10111213"                             // Initiator Task Tag
      "20212223"                             // Target Transfer Tag
      "30313233"                             // CmdSN
      "40414243"                             // ExpStatSN
      "00000000 00000000 00000000 00000000"  // reserved
      "413d42 00");                          // text: A=B, padding
}

namespace {

using namespace test;

constexpr TextRequest sample{.immediate = true,
                             .final = false,
                             .continued = true,
                             .lun = Lun{0x0001020304050607},
                             .initiator_task_tag = InitiatorTaskTag{0x10111213},
                             .target_transfer_tag = TargetTransferTag{0x20212223},
                             .cmd_sn = CmdSN{0x30313233},
                             .exp_stat_sn = StatSN{0x40414243}};

TEST(TextRequest, HasTheRfcsLayout) { expect_same(text_request_bytes(), sample); }

TEST(TextRequest, OfLibiscsiAsksForAllTargets) {
  // libiscsi119_tgt.pcap, libiscsi 1.19: SendTargets=All.
  expect_same(hex("4480000000000010 0000000000000000 6dea7854 ffffffff 4aa42824 00000001"
                  "00000000000000000000000000000000 53656e64546172676574733d416c6c00"),
              TextRequest{.immediate = true,
                          .initiator_task_tag = InitiatorTaskTag{0x6dea7854},
                          .cmd_sn = CmdSN{0x4aa42824},
                          .exp_stat_sn = StatSN{1}});
}

TEST(TextRequest, IsRefusedWhenItsTextGoesOnAndItIsFinal) {
  expect_refused<TextRequest>(with(text_request_bytes(), 1, "c0"),
                              {Rule::continued_text_is_not_final, 1, 0});
  EXPECT_TRUE(decode<TextRequest>(with(text_request_bytes(), 1, "80")).value().final);
  EXPECT_FALSE(decode<TextRequest>(with(text_request_bytes(), 1, "00")).value().final);
}

TEST(TextRequest, HasALunOnlyWithATransferTag) {
  TextRequest pdu = sample;
  pdu.lun = Lun{};
  pdu.target_transfer_tag = TargetTransferTag::none;
  expect_noted(with(text_request_bytes(), 20, "ffffffff"), pdu,
               {{Rule::reserved_bits_are_zero, 9, 0x01}});
}

TEST(TextRequest, LooksPastReservedBits) {
  expect_noted(with(text_request_bytes(), 0, "c4 7f 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 1},
                {Rule::reserved_bits_are_zero, 1, 0x3f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  EXPECT_TRUE(is_reserved<TextRequest>(text_request_bytes(), 3));
  for (std::uint32_t byte = 32; byte < 48; ++byte)
    EXPECT_TRUE(is_reserved<TextRequest>(text_request_bytes(), byte)) << byte;
}

}  // namespace
