#include "text/send_targets.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "text/assembly.hpp"
#include "text/support.hpp"

namespace iscsi::text {
namespace {

// Addresses (12.8).

TEST(TargetAddress, IsHostPortAndTag) {
  // The examples of 12.8.
  EXPECT_EQ(decode_address("10.0.0.1:5003,1"),
            (Address{.host = "10.0.0.1", .port = 5003, .portal_group_tag = 1}));
  EXPECT_EQ(decode_address("[1080:0:0:0:8:800:200C:417A],65"),
            (Address{.host = "[1080:0:0:0:8:800:200C:417A]", .portal_group_tag = 65}));
  EXPECT_EQ(decode_address("[1080::8:800:200C:417A]:5003,1"),
            (Address{.host = "[1080::8:800:200C:417A]", .port = 5003, .portal_group_tag = 1}));
  EXPECT_EQ(decode_address("computingcenter.example.com,23"),
            (Address{.host = "computingcenter.example.com", .portal_group_tag = 23}));
  // A redirection: no tag.
  EXPECT_EQ(decode_address("10.0.0.1:3260"), (Address{.host = "10.0.0.1", .port = 3260}));
  EXPECT_EQ(decode_address("10.0.0.1"), (Address{.host = "10.0.0.1"}));
  EXPECT_EQ(decode_address("[::ffff:10.0.0.1]"), (Address{.host = "[::ffff:10.0.0.1]"}));
}

TEST(TargetAddress, HasNumbersOfSixteenBitsInEveryBase) {
  EXPECT_EQ(decode_address("h:0,0"), (Address{.host = "h", .port = 0, .portal_group_tag = 0}));
  EXPECT_EQ(decode_address("h:65535,65535"),
            (Address{.host = "h", .port = 65535, .portal_group_tag = 65535}));
  EXPECT_EQ(decode_address("h:0xcbc,0b//8="),
            (Address{.host = "h", .port = 3260, .portal_group_tag = 65535}));
}

TEST(TargetAddress, IsRefusedInAnyOtherForm) {
  for (const std::string_view bad :
       {"",     ":3260",   ",1",       "h:",    "h,",    "h:65536", "h,65536", "h:x",
        "h,x",  "h:1:2",   "h,1,2",    "h,1:2", "h:1,",  "h :1",    "h/1",     "[::1",
        "::1",  "1080::8", "[]",       "[1]",   "[g::]", "[::1]x",  "[::1]]",  "h:01",
        "h:-1", "a_b",     "\xc3\xbc", "[",     "[:3260"})
    EXPECT_EQ(decode_address(bad).error().rule, Rule::target_address_has_its_form) << bad;
  const std::string longest = std::string(253, 'h') + ":1";
  EXPECT_TRUE(decode_address(longest).has_value());
  EXPECT_FALSE(decode_address('h' + longest).has_value());
}

TEST(TargetAddress, HasAHostOfItsOwnCharacters) {
  const std::string_view name = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  const std::string_view ipv6 = "0123456789abcdefABCDEF:.";
  for (int c = 1; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const std::string host = std::string{"h"} + character + "h,1";
    EXPECT_EQ(decode_address(host).has_value(), name.contains(character)) << c;
    const std::string address = std::string{"[:"} + character + "],1";
    EXPECT_EQ(decode_address(address).has_value(), ipv6.contains(character)) << c;
  }
}

TEST(TargetAddress, IsRefusedWhereItGoesWrong) {
  EXPECT_EQ(decode_address("10.0.0.1:x,1", 100).error(),
            (Violation{Rule::target_address_has_its_form, 108, 12}));
  EXPECT_EQ(decode_address("10.0.0.1:1,x", 100).error(),
            (Violation{Rule::target_address_has_its_form, 110, 12}));
  EXPECT_EQ(decode_address("[g::]", 100).error(),
            (Violation{Rule::target_address_has_its_form, 100, 5}));
  EXPECT_EQ(decode_address(":3260", 100).error(),
            (Violation{Rule::target_address_has_its_form, 100, 5}));
  EXPECT_EQ(decode_address(std::string(254, 'h') + ":1", 100).error(),
            (Violation{Rule::target_address_has_its_form, 354, 256}));
}

TEST(TargetAddress, IsWrittenAsItIsRead) {
  for (const std::string_view value : {"10.0.0.1:5003,1", "[1080::8:800:200C:417A]:5003,1",
                                       "host.example.com,23", "host:3260", "host"})
    EXPECT_EQ(encode_address(decode_address(value).value()), value);
}

// The question (D).

TEST(SendTargetsQuestion, DependsOnTheTypeOfSession) {
  using Kind = TargetQuestion::Kind;
  const auto ask = [](std::string_view value, SessionType session) {
    return decode_send_targets({.key = "SendTargets", .value = value, .byte = 0}, session);
  };
  EXPECT_EQ(ask("All", SessionType::discovery), (TargetQuestion{.kind = Kind::all}));
  EXPECT_EQ(ask("", SessionType::normal), (TargetQuestion{.kind = Kind::connected}));
  for (const SessionType session : {SessionType::normal, SessionType::discovery})
    EXPECT_EQ(ask("iqn.1993-11.com.example:disk", session),
              (TargetQuestion{.kind = Kind::named, .name = "iqn.1993-11.com.example:disk"}));
  // Quirk Q25 and UNH 17.3.3: All is for discovery; what nothing asks for has no meaning there.
  EXPECT_EQ(ask("All", SessionType::normal).error(),
            (Violation{Rule::send_targets_all_only_in_discovery, 12, 3}));
  EXPECT_EQ(ask("", SessionType::discovery).error(),
            (Violation{Rule::send_targets_value_is_defined, 12, 0}));
}

TEST(SendTargetsQuestion, IsRefusedIfItIsNoName) {
  for (const SessionType session : {SessionType::normal, SessionType::discovery})
    for (const std::string& bad : {std::string{"a b"}, std::string{"All,All"}, std::string{"../x"},
                                   std::string(224, 'n'), std::string{"a\x01"}})
      EXPECT_EQ(
          decode_send_targets({.key = "SendTargets", .value = bad, .byte = 7}, session).error(),
          (Violation{Rule::send_targets_value_is_defined, 19, bad.size()}))
          << bad;
  // "all" is no key word, it has the form of a name: an unknown target.
  EXPECT_TRUE(
      decode_send_targets({.key = "SendTargets", .value = "all", .byte = 0}, SessionType::normal)
          .has_value());
}

// The answer (D): its own examples.

const std::vector<TargetRecord> two_targets{
    {.name = "iqn.1993-11.com.example:diskarray.sn.8675309",
     .addresses = {{.host = "10.1.0.45", .port = 3000, .portal_group_tag = 1},
                   {.host = "10.1.1.45", .port = 3000, .portal_group_tag = 2}}},
    {.name = "iqn.1993-11.com.example:diskarray.sn.1234567",
     .addresses = {{.host = "10.1.0.45", .port = 3000, .portal_group_tag = 1},
                   {.host = "10.1.1.45", .port = 3000, .portal_group_tag = 2}}}};

const std::string two_targets_text = text(
    "TargetName=iqn.1993-11.com.example:diskarray.sn.8675309;"
    "TargetAddress=10.1.0.45:3000,1;TargetAddress=10.1.1.45:3000,2;"
    "TargetName=iqn.1993-11.com.example:diskarray.sn.1234567;"
    "TargetAddress=10.1.0.45:3000,1;TargetAddress=10.1.1.45:3000,2;");

TEST(SendTargetsAnswer, IsRecordsOfANameAndItsAddresses) {
  EXPECT_EQ(send_targets_response(two_targets), two_targets_text);
  EXPECT_EQ(decode_send_targets_response(pairs_of(two_targets_text)), two_targets);
}

TEST(SendTargetsAnswer, MayLackAddressesAndTargets) {
  const std::vector<TargetRecord> bare{{.name = "iqn.1993-11.com.example:diskarray.sn.8675309"}};
  const std::string bare_text = text("TargetName=iqn.1993-11.com.example:diskarray.sn.8675309;");
  EXPECT_EQ(send_targets_response(bare), bare_text);
  EXPECT_EQ(decode_send_targets_response(pairs_of(bare_text)), bare);
  EXPECT_EQ(send_targets_response({}), "");
  EXPECT_EQ(decode_send_targets_response({}), std::vector<TargetRecord>{});
}

TEST(SendTargetsAnswer, IsRefusedWithAnythingElseInIt) {
  const auto refusal = [](std::string_view readable_text) {
    const std::string bytes = text(readable_text);
    return decode_send_targets_response(pairs_of(bytes)).error();
  };
  EXPECT_EQ(refusal("TargetAddress=10.0.0.1,1;TargetName=iqn.t;"),
            (Violation{Rule::send_targets_answer_has_records_only, 0, 13}));
  EXPECT_EQ(refusal("TargetName=iqn.t;TargetAlias=x;"),
            (Violation{Rule::send_targets_answer_has_records_only, 17, 11}));
  EXPECT_EQ(refusal("TargetName=iqn.t;TargetAddress=10.0.0.1;"),
            (Violation{Rule::target_address_has_tag_in_send_targets, 31, 8}));
  EXPECT_EQ(refusal("TargetName=iqn.t;TargetAddress=:1,1;"),
            (Violation{Rule::target_address_has_its_form, 31, 4}));
  // Names that a careless initiator would make paths or terminal sequences of.
  EXPECT_EQ(refusal("TargetName=iqn.t/../../x;").rule, Rule::iscsi_name_is_prepared);
  EXPECT_EQ(refusal("TargetName=iqn.\x1b[2J;").rule, Rule::iscsi_name_is_prepared);
  EXPECT_EQ(refusal("TargetName=;").rule, Rule::iscsi_name_within_length);
}

// More targets than one PDU can hold, and a receiver that takes the least segment there is.
TEST(SendTargetsAnswer, OfManyTargetsGoesOutInSegmentsThatFit) {
  std::vector<TargetRecord> many;
  for (int i = 0; i < 300; ++i)
    many.push_back({.name = "iqn.2004-04.com.example:store." + std::to_string(i),
                    .addresses = {{.host = "192.0.2.1", .port = 3260, .portal_group_tag = 1}}});
  Segmentation cut{send_targets_response(many)};
  Assembly assembly;
  for (;;) {
    const Segment segment = cut.next(512);
    ASSERT_LE(segment.text.size(), 512U);
    ASSERT_FALSE(segment.text.empty());
    const auto whole = assembly.add(wire::as_bytes(segment.text), segment.more);
    ASSERT_TRUE(whole.has_value());
    if (!whole->has_value()) continue;
    EXPECT_EQ(decode_send_targets_response(pairs_of(**whole)), many);
    break;
  }
  EXPECT_TRUE(cut.done());
}

RC_GTEST_PROP(TargetAddress, IsReadBackWhateverItsNumbers,
              (std::uint16_t port, std::uint16_t tag)) {
  const Address address{.host = "[fe80::1]", .port = port, .portal_group_tag = tag};
  RC_ASSERT((decode_address(encode_address(address)) == address));
}

}  // namespace
}  // namespace iscsi::text
