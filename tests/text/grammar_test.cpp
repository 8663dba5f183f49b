#include "text/grammar.hpp"

#include "text/support.hpp"

namespace iscsi::text {
namespace {

Violation refusal_of(std::string_view bytes) {
  const auto pairs = parse(bytes);
  EXPECT_FALSE(pairs.has_value());
  return pairs ? Violation{.rule = Rule::pdu_is_complete} : pairs.error();
}

TEST(Text, HoldsPairsEachEndedByOneNull) {
  const std::string bytes = text("InitiatorName=iqn.1999-07.com.os:hostid.77;SessionType=Normal;");
  const auto pairs = parse(bytes);
  ASSERT_TRUE(pairs.has_value());
  EXPECT_EQ(*pairs,
            (std::vector<KeyValue>{
                {.key = "InitiatorName", .value = "iqn.1999-07.com.os:hostid.77", .byte = 0},
                {.key = "SessionType", .value = "Normal", .byte = 43}}));
  EXPECT_EQ(pairs->at(0).value_byte(), 14U);
  EXPECT_EQ(pairs->at(1).value_byte(), 55U);
}

TEST(Text, MayBeEmpty) {
  const auto pairs = parse("");
  ASSERT_TRUE(pairs.has_value());
  EXPECT_TRUE(pairs->empty());
}

TEST(Text, IsSeenInPlaceAndNotCopied) {
  const std::string bytes = text("TargetAlias=x;");
  const auto pairs = parse(bytes);
  ASSERT_TRUE(pairs.has_value());
  EXPECT_EQ(pairs->front().key.data(), bytes.data());
  EXPECT_EQ(pairs->front().value.data(), bytes.data() + 12);
}

TEST(Text, SplitsAPairAtItsFirstEqualsSign) {
  const std::string bytes = text("InitiatorAlias=a=b==;");
  EXPECT_EQ(pairs_of(bytes).front().value, "a=b==");
}

TEST(Text, LetsAValueBeEmpty) {
  const std::string bytes = text("SendTargets=;");
  EXPECT_EQ(pairs_of(bytes).front().value, "");
}

TEST(Text, IsRefusedIfTheLastPairLacksItsNull) {
  EXPECT_EQ(refusal_of("A=1"), (Violation{Rule::text_pair_ends_in_null, 0, '1'}));
  EXPECT_EQ(refusal_of(text("A=1;B=22")), (Violation{Rule::text_pair_ends_in_null, 4, '2'}));
  EXPECT_EQ(refusal_of("A"), (Violation{Rule::text_pair_ends_in_null, 0, 'A'}));
}

TEST(Text, IsRefusedIfADelimiterIsRepeated) {
  EXPECT_EQ(refusal_of(text(";")), (Violation{Rule::text_pair_has_one_delimiter, 0, 0}));
  EXPECT_EQ(refusal_of(text("A=1;;B=2;")), (Violation{Rule::text_pair_has_one_delimiter, 4, 0}));
  EXPECT_EQ(refusal_of(text("A=1;;")), (Violation{Rule::text_pair_has_one_delimiter, 4, 0}));
  // Pad bytes counted into DataSegmentLength look just like that.
  EXPECT_EQ(refusal_of(text("A=1;;;;")), (Violation{Rule::text_pair_has_one_delimiter, 4, 0}));
}

TEST(Text, IsRefusedIfAPairLacksItsEqualsSign) {
  EXPECT_EQ(refusal_of(text("A=1;SessionType;")),
            (Violation{Rule::text_pair_has_equals_sign, 4, 11}));
}

TEST(Text, IsRefusedIfAKeyIsEmpty) {
  EXPECT_EQ(refusal_of(text("=1;")), (Violation{Rule::key_name_is_not_empty, 0, 0}));
  EXPECT_EQ(refusal_of(text("A=1;=NotUnderstood;")),
            (Violation{Rule::key_name_is_not_empty, 4, 0}));
}

TEST(Text, IsRefusedIfAValueIsNotUtf8) {
  EXPECT_EQ(refusal_of(text("InitiatorAlias=ab\xff;")), (Violation{Rule::text_is_utf8, 17, 0xff}));
}

TEST(Text, NamesTheFirstBreachOfNotationBeforeItsNames) {
  // Structure is judged before names: without it there are no names.
  EXPECT_EQ(refusal_of(text("a=1;;")).rule, Rule::text_pair_has_one_delimiter);
  EXPECT_EQ(refusal_of(text("A=1;b=2;c=3;")).byte, 4U);
}

// CVE-2026-63887: two thousand shortest pairs in one login segment.
TEST(Text, OfTwoThousandTinyPairsFailsAtTheFirstLowerCaseKey) {
  std::string bytes;
  for (int i = 0; i < 2048; ++i) bytes += text("a=b;");
  EXPECT_EQ(refusal_of(bytes), (Violation{Rule::key_name_begins_with_capital, 0, 'a'}));
}

// CVE-2026-90011: a login segment that is full and has no null at its end.
TEST(Text, OfAFullSegmentWithoutNullIsRefusedAtEveryLengthAroundTheLimit) {
  for (std::size_t size = 8189; size <= 8192; ++size) {
    std::string bytes = "InitiatorName=";
    bytes.resize(size, 'x');
    EXPECT_EQ(refusal_of(bytes), (Violation{Rule::text_pair_ends_in_null, 0, 'x'})) << size;
    bytes.back() = '\0';
    EXPECT_EQ(pairs_of(bytes).front().value.size(), size - 15);
  }
}

// Key names (5.1: a standard-label).

TEST(KeyName, HasSixtyThreeCharactersAtMost) {
  const std::string longest(63, 'K');
  EXPECT_FALSE(check_key_name(longest, 0).has_value());
  // CVE-2013-2850: a key of 64 bytes and more.
  for (const std::size_t size : {64U, 65U, 127U, 128U, 255U, 256U, 8000U})
    EXPECT_EQ(check_key_name(std::string(size, 'K'), 7),
              (Violation{Rule::key_name_within_limit, 7, size}));
}

TEST(KeyName, BeginsWithACapitalLetter) {
  for (int c = 1; c < 256; ++c) {
    if (c == '=') continue;
    const std::string name{static_cast<char>(c), 'x'};
    const auto wrong = check_key_name(name, 0);
    if (c >= 'A' && c <= 'Z')
      EXPECT_FALSE(wrong.has_value()) << c;
    else
      EXPECT_EQ(wrong,
                (Violation{Rule::key_name_begins_with_capital, 0, static_cast<std::uint64_t>(c)}));
  }
}

TEST(KeyName, HoldsLabelCharactersOnly) {
  const std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+@_";
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const std::string name = std::string{"Kk"} + character + "k";
    const auto wrong = check_key_name(name, 10);
    if (allowed.contains(character))
      EXPECT_FALSE(wrong.has_value()) << c;
    else
      EXPECT_EQ(wrong, (Violation{Rule::key_name_has_label_characters, 12,
                                  static_cast<std::uint64_t>(c)}));
    EXPECT_EQ(is_standard_label(name), allowed.contains(character)) << c;
  }
}

TEST(KeyName, MayBeThatOfAnExtension) {
  // The examples of 5.2 and 12.22.
  EXPECT_FALSE(check_key_name("X-com.example.bar.foo.do_something", 0).has_value());
  EXPECT_FALSE(check_key_name("X#SuperCalyPhraGilistic", 0).has_value());
  EXPECT_FALSE(check_key_name("X#vkey1", 0).has_value());
  // Behind the sharp stands a key name, with all its limits.
  EXPECT_FALSE(check_key_name("X#" + std::string(63, 'n'), 0).has_value());
  EXPECT_EQ(check_key_name("X#" + std::string(64, 'n'), 0),
            (Violation{Rule::key_name_within_limit, 2, 64}));
  EXPECT_EQ(check_key_name("X#", 5), (Violation{Rule::key_name_is_not_empty, 7, 0}));
  EXPECT_EQ(check_key_name("X#a#", 0), (Violation{Rule::key_name_has_label_characters, 3, '#'}));
  // The sharp belongs to X alone.
  EXPECT_EQ(check_key_name("Y#a", 0), (Violation{Rule::key_name_has_label_characters, 1, '#'}));
}

TEST(StandardLabel, IsOneToSixtyThreeCharactersFromACapitalOn) {
  EXPECT_TRUE(is_standard_label("A"));
  EXPECT_TRUE(is_standard_label(std::string(63, 'A')));
  EXPECT_FALSE(is_standard_label(std::string(64, 'A')));
  EXPECT_FALSE(is_standard_label(""));
  EXPECT_FALSE(is_standard_label("a"));
}

// Writing.

TEST(Pairs, AreWrittenWithEqualsSignAndNull) {
  std::string bytes;
  append_pair(bytes, "HeaderDigest", "None");
  append_pair(bytes, "SendTargets", "");
  EXPECT_EQ(bytes, text("HeaderDigest=None;SendTargets=;"));
  EXPECT_EQ(encode_pairs({{"A", "1"}, {"B", ""}}), text("A=1;B=;"));
  EXPECT_EQ(encode_pairs({}), "");
}

// UTF-8: the rows of Unicode's table of well-formed sequences, at both ends, and next to them.

TEST(Utf8, AcceptsTheEndsOfEveryRangeOfScalars) {
  for (const std::string_view good :
       {std::string_view{"\0", 1}, std::string_view{"\x7f"}, std::string_view{"\xc2\x80"},
        std::string_view{"\xdf\xbf"}, std::string_view{"\xe0\xa0\x80"},
        std::string_view{"\xe0\xbf\xbf"}, std::string_view{"\xe1\x80\x80"},
        std::string_view{"\xec\xbf\xbf"}, std::string_view{"\xed\x80\x80"},
        std::string_view{"\xed\x9f\xbf"}, std::string_view{"\xee\x80\x80"},
        std::string_view{"\xef\xbf\xbf"}, std::string_view{"\xf0\x90\x80\x80"},
        std::string_view{"\xf0\xbf\xbf\xbf"}, std::string_view{"\xf1\x80\x80\x80"},
        std::string_view{"\xf3\xbf\xbf\xbf"}, std::string_view{"\xf4\x80\x80\x80"},
        std::string_view{"\xf4\x8f\xbf\xbf"}})
    EXPECT_TRUE(is_utf8(good)) << hex_of(wire::as_bytes(good));
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsCutOff) {
  for (const std::string_view bad : {"\x80",
                                     "\xbf",
                                     "\xc0\x80",
                                     "\xc1\xbf",
                                     "\xc1\xbf\xbf",
                                     "\xc1\xbf\xbf\xbf",
                                     "\xc2",
                                     "\xc2\x7f",
                                     "\xc2\xc0",
                                     "\xe0\x9f\xbf",
                                     "\xe0\xc0\x80",
                                     "\xe1\x7f\x80",
                                     "\xe1\x80",
                                     "\xe1\x80\x7f",
                                     "\xe1\x80\xc0",
                                     "\xed\xa0\x80",
                                     "\xed\xbf\xbf",
                                     "\xf0",
                                     "\xf0\x8f\xbf\xbf",
                                     "\xf0\x90\x80",
                                     "\xf1\x80\x80\x7f",
                                     "\xf1\x80\xc0\x80",
                                     "\xf1\x7f\x80\x80",
                                     "\xf4\x90\x80\x80",
                                     "\xf5\x80\x80\x80",
                                     "\xff"})
    EXPECT_FALSE(is_utf8(bad)) << hex_of(wire::as_bytes(bad));
}

TEST(Utf8, DoesNotLookBehindTheEndOfTheText) {
  EXPECT_FALSE(is_utf8(std::string_view{"\xc2\x80", 1}));
  EXPECT_FALSE(is_utf8(std::string_view{"\xe1\x80\x80", 2}));
  EXPECT_FALSE(is_utf8(std::string_view{"\xf1\x80\x80\x80", 3}));
}

TEST(Utf8, IsFollowedThroughAWholeText) {
  EXPECT_TRUE(
      is_utf8("Gr\xc3\xbc\xc3\x9f"
              "e \xe2\x82\xac"));
  EXPECT_FALSE(is_utf8("Gr\xc3\xbc\xc3"));
}

// String values.

TEST(TextValue, HoldsItsAlphabetOnly) {
  const std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+@_/[]:";
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const auto wrong = check_text_value(std::string{"a"} + character, 20);
    if (allowed.contains(character))
      EXPECT_FALSE(wrong.has_value()) << c;
    else
      EXPECT_EQ(wrong, (Violation{Rule::text_value_has_its_characters, 21,
                                  static_cast<std::uint64_t>(c)}));
  }
}

TEST(TextValue, HasTwoHundredFiftyFiveBytesAtMostAndMayBeEmpty) {
  EXPECT_FALSE(check_text_value("", 0).has_value());
  EXPECT_FALSE(check_text_value(std::string(255, 'v'), 0).has_value());
  EXPECT_EQ(check_text_value(std::string(256, 'v'), 3),
            (Violation{Rule::text_value_within_limit, 3, 256}));
}

TEST(IscsiName, HoldsOneToTwoHundredTwentyThreeBytes) {
  EXPECT_EQ(check_iscsi_name("", 9), (Violation{Rule::iscsi_name_within_length, 9, 0}));
  EXPECT_FALSE(check_iscsi_name("i", 0).has_value());
  EXPECT_FALSE(check_iscsi_name(std::string(223, 'i'), 0).has_value());
  EXPECT_EQ(check_iscsi_name(std::string(224, 'i'), 0),
            (Violation{Rule::iscsi_name_within_length, 0, 224}));
}

TEST(IscsiName, HoldsNoAsciiButLettersDigitsDashDotAndColon) {
  const std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:";
  for (int c = 0; c < 128; ++c) {
    const char character = static_cast<char>(c);
    const auto wrong = check_iscsi_name(std::string{"iqn"} + character, 1);
    if (allowed.contains(character))
      EXPECT_FALSE(wrong.has_value()) << c;
    else
      EXPECT_EQ(wrong, (Violation{Rule::iscsi_name_is_prepared, 4, static_cast<std::uint64_t>(c)}));
  }
}

TEST(IscsiName, HoldsCharactersBeyondAsciiInUtf8) {
  EXPECT_FALSE(check_iscsi_name("iqn.2001-04.com.example:\xe6\xbc\xa2", 0).has_value());
  EXPECT_FALSE(check_iscsi_name("iqn.2001-04.com.example:\xc4\x80", 0).has_value());
  EXPECT_EQ(check_iscsi_name("iqn.\xe6\xbc", 0), (Violation{Rule::text_is_utf8, 4, 0xe6}));
}

TEST(LocalName, IsUtf8OfTwoHundredFiftyFiveBytesAtMost) {
  EXPECT_FALSE(check_local_name("Database Server 1 Log Disk", 0).has_value());
  EXPECT_FALSE(check_local_name("", 0).has_value());
  EXPECT_FALSE(check_local_name(std::string(255, ' '), 0).has_value());
  EXPECT_EQ(check_local_name(std::string(256, ' '), 4),
            (Violation{Rule::text_value_within_limit, 4, 256}));
  EXPECT_EQ(check_local_name("ab\xc3", 4), (Violation{Rule::text_is_utf8, 6, 0xc3}));
}

TEST(List, IsSplitAtCommas) {
  EXPECT_EQ(decode_list("CRC32C,None"), (std::vector<std::string_view>{"CRC32C", "None"}));
  EXPECT_EQ(decode_list("None"), (std::vector<std::string_view>{"None"}));
}

TEST(List, LetsItsValuesBeEmptyAsTextValuesMayBe) {
  EXPECT_EQ(decode_list(""), (std::vector<std::string_view>{""}));
  EXPECT_EQ(decode_list("None,"), (std::vector<std::string_view>{"None", ""}));
  EXPECT_EQ(decode_list(",,None"), (std::vector<std::string_view>{"", "", "None"}));
}

TEST(List, TakesTheNamesOfExtensions) {
  EXPECT_EQ(
      decode_list("Y-com.example.crc,Y#registered,Z#registered,None"),
      (std::vector<std::string_view>{"Y-com.example.crc", "Y#registered", "Z#registered", "None"}));
  EXPECT_EQ(decode_list("Y#,Z#"), (std::vector<std::string_view>{"Y#", "Z#"}));
  const std::string_view letter = std::string_view{"Y#a"}.substr(0, 1);  // no sharp is its own
  EXPECT_EQ(decode_list(letter), (std::vector<std::string_view>{"Y"}));
}

TEST(List, RefusesAValueOutsideTheAlphabet) {
  const auto at = [](std::string_view value) { return decode_list(value, 100).error(); };
  EXPECT_EQ(at("None,CRC 32"), (Violation{Rule::text_value_has_its_characters, 108, ' '}));
  EXPECT_EQ(at("X#a"), (Violation{Rule::text_value_has_its_characters, 101, '#'}));
  EXPECT_EQ(at("Y!a"), (Violation{Rule::text_value_has_its_characters, 101, '!'}));
  EXPECT_EQ(at("Y#a#"), (Violation{Rule::text_value_has_its_characters, 103, '#'}));
  EXPECT_EQ(at("(bla,alb)"), (Violation{Rule::text_value_has_its_characters, 100, '('}));
}

TEST(List, BoundsEachValueAndNotTheirSum) {
  const std::string longest(255, 'v');
  EXPECT_TRUE(decode_list(longest + ',' + longest).has_value());
  EXPECT_EQ(decode_list(longest + ",v" + longest).error(),
            (Violation{Rule::text_value_within_limit, 256, 256}));
}

TEST(ReservedWords, AreThreeAndCaseCounts) {
  for (const std::string_view word : {"Reject", "Irrelevant", "NotUnderstood"})
    EXPECT_TRUE(is_reserved_answer(word)) << word;
  for (const std::string_view word : {"None", "reject", "REJECT", "Notunderstood", "Rejected", ""})
    EXPECT_FALSE(is_reserved_answer(word)) << word;
}

}  // namespace
}  // namespace iscsi::text
