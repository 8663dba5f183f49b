#include "pdu/reject.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.17: of a Data/R2T SNACK, the one case in which DataSN says something.
iscsi::wire::Bytes test::reject_bytes() {
  return hex(
      "3f"                // opcode 0x3f
      "80"                // 1, reserved
      "04 00"             // Reason: protocol error; reserved
      "00 000030"         // TotalAHSLength, DataSegmentLength
      "0000000000000000"  // reserved
      "ffffffff"          // printed
      "00000000"          // reserved
      "30313233"          // StatSN
      "40414243"          // ExpCmdSN
      "50515253"          // MaxCmdSN
      "60616263"          // DataSN/R2TSN
      "0000000000000000"  // reserved
      // The header of the PDU that is refused.
      "10800000 00000000 0001020304050607 10111213 ffffffff 00000000 40414243 0000000000000000"
      "60616263 70717273");
}

namespace {

using namespace test;

constexpr Reject sample{.reason = RejectReason::protocol_error,
                        .stat_sn = StatSN{0x30313233},
                        .exp_cmd_sn = CmdSN{0x40414243},
                        .max_cmd_sn = CmdSN{0x50515253},
                        .data_sn = DataSN{0x60616263}};

TEST(Reject, HasTheRfcsLayout) { expect_same(reject_bytes(), sample); }

TEST(Reject, KnowsElevenReasons) {
  EXPECT_EQ(accepted_codes<Reject>(reject_bytes(), bytes(2, 1)),
            (std::vector<std::uint64_t>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(Reject, HasADataSnOnlyForAProtocolError) {
  const Bytes bytes = with(reject_bytes(), 36, "00000000");
  for (unsigned reason = 2; reason <= 12; ++reason) {
    Bytes other = bytes;
    other[2] = static_cast<std::byte>(reason);
    for (const std::uint32_t byte : {36U, 37U, 38U, 39U})
      EXPECT_EQ(is_reserved<Reject>(other, byte), reason != 4) << reason;
  }
}

TEST(Reject, IsRefusedWithoutTheHeaderThatItRefuses) {
  Bytes cut = with(reject_bytes(), 5, "00002f");
  expect_refused<Reject>(cut, {Rule::reject_carries_the_header, 5, 0});
  Bytes empty = with(reject_bytes(), 5, "000000");
  empty.resize(48);
  expect_refused<Reject>(empty, {Rule::reject_carries_the_header, 5, 0});
}

TEST(Reject, MayCarryMoreThanTheHeader) {
  Bytes more = with(reject_bytes(), 5, "000034");
  more.resize(more.size() + 4);
  expect_same(more, sample);
}

TEST(Reject, IsRefusedWithATaskTag) {
  expect_refused<Reject>(with(reject_bytes(), 16, "10111213"),
                         {Rule::fixed_bits_have_their_value, 16, 0x10111213});
}

TEST(Reject, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<Reject>(with(reject_bytes(), 1, "00"), {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(Reject, LooksPastReservedBits) {
  expect_noted(with(reject_bytes(), 1, "ff"), sample, {{Rule::reserved_bits_are_zero, 1, 0x7f}});
  for (const auto& [first, end] : {std::pair{3U, 4U}, {8U, 16U}, {20U, 24U}, {40U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<Reject>(reject_bytes(), byte)) << byte;
  // Bits 0 and 1 of the first byte: the opcode fills the other six with ones.
  expect_noted(with(reject_bytes(), 0, "ff"), sample, {{Rule::reserved_bits_are_zero, 0, 3}});
}

}  // namespace
