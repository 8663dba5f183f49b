/// PDUs as stories send them, against bytes written by hand from RFC 3720 10.

#include "conformance/play/compose.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace conformance {
namespace {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;

Bytes hex(std::string_view digits) {
  Bytes bytes;
  std::string clean;
  std::ranges::copy_if(digits, std::back_inserter(clean), [](char c) { return c != ' '; });
  for (std::size_t i = 0; i + 1 < clean.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(clean.substr(i, 2), nullptr, 16)));
  return bytes;
}

const Usual usual{.isid = iscsi::wire::Isid{0x8012'3456'789aU},
                  .tsih = iscsi::wire::Tsih{0x0203},
                  .cid = iscsi::wire::Cid{0x0405},
                  .lun = iscsi::wire::Lun{0x0001'0000'0000'0000U},
                  .tag = iscsi::wire::InitiatorTaskTag{0x0a0b'0c0dU},
                  .cmd_sn = {0x1122'3344U},
                  .exp_stat_sn = {0x5566'7788U}};

Draft draft_of(Opcode opcode, std::string_view data = {}) {
  const auto bytes = iscsi::wire::as_bytes(data);
  return {.pdu = usual_pdu(opcode, usual),
          .additional_headers = {},
          .data = {bytes.begin(), bytes.end()}};
}

Bytes encoded(const Draft& draft, const std::vector<Damage>& damage = {}, Digests digests = {}) {
  const auto bytes = encode(draft, digests, damage, {{"x", std::uint64_t{3}}});
  EXPECT_TRUE(bytes.has_value()) << bytes.error();
  return bytes.value_or(Bytes{});
}

// 10.18: opcode, F; lengths; LUN; tag, transfer tag; CmdSN, ExpStatSN; reserved.
const std::string ping_header =
    "00800000 00000003 0000000000000000 0a0b0c0d ffffffff 11223344 55667788"
    "00000000000000000000000000000000";

TEST(APing, HasTheUsualNumbersInTheirPlaces) {
  EXPECT_EQ(encoded(draft_of(Opcode::nop_out, "abc")), hex(ping_header + "61626300"));
}

TEST(ALoginRequest, HasIsidTsihAndCidAndIsImmediate) {
  Draft draft = draft_of(Opcode::login_request);
  ASSERT_TRUE(set_field(draft.pdu, "T", 1));
  ASSERT_TRUE(set_field(draft.pdu, "CSG", 1));
  ASSERT_TRUE(set_field(draft.pdu, "NSG", 3));
  EXPECT_EQ(encoded(draft), hex("43870000 00000000 80123456789a 0203 0a0b0c0d 0405 0000"
                                "11223344 55667788 00000000000000000000000000000000"));
}

TEST(ALogoutRequest, HasACidOnlyWhereTheReasonAsksForOne) {
  Draft draft = draft_of(Opcode::logout_request);
  EXPECT_EQ(encoded(draft), hex("06800000 00000000 0000000000000000 0a0b0c0d 0000 0000"
                                "11223344 55667788 00000000000000000000000000000000"));
  ASSERT_TRUE(set_field(draft.pdu, "ReasonCode", 1));
  EXPECT_EQ(encoded(draft), hex("06810000 00000000 0000000000000000 0a0b0c0d 0405 0000"
                                "11223344 55667788 00000000000000000000000000000000"));
}

TEST(AField, CanOnlyBeSetWhereThePduHasIt) {
  InitiatorPdu pdu = usual_pdu(Opcode::nop_out, usual);
  EXPECT_TRUE(set_field(pdu, "I", 1));
  EXPECT_FALSE(set_field(pdu, "F", 0)) << "the layout prints it";
  EXPECT_FALSE(set_field(pdu, "ResidualCount", 0));
}

TEST(Damage, SetsAFieldAndLeavesTheRest) {
  const Damage damage{Damage::Set{bits(0, 2, 6), Expression{0x1bU}}};
  Bytes wanted = hex(ping_header + "61626300");
  wanted[0] = std::byte{0x1b};
  EXPECT_EQ(encoded(draft_of(Opcode::nop_out, "abc"), {damage}), wanted);
}

TEST(Damage, SpoilsPadding) {
  const Damage damage{Damage::Padding{*Expression::parse("0xf0+$x")}};
  EXPECT_EQ(encoded(draft_of(Opcode::nop_out, "abc"), {damage}), hex(ping_header + "616263f3"));
}

TEST(Damage, CutsAndAppends) {
  const Damage cut{Damage::Truncate{Expression{4U}}};
  const Damage more{Damage::Append{{{DataRecipe::Literal{hex("beef")}}}}};
  EXPECT_EQ(encoded(draft_of(Opcode::nop_out, "abc"), {cut, more}), hex("00800000 beef"));
}

// B.4 of the RFC has CRC32C's values for 32 bytes; the headers here were summed by another program.
TEST(Damage, ToADigestChangesTheDigestAndNothingElse) {
  const Digests both{.header = true, .data = true};
  const Bytes right = encoded(draft_of(Opcode::nop_out, "abc"), {}, both);
  ASSERT_EQ(right.size(), 48U + 4 + 4 + 4);
  const auto differences = [&](const Damage& damage) {
    const Bytes spoilt = encoded(draft_of(Opcode::nop_out, "abc"), {damage}, both);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < right.size(); ++i)
      if (right[i] != spoilt[i]) places.push_back(i);
    return places;
  };
  EXPECT_EQ(differences({Damage::SpoilHeaderDigest{}}), std::vector<std::size_t>{48});
  EXPECT_EQ(differences({Damage::SpoilDataDigest{}}), std::vector<std::size_t>{56});
}

TEST(Damage, ToTheHeaderComesBeforeItsDigest) {
  const Digests header{.header = true, .data = false};
  const Damage reserved{Damage::Set{bytes(2, 2), Expression{0xffffU}}};
  const Bytes spoilt = encoded(draft_of(Opcode::nop_out), {reserved}, header);
  const auto framing = next_frame(spoilt, {.digests = header});
  EXPECT_TRUE(std::holds_alternative<Framed>(framing)) << "the digest fits the spoilt header";
}

TEST(Damage, WithANameThatHasNoValueIsAFault) {
  const std::vector<Damage> damage{{Damage::Truncate{*Expression::parse("$nobody")}}};
  EXPECT_EQ(encode(draft_of(Opcode::nop_out), {}, damage, {}).error(), "$nobody has no value");
}

TEST(FieldOf, FindsFieldsByTheirRfcNames) {
  const Bytes ping = hex(ping_header + "61626300");
  EXPECT_EQ(field_of(ping, "CmdSN"), 0x1122'3344U);
  EXPECT_EQ(field_of(ping, "Opcode"), 0U);
  EXPECT_EQ(field_of(ping, "DataSegmentLength"), 3U);
  EXPECT_EQ(field_of(ping, "F"), 1U);
}

TEST(APattern, IsTheSameStreamWhereverItIsCut) {
  const auto part = [](std::uint64_t from, std::uint64_t length) {
    return *make(
        DataRecipe{{DataRecipe::Pattern{Expression{9U}, Expression{from}, Expression{length}}}},
        {});
  };
  Bytes joined = part(0, 13);
  const Bytes rest = part(13, 51);
  joined.insert(joined.end(), rest.begin(), rest.end());
  EXPECT_EQ(joined, part(0, 64));
  EXPECT_NE(part(0, 16), part(1, 16));
}

TEST(ANamedCdb, IsLaidOutAsTheScsiStandardsSay) {
  const CommandForm* read = find_command("READ(10)");
  ASSERT_NE(read, nullptr);
  CdbRecipe recipe;
  recipe.bytes[0] = std::byte{read->operation_code};
  recipe.settings = {{*find_cdb_field(*read, "LBA"), Expression{0x0102'0304U}},
                     {*find_cdb_field(*read, "Blocks"), Expression{0x0506U}}};
  const auto cdb = make(recipe, {});
  ASSERT_TRUE(cdb.has_value());
  EXPECT_EQ(Bytes(cdb->begin(), cdb->end()), hex("28 00 01020304 00 0506 00 000000000000"));
}

}  // namespace
}  // namespace conformance
