#include "pdu/login_response.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.13: the final response of a login.
iscsi::wire::Bytes test::login_response_bytes() {
  return hex(
      "23"                 // opcode 0x23
      "87"                 // T, CSG 1, NSG 3
      "00 00"              // Version-max, Version-active
      "00 000004"          // TotalAHSLength, DataSegmentLength
      "000102030405"       // ISID
      "0607"               // TSIH
      "10111213"           // Initiator Task Tag
      "00000000"           // reserved
      "30313233"           // StatSN
      "40414243"           // ExpCmdSN
      "50515253"           // MaxCmdSN
      "0000 0000"          // Status-Class, Status-Detail, reserved
      "00000000 00000000"  // reserved
      "413d4200");         // text: A=B
}

namespace {

using namespace test;

constexpr LoginResponse sample{.transit = true,
                               .current_stage = LoginStage::operational_negotiation,
                               .next_stage = LoginStage::full_feature_phase,
                               .isid = Isid{0x000102030405},
                               .tsih = Tsih{0x0607},
                               .initiator_task_tag = InitiatorTaskTag{0x10111213},
                               .stat_sn = StatSN{0x30313233},
                               .exp_cmd_sn = CmdSN{0x40414243},
                               .max_cmd_sn = CmdSN{0x50515253}};

TEST(LoginResponse, HasTheRfcsLayout) { expect_same(login_response_bytes(), sample); }

TEST(LoginResponse, OfTgtEndsALogin) {
  // ipxe_bios_tgt.pcap, tgt 1.0.85, the header alone: the TSIH appears in the final response.
  expect_same(hex("2387000000000000 4000272357ac 0e00 18ae0001 00000000 00000001 00000000 00000001"
                  "000000000000000000000000"),
              LoginResponse{.transit = true,
                            .current_stage = LoginStage::operational_negotiation,
                            .next_stage = LoginStage::full_feature_phase,
                            .isid = Isid{0x4000272357ac},
                            .tsih = Tsih{0x0e00},
                            .initiator_task_tag = InitiatorTaskTag{0x18ae0001},
                            .stat_sn = StatSN{1},
                            .max_cmd_sn = CmdSN{1}});
}

TEST(LoginResponse, TellsClassAndDetailAsOneStatus) {
  EXPECT_EQ(decode<LoginResponse>(with(login_response_bytes(), 36, "0201")).value().status,
            LoginStatus::authentication_failure);
}

TEST(LoginResponse, KnowsEighteenStatuses) {
  EXPECT_EQ(accepted_codes<LoginResponse>(login_response_bytes(), bytes(36, 2)),
            (std::vector<std::uint64_t>{0x0000, 0x0101, 0x0102, 0x0200, 0x0201, 0x0202, 0x0203,
                                        0x0204, 0x0205, 0x0206, 0x0207, 0x0208, 0x0209, 0x020a,
                                        0x020b, 0x0300, 0x0301, 0x0302}));
}

TEST(LoginResponse, KnowsThreeStages) {
  const std::vector<std::uint64_t> stages{0, 1, 3};
  EXPECT_EQ(accepted_codes<LoginResponse>(login_response_bytes(), bits(1, 4, 2)), stages);
  EXPECT_EQ(accepted_codes<LoginResponse>(login_response_bytes(), bits(1, 6, 2)), stages);
}

TEST(LoginResponse, HasANextStageOnlyInTransit) {
  LoginResponse pdu = sample;
  pdu.transit = false;
  pdu.next_stage = LoginStage{};
  for (const std::uint64_t next : {1U, 2U, 3U}) {
    Bytes bytes = with(login_response_bytes(), 1, "04");
    insert(std::span{bytes}, bits(1, 6, 2), next);
    expect_noted(bytes, pdu, {{Rule::reserved_bits_are_zero, 1, next}});
  }
}

TEST(LoginResponse, ContinuesItsText) {
  LoginResponse pdu = sample;
  pdu.transit = false;
  pdu.next_stage = LoginStage{};
  pdu.continued = true;
  expect_same(with(login_response_bytes(), 1, "44"), pdu);
}

TEST(LoginResponse, IsRefusedWhenItContinuesAndTransits) {
  expect_refused<LoginResponse>(with(login_response_bytes(), 1, "c7"),
                                {Rule::continued_login_response_does_not_transit, 1, 0});
}

TEST(LoginResponse, NotesVersionsOtherThanZero) {
  LoginResponse pdu = sample;
  pdu.version_max = 0x11;
  pdu.version_active = 0x22;
  expect_noted(with(login_response_bytes(), 2, "11 22"), pdu, {{Rule::version_is_zero, 2, 0}});
  for (const std::string_view versions : {"00 01", "01 00"})
    EXPECT_EQ(audit(frame_in(with(login_response_bytes(), 2, versions))),
              (std::vector<Violation>{{Rule::version_is_zero, 2, 0}}));
}

TEST(LoginResponse, LooksPastReservedBits) {
  expect_noted(with(login_response_bytes(), 0, "e3 b7"), sample,
               {{Rule::reserved_bits_are_zero, 0, 3}, {Rule::reserved_bits_are_zero, 1, 3}});
  for (const auto& [first, end] : {std::pair{20U, 24U}, {38U, 48U}})
    for (std::uint32_t byte = first; byte < end; ++byte)
      EXPECT_TRUE(is_reserved<LoginResponse>(login_response_bytes(), byte)) << byte;
}

}  // namespace
