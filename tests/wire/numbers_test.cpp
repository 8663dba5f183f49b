#include "wire/numbers.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace {

using iscsi::wire::CmdSN;
using iscsi::wire::DataSN;
using iscsi::wire::StatSN;

constexpr std::uint32_t half = 0x8000'0000U;

/// RFC 1982 3.2's definition of "less than", in unbounded integers and at any width.
bool less_by_definition(std::int64_t i1, std::int64_t i2, unsigned serial_bits) {
  const std::int64_t limit = std::int64_t{1} << (serial_bits - 1);
  return (i1 < i2 && i2 - i1 < limit) || (i1 > i2 && i1 - i2 > limit);
}

/// An 8-bit serial number seen as a 32-bit one: the order only depends on the distance, so the top
/// byte of the 32 bits has the order of an 8-bit space.
CmdSN at_top(unsigned value) { return CmdSN{value << 24U}; }

TEST(Serial, OrdersTheRfcsExampleOfTwoBits) {
  const auto number = [](unsigned value) { return CmdSN{value << 30U}; };
  for (const auto& [greater, less] : {std::pair{1U, 0U}, {2U, 1U}, {3U, 2U}, {0U, 3U}}) {
    EXPECT_TRUE(number(less).precedes(number(greater)));
    EXPECT_FALSE(number(greater).precedes(number(less)));
  }
  for (const auto& [one, other] : {std::pair{2U, 0U}, {1U, 3U}}) {
    EXPECT_FALSE(number(one).precedes(number(other)));
    EXPECT_FALSE(number(other).precedes(number(one)));
  }
}

TEST(Serial, OrdersTheRfcsExampleOfEightBits) {
  for (const auto& [greater, less] : {std::pair{1U, 0U},
                                      {44U, 0U},
                                      {100U, 0U},
                                      {100U, 44U},
                                      {200U, 100U},
                                      {255U, 200U},
                                      {0U, 255U},
                                      {100U, 255U},
                                      {0U, 200U},
                                      {44U, 200U}}) {
    EXPECT_TRUE(at_top(less).precedes(at_top(greater))) << greater << " > " << less;
    EXPECT_FALSE(at_top(greater).precedes(at_top(less))) << greater << " > " << less;
  }
}

TEST(Serial, HasTheOrderOfTheRfcsDefinitionForAllPairsOfEightBits) {
  for (unsigned one = 0; one < 256; ++one)
    for (unsigned other = 0; other < 256; ++other)
      ASSERT_EQ(at_top(one).precedes(at_top(other)), less_by_definition(one, other, 8))
          << one << ' ' << other;
}

TEST(Serial, HasTheOrderOfTheRfcsDefinitionAroundEveryEdge) {
  const std::uint32_t edges[] = {0,    1,        2,        half - 2,    half - 1,
                                 half, half + 1, half + 2, 0xffff'fffe, 0xffff'ffff};
  for (const std::uint32_t one : edges)
    for (const std::uint32_t other : edges)
      ASSERT_EQ(CmdSN{one}.precedes(CmdSN{other}), less_by_definition(one, other, 32))
          << one << ' ' << other;
}

TEST(Serial, HasNoOrderForNumbersHalfTheSpaceApart) {
  for (const std::uint32_t value : {0U, 1U, 12345U, half - 1, half, 0xffff'ffffU}) {
    EXPECT_FALSE(CmdSN{value}.precedes(CmdSN{value + half}));
    EXPECT_FALSE(CmdSN{value + half}.precedes(CmdSN{value}));
    EXPECT_FALSE(CmdSN{value}.precedes_or_is(CmdSN{value + half}));
  }
}

TEST(Serial, DoesNotPrecedeItself) {
  EXPECT_FALSE(CmdSN{7}.precedes(CmdSN{7}));
  EXPECT_TRUE(CmdSN{7}.precedes_or_is(CmdSN{7}));
  EXPECT_TRUE(CmdSN{7}.precedes_or_is(CmdSN{8}));
  EXPECT_FALSE(CmdSN{8}.precedes_or_is(CmdSN{7}));
}

TEST(Serial, WrapsAtItsEnd) {
  EXPECT_EQ(CmdSN{0xffff'ffff} + 1, CmdSN{0});
  EXPECT_EQ(CmdSN{0} - 1, CmdSN{0xffff'ffff});
  EXPECT_TRUE(CmdSN{0xffff'ffff}.precedes(CmdSN{0}));
  EXPECT_FALSE(CmdSN{0}.precedes(CmdSN{0xffff'ffff}));
  CmdSN number{0xffff'ffff};
  EXPECT_EQ(++number, CmdSN{0});
  EXPECT_EQ(number, CmdSN{0});
}

TEST(Serial, CountsTheStepsFromAnEarlierNumber) {
  EXPECT_EQ(CmdSN{10}.since(CmdSN{7}), 3U);
  EXPECT_EQ(CmdSN{2}.since(CmdSN{0xffff'fffe}), 4U);
  EXPECT_EQ((CmdSN{0xffff'fff0} + 0x20).since(CmdSN{0xffff'fff0}), 0x20U);
}

TEST(Serial, IsGreaterAfterEachAdditionThatTheRfcDefines) {
  // 1982 4.1: s + n is greater than s for every n from 1 to 2^31 - 1.
  for (const std::uint32_t s : {0U, 1U, half, 0xffff'ffffU})
    for (const std::uint32_t n : {1U, 2U, 0x1234'5678U, half - 1}) {
      EXPECT_TRUE(CmdSN{s}.precedes(CmdSN{s} + n));
      EXPECT_FALSE((CmdSN{s} + n).precedes(CmdSN{s}));
    }
}

TEST(Serial, CanBecomeSmallerInTwoAdditions) {
  // 1982 5.2: 100 + 100 > 100, but (100 + 100) + 100 < 100.
  const CmdSN hundred = at_top(100);
  EXPECT_TRUE(hundred.precedes(hundred + hundred.value));
  EXPECT_TRUE((hundred + hundred.value + hundred.value).precedes(hundred));
}

TEST(Serial, OfOnePurposeIsNoSerialOfAnother) {
  static_assert(!std::is_convertible_v<CmdSN, StatSN>);
  static_assert(!std::is_constructible_v<StatSN, CmdSN>);
  static_assert(!std::is_same_v<StatSN, DataSN>);
  static_assert(!std::is_invocable_v<std::less<>, CmdSN, CmdSN>);
}

}  // namespace
