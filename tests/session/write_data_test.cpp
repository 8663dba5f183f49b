/// The data of one command (RFC 3720 3.2.4.2, 10.7, 10.8), without a target around it.

#include "session/write_data.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

namespace iscsi::session {
namespace {

using wire::Bytes;
using wire::ByteView;
using wire::TargetTransferTag;

Bytes counting(std::size_t length) {
  Bytes bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(i * 7 + (i >> 8U));
  return bytes;
}

/// What the pieces hold, if they lie side by side from the start on.
Bytes joined(const WriteData& data) {
  Bytes bytes;
  for (const Piece& piece : data.pieces()) {
    EXPECT_EQ(piece.offset, bytes.size()) << "a gap, or twice the same";
    bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
  }
  return bytes;
}

text::SessionParameters parameters(std::uint32_t first_burst, std::uint32_t max_burst) {
  return {.initial_r2t = false, .max_burst_length = max_burst, .first_burst_length = first_burst};
}

TEST(WriteData, IsCompleteAtOnceWhenNothingIsExpected) {
  WriteData data;
  data.begin({.expected = 0, .wanted = 0}, {});
  EXPECT_TRUE(data.complete());
  EXPECT_FALSE(data.next_request().has_value());
}

TEST(WriteData, AsksForNothingThatTheCommandMakesNoUseOf) {
  WriteData data;
  data.begin({.expected = 4096, .wanted = 512}, parameters(512, 1024));
  EXPECT_EQ(data.next_request()->length, 512U);
  data.begin({.expected = 4096, .wanted = 0}, parameters(512, 1024));
  EXPECT_TRUE(data.complete());
}

TEST(WriteData, AsksForBurstsInOrderAndNoMoreAtATimeThanAgreed) {
  WriteData data;
  auto agreed = parameters(512, 1000);
  agreed.max_outstanding_r2t = 2;
  data.begin({.expected = 2500, .wanted = 2500}, agreed);
  for (std::uint32_t i = 0; i < 2; ++i) {
    const auto request = data.next_request();
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->offset, i * 1000);
    EXPECT_EQ(request->length, 1000U);
    data.requested(*request, TargetTransferTag{i + 1});
  }
  EXPECT_FALSE(data.next_request().has_value());
  const Bytes bytes = counting(1000);
  EXPECT_FALSE(data.take({.target_transfer_tag = TargetTransferTag{1}}, bytes, {}, true));
  const auto last = data.next_request();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->offset, 2000U);
  EXPECT_EQ(last->length, 500U);
}

TEST(WriteData, TakesDataPdusOfLengthZero) {
  // 10.7.7: "MUST be able to properly receive 0 length data segments"
  WriteData data;
  data.begin({.expected = 8, .wanted = 8}, parameters(512, 1024));
  data.requested(*data.next_request(), TargetTransferTag{1});
  const Bytes bytes = counting(8);
  const auto take = [&](std::uint32_t sn, bool final, std::uint32_t offset, std::size_t length) {
    return data.take({.final = final,
                      .target_transfer_tag = TargetTransferTag{1},
                      .data_sn = {sn},
                      .buffer_offset = offset},
                     ByteView{bytes}.subspan(offset, length), {}, true);
  };
  EXPECT_FALSE(take(0, false, 0, 0));
  EXPECT_FALSE(take(1, false, 0, 8));
  EXPECT_FALSE(take(2, true, 8, 0));
  EXPECT_TRUE(data.complete());
  EXPECT_FALSE(data.fault());
  EXPECT_EQ(joined(data), bytes);
}

TEST(WriteData, KeepsBorrowedDataWhenItIsTold) {
  WriteData data;
  data.begin({.expected = 8, .wanted = 8}, parameters(512, 1024));
  Bytes bytes = counting(8);
  data.take_immediate(bytes, {});
  data.own();
  bytes.assign(8, std::byte{0xff});
  EXPECT_EQ(joined(data), counting(8));
}

TEST(WriteData, ForgetsWhatTurnsOutToBeOfNoUse) {
  const Bytes bytes = counting(300);
  for (const std::uint32_t useful : {0U, 50U, 100U, 150U, 300U, 1000U}) {
    WriteData data;
    data.begin({.expected = 300, .wanted = 300, .more_unsolicited = true}, parameters(512, 1024));
    data.take_immediate(ByteView{bytes}.first(100), {});
    const auto refused = data.take({.buffer_offset = 100}, ByteView{bytes}.subspan(100), {}, true);
    EXPECT_FALSE(refused);
    data.make_use_of(useful);
    const std::uint32_t kept = std::min(useful, 300U);
    EXPECT_TRUE(data.complete());
    EXPECT_EQ(data.received(), kept);
    EXPECT_EQ(data.outstanding(), 0U);
    EXPECT_EQ(joined(data), Bytes(bytes.begin(), bytes.begin() + kept));
  }
}

TEST(WriteData, DoesNotCopyWhatHasAnOwner) {
  WriteData data;
  data.begin({.expected = 8, .wanted = 8}, parameters(512, 1024));
  const wire::Slice slice = wire::copy_of(counting(8));
  data.take_immediate(slice.view(), slice.owner);
  data.own();
  EXPECT_EQ(data.pieces().front().bytes.data(), slice.view().data());
}

/// One data PDU of an R2T for 4096 bytes, or of the unsolicited sequence.
std::optional<Violation> take(WriteData& data, TargetTransferTag tag, std::uint32_t data_sn,
                              std::uint32_t offset, std::size_t length, bool final = false) {
  static const Bytes bytes = counting(8192);
  return data.take(
      {.final = final, .target_transfer_tag = tag, .data_sn = {data_sn}, .buffer_offset = offset},
      ByteView{bytes}.subspan(offset, length), {}, true);
}

WriteData asked_in_any_order() {
  auto agreed = parameters(512, 4096);
  agreed.data_pdu_in_order = false;
  WriteData data;
  data.begin({.expected = 4096, .wanted = 4096}, agreed);
  data.requested(*data.next_request(), TargetTransferTag{1});
  return data;
}

struct Stretch {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

TEST(WriteData, RefusesBytesThatCameBefore) {
  struct Case {
    std::vector<Stretch> there;
    std::vector<Stretch> refused;
    std::vector<Stretch> taken;
  };
  const std::vector<Case> cases{
      {{{16, 8}}, {{16, 8}, {15, 2}, {23, 1}, {17, 2}, {8, 9}, {0, 4096}}, {{8, 8}, {24, 8}}},
      {{{16, 8}, {0, 8}}, {{7, 1}, {0, 1}, {8, 9}, {7, 10}, {16, 1}}, {{8, 8}, {9, 3}, {24, 1}}},
      {{{0, 8}, {16, 8}, {8, 8}}, {{0, 1}, {8, 1}, {15, 2}, {23, 1}}, {{24, 1}, {30, 1}}},
      {{{0, 8}, {8, 8}}, {{8, 8}, {15, 1}}, {{16, 8}}},
      {{{8, 8}, {0, 8}}, {{0, 1}, {8, 1}, {15, 1}}, {{16, 1}}},
      {{{0, 8}, {16, 8}, {32, 8}, {24, 8}}, {{24, 1}, {39, 1}, {16, 1}}, {{8, 8}, {40, 1}}}};
  for (const Case& one : cases) {
    const auto after = [&](const Stretch& last) {
      WriteData data = asked_in_any_order();
      std::uint32_t data_sn = 0;
      for (const Stretch& piece : one.there)
        EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, piece.offset, piece.length));
      return take(data, TargetTransferTag{1}, data_sn, last.offset, last.length);
    };
    for (const Stretch& last : one.refused)
      EXPECT_EQ(after(last), (Violation{Rule::data_out_offset_is_in_order, 40, last.offset}))
          << last.offset << "+" << last.length;
    for (const Stretch& last : one.taken)
      EXPECT_FALSE(after(last)) << last.offset << "+" << last.length;
  }
}

TEST(WriteData, ImmediateDataIsThereAlready) {
  auto agreed = parameters(512, 4096);
  agreed.data_pdu_in_order = false;
  for (const std::uint32_t offset : {0U, 7U, 8U}) {
    WriteData data;
    data.begin({.expected = 64, .wanted = 64, .more_unsolicited = true}, agreed);
    data.take_immediate(counting(8), {});
    EXPECT_EQ(take(data, TargetTransferTag::none, 0, offset, 8).has_value(), offset < 8) << offset;
  }
}

TEST(WriteData, KeepsApartNoMorePiecesThanItsLimit) {
  WriteData data = asked_in_any_order();
  std::uint32_t data_sn = 0;
  // Neighbours are one, whichever comes first.
  for (std::uint32_t offset = 1100; offset-- > 0;)
    EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, offset, 1));
  for (std::uint32_t offset = 1100; offset < 1200; ++offset)
    EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, offset, 1));
  for (std::size_t pieces = 1; pieces < limits::data_ranges; ++pieces)
    EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++,
                      static_cast<std::uint32_t>(1200 + 2 * pieces), 1));
  // What fills a gap makes room for another.
  EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, 1203, 1));
  EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, 4000, 1));
  EXPECT_EQ(take(data, TargetTransferTag{1}, data_sn, 4002, 1),
            (Violation{Rule::data_out_offset_is_in_order, 40, 4002}));
}

TEST(WriteData, NamesTheRuleAndThePlaceOfEachFault) {
  const auto fault_of = [](const text::SessionParameters& agreed, bool more, auto deed) {
    WriteData data;
    data.begin({.expected = 1024, .wanted = 1024, .more_unsolicited = more}, agreed);
    deed(data);
    return data.fault();
  };
  const auto nothing = [](WriteData&) {};
  const auto immediate = [](std::size_t length) {
    return [length](WriteData& data) { data.take_immediate(counting(length), {}); };
  };
  const auto unsolicited = [](std::uint32_t sn, std::uint32_t offset, std::size_t length,
                              bool final) {
    return [=](WriteData& data) {
      static_cast<void>(take(data, TargetTransferTag::none, sn, offset, length, final));
    };
  };
  const text::SessionParameters agreed = parameters(512, 1024);
  const text::SessionParameters asked{.initial_r2t = true, .first_burst_length = 512};
  text::SessionParameters without = agreed;
  without.immediate_data = false;
  EXPECT_EQ(fault_of(asked, true, nothing),
            (Violation{Rule::unsolicited_data_out_is_negotiated, 1, 0}));
  EXPECT_EQ(fault_of(without, false, immediate(7)),
            (Violation{Rule::immediate_data_is_negotiated, 5, 7}));
  EXPECT_EQ(fault_of(agreed, false, immediate(513)),
            (Violation{Rule::unsolicited_data_is_within_first_burst, 5, 513}));
  EXPECT_FALSE(fault_of(agreed, false, immediate(512)));
  EXPECT_EQ(fault_of(parameters(4096, 4096), false, immediate(1025)),
            (Violation{Rule::data_is_within_expected_length, 5, 1025}));
  EXPECT_EQ(fault_of(agreed, false, unsolicited(0, 0, 8, true)),
            (Violation{Rule::unsolicited_data_out_is_negotiated, 20, 0}));
  EXPECT_EQ(fault_of(agreed, true, unsolicited(3, 0, 8, false)),
            (Violation{Rule::data_sn_counts_up, 36, 3}));
  EXPECT_EQ(fault_of(agreed, true, unsolicited(0, 0, 513, false)),
            (Violation{Rule::unsolicited_data_is_within_first_burst, 5, 513}));
  EXPECT_EQ(fault_of(agreed, true, unsolicited(0, 0, 8, true)),
            (Violation{Rule::unsolicited_data_fills_first_burst, 5, 8}));
  EXPECT_FALSE(fault_of(agreed, true, unsolicited(0, 0, 512, true)));
  EXPECT_EQ(fault_of(agreed, true,
                     [](WriteData& data) {
                       EXPECT_FALSE(data.take({.final = false}, counting(8), {}, false));
                     }),
            (Violation{Rule::data_digest_matches, 48, 0}));
}

TEST(WriteData, RefusesWhatLiesOutsideOfItsR2T) {
  const auto answer = [](std::uint32_t tag, std::uint32_t offset, std::size_t length) {
    WriteData data;
    auto agreed = parameters(512, 512);
    agreed.max_outstanding_r2t = 2;
    data.begin({.expected = 1536, .wanted = 1536}, agreed);
    data.requested(*data.next_request(), TargetTransferTag{1});
    data.requested(*data.next_request(), TargetTransferTag{2});
    return take(data, TargetTransferTag{tag}, 0, offset, length);
  };
  const auto outside = [](std::uint32_t offset) {
    return Violation{Rule::data_out_offset_is_in_sequence, 40, offset};
  };
  EXPECT_EQ(answer(2, 511, 8), outside(511));
  EXPECT_EQ(answer(2, 512, 513), outside(512));
  EXPECT_EQ(answer(2, 1024, 1), outside(1024));
  EXPECT_FALSE(answer(2, 512, 512));
  EXPECT_EQ(answer(2, 513, 8), (Violation{Rule::data_out_offset_is_in_order, 40, 513}));
  EXPECT_EQ(answer(3, 512, 8), (Violation{Rule::data_out_has_known_transfer_tag, 20, 3}));
}

TEST(WriteData, AnR2TIsAnsweredInFull) {
  WriteData data;
  data.begin({.expected = 512, .wanted = 512}, parameters(512, 512));
  data.requested(*data.next_request(), TargetTransferTag{1});
  EXPECT_FALSE(take(data, TargetTransferTag{1}, 0, 0, 100, true));
  EXPECT_EQ(data.fault(), (Violation{Rule::r2t_is_answered_in_full, 44, 100}));
}

TEST(WriteData, CopiesWhatIsBorrowedAndNothingElse) {
  WriteData data;
  data.begin({.expected = 16, .wanted = 16, .more_unsolicited = true}, parameters(512, 1024));
  const wire::Slice owned = wire::copy_of(counting(8));
  data.take_immediate(owned.view(), owned.owner);
  EXPECT_FALSE(take(data, TargetTransferTag::none, 0, 8, 8, true));
  const std::byte* const borrowed = data.pieces().back().bytes.data();
  data.own();
  EXPECT_EQ(data.pieces().front().bytes.data(), owned.view().data());
  const std::byte* const copied = data.pieces().back().bytes.data();
  EXPECT_NE(copied, borrowed);
  data.own();
  EXPECT_EQ(data.pieces().back().bytes.data(), copied);
  EXPECT_EQ(joined(data), counting(16));
}

TEST(WriteData, MakesOnePieceOfManySmallNeighbours) {
  for (const std::uint32_t pieces : {64U, 65U}) {
    WriteData data = asked_in_any_order();
    for (std::uint32_t piece = 0; piece < pieces; ++piece)
      EXPECT_FALSE(take(data, TargetTransferTag{1}, piece, 4 * piece, 4));
    data.own();
    EXPECT_EQ(data.pieces().size(), pieces == 64 ? 64U : 1U);
    const Bytes all = joined(data);
    EXPECT_TRUE(std::ranges::equal(all, ByteView{counting(4096)}.first(4 * pieces)));
  }
}

TEST(WriteData, JoinsNoPiecesAcrossAGap) {
  WriteData data = asked_in_any_order();
  std::uint32_t data_sn = 0;
  for (std::uint32_t piece = 0; piece < 40; ++piece) {
    EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, 4 * piece, 4));
    EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, 1000 + 4 * piece, 4));
  }
  data.own();
  ASSERT_EQ(data.pieces().size(), 2U);
  EXPECT_EQ(data.pieces().front().bytes.size(), 160U);
  EXPECT_EQ(data.pieces().back().offset, 1000U);
  EXPECT_EQ(data.pieces().back().bytes.size(), 160U);
}

TEST(WriteData, LeavesALongPieceAmongManySmallOnesAsItIs) {
  constexpr std::uint32_t small = 66 * 4, all = small + 4096;
  WriteData data;
  data.begin({.expected = all, .wanted = all}, parameters(512, 8192));
  data.requested(*data.next_request(), TargetTransferTag{1});
  std::uint32_t data_sn = 0;
  for (std::uint32_t offset = 0; offset < small; offset += 4)
    EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn++, offset, 4));
  EXPECT_FALSE(take(data, TargetTransferTag{1}, data_sn, small, 4096, true));
  data.own();
  EXPECT_EQ(data.pieces().size(), 2U);
  EXPECT_EQ(joined(data), counting(all));
}

/// A Data-Out on its way.
struct Sent {
  pdu::DataOut pdu{};
  std::uint32_t length = 0;
};

/// How `length` bytes are cut: by lengths that `rc` chooses, empty ones among them. Each round
/// takes a byte at the least: RapidCheck begins, and ends its shrinking, with the smallest of
/// everything.
std::vector<std::uint32_t> cuts(std::uint32_t length) {
  std::vector<std::uint32_t> lengths;
  while (length > 0) {
    if (*rc::gen::inRange(0, 4) == 3) lengths.push_back(0);
    const auto most = std::min<std::uint32_t>(length, *rc::gen::element(64U, 777U, 5000U));
    lengths.push_back(*rc::gen::inRange(1U, most + 1));
    length -= lengths.back();
  }
  return lengths;
}

/// One sequence as PDUs: offsets in any order if `shuffled`, DataSN and F by the order of sending.
std::vector<Sent> sequence(TargetTransferTag tag, std::uint32_t offset, std::uint32_t length,
                           bool shuffled) {
  std::vector<Sent> pdus;
  for (const std::uint32_t bytes : cuts(length)) {
    pdus.push_back({{.target_transfer_tag = tag, .buffer_offset = offset}, bytes});
    offset += bytes;
  }
  if (pdus.empty()) pdus.push_back({{.target_transfer_tag = tag, .buffer_offset = offset}, 0});
  if (shuffled)
    for (std::size_t i = pdus.size(); i > 1; --i)
      std::swap(pdus[i - 1], pdus[*rc::gen::inRange<std::size_t>(0, i)]);
  for (std::size_t i = 0; i < pdus.size(); ++i) {
    pdus[i].pdu.data_sn = {static_cast<std::uint32_t>(i)};
    pdus[i].pdu.final = i + 1 == pdus.size();
  }
  return pdus;
}

RC_GTEST_PROP(WriteData, DeliversEveryByteOnceInWhateverOrderTheKeysAllow, ()) {
  const bool in_order = *rc::gen::arbitrary<bool>();
  const auto expected = *rc::gen::inRange(0U, 6000U);
  const auto wanted = *rc::gen::inRange(0U, expected + 1);
  const auto first_burst = *rc::gen::element(512U, 777U, 2048U);
  const auto max_burst = *rc::gen::element(777U, 1024U, 4096U);
  auto agreed = parameters(first_burst, max_burst);
  agreed.data_pdu_in_order = in_order;
  agreed.max_outstanding_r2t = *rc::gen::inRange(1U, 4U);
  const std::uint32_t burst = std::min({first_burst, max_burst, expected});
  const auto immediate = *rc::gen::inRange(0U, burst + 1);
  const bool unsolicited = immediate < expected && *rc::gen::arbitrary<bool>();

  const Bytes bytes = counting(expected);
  WriteData data;
  data.begin({.expected = expected, .wanted = wanted, .more_unsolicited = unsolicited}, agreed);
  data.take_immediate(ByteView{bytes}.first(immediate), {});
  const auto send = [&](const std::vector<Sent>& pdus) {
    for (const Sent& one : pdus) {
      RC_ASSERT(!data.complete());
      RC_ASSERT(!data.take(one.pdu, ByteView{bytes}.subspan(one.pdu.buffer_offset, one.length), {},
                           true));
      if (*rc::gen::inRange(0, 4) == 0) data.own();
    }
  };
  if (unsolicited) {
    RC_ASSERT(!data.next_request());
    send(sequence(TargetTransferTag::none, immediate, burst - immediate, !in_order));
  }
  std::vector<std::vector<Sent>> open;
  for (std::uint32_t tag = 1; !data.complete();) {
    while (const auto request = data.next_request()) {
      RC_ASSERT(request->length > 0 && request->length <= max_burst);
      RC_ASSERT(request->offset + request->length <= wanted);
      data.requested(*request, TargetTransferTag{tag});
      open.push_back(sequence(TargetTransferTag{tag}, request->offset, request->length, !in_order));
      ++tag;
    }
    RC_ASSERT(!open.empty());
    RC_ASSERT(open.size() <= agreed.max_outstanding_r2t);
    send(open.front());
    open.erase(open.begin());
  }
  data.own();
  RC_ASSERT(!data.fault());
  RC_ASSERT((joined(data) == Bytes(bytes.begin(), bytes.begin() + wanted)));
  RC_ASSERT(data.received() == wanted);
}

RC_GTEST_PROP(WriteData, HoldsNoMoreThanItWantsWhateverComes, ()) {
  auto agreed = parameters(600, 1000);
  agreed.initial_r2t = *rc::gen::arbitrary<bool>();
  agreed.immediate_data = *rc::gen::arbitrary<bool>();
  agreed.data_pdu_in_order = *rc::gen::arbitrary<bool>();
  agreed.max_outstanding_r2t = 3;
  const auto expected = *rc::gen::inRange(0U, 3000U);
  const auto wanted = *rc::gen::inRange(0U, expected + 1);
  const Bytes bytes = counting(8000);
  WriteData data;
  data.begin(
      {.expected = expected, .wanted = wanted, .more_unsolicited = *rc::gen::arbitrary<bool>()},
      agreed);
  data.take_immediate(ByteView{bytes}.first(*rc::gen::inRange<std::size_t>(0, 700)), {});
  std::uint32_t next_tag = 1;
  const auto steps = *rc::gen::inRange(0, 30);
  for (int step = 0; step < steps; ++step) {
    if (const auto request = data.next_request()) {
      RC_ASSERT(request->offset + request->length <= wanted);
      data.requested(*request, TargetTransferTag{next_tag++});
    }
    const auto offset = *rc::gen::inRange(0U, 4000U);
    const auto length = *rc::gen::inRange<std::size_t>(0, 1200);
    const pdu::DataOut pdu{
        .final = *rc::gen::inRange(0, 4) == 0,
        .target_transfer_tag = *rc::gen::element(TargetTransferTag::none, TargetTransferTag{1},
                                                 TargetTransferTag{2}, TargetTransferTag{3}),
        .data_sn = {*rc::gen::inRange(0U, 3U)},
        .buffer_offset = offset};
    const bool had_fault = data.fault().has_value();
    const auto refused =
        data.take(pdu, ByteView{bytes}.subspan(offset, length), {}, *rc::gen::inRange(0, 8) != 0);
    // A fault, once there, stays the same: it is what the command ends with.
    if (had_fault) RC_ASSERT(data.fault().has_value());
    if (refused) RC_ASSERT(about(refused->rule).remedy.kind == Remedy::Kind::reject);
    std::uint32_t held = 0;
    std::uint32_t end = 0;
    for (const Piece& piece : data.pieces()) {
      RC_ASSERT(piece.offset >= end);  // no overlap
      end = piece.offset + static_cast<std::uint32_t>(piece.bytes.size());
      held += static_cast<std::uint32_t>(piece.bytes.size());
      RC_ASSERT(std::ranges::equal(piece.bytes,
                                   ByteView{bytes}.subspan(piece.offset, piece.bytes.size())));
    }
    RC_ASSERT(end <= wanted);
    RC_ASSERT(held == data.received());
    if (*rc::gen::inRange(0, 3) == 0) data.own();
  }
}

}  // namespace
}  // namespace iscsi::session
