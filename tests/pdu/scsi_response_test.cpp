#include "pdu/scsi_response.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.4: CHECK CONDITION with sense data, both residuals of a bidirectional command.
iscsi::wire::Bytes test::scsi_response_bytes() {
  return hex(
      "21"                    // opcode 0x21
      "94"                    // 1, o, O
      "00 02"                 // Response: completed; Status: CHECK CONDITION
      "00 000006"             // TotalAHSLength, DataSegmentLength
      "0000000000000000"      // reserved
      "10111213"              // Initiator Task Tag
      "20212223"              // SNACK Tag
      "30313233"              // StatSN
      "40414243"              // ExpCmdSN
      "50515253"              // MaxCmdSN
      "60616263"              // ExpDataSN
      "70717273"              // Bidirectional Read Residual Count
      "80818283"              // Residual Count
      "0004 70000b00 0000");  // SenseLength, sense data, padding
}

namespace {

using namespace test;

constexpr ScsiResponse sample{.bidirectional_overflow = true,
                              .overflow = true,
                              .response = ServiceResponse::command_completed,
                              .status = 0x02,
                              .initiator_task_tag = InitiatorTaskTag{0x10111213},
                              .snack_tag = 0x20212223,
                              .stat_sn = StatSN{0x30313233},
                              .exp_cmd_sn = CmdSN{0x40414243},
                              .max_cmd_sn = CmdSN{0x50515253},
                              .exp_data_sn = DataSN{0x60616263},
                              .bidirectional_residual_count = 0x70717273,
                              .residual_count = 0x80818283};

// A response that says nothing but good.
const Bytes good =
    hex("2180 00 00 00 000000 0000000000000000 10111213 00000000 30313233 40414243 50515253"
        "00000000 00000000 00000000");

TEST(ScsiResponse, HasTheRfcsLayout) { expect_same(scsi_response_bytes(), sample); }

TEST(ScsiResponse, PutsEachResidualFlagInItsPlace) {
  const auto flags_of = [](std::string_view flags) {
    const auto pdu = decode<ScsiResponse>(with(good, 1, flags)).value();
    return std::array{pdu.bidirectional_overflow, pdu.bidirectional_underflow, pdu.overflow,
                      pdu.underflow};
  };
  EXPECT_EQ(flags_of("90"), (std::array{true, false, false, false}));  // bit 3, o
  EXPECT_EQ(flags_of("88"), (std::array{false, true, false, false}));  // bit 4, u
  EXPECT_EQ(flags_of("84"), (std::array{false, false, true, false}));  // bit 5, O
  EXPECT_EQ(flags_of("82"), (std::array{false, false, false, true}));  // bit 6, U
}

TEST(ScsiResponse, OfTgtReportsAnUnderflow) {
  // libiscsi119_testcu_iscsi_tgt.pcap, tgt 1.0.85: 0x2510 bytes fewer than expected.
  expect_same(hex("2182000000000000 0000000000000000 45daf036 00000000 00000015 032645e0 03264660"
                  "00000000 00000000 00002510"),
              ScsiResponse{.underflow = true,
                           .initiator_task_tag = InitiatorTaskTag{0x45daf036},
                           .stat_sn = StatSN{0x15},
                           .exp_cmd_sn = CmdSN{0x032645e0},
                           .max_cmd_sn = CmdSN{0x03264660},
                           .residual_count = 0x2510});
}

TEST(ScsiResponse, KnowsTwoResponsesAndTheVendors) {
  std::vector<std::uint64_t> known{0x00, 0x01};
  for (std::uint64_t code = 0x80; code <= 0xff; ++code) known.push_back(code);
  EXPECT_EQ(accepted_codes<ScsiResponse>(good, bytes(2, 1)), known);
}

TEST(ScsiResponse, HasAStatusOnlyWhenTheCommandCompleted) {
  EXPECT_FALSE(is_reserved<ScsiResponse>(with(good, 5, "000000"), 3));
  EXPECT_TRUE(is_reserved<ScsiResponse>(with(good, 2, "01"), 3));
  EXPECT_TRUE(is_reserved<ScsiResponse>(with(good, 2, "80"), 3));
}

TEST(ScsiResponse, IsRefusedWhenItsResidualFlagsContradictEachOther) {
  for (const std::string_view flags : {"98", "86", "9e"})
    expect_refused<ScsiResponse>(with(good, 1, flags),
                                 {Rule::residual_flags_exclude_each_other, 1, 0});
  for (const std::string_view flags : {"94", "92", "8c", "8a"})
    EXPECT_TRUE(decode<ScsiResponse>(with(good, 1, flags)).has_value()) << flags;
}

TEST(ScsiResponse, HasResidualFlagsOnlyWhenTheCommandCompleted) {
  // 10.4.1 forbids them to the sender, 10.4.3 leaves them undefined for the receiver.
  for (const std::string_view flags : {"90", "88", "84", "82"}) {
    const Bytes failed = with(good, 1, std::string{flags} + "01");
    EXPECT_TRUE(decode<ScsiResponse>(failed).has_value());
    EXPECT_EQ(audit(frame_in(failed)),
              (std::vector<Violation>{{Rule::residual_flags_only_when_completed, 1, 0}}));
  }
}

TEST(ScsiResponse, HasResidualCountsOnlyWithTheirFlags) {
  for (const std::uint32_t byte : {40U, 41U, 42U, 43U}) {
    EXPECT_TRUE(is_reserved<ScsiResponse>(with(good, 1, "84"), byte));
    EXPECT_FALSE(is_reserved<ScsiResponse>(with(good, 1, "90"), byte));
    EXPECT_FALSE(is_reserved<ScsiResponse>(with(good, 1, "88"), byte));
  }
  for (const std::uint32_t byte : {44U, 45U, 46U, 47U}) {
    EXPECT_TRUE(is_reserved<ScsiResponse>(with(good, 1, "90"), byte));
    EXPECT_FALSE(is_reserved<ScsiResponse>(with(good, 1, "84"), byte));
    EXPECT_FALSE(is_reserved<ScsiResponse>(with(good, 1, "82"), byte));
  }
}

TEST(ScsiResponse, IsRefusedWhenItCountsDataOfACommandThatDidNotComplete) {
  const Bytes counted = with(good, 36, "00000001");
  EXPECT_TRUE(decode<ScsiResponse>(counted).has_value());
  expect_refused<ScsiResponse>(with(counted, 2, "01"),
                               {Rule::exp_data_sn_only_when_completed, 36, 0});
}

TEST(ScsiResponse, IsRefusedWhenCheckConditionHasNoSenseData) {
  const Bytes failed = with(good, 3, "02");
  expect_refused<ScsiResponse>(failed, {Rule::check_condition_has_sense_data, 3, 0});
  Bytes only_a_length = with(failed, 5, "000002");
  only_a_length.resize(52);
  expect_refused<ScsiResponse>(only_a_length, {Rule::check_condition_has_sense_data, 3, 0});
  EXPECT_TRUE(decode<ScsiResponse>(with(only_a_length, 5, "000003")).has_value());
  EXPECT_TRUE(decode<ScsiResponse>(with(good, 3, "08")).has_value());
}

TEST(ScsiResponse, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<ScsiResponse>(with(good, 1, "00"), {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(ScsiResponse, LooksPastReservedBits) {
  expect_noted(with(scsi_response_bytes(), 0, "e1 f5"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 3},
                {Rule::reserved_bits_are_zero, 1, 1}});
  for (std::uint32_t byte = 8; byte < 16; ++byte)
    EXPECT_TRUE(is_reserved<ScsiResponse>(good, byte)) << byte;
}

}  // namespace
