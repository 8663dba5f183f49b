#include "pdu/logout_response.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.15: no clean-up, try again after Time2Wait.
iscsi::wire::Bytes test::logout_response_bytes() {
  return hex(
      "26"                // opcode 0x26
      "80"                // 1, reserved
      "03 00"             // Response: cleanup failed; reserved
      "00 000000"         // TotalAHSLength, DataSegmentLength
      "0000000000000000"  // reserved
      "10111213"          // Initiator Task Tag
      "00000000"          // reserved
      "30313233"          // StatSN
      "40414243"          // ExpCmdSN
      "50515253"          // MaxCmdSN
      "00000000"          // reserved
      "7071 7273"         // Time2Wait, Time2Retain
      "00000000");        // reserved
}

namespace {

using namespace test;

constexpr LogoutResponse sample{.response = LogoutOutcome::cleanup_failed,
                                .initiator_task_tag = InitiatorTaskTag{0x10111213},
                                .stat_sn = StatSN{0x30313233},
                                .exp_cmd_sn = CmdSN{0x40414243},
                                .max_cmd_sn = CmdSN{0x50515253},
                                .time2wait = 0x7071,
                                .time2retain = 0x7273};

TEST(LogoutResponse, HasTheRfcsLayout) { expect_same(logout_response_bytes(), sample); }

TEST(LogoutResponse, OfTgtClosesTheSession) {
  // libiscsi119_testcu_iscsi_tgt.pcap, tgt 1.0.85.
  expect_same(hex("2680000000000000 0000000000000000 740c4189 00000000 0000000d 735d708d 735d710d"
                  "000000000000000000000000"),
              LogoutResponse{.response = LogoutOutcome::closed,
                             .initiator_task_tag = InitiatorTaskTag{0x740c4189},
                             .stat_sn = StatSN{0x0d},
                             .exp_cmd_sn = CmdSN{0x735d708d},
                             .max_cmd_sn = CmdSN{0x735d710d}});
}

TEST(LogoutResponse, KnowsFourResponses) {
  EXPECT_EQ(accepted_codes<LogoutResponse>(logout_response_bytes(), bytes(2, 1)),
            (std::vector<std::uint64_t>{0, 1, 2, 3}));
}

TEST(LogoutResponse, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<LogoutResponse>(with(logout_response_bytes(), 1, "00"),
                                 {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(LogoutResponse, IsRefusedWithData) {
  Bytes bytes = with(logout_response_bytes(), 5, "000004");
  bytes.resize(52);
  expect_refused<LogoutResponse>(bytes, {Rule::data_segment_only_where_defined, 5, 4});
}

TEST(LogoutResponse, LooksPastReservedBits) {
  expect_noted(with(logout_response_bytes(), 0, "e6 ff"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3}, {Rule::reserved_bits_are_zero, 1, 0x7f}});
  for (const auto& [first, end] :
       {std::pair{3U, 4U}, {8U, 16U}, {20U, 24U}, {36U, 40U}, {44U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<LogoutResponse>(logout_response_bytes(), byte)) << byte;
}

}  // namespace
