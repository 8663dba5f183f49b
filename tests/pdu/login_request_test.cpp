#include "pdu/login_request.hpp"

#include "pdu/pdu_test.hpp"
#include "pdu/samples.hpp"

// RFC 3720 10.12: from the operational stage to full feature phase.
iscsi::wire::Bytes test::login_request_bytes() {
  return hex(
      "43"                                   // I printed as 1, opcode 0x03
      "87"                                   // T, CSG 1, NSG 3
      "00 00"                                // Version-max, Version-min
      "00 000004"                            // TotalAHSLength, DataSegmentLength
      "000102030405"                         // ISID: type 00b
      "0607"                                 // TSIH
      "10111213"                             // Initiator Task Tag
      "2021 0000"                            // CID, reserved
      "30313233"                             // CmdSN
      "40414243"                             // ExpStatSN
      "00000000 00000000 00000000 00000000"  // reserved
      "413d4200");                           // text: A=B
}

namespace {

using namespace test;

constexpr LoginRequest sample{.transit = true,
                              .current_stage = LoginStage::operational_negotiation,
                              .next_stage = LoginStage::full_feature_phase,
                              .isid = Isid{0x000102030405},
                              .tsih = Tsih{0x0607},
                              .initiator_task_tag = InitiatorTaskTag{0x10111213},
                              .cid = Cid{0x2021},
                              .cmd_sn = CmdSN{0x30313233},
                              .exp_stat_sn = StatSN{0x40414243}};

TEST(LoginRequest, HasTheRfcsLayout) { expect_same(login_request_bytes(), sample); }

TEST(LoginRequest, OfIpxeGoesFromSecurityToOperations) {
  // ipxe_bios_tgt.pcap, iPXE 1.0.0+git-20190125, the header alone; an ISID of type 01b.
  expect_same(hex("4381000000000000 4000272357ac 0000 18ae0001 00000000 00000000 00000001"
                  "00000000000000000000000000000000"),
              LoginRequest{.transit = true,
                           .current_stage = LoginStage::security_negotiation,
                           .next_stage = LoginStage::operational_negotiation,
                           .isid = Isid{0x4000272357ac},
                           .initiator_task_tag = InitiatorTaskTag{0x18ae0001},
                           .exp_stat_sn = StatSN{1}});
}

TEST(LoginRequest, ContinuesItsText) {
  LoginRequest pdu = sample;
  pdu.transit = false;
  pdu.next_stage = LoginStage{};
  pdu.continued = true;
  expect_same(with(login_request_bytes(), 1, "44"), pdu);
}

TEST(LoginRequest, IsRefusedWhenItContinuesAndTransits) {
  expect_refused<LoginRequest>(with(login_request_bytes(), 1, "c7"),
                               {Rule::continued_login_does_not_transit, 1, 0});
}

TEST(LoginRequest, IsRefusedWhenNotImmediate) {
  expect_refused<LoginRequest>(with(login_request_bytes(), 0, "03"),
                               {Rule::login_request_is_immediate, 0, 0});
}

TEST(LoginRequest, KnowsThreeStages) {
  const std::vector<std::uint64_t> stages{0, 1, 3};
  const Bytes bytes = login_request_bytes();
  EXPECT_EQ(accepted_codes<LoginRequest>(bytes, bits(1, 4, 2), Rule::login_stage_is_defined),
            stages);
  EXPECT_EQ(accepted_codes<LoginRequest>(bytes, bits(1, 6, 2), Rule::login_stage_is_defined),
            stages);
}

TEST(LoginRequest, HasANextStageOnlyInTransit) {
  LoginRequest pdu = sample;
  pdu.transit = false;
  pdu.next_stage = LoginStage{};
  for (const std::uint64_t next : {1U, 2U, 3U}) {
    Bytes bytes = with(login_request_bytes(), 1, "04");
    insert(std::span{bytes}, bits(1, 6, 2), next);
    expect_noted(bytes, pdu, {{Rule::reserved_bits_are_zero, 1, next}});
  }
}

TEST(LoginRequest, NotesVersionsOtherThanZero) {
  LoginRequest pdu = sample;
  pdu.version_max = 0x11;
  pdu.version_min = 0x22;
  expect_noted(with(login_request_bytes(), 2, "11 22"), pdu, {{Rule::version_is_zero, 2, 0}});
  for (const std::string_view versions : {"00 01", "01 00"})
    EXPECT_EQ(audit(frame_in(with(login_request_bytes(), 2, versions))),
              (std::vector<Violation>{{Rule::version_is_zero, 2, 0}}));
}

TEST(LoginRequest, IsRefusedWithAnIsidOfTheReservedType) {
  for (const std::string_view type : {"00", "40", "80"})
    EXPECT_TRUE(decode<LoginRequest>(with(login_request_bytes(), 8, type)).has_value()) << type;
  expect_refused<LoginRequest>(with(login_request_bytes(), 8, "c0"),
                               {Rule::isid_type_is_defined, 8, 0});
}

TEST(LoginRequest, NotesReservedBitsOfAnIsid) {
  // 10.12.5: field A is reserved in types 01b and 10b, and part of the OUI in type 00b.
  const auto breaches = [](std::string_view first) {
    return audit(frame_in(with(login_request_bytes(), 8, first)));
  };
  const std::vector<Violation> noted{{Rule::reserved_bits_are_zero, 8, 0}};
  EXPECT_EQ(breaches("3f"), std::vector<Violation>{});
  EXPECT_EQ(breaches("41"), noted);
  EXPECT_EQ(breaches("60"), noted);
  EXPECT_EQ(breaches("81"), noted);
  EXPECT_EQ(breaches("a0"), noted);
}

TEST(LoginRequest, LooksPastReservedBits) {
  expect_noted(with(with(login_request_bytes(), 0, "c3 b7"), 22, "a5a5"), sample,
               {{Rule::reserved_bits_are_zero, 0, 1},
                {Rule::reserved_bits_are_zero, 1, 3},
                {Rule::reserved_bits_are_zero, 22, 0xa5}});
  for (std::uint32_t byte = 32; byte < 48; ++byte)
    EXPECT_TRUE(is_reserved<LoginRequest>(login_request_bytes(), byte)) << byte;
}

}  // namespace
