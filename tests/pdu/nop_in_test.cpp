#include "pdu/nop_in.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.19: a ping of the target's own, so without data.
iscsi::wire::Bytes test::nop_in_bytes() {
  return hex(
      "20"                            // opcode 0x20
      "80 0000"                       // F, reserved
      "00 000000"                     // TotalAHSLength, DataSegmentLength
      "0001020304050607"              // LUN
      "ffffffff"                      // Initiator Task Tag: not an answer
      "20212223"                      // Target Transfer Tag: an answer is wanted
      "30313233"                      // StatSN
      "40414243"                      // ExpCmdSN
      "50515253"                      // MaxCmdSN
      "00000000 00000000 00000000");  // reserved
}

namespace {

using namespace test;

constexpr NopIn sample{.lun = Lun{0x0001020304050607},
                       .initiator_task_tag = InitiatorTaskTag::none,
                       .target_transfer_tag = TargetTransferTag{0x20212223},
                       .stat_sn = StatSN{0x30313233},
                       .exp_cmd_sn = CmdSN{0x40414243},
                       .max_cmd_sn = CmdSN{0x50515253}};

TEST(NopIn, HasTheRfcsLayout) { expect_same(nop_in_bytes(), sample); }

TEST(NopIn, EchoesPingData) {
  const Bytes echo =
      hex("2080 0000 00 000005 0000000000000000 10111213 ffffffff 30313233 40414243 50515253"
          "00000000 00000000 00000000 70696e6721 000000");
  NopIn pdu = sample;
  pdu.lun = Lun{};
  pdu.initiator_task_tag = InitiatorTaskTag{0x10111213};
  pdu.target_transfer_tag = TargetTransferTag::none;
  expect_same(echo, pdu);
}

TEST(NopIn, OfLioFillsALunThatIsReservedThere) {
  // linux61_lio_crc32c.pcap, LIO of Linux 6.1: the echo of a ping. The receiver looks past the LUN.
  expect_noted(hex("2080000000000000 ffffffffffffffff 2e000000 ffffffff 6e8be5d5 0000002d 0000006c"
                   "000000000000000000000000"),
               NopIn{.initiator_task_tag = InitiatorTaskTag{0x2e000000},
                     .stat_sn = StatSN{0x6e8be5d5},
                     .exp_cmd_sn = CmdSN{0x2d},
                     .max_cmd_sn = CmdSN{0x6c}},
               {{Rule::reserved_bits_are_zero, 8, 0xff}});
}

TEST(NopIn, IsRefusedWhenItAnswersAndAsksAtOnce) {
  expect_refused<NopIn>(with(nop_in_bytes(), 16, "10111213"),
                        {Rule::nop_in_answer_has_no_transfer_tag, 20, 0});
}

TEST(NopIn, IsRefusedWhenItAnswersNothingAndHasData) {
  Bytes bytes = with(nop_in_bytes(), 5, "000004");
  bytes.resize(52);
  expect_refused<NopIn>(bytes, {Rule::unasked_nop_in_has_no_data, 5, 0});
}

TEST(NopIn, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<NopIn>(with(nop_in_bytes(), 1, "00"), {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(NopIn, LooksPastReservedBits) {
  expect_noted(with(nop_in_bytes(), 0, "e0 ff 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 0x7f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  EXPECT_TRUE(is_reserved<NopIn>(nop_in_bytes(), 3));
  for (std::uint32_t byte = 36; byte < 48; ++byte)
    EXPECT_TRUE(is_reserved<NopIn>(nop_in_bytes(), byte)) << byte;
}

}  // namespace
