#include "pdu/logout_request.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.14: one connection is to be removed for recovery.
iscsi::wire::Bytes test::logout_request_bytes() {
  return hex(
      "46"                                     // I, opcode 0x06
      "82 0000"                                // 1, Reason Code 2; reserved
      "00 000000"                              // TotalAHSLength, DataSegmentLength
      "0000000000000000"                       // reserved
      "10111213"                               // Initiator Task Tag
      "2021 0000"                              // CID, reserved
      "30313233"                               // CmdSN
      "40414243"                               // ExpStatSN
      "00000000 00000000 00000000 00000000");  // reserved
}

namespace {

using namespace test;

constexpr LogoutRequest sample{.immediate = true,
                               .reason = LogoutReason::remove_for_recovery,
                               .initiator_task_tag = InitiatorTaskTag{0x10111213},
                               .cid = Cid{0x2021},
                               .cmd_sn = CmdSN{0x30313233},
                               .exp_stat_sn = StatSN{0x40414243}};

TEST(LogoutRequest, HasTheRfcsLayout) { expect_same(logout_request_bytes(), sample); }

TEST(LogoutRequest, MayWaitItsTurn) {
  LogoutRequest pdu = sample;
  pdu.immediate = false;
  expect_same(with(logout_request_bytes(), 0, "06"), pdu);
}

TEST(LogoutRequest, OfLibiscsiClosesTheSession) {
  // libiscsi119_testcu_iscsi_tgt.pcap, libiscsi 1.19.
  expect_same(hex("4680000000000000 0000000000000000 740c4189 00000000 735d708d 0000000d"
                  "00000000000000000000000000000000"),
              LogoutRequest{.immediate = true,
                            .reason = LogoutReason::close_session,
                            .initiator_task_tag = InitiatorTaskTag{0x740c4189},
                            .cmd_sn = CmdSN{0x735d708d},
                            .exp_stat_sn = StatSN{0x0d}});
}

TEST(LogoutRequest, KnowsThreeReasons) {
  EXPECT_EQ(accepted_codes<LogoutRequest>(logout_request_bytes(), bits(1, 1, 7)),
            (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST(LogoutRequest, NamesAConnectionUnlessItClosesTheSession) {
  const Bytes unnamed = with(logout_request_bytes(), 20, "0000");
  for (const std::uint32_t byte : {20U, 21U}) {
    EXPECT_TRUE(is_reserved<LogoutRequest>(with(unnamed, 1, "80"), byte));
    EXPECT_FALSE(is_reserved<LogoutRequest>(with(unnamed, 1, "81"), byte));
    EXPECT_FALSE(is_reserved<LogoutRequest>(with(unnamed, 1, "82"), byte));
  }
}

TEST(LogoutRequest, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<LogoutRequest>(with(logout_request_bytes(), 1, "02"),
                                {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(LogoutRequest, IsRefusedWithData) {
  Bytes bytes = with(logout_request_bytes(), 5, "000004");
  bytes.resize(52);
  expect_refused<LogoutRequest>(bytes, {Rule::data_segment_only_where_defined, 5, 4});
}

TEST(LogoutRequest, LooksPastReservedBits) {
  expect_noted(with(logout_request_bytes(), 0, "c6 82 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 1}, {Rule::reserved_bits_are_zero, 2, 0x12}});
  for (const auto& [first, end] : {std::pair{3U, 4U}, {8U, 16U}, {22U, 24U}, {32U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<LogoutRequest>(logout_request_bytes(), byte)) << byte;
}

}  // namespace
