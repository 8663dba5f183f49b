#include "pdu/async_message.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.9: the one event that leaves no field reserved but LUN, the vendors' own.
iscsi::wire::Bytes test::async_message_bytes() {
  return hex(
      "32"                    // opcode 0x32
      "80 0000"               // 1, reserved
      "00 000006"             // TotalAHSLength, DataSegmentLength
      "0000000000000000"      // LUN or reserved
      "ffffffff"              // printed
      "00000000"              // reserved
      "30313233"              // StatSN
      "40414243"              // ExpCmdSN
      "50515253"              // MaxCmdSN
      "ff 61 6263"            // AsyncEvent, AsyncVCode, Parameter1
      "7071 7273"             // Parameter2, Parameter3
      "00000000"              // reserved
      "0000 80818283 0000");  // SenseLength, event data, padding
}

namespace {

using namespace test;

constexpr AsyncMessage sample{.stat_sn = StatSN{0x30313233},
                              .exp_cmd_sn = CmdSN{0x40414243},
                              .max_cmd_sn = CmdSN{0x50515253},
                              .event = AsyncEvent::vendor_specific,
                              .vendor_code = 0x61,
                              .parameter1 = 0x6263,
                              .parameter2 = 0x7071,
                              .parameter3 = 0x7273};

// Nothing set that could be reserved for some event.
const Bytes bare =
    hex("3280 0000 00 000000 0000000000000000 ffffffff 00000000 30313233 40414243 50515253"
        "00 00 0000 0000 0000 00000000");

TEST(AsyncMessage, HasTheRfcsLayout) { expect_same(async_message_bytes(), sample); }

TEST(AsyncMessage, OfATargetReportsChangedLogicalUnits) {
  // An EMC Celerra simulator of 2012, the header alone: event 0 (its sense data was 06/3F/0E).
  expect_same(hex("3280000000000000 0000000000000000 ffffffff 00000000 0000025d 00000225 00000243"
                  "000000000000000000000000"),
              AsyncMessage{.stat_sn = StatSN{0x25d},
                           .exp_cmd_sn = CmdSN{0x225},
                           .max_cmd_sn = CmdSN{0x243},
                           .event = AsyncEvent::scsi_event});
}

TEST(AsyncMessage, KnowsSixEvents) {
  EXPECT_EQ(accepted_codes<AsyncMessage>(bare, bytes(36, 1)),
            (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 255}));
}

TEST(AsyncMessage, HasTheFieldsThatItsEventUses) {
  struct Use {
    std::string_view event;
    bool lun, vendor_code, parameter1, parameter2, parameter3;
  };
  for (const Use& use :
       {Use{"00", true, false, false, false, false}, Use{"01", false, false, false, false, true},
        Use{"02", false, false, true, true, true}, Use{"03", false, false, false, true, true},
        Use{"04", false, false, false, false, true}, Use{"ff", false, true, true, true, true}}) {
    const Bytes bytes = with(bare, 36, use.event);
    const auto expect = [&](std::uint32_t first, std::uint32_t count, bool used) {
      for (std::uint32_t byte = first; byte < first + count; ++byte)
        EXPECT_EQ(is_reserved<AsyncMessage>(bytes, byte), !used) << use.event << ' ' << byte;
    };
    expect(8, 8, use.lun);
    expect(37, 1, use.vendor_code);
    expect(38, 2, use.parameter1);
    expect(40, 2, use.parameter2);
    expect(42, 2, use.parameter3);
  }
}

TEST(AsyncMessage, IsRefusedWithATaskTag) {
  expect_refused<AsyncMessage>(with(bare, 16, "10111213"),
                               {Rule::fixed_bits_have_their_value, 16, 0x10111213});
}

TEST(AsyncMessage, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<AsyncMessage>(with(bare, 1, "00"), {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(AsyncMessage, LooksPastReservedBits) {
  expect_noted(with(async_message_bytes(), 0, "f2 ff 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 0x7f},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  for (const auto& [first, end] : {std::pair{3U, 4U}, {20U, 24U}, {44U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<AsyncMessage>(bare, byte)) << byte;
}

}  // namespace
