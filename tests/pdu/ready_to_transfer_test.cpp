#include "pdu/ready_to_transfer.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.8.
iscsi::wire::Bytes test::ready_to_transfer_bytes() {
  return hex(
      "31"                // opcode 0x31
      "80 0000"           // 1, reserved
      "00 000000"         // TotalAHSLength, DataSegmentLength
      "0001020304050607"  // LUN
      "10111213"          // Initiator Task Tag
      "20212223"          // Target Transfer Tag
      "30313233"          // StatSN
      "40414243"          // ExpCmdSN
      "50515253"          // MaxCmdSN
      "60616263"          // R2TSN
      "70717273"          // Buffer Offset
      "80818283");        // Desired Data Transfer Length
}

namespace {

using namespace test;

constexpr ReadyToTransfer sample{.lun = Lun{0x0001020304050607},
                                 .initiator_task_tag = InitiatorTaskTag{0x10111213},
                                 .target_transfer_tag = TargetTransferTag{0x20212223},
                                 .stat_sn = StatSN{0x30313233},
                                 .exp_cmd_sn = CmdSN{0x40414243},
                                 .max_cmd_sn = CmdSN{0x50515253},
                                 .r2t_sn = DataSN{0x60616263},
                                 .buffer_offset = 0x70717273,
                                 .desired_data_transfer_length = 0x80818283};

TEST(ReadyToTransfer, HasTheRfcsLayout) { expect_same(ready_to_transfer_bytes(), sample); }

TEST(ReadyToTransfer, OfTgtAsksForTwoKibibytes) {
  // ipxe_bios_tgt.pcap, tgt 1.0.85.
  expect_same(hex("3180000000000000 0001000000000000 18ae000b 1061e01b 0000000b 0000000a 0000008a"
                  "00000000 00000000 00000800"),
              ReadyToTransfer{.lun = Lun{0x0001000000000000},
                              .initiator_task_tag = InitiatorTaskTag{0x18ae000b},
                              .target_transfer_tag = TargetTransferTag{0x1061e01b},
                              .stat_sn = StatSN{0x0b},
                              .exp_cmd_sn = CmdSN{0x0a},
                              .max_cmd_sn = CmdSN{0x8a},
                              .desired_data_transfer_length = 2048});
}

TEST(ReadyToTransfer, IsRefusedWithoutATransferTag) {
  expect_refused<ReadyToTransfer>(with(ready_to_transfer_bytes(), 20, "ffffffff"),
                                  {Rule::r2t_has_transfer_tag, 20, 0});
}

TEST(ReadyToTransfer, IsRefusedWhenItAsksForNothing) {
  expect_refused<ReadyToTransfer>(with(ready_to_transfer_bytes(), 44, "00000000"),
                                  {Rule::r2t_asks_for_data, 44, 0});
}

TEST(ReadyToTransfer, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<ReadyToTransfer>(with(ready_to_transfer_bytes(), 1, "00"),
                                  {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(ReadyToTransfer, IsRefusedWithData) {
  Bytes bytes = with(ready_to_transfer_bytes(), 5, "000004");
  bytes.resize(52);
  expect_refused<ReadyToTransfer>(bytes, {Rule::data_segment_only_where_defined, 5, 4});
}

TEST(ReadyToTransfer, LooksPastReservedBits) {
  expect_noted(with(ready_to_transfer_bytes(), 0, "f1 ff 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 0x7f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  EXPECT_TRUE(is_reserved<ReadyToTransfer>(ready_to_transfer_bytes(), 3));
}

}  // namespace
