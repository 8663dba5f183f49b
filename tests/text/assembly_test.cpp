#include "text/assembly.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "text/support.hpp"

namespace iscsi::text {
namespace {

TEST(Assembly, OfOneSegmentIsThatSegmentUncopied) {
  Assembly assembly;
  const std::string segment = text("HeaderDigest=None;");
  const auto whole = assembly.add(wire::as_bytes(segment), false);
  ASSERT_TRUE(whole.has_value() && whole->has_value());
  EXPECT_EQ((*whole)->data(), segment.data());
  EXPECT_EQ(**whole, segment);
  EXPECT_FALSE(assembly.open());
}

TEST(Assembly, JoinsAPairThatSpansSegments) {
  Assembly assembly;
  for (const std::string_view part : {"Head", "erDigest", "=No", ""}) {
    const auto more = assembly.add(wire::as_bytes(part), true);
    ASSERT_TRUE(more.has_value());
    EXPECT_FALSE(more->has_value());
    EXPECT_TRUE(assembly.open());
  }
  const auto whole = assembly.add(wire::as_bytes(text("ne;")), false);
  ASSERT_TRUE(whole.has_value() && whole->has_value());
  EXPECT_EQ(**whole, text("HeaderDigest=None;"));
  EXPECT_FALSE(assembly.open());
}

TEST(Assembly, StartsAnewAfterATextAndAfterAReset) {
  Assembly assembly;
  ASSERT_TRUE(assembly.add(wire::as_bytes("A="), true).has_value());
  ASSERT_TRUE(assembly.add(wire::as_bytes(text("1;")), false).has_value());
  ASSERT_TRUE(assembly.add(wire::as_bytes("B="), true).has_value());
  const auto second = assembly.add(wire::as_bytes(text("2;")), false);
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ(**second, text("B=2;"));
  ASSERT_TRUE(assembly.add(wire::as_bytes("C="), true).has_value());
  assembly.clear();
  EXPECT_FALSE(assembly.open());
  EXPECT_EQ(assembly, Assembly{});
  const std::string segment = text("D=4;");
  const auto third = assembly.add(wire::as_bytes(segment), false);
  ASSERT_TRUE(third.has_value() && third->has_value());
  EXPECT_EQ(**third, segment);
}

// 5.1: at least 8192 bytes are to be taken; the bound lies above.
TEST(Assembly, HoldsTheBoundAndNotOneByteMore) {
  static_assert(limits::negotiation_text_bytes >= 8192);
  const std::string almost(limits::negotiation_text_bytes - 1, 'x');
  for (const bool more : {false, true}) {
    Assembly assembly;
    ASSERT_TRUE(assembly.add(wire::as_bytes(almost), true).has_value());
    EXPECT_TRUE(assembly.add(wire::as_bytes("y"), more).has_value());
    Assembly fuller;
    ASSERT_TRUE(fuller.add(wire::as_bytes(almost), true).has_value());
    EXPECT_EQ(fuller.add(wire::as_bytes("yz"), more).error(),
              (Violation{Rule::negotiation_text_within_limit, limits::negotiation_text_bytes - 1,
                         limits::negotiation_text_bytes + 1}));
    EXPECT_FALSE(fuller.open());
    EXPECT_EQ(fuller, Assembly{});
  }
}

TEST(Assembly, RefusesASingleSegmentBeyondTheBound) {
  Assembly assembly;
  const std::string segment(limits::negotiation_text_bytes + 1, 'x');
  EXPECT_EQ(assembly.add(wire::as_bytes(segment), false).error().rule,
            Rule::negotiation_text_within_limit);
  EXPECT_TRUE(assembly.add(wire::as_bytes(std::string_view{segment}.substr(1)), false).has_value());
}

TEST(Segmentation, CutsAtTheLimitAndMarksAllButTheLast) {
  Segmentation long_text{"abcdefgh"};
  EXPECT_EQ(long_text.next(3), (Segment{.text = "abc", .more = true}));
  EXPECT_FALSE(long_text.done());
  EXPECT_EQ(long_text.next(3), (Segment{.text = "def", .more = true}));
  EXPECT_EQ(long_text.next(3), (Segment{.text = "gh", .more = false}));
  EXPECT_TRUE(long_text.done());
}

TEST(Segmentation, OfAFittingTextIsOneSegment) {
  Segmentation fitting{"abc"};
  EXPECT_EQ(fitting.next(3), (Segment{.text = "abc", .more = false}));
  EXPECT_TRUE(fitting.done());
}

TEST(Segmentation, OfNothingIsOneEmptySegment) {
  Segmentation nothing;
  EXPECT_TRUE(nothing.done());
  EXPECT_EQ(nothing.next(512), (Segment{.text = "", .more = false}));
}

TEST(Segmentation, FollowsALimitThatChangesOnTheWay) {
  Segmentation changing{"abcdef"};
  EXPECT_EQ(changing.next(1), (Segment{.text = "a", .more = true}));
  EXPECT_EQ(changing.next(8192), (Segment{.text = "bcdef", .more = false}));
}

RC_GTEST_PROP(Segmentation, IsUndoneByAssembly, (const std::string& bytes)) {
  const auto limit = *rc::gen::inRange<std::size_t>(1, 20);
  Segmentation cut{bytes};
  Assembly assembly;
  for (;;) {
    const Segment segment = cut.next(limit);
    RC_ASSERT(segment.text.size() <= limit);
    const auto whole = assembly.add(wire::as_bytes(segment.text), segment.more);
    RC_ASSERT(whole.has_value());
    RC_ASSERT((whole->has_value() == !segment.more));
    if (segment.more) continue;
    RC_ASSERT((**whole == bytes));
    return;
  }
}

}  // namespace
}  // namespace iscsi::text
