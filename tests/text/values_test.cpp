#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "text/grammar.hpp"
#include "text/support.hpp"

namespace iscsi::text {
namespace {

constexpr std::uint64_t largest = 0xffff'ffff'ffff'ffffU;

TEST(Boolean, IsYesOrNoInThatSpelling) {
  EXPECT_EQ(decode_boolean("Yes"), true);
  EXPECT_EQ(decode_boolean("No"), false);
  for (const std::string_view bad :
       {"yes", "YES", "no", "NO", "Y", "Yes ", " No", "True", "1", "0"})
    EXPECT_EQ(decode_boolean(bad, 8).error(),
              (Violation{Rule::boolean_is_yes_or_no, 8,
                         static_cast<std::uint64_t>(static_cast<unsigned char>(bad[0]))}));
  EXPECT_EQ(decode_boolean("", 8).error(), (Violation{Rule::boolean_is_yes_or_no, 8, 0}));
  EXPECT_EQ(encode_boolean(true), "Yes");
  EXPECT_EQ(encode_boolean(false), "No");
}

// Numbers.

TEST(Number, IsReadFromDecimalAndHexConstants) {
  EXPECT_EQ(decode_number("0"), 0U);
  EXPECT_EQ(decode_number("8192"), 8192U);
  EXPECT_EQ(decode_number("0x0"), 0U);
  EXPECT_EQ(decode_number("0x2000"), 8192U);
  EXPECT_EQ(decode_number("0X2000"), 8192U);
  EXPECT_EQ(decode_number("0xaBcDeF"), 0xabcdefU);
}

TEST(Number, ReachesTheLastValueBelowTwoToTheSixtyFourthAndNotTheNext) {
  EXPECT_EQ(decode_number("18446744073709551615"), largest);
  EXPECT_EQ(decode_number("18446744073709551616", 5).error(),
            (Violation{Rule::number_below_two_to_64, 5, 20}));
  EXPECT_EQ(decode_number("99999999999999999999999").error().rule, Rule::number_below_two_to_64);
  EXPECT_EQ(decode_number("0xffffffffffffffff"), largest);
  EXPECT_EQ(decode_number("0x10000000000000000", 5).error(),
            (Violation{Rule::number_below_two_to_64, 7, 17}));
}

TEST(Number, EndsWhereItsValueEnds) {
  const std::string_view longer = "8192";
  EXPECT_EQ(decode_number(longer.substr(0, 2)), 81U);
}

TEST(Number, HasLeadingZerosInHexadecimalOnly) {
  EXPECT_EQ(decode_number("0x" + std::string(1000, '0') + "1"), 1U);
  EXPECT_EQ(decode_number("0x" + std::string(1000, '0')), 0U);
  EXPECT_EQ(decode_number("00", 3).error(), (Violation{Rule::decimal_has_no_leading_zero, 3, 2}));
  EXPECT_EQ(decode_number("08192", 3).error(),
            (Violation{Rule::decimal_has_no_leading_zero, 3, 5}));
}

TEST(Number, IsRefusedAtTheFirstCharacterThatIsNoDigit) {
  const auto at = [](std::string_view value) { return decode_number(value, 10).error(); };
  EXPECT_EQ(at(""), (Violation{Rule::number_is_a_constant, 10, 0}));
  EXPECT_EQ(at("12a"), (Violation{Rule::number_is_a_constant, 12, 'a'}));
  EXPECT_EQ(at("-1"), (Violation{Rule::number_is_a_constant, 10, '-'}));
  EXPECT_EQ(at("+1"), (Violation{Rule::number_is_a_constant, 10, '+'}));
  EXPECT_EQ(at(" 1"), (Violation{Rule::number_is_a_constant, 10, ' '}));
  EXPECT_EQ(at("1 "), (Violation{Rule::number_is_a_constant, 11, ' '}));
  EXPECT_EQ(at("0x"), (Violation{Rule::number_is_a_constant, 12, 0}));
  EXPECT_EQ(at("0x1g"), (Violation{Rule::number_is_a_constant, 13, 'g'}));
  EXPECT_EQ(at("x10"), (Violation{Rule::number_is_a_constant, 10, 'x'}));
  EXPECT_EQ(at("1x0"), (Violation{Rule::number_is_a_constant, 11, 'x'}));
  EXPECT_EQ(at("1e3"), (Violation{Rule::number_is_a_constant, 11, 'e'}));
}

TEST(Number, IsNotWrittenInBase64) {
  EXPECT_EQ(decode_number("0bAA", 10).error(), (Violation{Rule::number_is_a_constant, 11, 'b'}));
  EXPECT_EQ(decode_number("0B", 10).error(), (Violation{Rule::number_is_a_constant, 11, 'B'}));
}

TEST(Number, KnowsEveryHexDigitAndNoOtherCharacter) {
  for (int c = 1; c < 256; ++c) {
    const std::string value = std::string{"0x"} + static_cast<char>(c);
    const std::string_view lower = "0123456789abcdef", upper = "0123456789ABCDEF";
    const auto digit = std::min(lower.find(static_cast<char>(c)), upper.find(static_cast<char>(c)));
    const auto number = decode_number(value);
    ASSERT_EQ(number.has_value(), digit != std::string_view::npos) << c;
    if (number) {
      EXPECT_EQ(*number, digit);
    }
  }
}

RC_GTEST_PROP(Number, IsReadBackAsWritten, (std::uint64_t value)) {
  RC_ASSERT((decode_number(encode_number(value)) == value));
}

// Ranges.

TEST(NumericRange, HasTwoEndsInOrder) {
  EXPECT_EQ(decode_range("2048~8192"), (Range{.low = 2048, .high = 8192}));
  EXPECT_EQ(decode_range("5~5"), (Range{.low = 5, .high = 5}));
  EXPECT_EQ(decode_range("0x800~8192"), (Range{.low = 2048, .high = 8192}));
  EXPECT_EQ(decode_range("0~18446744073709551615"), (Range{.low = 0, .high = largest}));
  EXPECT_EQ(decode_range("8192~2048", 4).error(),
            (Violation{Rule::range_ends_are_in_order, 9, 2048}));
}

TEST(NumericRange, MayBeASingleNumber) {
  EXPECT_EQ(decode_range("2048"), (Range{.low = 2048, .high = 2048}));
}

TEST(NumericRange, IsRefusedWhereOneOfItsEndsIsNoNumber) {
  const auto at = [](std::string_view value) { return decode_range(value, 10).error(); };
  EXPECT_EQ(at(""), (Violation{Rule::number_is_a_constant, 10, 0}));
  EXPECT_EQ(at("~8"), (Violation{Rule::number_is_a_constant, 10, 0}));
  EXPECT_EQ(at("8~"), (Violation{Rule::number_is_a_constant, 12, 0}));
  EXPECT_EQ(at("1~2~3"), (Violation{Rule::number_is_a_constant, 13, '~'}));
  EXPECT_EQ(at("1-2"), (Violation{Rule::number_is_a_constant, 11, '-'}));
}

// Binary values.

std::string binary(std::string_view value, std::size_t maximum_bytes = 1024) {
  const auto bytes = decode_binary(value, 0, maximum_bytes);
  return bytes ? hex_of(*bytes) : std::string{about(bytes.error().rule).slug};
}

TEST(Binary, IsReadFromHexadecimalWithItsImpliedLength) {
  EXPECT_EQ(binary("0x00"), "00");
  EXPECT_EQ(binary("0X00fF"), "00ff");
  EXPECT_EQ(binary("0x0123456789abcdefABCDEF"), "0123456789abcdefabcdef");
  // n digits make (n+1)/2 bytes; the digits are a number, so a missing one is in front.
  EXPECT_EQ(binary("0x1"), "01");
  EXPECT_EQ(binary("0x123"), "0123");
}

TEST(Binary, IsReadFromBase64WithItsImpliedLength) {
  // The test vectors of RFC 4648 10, with and without their pads: RFC 3720 5.1 leaves pads free.
  EXPECT_EQ(binary("0bZg=="), hex_of(wire::as_bytes("f")));
  EXPECT_EQ(binary("0bZm8="), hex_of(wire::as_bytes("fo")));
  EXPECT_EQ(binary("0bZm9v"), hex_of(wire::as_bytes("foo")));
  EXPECT_EQ(binary("0bZm9vYg=="), hex_of(wire::as_bytes("foob")));
  EXPECT_EQ(binary("0BZm9vYmE="), hex_of(wire::as_bytes("fooba")));
  EXPECT_EQ(binary("0bZm9vYmFy"), hex_of(wire::as_bytes("foobar")));
  EXPECT_EQ(binary("0bZg"), hex_of(wire::as_bytes("f")));
  EXPECT_EQ(binary("0bZm8"), hex_of(wire::as_bytes("fo")));
  EXPECT_EQ(binary("0b+/+/"), "fbffbf");
}

TEST(Binary, RefusesBase64ThatRfc2045DoesNotWrite) {
  for (const std::string_view bad : {"0bA", "0bAAAAA",      // one digit left: six bits are no byte
                                     "0bZh==", "0bZm9=",    // bits left over that are not zero
                                     "0bZg=", "0bZg===",    // two digits take two pads
                                     "0bZm8==", "0bZm9v=",  // three take one, four none
                                     "0bZm9v====", "0b====",  //
                                     "0bZ=g=", "0bZg==Zg==",  // pads stand at the end
                                     "0bZg=A"})
    EXPECT_EQ(binary(bad), "base64-is-well-formed") << bad;
}

TEST(Binary, RefusesBase64WhereItGoesWrong) {
  const auto at = [](std::string_view value) { return decode_binary(value, 50, 9).error(); };
  EXPECT_EQ(at("0bZh=="), (Violation{Rule::base64_is_well_formed, 53, 'h'}));
  EXPECT_EQ(at("0bZm9="), (Violation{Rule::base64_is_well_formed, 54, '9'}));
  EXPECT_EQ(at("0bZg="), (Violation{Rule::base64_is_well_formed, 54, 3}));
  EXPECT_EQ(at("0bAAAAA"), (Violation{Rule::base64_is_well_formed, 52, 5}));
}

TEST(Binary, RefusesAConstantWithoutDigitsOrWithOthers) {
  for (const std::string_view bad : {"0x", "0b", "", "0xg0", "0x0 ", "0bA*==", "0bA-AA", "zz"})
    EXPECT_EQ(binary(bad), "binary-is-a-constant") << bad;
  EXPECT_EQ(decode_binary("0x00g0", 50, 9).error(),
            (Violation{Rule::binary_is_a_constant, 54, 'g'}));
  EXPECT_EQ(decode_binary("0bAA*A", 50, 9).error(),
            (Violation{Rule::binary_is_a_constant, 54, '*'}));
}

TEST(Binary, RefusesADecimalWhoseLengthNobodyKnows) {
  EXPECT_EQ(binary("0"), "decimal-binary-has-known-length");
  EXPECT_EQ(binary("255"), "decimal-binary-has-known-length");
  EXPECT_EQ(binary("99999999999999999999"), "decimal-binary-has-known-length");
}

TEST(Binary, KnowsEveryBase64DigitAndNoOtherCharacter) {
  const std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int c = 1; c < 256; ++c) {
    if (c == '=') continue;
    const auto bytes = decode_binary(std::string{"0bA"} + static_cast<char>(c) + "AA", 0, 3);
    const auto value = digits.find(static_cast<char>(c));
    ASSERT_EQ(bytes.has_value(), value != std::string_view::npos) << c;
    if (bytes) {
      EXPECT_EQ(wire::load_big(*bytes), value << 12U) << c;
    }
  }
}

// 11.1.4: a challenge and a response have 1024 bytes at most (quirk Q8: all of them are legal).
// CVE-2018-14633 and CVE-2026-63886: longer than the receiver's buffer, in either base.
TEST(Binary, HoldsAsManyBytesAsItsKeyAllowsAndNotOneMore) {
  const std::string full(2048, 'a');
  EXPECT_EQ(binary("0x" + full).size(), 2048U);
  EXPECT_EQ(binary("0x" + full + "a"), "binary-within-limit");
  EXPECT_EQ(binary("0x" + full + "aa"), "binary-within-limit");
  EXPECT_EQ(binary("0x" + full.substr(1)).substr(0, 2), "0a");
  const std::string full64(1364, 'q');  // 1023 bytes
  EXPECT_EQ(binary("0b" + full64 + "qg==").size(), 2048U);
  EXPECT_EQ(binary("0b" + full64 + "qqg="), "binary-within-limit");
  EXPECT_EQ(binary("0b" + full64 + full64), "binary-within-limit");
  EXPECT_EQ(decode_binary("0x" + std::string(34, '0'), 7, 16).error(),
            (Violation{Rule::binary_within_limit, 9, 17}));
  EXPECT_EQ(decode_binary("0b" + std::string(127, 'A'), 7, 16).error(),
            (Violation{Rule::binary_within_limit, 9, 95}));
}

TEST(Binary, IsWrittenInBothBases) {
  EXPECT_EQ(encode_hexadecimal(wire::as_bytes("\x01\xfe")), "0x01fe");
  EXPECT_EQ(encode_base64(wire::as_bytes("f")), "0bZg==");
  EXPECT_EQ(encode_base64(wire::as_bytes("fo")), "0bZm8=");
  EXPECT_EQ(encode_base64(wire::as_bytes("foo")), "0bZm9v");
  EXPECT_EQ(encode_base64(wire::as_bytes("fooba")), "0bZm9vYmE=");
}

RC_GTEST_PROP(Binary, IsReadBackAsWritten, (const std::vector<std::uint8_t>& values)) {
  RC_PRE(!values.empty());
  const auto bytes = std::as_bytes(std::span{values});
  for (const std::string& value : {encode_hexadecimal(bytes), encode_base64(bytes)}) {
    const auto read = decode_binary(value, 0, values.size());
    RC_ASSERT(read.has_value());
    RC_ASSERT((std::ranges::equal(*read, bytes)));
    RC_ASSERT((!decode_binary(value, 0, values.size() - 1).has_value()));
  }
}

// 12.9: sixteen bits, in any of the three bases.
TEST(RegularBinary, IsReadFromAllThreeBases) {
  EXPECT_EQ(decode_regular_binary("1", 0, 2), 1U);
  EXPECT_EQ(decode_regular_binary("65535", 0, 2), 65535U);
  EXPECT_EQ(decode_regular_binary("0x1", 0, 2), 1U);
  EXPECT_EQ(decode_regular_binary("0xffff", 0, 2), 65535U);
  EXPECT_EQ(decode_regular_binary("0b//8=", 0, 2), 65535U);
  EXPECT_EQ(decode_regular_binary("18446744073709551615", 0, 8), largest);
}

TEST(RegularBinary, IsRefusedBeyondItsLength) {
  const auto at = [](std::string_view value) {
    return decode_regular_binary(value, 10, 2).error();
  };
  EXPECT_EQ(at("65536"), (Violation{Rule::binary_within_limit, 10, 65536}));
  EXPECT_EQ(at("0x10000"), (Violation{Rule::binary_within_limit, 12, 3}));
  EXPECT_EQ(at("0bAAAA"), (Violation{Rule::binary_within_limit, 12, 3}));
  EXPECT_EQ(at("x"), (Violation{Rule::binary_is_a_constant, 10, 'x'}));
  EXPECT_EQ(at("01"), (Violation{Rule::decimal_has_no_leading_zero, 10, 2}));
  EXPECT_EQ(decode_regular_binary("72057594037927935", 10, 7), 0xff'ffff'ffff'ffffU);
  EXPECT_EQ(decode_regular_binary("72057594037927936", 10, 7).error(),
            (Violation{Rule::binary_within_limit, 10, 0x100'0000'0000'0000U}));
  EXPECT_EQ(decode_regular_binary("18446744073709551616", 10, 8).error(),
            (Violation{Rule::number_below_two_to_64, 10, 20}));
}

// Large numbers.

std::string large(std::string_view value, std::size_t maximum_bytes = 1024) {
  const auto bytes = decode_large_number(value, 0, maximum_bytes);
  return bytes ? hex_of(*bytes) : std::string{about(bytes.error().rule).slug};
}

TEST(LargeNumber, IsItsBytesWithoutLeadingZeros) {
  EXPECT_EQ(large("0x10000000000000000"), "010000000000000000");
  EXPECT_EQ(large("0x00000000010000000000000000"), "010000000000000000");
  EXPECT_EQ(large("0x0"), "");
  EXPECT_EQ(large("0x000"), "");
}

TEST(LargeNumber, InBase64HasItsLeastDigitLast) {
  EXPECT_EQ(large("0bA"), "");
  EXPECT_EQ(large("0bB"), "01");
  EXPECT_EQ(large("0b/"), "3f");
  EXPECT_EQ(large("0bBA"), "40");    // 1 * 64
  EXPECT_EQ(large("0bEA"), "0100");  // 4 * 64
  EXPECT_EQ(large("0bAAAEA"), "0100");
  EXPECT_EQ(large("0bEA=="), "0100");  // pads are no part of the number
  EXPECT_EQ(large("0b////"), "ffffff");
  EXPECT_EQ(large("0bBAAAA"), "01000000");
}

TEST(LargeNumber, IsBoundedAndNeverDecimal) {
  EXPECT_EQ(large("0xffff", 2), "ffff");
  EXPECT_EQ(large("0x10000", 2), "binary-within-limit");
  EXPECT_EQ(large("0x00ffff", 2), "ffff");
  EXPECT_EQ(large("0bP//", 2), "ffff");                 // 15 * 64^2 + 63 * 64 + 63
  EXPECT_EQ(large("0bQAA", 2), "binary-within-limit");  // 2^16
}

TEST(LargeNumber, IsRefusedWithoutDigits) {
  for (const std::string_view bad : {"0x", "0b", "0xg", "0b*", "12", ""})
    EXPECT_EQ(large(bad), "number-is-a-constant") << bad;
  EXPECT_EQ(large("0bA="), "base64-is-well-formed");
}

}  // namespace
}  // namespace iscsi::text
