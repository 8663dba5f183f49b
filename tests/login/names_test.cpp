#include "login/names.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <string>

namespace iscsi::login {
namespace {

using namespace std::literals;

std::string normal_form(std::string_view text) {
  const auto name = parse_name(text);
  return name ? std::string(name->text()) : "refused"s;
}

struct Refusal {
  std::string_view text;
  Rule rule;
  std::uint32_t byte;
  std::uint64_t found;
};

void expect_refused(const Refusal& want) {
  const auto name = parse_name(want.text);
  ASSERT_FALSE(name.has_value()) << want.text;
  EXPECT_EQ(name.error(), (Violation{want.rule, want.byte, want.found}))
      << want.text << ": " << about(name.error().rule).slug << " at " << name.error().byte
      << ", found " << name.error().found;
}

std::string qualified_name_of(std::size_t bytes) {
  const std::string stem = "iqn.2001-04.com.example:";
  return stem + std::string(bytes - stem.size(), 'x');
}

TEST(Names, OfTheRfcsExamplesAreValid) {
  // RFC 3720 3.2.6.3.1, 3.2.6.3.2, 12.4, 12.5; RFC 3980 4.1.
  for (const auto text :
       {"iqn.2001-04.com.example:storage:diskarrays-sn-a8675309", "iqn.2001-04.com.example",
        "iqn.2001-04.com.example:storage.tape1.sys1.xyz",
        "iqn.1993-11.com.disk-vendor:diskarrays.sn.45678",
        "iqn.1992-04.com.os-vendor.plan9:cdrom.12345"})
    EXPECT_EQ(normal_form(text), text);
  EXPECT_EQ(parse_name("eui.02004567A425678D")->type(), NameType::eui64);
  EXPECT_EQ(parse_name("naa.52004567BA64678D")->type(), NameType::naa);
  EXPECT_EQ(parse_name("naa.62004567BA64678D0123456789ABCDEF")->type(), NameType::naa);
  EXPECT_EQ(parse_name("iqn.2001-04.com.example")->type(), NameType::qualified);
}

TEST(Names, OfRealInitiatorsAreValid) {
  for (const auto text :
       {"iqn.1991-05.com.microsoft:win2003s", "iqn.1993-08.org.debian:01:1136863cff5a",
        "iqn.1998-01.com.vmware:host-0123abcd",
        "iqn.2007-10.com.github:sahlberg:libiscsi:iscsi-test",
        "iqn.2010-04.org.ipxe:00112233-4455-6677-8899-aabbccddeeff", "iqn.2008-11.org.linux-kvm",
        "iqn.1987-05.com.cisco:01.f2d3"})
    EXPECT_EQ(normal_form(text), text);
}

TEST(Names, CompareWithoutRegardToCase) {
  EXPECT_EQ(parse_name("iqn.2001-04.com.Example:DISK"), parse_name("IQN.2001-04.com.example:disk"));
  EXPECT_EQ(parse_name("eui.02004567A425678D"), parse_name("eui.02004567a425678d"));
  EXPECT_NE(parse_name("iqn.2001-04.com.example:disk1"),
            parse_name("iqn.2001-04.com.example:disk2"));
}

TEST(Names, AreNormalisedByFormKcAndFoldedInAllScripts) {
  // Full-width letters and colon (compatibility), sharp s (folded to ss), soft hyphen (mapped to
  // nothing), e with a combining acute accent (composed), capital omega (folded).
  EXPECT_EQ(normal_form("\uff29\uff31\uff2e.2001-04.com.example\uff1ax"),
            "iqn.2001-04.com.example:x");
  EXPECT_EQ(normal_form("iqn.2001-04.com.example:stra\u00dfe"), "iqn.2001-04.com.example:strasse");
  EXPECT_EQ(normal_form("iqn.2001-04.com.exam\u00adple"), "iqn.2001-04.com.example");
  EXPECT_EQ(normal_form("iqn.2001-04.com.example:e\u0301"), "iqn.2001-04.com.example:\u00e9");
  EXPECT_EQ(normal_form("iqn.2001-04.com.example:\u03a9"), "iqn.2001-04.com.example:\u03c9");
}

TEST(Names, ReachUpTo223BytesAndNoFurther) {
  EXPECT_EQ(normal_form(qualified_name_of(222)).size(), 222U);
  EXPECT_EQ(normal_form(qualified_name_of(223)).size(), 223U);
  const auto above = qualified_name_of(224);
  expect_refused({above, Rule::iscsi_name_within_length, 0, 224});
}

TEST(Names, AreMeasuredInTheirNormalForm) {
  // Twenty soft hyphens (two bytes each) vanish in preparation: 263 bytes come, 223 count.
  std::string shrinking = qualified_name_of(223);
  for (int i = 0; i < 20; ++i) shrinking += "\u00ad";
  EXPECT_EQ(normal_form(shrinking).size(), 223U);
  // U+0149 (two bytes) becomes an apostrophe and n: still prohibited. U+FB03 (three bytes) becomes
  // ffi.
  std::string growing = qualified_name_of(220) + "\ufb03";
  EXPECT_EQ(normal_form(growing).size(), 223U);
  growing += "\u0133";  // U+0133 becomes i and j: 225
  expect_refused({growing, Rule::iscsi_name_within_length, 0, 225});
}

TEST(Names, OfAnyLengthAreRefusedWithoutHarm) {
  for (const std::size_t bytes : {1022U, 1023U, 1024U, 1025U, 100'000U}) {
    const Violation too_long{Rule::iscsi_name_within_length, 0, bytes};
    for (const std::string& text :
         {qualified_name_of(bytes), qualified_name_of(bytes - 2) + "\u00e9"}) {
      const auto name = parse_name(text);
      ASSERT_FALSE(name.has_value()) << bytes;
      EXPECT_EQ(name.error(), too_long);
    }
  }
  // U+3300 (three bytes) becomes four katakana of three bytes: what arrives fits, the result does
  // not.
  std::string growing = "iqn.2001-04.com.example:";
  for (int i = 0; i < 300; ++i) growing += "\u3300";
  const auto name = parse_name(growing);
  ASSERT_FALSE(name.has_value());
  EXPECT_EQ(name.error().rule, Rule::iscsi_name_within_length);
}

/// RFC 3722 1 and 6.2: of ASCII, only lower-case letters, digits, dash, dot and colon are left.
TEST(Names, HoldNoOtherAsciiThanTheProfileAllows) {
  for (int code = 0; code < 0x80; ++code) {
    const auto c = static_cast<char>(code);
    const std::string text = "iqn.2001-04.com.example:a"s + c + "b";
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
    if (allowed)
      EXPECT_TRUE(parse_name(text).has_value()) << code;
    else
      expect_refused({text, Rule::iscsi_name_is_prepared, 25, static_cast<std::uint64_t>(code)});
  }
}

/// A letter beyond ASCII sends the whole name through libidn: what it makes of the ASCII before it
/// is what becomes of ASCII alone.
TEST(Names, OfAsciiAreWhatStringprepMakesOfThem) {
  const std::string every =
      "iqn.2001-04.com.example:-.:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  EXPECT_EQ(normal_form(every) + "\u00e9", normal_form(every + "\u00e9"));
  EXPECT_EQ(normal_form(every).substr(24, 3), "-.:");
  EXPECT_TRUE(normal_form(every).ends_with("wxyzabcdefghijklmnopqrstuvwxyz"));
}

TEST(Names, ShowTheFirstOffenderBehindAllowedCharacters) {
  expect_refused({"iqn.2001-04.com.example:azAZ09-.:_/", Rule::iscsi_name_is_prepared, 33, '_'});
  expect_refused({"iqn.2001-04.com.example:\u00e9_", Rule::iscsi_name_is_prepared, 26, '_'});
}

TEST(Names, CannotLeadOutOfADirectory) {
  expect_refused(
      {"iqn.2001-04.com.example:../../etc/passwd", Rule::iscsi_name_is_prepared, 26, '/'});
  // The full-width solidus and the one dot leader turn into what they look like.
  expect_refused({"iqn.2001-04.com.example:\uff0fx", Rule::iscsi_name_is_prepared, 24, 0xef});
  expect_refused({"iqn.2001-04.com.example:\u3002x", Rule::iscsi_name_is_prepared, 24, 0xe3});
}

TEST(Names, HoldNoProhibitedCharacterBeyondAscii) {
  for (const auto text :
       {"iqn.2001-04.com.example:a\u00a0b", "iqn.2001-04.com.example:a\u2003b",
        "iqn.2001-04.com.example:\ufdfa", "iqn.2001-04.com.example:\ue000",
        "iqn.2001-04.com.example:\uffff", "iqn.2001-04.com.example:\u200ea",
        "iqn.2001-04.com.example:\u05d0a"}) {  // the last: right-to-left and left-to-right mixed
    const auto name = parse_name(text);
    ASSERT_FALSE(name.has_value()) << text;
    EXPECT_EQ(name.error().rule, Rule::iscsi_name_is_prepared) << text;
  }
}

TEST(Names, AreWellFormedUtf8) {
  for (const auto tail : {"\x80"sv, "\xc3"sv, "\xc3x"sv, "\xc0\xaf"sv, "\xed\xa0\x80"sv,
                          "\xf4\x90\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "\xff"sv}) {
    const std::string text = "iqn.2001-04.com.example:" + std::string(tail);
    const auto name = parse_name(text);
    ASSERT_FALSE(name.has_value()) << tail.size();
    EXPECT_EQ(name.error().rule, Rule::iscsi_name_is_prepared);
    EXPECT_EQ(name.error().byte, 24U);
  }
}

TEST(Names, BeginWithADefinedType) {
  for (const auto text : {""sv, "iqn"sv, "eui"sv, "disk"sv, "urn.2001-04.com.example"sv,
                          "iqn2001-04.com.example"sv, "mac.0123456789ab"sv})
    expect_refused({text, Rule::iscsi_name_type_is_defined, 0,
                    text.empty() ? 0U : static_cast<std::uint64_t>(text[0])});
}

TEST(Names, OfTypeIqnHaveADateInTheFormOfTheRfc) {
  expect_refused({"iqn.", Rule::qualified_name_has_date, 4, 0});
  expect_refused({"iqn.2001", Rule::qualified_name_has_date, 8, 0});
  expect_refused({"iqn.01-04.com.example", Rule::qualified_name_has_date, 6, '-'});
  expect_refused({"iqn.2001.04.com.example", Rule::qualified_name_has_date, 8, '.'});
  expect_refused({"iqn.2001-4.com.example", Rule::qualified_name_has_date, 10, '.'});
  expect_refused({"iqn.2001-00.com.example", Rule::qualified_name_has_date, 9, '0'});
  expect_refused({"iqn.2001-13.com.example", Rule::qualified_name_has_date, 9, '1'});
  expect_refused({"iqn.2001-04", Rule::qualified_name_has_date, 11, 0});
  expect_refused({"iqn.2001-04:disk", Rule::qualified_name_has_date, 11, ':'});
  expect_refused({"iqn.2001-04-01.com.example", Rule::qualified_name_has_date, 11, '-'});
  for (int month = 1; month <= 12; ++month) {
    const std::string digits = {static_cast<char>('0' + month / 10),
                                static_cast<char>('0' + month % 10)};
    EXPECT_TRUE(parse_name("iqn.2001-" + digits + ".com.example").has_value()) << month;
  }
}

TEST(Names, OfTypeIqnHaveANamingAuthorityWithoutEmptyLabels) {
  expect_refused({"iqn.2001-04.", Rule::qualified_name_has_authority, 12, 0});
  expect_refused({"iqn.2001-04.:disk", Rule::qualified_name_has_authority, 12, ':'});
  expect_refused({"iqn.2001-04..example", Rule::qualified_name_has_authority, 12, '.'});
  expect_refused({"iqn.2001-04.com..example", Rule::qualified_name_has_authority, 16, '.'});
  expect_refused({"iqn.2001-04.com.", Rule::qualified_name_has_authority, 16, 0});
  expect_refused({"iqn.2001-04.com.:disk", Rule::qualified_name_has_authority, 16, ':'});
  EXPECT_TRUE(parse_name("iqn.2001-04.com").has_value());
}

TEST(Names, OfTypeIqnEndAsTheOwnerOfTheDomainLikes) {
  for (const auto text : {"iqn.2001-04.com.example:", "iqn.2001-04.com.example:..",
                          "iqn.2001-04.com.example::a:b", "iqn.2001-04.com.example:.-."})
    EXPECT_TRUE(parse_name(text).has_value()) << text;
}

TEST(Names, OfTypeEuiHaveSixteenHexadecimalDigits) {
  expect_refused({"eui.", Rule::eui_name_has_sixteen_digits, 4, 0});
  expect_refused({"eui.02004567a425678", Rule::eui_name_has_sixteen_digits, 19, 0});
  expect_refused({"eui.02004567a425678d0", Rule::eui_name_has_sixteen_digits, 21, 0});
  expect_refused({"eui.02004567a425678g", Rule::eui_name_has_sixteen_digits, 19, 'g'});
  expect_refused({"eui.02004567a425678d:x", Rule::eui_name_has_sixteen_digits, 20, ':'});
}

TEST(Names, OfTypeNaaHaveSixteenOrThirtyTwoHexadecimalDigits) {
  for (std::size_t digits = 0; digits <= 40; ++digits) {
    const auto name = parse_name("naa." + std::string(digits, '5'));
    ASSERT_EQ(name.has_value(), digits == 16 || digits == 32) << digits;
    if (name) continue;
    EXPECT_EQ(name.error(), (Violation{Rule::naa_name_has_its_digits,
                                       static_cast<std::uint32_t>(4 + digits), 0}));
  }
  expect_refused({"naa.5200456-ba64678d", Rule::naa_name_has_its_digits, 11, '-'});
}

RC_GTEST_PROP(Names, AreTheirOwnNormalForm, (const std::u32string& points)) {
  std::string text = "iqn.2001-04.com.example:";
  for (const char32_t raw : points) {
    const auto point = 0x80U + static_cast<std::uint32_t>(raw) % 0x780U;  // two-byte sequences
    text += static_cast<char>(0xc0U | point >> 6U);
    text += static_cast<char>(0x80U | (point & 0x3fU));
  }
  const auto name = parse_name(text);
  if (!name) return;
  const auto again = parse_name(name->text());
  RC_ASSERT(again.has_value());
  RC_ASSERT((*again == *name));
}

RC_GTEST_PROP(Names, FromAnyBytesAreRefusedOrShortAndClean, (const std::string& tail)) {
  const auto name = parse_name("iqn.2001-04.com.example:" + tail);
  if (!name) return;
  RC_ASSERT(name->text().size() <= 223U);
  for (const char c : name->text()) RC_ASSERT(static_cast<unsigned char>(c) > 0x20U);
}

}  // namespace
}  // namespace iscsi::login
