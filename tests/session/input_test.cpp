/// From a connection's bytes to its PDUs, and what memory that takes.

#include "session/input.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "pdu/codec.hpp"

namespace iscsi::session {
namespace {

using wire::Bytes;
using wire::ByteView;

/// A NOP-Out with so many bytes of data, which have to come back as they are.
Bytes ping(std::size_t length) {
  Bytes data(length);
  for (std::size_t i = 0; i < length; ++i) data[i] = static_cast<std::byte>(i * 13 + 1);
  return pdu::encode(pdu::NopOut{.initiator_task_tag = wire::InitiatorTaskTag{1}}, data);
}

std::size_t room(Input& input) {
  const auto [first, second] = input.space();
  return first.size() + second.size();
}

void fill(Input& input, ByteView bytes) {
  std::size_t moved = 0;
  for (const std::span<std::byte> space : input.space()) {
    const std::size_t length = std::min(space.size(), bytes.size() - moved);
    std::ranges::copy(bytes.subspan(moved, length), space.begin());
    moved += length;
  }
  ASSERT_EQ(moved, bytes.size());
  input.filled(moved);
}

constexpr pdu::FrameLimits limits_of_test{.data = limits::received_data_segment_bytes};

std::size_t needed(Input& input) {
  const auto next = input.next(limits_of_test);
  const auto* incomplete = std::get_if<pdu::Incomplete>(&next);
  return incomplete == nullptr ? 0 : incomplete->bytes_needed;
}

TEST(Input, SaysHowManyBytesAPduNeeds) {
  Input input;
  input.expect_traffic(4096);
  EXPECT_EQ(needed(input), 48U);
  const Bytes whole = ping(100);
  fill(input, ByteView{whole}.first(10));
  EXPECT_EQ(needed(input), 48U);
  fill(input, ByteView{whole}.subspan(10, 38));
  EXPECT_EQ(needed(input), 148U);
  fill(input, ByteView{whole}.subspan(48));
  EXPECT_EQ(needed(input), 0U);
}

TEST(Input, ALongSegmentHasMemoryOfItsOwn) {
  for (const std::size_t length : {limits::long_segment_bytes - 4, limits::long_segment_bytes}) {
    const bool is_long = length == limits::long_segment_bytes;
    const Bytes whole = ping(length);
    Input input;
    input.expect_traffic(16384);
    fill(input, ByteView{whole}.first(148));
    EXPECT_EQ(needed(input), whole.size());
    EXPECT_EQ(input.space()[0].size(), is_long ? whole.size() - 148 : 0);
    fill(input, ByteView{whole}.subspan(148, 1000));
    EXPECT_EQ(needed(input), whole.size());
    fill(input, ByteView{whole}.subspan(1148));
    const auto next = input.next(limits_of_test);
    const auto* arrived = std::get_if<Arrived>(&next);
    ASSERT_NE(arrived, nullptr);
    EXPECT_TRUE(std::ranges::equal(arrived->framed.frame.data, ByteView{whole}.subspan(48)));
    EXPECT_EQ(arrived->segment.empty(), !is_long);
    if (is_long) {
      EXPECT_TRUE(std::ranges::equal(arrived->segment.view(), ByteView{whole}.subspan(48)));
    }
    EXPECT_FALSE(input.has_partial_pdu());
  }
}

TEST(Input, WhatIsFramedMakesRoom) {
  const Bytes first = ping(100), second = ping(52);
  Input input;
  input.expect_traffic(512);
  Bytes both = first;
  both.insert(both.end(), second.begin(), second.begin() + 60);
  fill(input, both);
  EXPECT_EQ(room(input), 512 - both.size());
  EXPECT_EQ(needed(input), 0U);
  EXPECT_TRUE(input.has_partial_pdu());
  EXPECT_EQ(needed(input), second.size());
  EXPECT_EQ(room(input), 512U - 60);
  fill(input, ByteView{second}.subspan(60));
  const auto next = input.next(limits_of_test);
  ASSERT_TRUE(std::holds_alternative<Arrived>(next));
  EXPECT_TRUE(
      std::ranges::equal(std::get<Arrived>(next).framed.frame.data, ByteView{second}.subspan(48)));
  EXPECT_FALSE(input.has_partial_pdu());
  EXPECT_EQ(room(input), 512U);
}

TEST(Input, ABufferGrowsForOnePduAndShrinksBehindIt) {
  const Bytes whole = ping(2000);
  Input input;
  input.expect_traffic(512);
  fill(input, ByteView{whole}.first(512));
  EXPECT_EQ(needed(input), whole.size());
  EXPECT_EQ(room(input), whole.size() - 512);
  EXPECT_EQ(input.held_bytes(), whole.size());
  fill(input, ByteView{whole}.subspan(512));
  EXPECT_EQ(needed(input), 0U);
  EXPECT_EQ(needed(input), 48U);
  EXPECT_EQ(room(input), 512U);
  EXPECT_EQ(input.held_bytes(), 512U);
}

}  // namespace
}  // namespace iscsi::session
