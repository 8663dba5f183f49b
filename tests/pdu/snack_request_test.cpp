#include "pdu/snack_request.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.16: asks for data PDUs of one command again.
iscsi::wire::Bytes test::snack_request_bytes() {
  return hex(
      "10"                // opcode 0x10
      "80 0000"           // 1, Type Data/R2T; reserved
      "00 000000"         // TotalAHSLength, DataSegmentLength
      "0001020304050607"  // LUN
      "10111213"          // Initiator Task Tag
      "ffffffff"          // Target Transfer Tag or SNACK Tag
      "00000000"          // reserved
      "40414243"          // ExpStatSN
      "0000000000000000"  // reserved
      "60616263"          // BegRun
      "70717273");        // RunLength
}

namespace {

using namespace test;
using enum SnackType;

constexpr SnackRequest sample{.type = data_or_r2t,
                              .lun = Lun{0x0001020304050607},
                              .initiator_task_tag = InitiatorTaskTag{0x10111213},
                              .exp_stat_sn = StatSN{0x40414243},
                              .begin_run = 0x60616263,
                              .run_length = 0x70717273};

// Sound ones of the other three types.
const Bytes status_snack = with(with(snack_request_bytes(), 1, "81"), 16, "ffffffff");
const Bytes data_ack_snack =
    with(with(with(snack_request_bytes(), 1, "82"), 16, "ffffffff 20212223"), 44, "00000000");
const Bytes r_data_snack =
    with(with(with(snack_request_bytes(), 1, "83"), 20, "20212223"), 40, "00000000 00000000");

TEST(SnackRequest, HasTheRfcsLayout) { expect_same(snack_request_bytes(), sample); }

TEST(SnackRequest, HasThreeOtherTypes) {
  SnackRequest pdu = sample;
  pdu.type = status;
  pdu.initiator_task_tag = InitiatorTaskTag::none;
  expect_same(status_snack, pdu);
  pdu.type = data_ack;
  pdu.transfer_or_snack_tag = 0x20212223;
  pdu.run_length = 0;
  expect_same(data_ack_snack, pdu);
  pdu.type = r_data;
  pdu.initiator_task_tag = InitiatorTaskTag{0x10111213};
  pdu.begin_run = 0;
  expect_same(r_data_snack, pdu);
}

TEST(SnackRequest, KnowsNoOtherTypes) {
  for (std::uint64_t code = 4; code < 16; ++code) {
    Bytes bytes = snack_request_bytes();
    insert(std::span{bytes}, bits(1, 4, 4), code);
    expect_refused<SnackRequest>(bytes, {Rule::reserved_values_are_not_sent, 1, code});
  }
}

TEST(SnackRequest, IsRefusedWhenItsTaskTagDoesNotFitItsType) {
  const Violation broken{Rule::snack_names_its_task, 16, 0};
  expect_refused<SnackRequest>(with(snack_request_bytes(), 16, "ffffffff"), broken);
  expect_refused<SnackRequest>(with(status_snack, 16, "10111213"), broken);
  expect_refused<SnackRequest>(with(data_ack_snack, 16, "10111213"), broken);
  expect_refused<SnackRequest>(with(r_data_snack, 16, "ffffffff"), broken);
}

TEST(SnackRequest, IsRefusedWhenItsTagDoesNotFitItsType) {
  const Violation broken{Rule::snack_carries_its_tag, 20, 0};
  expect_refused<SnackRequest>(with(snack_request_bytes(), 20, "20212223"), broken);
  expect_refused<SnackRequest>(with(status_snack, 20, "20212223"), broken);
  expect_refused<SnackRequest>(with(data_ack_snack, 20, "ffffffff"), broken);
  expect_refused<SnackRequest>(with(r_data_snack, 20, "ffffffff"), broken);
  expect_refused<SnackRequest>(with(r_data_snack, 20, "00000000"), broken);
  EXPECT_TRUE(decode<SnackRequest>(with(data_ack_snack, 20, "00000000")).has_value());
}

TEST(SnackRequest, OfTypeRDataBeginsAtZero) {
  expect_refused<SnackRequest>(with(r_data_snack, 40, "00000001"),
                               {Rule::r_data_snack_begins_at_zero, 40, 0});
}

TEST(SnackRequest, HasNoRunLengthWhenItAcknowledges) {
  const Violation broken{Rule::acknowledging_snack_has_no_run_length, 44, 0};
  expect_refused<SnackRequest>(with(data_ack_snack, 44, "00000001"), broken);
  expect_refused<SnackRequest>(with(r_data_snack, 44, "00000001"), broken);
}

TEST(SnackRequest, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<SnackRequest>(with(snack_request_bytes(), 1, "00"),
                               {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(SnackRequest, IsRefusedWithData) {
  Bytes bytes = with(snack_request_bytes(), 5, "000004");
  bytes.resize(52);
  expect_refused<SnackRequest>(bytes, {Rule::data_segment_only_where_defined, 5, 4});
}

TEST(SnackRequest, LooksPastReservedBits) {
  expect_noted(with(snack_request_bytes(), 0, "d0 f0 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3},
                {Rule::reserved_bits_are_zero, 1, 7},
                {Rule::reserved_bits_are_zero, 2, 0x12}});
  for (const auto& [first, end] : {std::pair{3U, 4U}, {24U, 28U}, {32U, 40U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<SnackRequest>(snack_request_bytes(), byte)) << byte;
}

}  // namespace
