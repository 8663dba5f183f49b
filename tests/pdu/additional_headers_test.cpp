#include "pdu/additional_headers.hpp"

#include "pdu/pdu_test.hpp"

namespace {

using namespace test;

// RFC 3720 10.2.2.3: 20 bytes of CDB, so AHSLength 20 - 15, the reserved byte counted.
const Bytes extended_cdb = hex("0005 01 00 61626364");
// 10.2.2.4.
const Bytes read_length = hex("0005 02 00 80818283");

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Violation refusal(const Bytes& area) {
  const auto decoded = decode_additional_headers(area);
  EXPECT_FALSE(decoded.has_value()) << to_hex(area);
  return decoded ? Violation{} : decoded.error();
}

TEST(AdditionalHeaders, AreNoneInAnEmptyArea) {
  EXPECT_TRUE(decode_additional_headers({}).value().empty());
  EXPECT_TRUE(encode_additional_headers({}).empty());
}

TEST(AdditionalHeaders, HoldTheRestOfALongCdb) {
  const auto headers = decode_additional_headers(extended_cdb).value();
  EXPECT_EQ(to_hex(headers.extended_cdb), "61626364");
  EXPECT_FALSE(headers.bidirectional_read_length.has_value());
  EXPECT_FALSE(headers.empty());
  EXPECT_EQ(encode_additional_headers(headers), extended_cdb);
}

TEST(AdditionalHeaders, HoldTheReadLengthOfABidirectionalCommand) {
  const auto headers = decode_additional_headers(read_length).value();
  EXPECT_EQ(headers.bidirectional_read_length, 0x80818283U);
  EXPECT_TRUE(headers.extended_cdb.empty());
  EXPECT_FALSE(headers.empty());
  EXPECT_EQ(encode_additional_headers(headers), read_length);
}

TEST(AdditionalHeaders, ComeInEitherOrder) {
  for (const Bytes& area : {extended_cdb + read_length, read_length + extended_cdb}) {
    const auto headers = decode_additional_headers(area).value();
    EXPECT_EQ(to_hex(headers.extended_cdb), "61626364");
    EXPECT_EQ(headers.bidirectional_read_length, 0x80818283U);
  }
}

TEST(AdditionalHeaders, ArePaddedToWholeWords) {
  // CDBs of 17, 18, 19, 20 and 21 bytes.
  for (const auto& [area, cdb] : {std::pair{"0002 01 00 61 000000", "61"},
                                  {"0003 01 00 6162 0000", "6162"},
                                  {"0004 01 00 616263 00", "616263"},
                                  {"0005 01 00 61626364", "61626364"},
                                  {"0006 01 00 6162636465 000000", "6162636465"}}) {
    const auto bytes = hex(area);
    const auto headers = decode_additional_headers(bytes).value();
    EXPECT_EQ(to_hex(headers.extended_cdb), cdb);
    EXPECT_EQ(encode_additional_headers(headers), bytes);
  }
}

TEST(AdditionalHeaders, TakeTheLongestCdbThatFits) {
  Bytes area = hex("03f9 01 00");  // AHSLength 1017: 1016 bytes of CDB
  area.resize(1020, std::byte{0x61});
  const auto headers = decode_additional_headers(area).value();
  EXPECT_EQ(headers.extended_cdb.size(), 1016U);
  EXPECT_EQ(encode_additional_headers(headers), area);
}

TEST(AdditionalHeaders, AreRefusedWhenACdbIsNoLongerThanTheHeaderHolds) {
  EXPECT_EQ(refusal(hex("0001 01 00")), (Violation{Rule::extended_cdb_length_is_valid, 48, 1}));
  EXPECT_EQ(refusal(hex("0000 01 00")), (Violation{Rule::extended_cdb_length_is_valid, 48, 0}));
  EXPECT_EQ(refusal(read_length + hex("0001 01 00")),
            (Violation{Rule::extended_cdb_length_is_valid, 56, 1}));
}

TEST(AdditionalHeaders, AreRefusedWhenAReadLengthIsNotFourBytes) {
  for (const auto& [area, length] : {std::pair{"0001 02 00", 1U},
                                     {"0004 02 00 00000000", 4U},
                                     {"0006 02 00 00000000 00000000", 6U}})
    EXPECT_EQ(refusal(hex(area)),
              (Violation{Rule::bidirectional_length_has_four_bytes, 48, length}));
}

TEST(AdditionalHeaders, AreRefusedWhenOneRunsPastTheArea) {
  for (std::size_t cut = 1; cut < 4; ++cut)
    EXPECT_EQ(
        refusal(Bytes{extended_cdb.begin(), extended_cdb.begin() + 4 - static_cast<int>(cut)}),
        (Violation{Rule::additional_header_fits, 48, 4 - cut}));
  EXPECT_EQ(refusal(hex("0005 01 00")), (Violation{Rule::additional_header_fits, 48, 5}));
  EXPECT_EQ(refusal(hex("0006 01 00 61626364")), (Violation{Rule::additional_header_fits, 48, 6}));
  EXPECT_EQ(refusal(hex("ffff 01 00 61626364")),
            (Violation{Rule::additional_header_fits, 48, 0xffff}));
  EXPECT_EQ(refusal(extended_cdb + hex("0005 02 00")),
            (Violation{Rule::additional_header_fits, 56, 5}));
}

TEST(AdditionalHeaders, AreRefusedWhenATypeIsReserved) {
  for (unsigned type = 0; type < 64; ++type) {
    Bytes area = extended_cdb;
    area[2] = static_cast<std::byte>(type);
    if (type == 1 || type == 2)
      EXPECT_TRUE(decode_additional_headers(area).has_value()) << type;
    else
      EXPECT_EQ(refusal(area), (Violation{Rule::additional_header_type_is_known, 50, type}));
  }
}

TEST(AdditionalHeaders, AreRefusedWhenATypeComesTwice) {
  EXPECT_EQ(refusal(extended_cdb + extended_cdb),
            (Violation{Rule::additional_header_comes_once, 58, 1}));
  EXPECT_EQ(refusal(read_length + read_length),
            (Violation{Rule::additional_header_comes_once, 58, 2}));
}

TEST(AdditionalHeaders, AreReadPastReservedBitsAndPadding) {
  const Bytes unclean = hex("0002 c1 a5 61 010203") + hex("0005 42 b6 80818283");
  const auto headers = decode_additional_headers(unclean).value();
  EXPECT_EQ(to_hex(headers.extended_cdb), "61");
  EXPECT_EQ(headers.bidirectional_read_length, 0x80818283U);
  EXPECT_EQ(audit_additional_headers(unclean),
            (std::vector<Violation>{{Rule::reserved_bits_are_zero, 50, 3},
                                    {Rule::reserved_bits_are_zero, 51, 0xa5},
                                    {Rule::padding_is_zero, 53, 1},
                                    {Rule::padding_is_zero, 54, 2},
                                    {Rule::padding_is_zero, 55, 3},
                                    {Rule::reserved_bits_are_zero, 58, 1},
                                    {Rule::reserved_bits_are_zero, 59, 0xb6}}));
}

TEST(AdditionalHeaders, AreAuditedUpToTheOneThatDoesNotFit) {
  EXPECT_EQ(audit_additional_headers(extended_cdb + read_length), std::vector<Violation>{});
  EXPECT_EQ(audit_additional_headers(hex("0005 01 01 61626364 0005 01 01")),
            (std::vector<Violation>{{Rule::reserved_bits_are_zero, 51, 1}}));
  // Of an unknown type only the two bits beside the type are known to be reserved.
  EXPECT_EQ(audit_additional_headers(hex("0005 03 a5 61626364")), std::vector<Violation>{});
  // AHSLength zero leaves no specific byte: the fourth is padding.
  EXPECT_EQ(audit_additional_headers(hex("0000 01 a5")),
            (std::vector<Violation>{{Rule::padding_is_zero, 51, 0xa5}}));
  // AHSLength one is the specific byte alone.
  EXPECT_EQ(audit_additional_headers(hex("0001 01 a5")),
            (std::vector<Violation>{{Rule::reserved_bits_are_zero, 51, 0xa5}}));
}

}  // namespace
