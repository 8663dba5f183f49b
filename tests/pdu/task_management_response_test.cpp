#include "pdu/task_management_response.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.6.
iscsi::wire::Bytes test::task_management_response_bytes() {
  return hex(
      "22"                            // opcode 0x22
      "80"                            // 1, reserved
      "ff 00"                         // Response: function rejected; reserved
      "00 000000"                     // TotalAHSLength, DataSegmentLength
      "0000000000000000"              // reserved
      "10111213"                      // Initiator Task Tag
      "00000000"                      // reserved
      "30313233"                      // StatSN
      "40414243"                      // ExpCmdSN
      "50515253"                      // MaxCmdSN
      "00000000 00000000 00000000");  // reserved
}

namespace {

using namespace test;

constexpr TaskManagementResponse sample{.response = TaskManagementOutcome::function_rejected,
                                        .initiator_task_tag = InitiatorTaskTag{0x10111213},
                                        .stat_sn = StatSN{0x30313233},
                                        .exp_cmd_sn = CmdSN{0x40414243},
                                        .max_cmd_sn = CmdSN{0x50515253}};

TEST(TaskManagementResponse, HasTheRfcsLayout) {
  expect_same(task_management_response_bytes(), sample);
}

TEST(TaskManagementResponse, OfTgtDoesNotKnowTheTask) {
  // libiscsi119_testcu_iscsi_tgt.pcap, tgt 1.0.85.
  expect_same(hex("2280010000000000 0000000000000000 61e8c2d4 00000000 00000004 01b0bfa6 01b0c026"
                  "000000000000000000000000"),
              TaskManagementResponse{.response = TaskManagementOutcome::task_does_not_exist,
                                     .initiator_task_tag = InitiatorTaskTag{0x61e8c2d4},
                                     .stat_sn = StatSN{4},
                                     .exp_cmd_sn = CmdSN{0x01b0bfa6},
                                     .max_cmd_sn = CmdSN{0x01b0c026}});
}

TEST(TaskManagementResponse, KnowsEightResponses) {
  EXPECT_EQ(accepted_codes<TaskManagementResponse>(task_management_response_bytes(), bytes(2, 1)),
            (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 255}));
}

TEST(TaskManagementResponse, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<TaskManagementResponse>(with(task_management_response_bytes(), 1, "00"),
                                         {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(TaskManagementResponse, IsRefusedWithData) {
  Bytes bytes = with(task_management_response_bytes(), 5, "000004");
  bytes.resize(52);
  expect_refused<TaskManagementResponse>(bytes, {Rule::data_segment_only_where_defined, 5, 4});
}

TEST(TaskManagementResponse, LooksPastReservedBits) {
  expect_noted(with(task_management_response_bytes(), 0, "e2 ff"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3}, {Rule::reserved_bits_are_zero, 1, 0x7f}});
  for (const auto& [first, end] : {std::pair{3U, 4U}, {8U, 16U}, {20U, 24U}, {36U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<TaskManagementResponse>(task_management_response_bytes(), byte))
          << byte;
}

}  // namespace
