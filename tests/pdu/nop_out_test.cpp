#include "pdu/nop_out.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.18: answers a NOP-In and asks for an echo of five bytes at once.
iscsi::wire::Bytes test::nop_out_bytes() {
  return hex(
      "40"                                   // I, opcode 0x00
      "80 0000"                              // F, reserved
      "00 000005"                            // TotalAHSLength, DataSegmentLength
      "0001020304050607"                     // LUN
      "10111213"                             // Initiator Task Tag
      "20212223"                             // Target Transfer Tag
      "30313233"                             // CmdSN
      "40414243"                             // ExpStatSN
      "00000000 00000000 00000000 00000000"  // reserved
      "70696e6721 000000");                  // ping data, padding
}

namespace {

using namespace test;

constexpr NopOut sample{.immediate = true,
                        .lun = Lun{0x0001020304050607},
                        .initiator_task_tag = InitiatorTaskTag{0x10111213},
                        .target_transfer_tag = TargetTransferTag{0x20212223},
                        .cmd_sn = CmdSN{0x30313233},
                        .exp_stat_sn = StatSN{0x40414243}};

TEST(NopOut, HasTheRfcsLayout) { expect_same(nop_out_bytes(), sample); }

TEST(NopOut, OfOpenIscsiIsThePingThatItSent) {
  // linux61_lio_crc32c.pcap, open-iscsi 2.1.8: the answer to no NOP-In, pinging an idle target.
  expect_same(hex("4080000000000000 0000000000000000 2e000000 ffffffff 0000002d 6e8be5d5"
                  "00000000000000000000000000000000"),
              NopOut{.immediate = true,
                     .initiator_task_tag = InitiatorTaskTag{0x2e000000},
                     .cmd_sn = CmdSN{0x2d},
                     .exp_stat_sn = StatSN{0x6e8be5d5}});
}

TEST(NopOut, MayWaitItsTurnWhenItAsksForAnEcho) {
  NopOut pdu = sample;
  pdu.immediate = false;
  expect_same(with(nop_out_bytes(), 0, "00"), pdu);
}

TEST(NopOut, IsRefusedWhenUntaggedAndNotImmediate) {
  const Bytes untagged = with(nop_out_bytes(), 16, "ffffffff");
  expect_refused<NopOut>(with(untagged, 0, "00"), {Rule::untagged_nop_out_is_immediate, 0, 0});
  EXPECT_TRUE(decode<NopOut>(untagged).has_value());
}

TEST(NopOut, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<NopOut>(with(nop_out_bytes(), 1, "00"), {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(NopOut, HasALunOnlyWithATransferTag) {
  NopOut pdu = sample;
  pdu.target_transfer_tag = TargetTransferTag::none;
  pdu.lun = Lun{};
  expect_noted(with(nop_out_bytes(), 20, "ffffffff"), pdu,
               {{Rule::reserved_bits_are_zero, 9, 0x01}});
}

TEST(NopOut, LooksPastReservedBits) {
  expect_noted(with(nop_out_bytes(), 0, "c0 ff 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 1},
                {Rule::reserved_bits_are_zero, 1, 0x7f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  EXPECT_TRUE(is_reserved<NopOut>(nop_out_bytes(), 3));
  for (std::uint32_t byte = 32; byte < 48; ++byte)
    EXPECT_TRUE(is_reserved<NopOut>(nop_out_bytes(), byte)) << byte;
}

}  // namespace
