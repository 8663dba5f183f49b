#include "pdu/task_management_request.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.5: ABORT TASK, the one function that uses RefCmdSN.
iscsi::wire::Bytes test::task_management_request_bytes() {
  return hex(
      "42"                  // I, opcode 0x02
      "81 0000"             // 1, Function ABORT TASK; reserved
      "00 000000"           // TotalAHSLength, DataSegmentLength
      "0001020304050607"    // LUN
      "10111213"            // Initiator Task Tag
      "20212223"            // Referenced Task Tag
      "30313233"            // CmdSN
      "40414243"            // ExpStatSN
      "50515253"            // RefCmdSN
      "00000000"            // ExpDataSN or reserved
      "0000000000000000");  // reserved
}

namespace {

using namespace test;
using enum TaskManagementFunction;

constexpr TaskManagementRequest sample{.immediate = true,
                                       .function = abort_task,
                                       .lun = Lun{0x0001020304050607},
                                       .initiator_task_tag = InitiatorTaskTag{0x10111213},
                                       .referenced_task_tag = InitiatorTaskTag{0x20212223},
                                       .cmd_sn = CmdSN{0x30313233},
                                       .exp_stat_sn = StatSN{0x40414243},
                                       .ref_cmd_sn = CmdSN{0x50515253}};

// No LUN, no referenced task: what TARGET WARM RESET looks like.
const Bytes warm_reset =
    hex("4286 0000 00 000000 0000000000000000 10111213 ffffffff 30313233 40414243 00000000 00000000"
        "0000000000000000");

/// `warm_reset` with another function.
Bytes request(std::uint8_t function) {
  Bytes bytes = warm_reset;
  bytes[1] = static_cast<std::byte>(0x80U | function);
  return bytes;
}

TEST(TaskManagementRequest, HasTheRfcsLayout) {
  expect_same(task_management_request_bytes(), sample);
}

TEST(TaskManagementRequest, ReassigningATaskTellsWhichDataArrived) {
  expect_same(hex("4288 0000 00 000000 0000000000000000 10111213 20212223 30313233 40414243"
                  "00000000 60616263 0000000000000000"),
              TaskManagementRequest{.immediate = true,
                                    .function = task_reassign,
                                    .initiator_task_tag = InitiatorTaskTag{0x10111213},
                                    .referenced_task_tag = InitiatorTaskTag{0x20212223},
                                    .cmd_sn = CmdSN{0x30313233},
                                    .exp_stat_sn = StatSN{0x40414243},
                                    .exp_data_sn = DataSN{0x60616263}});
}

TEST(TaskManagementRequest, OfLibiscsiAbortsATask) {
  // libiscsi119_testcu_iscsi_tgt.pcap, libiscsi 1.19.
  expect_same(hex("4281000000000000 0001000000000000 61e8c2d4 61e8c2d3 01b0bfa6 00000003 01b0bfa5"
                  "000000000000000000000000"),
              TaskManagementRequest{.immediate = true,
                                    .function = abort_task,
                                    .lun = Lun{0x0001000000000000},
                                    .initiator_task_tag = InitiatorTaskTag{0x61e8c2d4},
                                    .referenced_task_tag = InitiatorTaskTag{0x61e8c2d3},
                                    .cmd_sn = CmdSN{0x01b0bfa6},
                                    .exp_stat_sn = StatSN{3},
                                    .ref_cmd_sn = CmdSN{0x01b0bfa5}});
}

TEST(TaskManagementRequest, OfOpenIscsiResetsALogicalUnit) {
  // linux61_lio_tmf.pcap, open-iscsi 2.1.8.
  expect_same(hex("4285000000000000 0000000000000000 27000000 ffffffff 00000026 c0061c14 00000000"
                  "000000000000000000000000"),
              TaskManagementRequest{.immediate = true,
                                    .function = logical_unit_reset,
                                    .initiator_task_tag = InitiatorTaskTag{0x27000000},
                                    .cmd_sn = CmdSN{0x26},
                                    .exp_stat_sn = StatSN{0xc0061c14}});
}

TEST(TaskManagementRequest, KnowsEightFunctions) {
  EXPECT_EQ(accepted_codes<TaskManagementRequest>(warm_reset, bits(1, 1, 7)),
            (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(TaskManagementRequest, HasALunForTheFiveFunctionsOfOneLogicalUnit) {
  // 10.5.3: ABORT TASK, ABORT TASK SET, CLEAR ACA, CLEAR TASK SET, LOGICAL UNIT RESET.
  for (std::uint8_t function = 1; function <= 5; ++function)
    for (std::uint32_t byte = 8; byte < 16; ++byte)
      EXPECT_FALSE(is_reserved<TaskManagementRequest>(request(function), byte));
  for (std::uint8_t function = 6; function <= 8; ++function)
    for (std::uint32_t byte = 8; byte < 16; ++byte)
      EXPECT_TRUE(is_reserved<TaskManagementRequest>(request(function), byte));
}

TEST(TaskManagementRequest, OfNoFunctionIsAboutNoLogicalUnit) {
  for (const TaskManagementFunction function :
       {TaskManagementFunction{0}, TaskManagementFunction{9}})
    EXPECT_FALSE((TaskManagementRequest{.function = function}).addresses_logical_unit());
}

TEST(TaskManagementRequest, HasRefCmdSnToAbortATaskAndExpDataSnToReassignOne) {
  for (std::uint8_t function = 1; function <= 8; ++function) {
    EXPECT_EQ(is_reserved<TaskManagementRequest>(request(function), 32), function != 1);
    EXPECT_EQ(is_reserved<TaskManagementRequest>(request(function), 36), function != 8);
  }
}

TEST(TaskManagementRequest, ReferencesATaskOnlyToAbortOrReassignIt) {
  for (std::uint8_t function = 1; function <= 8; ++function) {
    const Bytes bytes = with(request(function), 20, "20212223");
    EXPECT_TRUE(decode<TaskManagementRequest>(bytes).has_value());
    const bool uses_it = function == 1 || function == 8;
    EXPECT_EQ(audit(frame_in(bytes)),
              uses_it ? std::vector<Violation>{}
                      : (std::vector<Violation>{{Rule::task_reference_only_where_used, 20, 0}}));
  }
}

TEST(TaskManagementRequest, MayWaitItsTurnUnlessItReassigns) {
  for (std::uint8_t function = 1; function <= 8; ++function) {
    const Bytes bytes = with(request(function), 0, "02");
    EXPECT_FALSE(decode<TaskManagementRequest>(bytes).value().immediate);
    EXPECT_EQ(audit(frame_in(bytes)),
              function != 8 ? std::vector<Violation>{}
                            : (std::vector<Violation>{{Rule::task_reassign_is_immediate, 0, 0}}));
  }
}

TEST(TaskManagementRequest, IsRefusedWithoutTheBitThatTheLayoutPrints) {
  expect_refused<TaskManagementRequest>(with(warm_reset, 1, "06"),
                                        {Rule::fixed_bits_have_their_value, 1, 0});
}

TEST(TaskManagementRequest, IsRefusedWithData) {
  Bytes bytes = with(warm_reset, 5, "000001");
  bytes.resize(52);
  expect_refused<TaskManagementRequest>(bytes, {Rule::data_segment_only_where_defined, 5, 1});
}

TEST(TaskManagementRequest, LooksPastReservedBits) {
  expect_noted(with(task_management_request_bytes(), 0, "c2 81 1234"), sample,
               {{Rule::reserved_bits_are_zero, 0, 1}, {Rule::reserved_bits_are_zero, 2, 0x12}});
  EXPECT_TRUE(is_reserved<TaskManagementRequest>(warm_reset, 3));
  for (std::uint32_t byte = 40; byte < 48; ++byte)
    EXPECT_TRUE(is_reserved<TaskManagementRequest>(warm_reset, byte)) << byte;
}

}  // namespace
