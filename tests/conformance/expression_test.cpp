#include "conformance/story/expression.hpp"

#include <gtest/gtest.h>

namespace conformance {
namespace {

Variables known() {
  return {{"a", std::uint64_t{5}},
          {"r2t.BufferOffset", std::uint64_t{512}},
          {"word", std::string{"Yes"}},
          {"digits", std::string{"8192"}},
          {"data", iscsi::wire::Bytes(3)}};
}

std::uint64_t value_of(std::string_view text) {
  const auto expression = Expression::parse(text);
  EXPECT_TRUE(expression.has_value()) << text << ": " << expression.error();
  const auto value = expression->evaluate(known());
  EXPECT_TRUE(value.has_value()) << text << ": " << value.error();
  return value.value_or(0xdead);
}

std::string fault_of(std::string_view text) {
  const auto expression = Expression::parse(text);
  if (!expression) return "parse: " + expression.error();
  const auto value = expression->evaluate(known());
  return value ? "none" : value.error();
}

TEST(AnExpression, IsANumberInEitherBase) {
  EXPECT_EQ(value_of("0"), 0U);
  EXPECT_EQ(value_of("4096"), 4096U);
  EXPECT_EQ(value_of("0xfffffffe"), 0xffff'fffeU);
}

TEST(AnExpression, IsANameWithPartsBehindDots) {
  EXPECT_EQ(value_of("$a"), 5U);
  EXPECT_EQ(value_of("$r2t.BufferOffset"), 512U);
  EXPECT_EQ(value_of("$digits"), 8192U);
}

TEST(AnExpression, BindsProductsCloserThanSums) {
  EXPECT_EQ(value_of("2+3*4"), 14U);
  EXPECT_EQ(value_of("(2+3)*4"), 20U);
  EXPECT_EQ(value_of("20-2-3"), 15U);
  EXPECT_EQ(value_of("100/5/2"), 10U);
  EXPECT_EQ(value_of(" $a * 512 + $r2t.BufferOffset "), 3072U);
}

TEST(AnExpression, HasMinimumAndMaximum) {
  EXPECT_EQ(value_of("min($a, 3)"), 3U);
  EXPECT_EQ(value_of("max($a,3)*2"), 10U);
  EXPECT_EQ(value_of("min(max(1,2),$a)"), 2U);
}

TEST(AnExpression, GoesRoundBelowZeroSoThatAFieldGetsAllOnes) {
  EXPECT_EQ(value_of("0-1") & 0xffff'ffffU, 0xffff'ffffU);
}

TEST(AnExpression, SaysWhatIsWrongWithItsText) {
  EXPECT_EQ(fault_of(""), "parse: expected a number or a $name, found \"\"");
  EXPECT_EQ(fault_of("1+"), "parse: expected a number or a $name, found \"\"");
  EXPECT_EQ(fault_of("(1"), "parse: expected \")\"");
  EXPECT_EQ(fault_of("1 2"), "parse: unexpected \"2\"");
  EXPECT_EQ(fault_of("$"), "parse: expected a name behind \"$\"");
  EXPECT_EQ(fault_of("99999999999999999999"),
            "parse: expected a number or a $name, found \"99999999999999999999\"");
  EXPECT_EQ(fault_of(std::string(100, '(')), "parse: too many parentheses");
}

TEST(AnExpression, SaysWhichNameItDoesNotKnow) {
  EXPECT_EQ(fault_of("$b+1"), "$b has no value");
  EXPECT_EQ(fault_of("$word"), "$word is not a number");
  EXPECT_EQ(fault_of("$data"), "$data is not a number");
  EXPECT_EQ(fault_of("1/($a-5)"), "a division by zero");
}

TEST(AnExpression, TellsTheNamesItReads) {
  const auto expression = Expression::parse("$a+min($r2t.BufferOffset,2)");
  ASSERT_TRUE(expression.has_value());
  EXPECT_EQ(expression->names(), (std::vector<std::string_view>{"a", "r2t.BufferOffset"}));
  EXPECT_EQ(expression->sole_name(), nullptr);
  const auto lone = Expression::parse("$a");
  ASSERT_TRUE(lone.has_value());
  ASSERT_NE(lone->sole_name(), nullptr);
  EXPECT_EQ(*lone->sole_name(), "a");
}

TEST(ATemplate, TakesWordsNumbersAndExpressions) {
  EXPECT_EQ(substitute("ImmediateData=$word", known()), "ImmediateData=Yes");
  EXPECT_EQ(substitute("x$a.", known()), "x5.");
  EXPECT_EQ(substitute("${$a*2}$word", known()), "10Yes");
  EXPECT_EQ(substitute("nothing", known()), "nothing");
}

TEST(ATemplate, SaysWhatItCannotFill) {
  EXPECT_EQ(substitute("$nobody", known()).error(), "$nobody has no value");
  EXPECT_EQ(substitute("${1", known()).error(), "\"${\" without its \"}\"");
  EXPECT_EQ(substitute("5$", known()).error(), "\"$\" without a name");
}

}  // namespace
}  // namespace conformance
