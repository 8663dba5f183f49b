#include "session/write_data.hpp"

#include <algorithm>
#include <utility>

namespace iscsi::session {

using wire::ByteView;
using wire::TargetTransferTag;

namespace {
constexpr std::uint32_t offset_field = 40;  // where Data-Out has its Buffer Offset
}

void WriteData::begin(const Expectation& expectation, const text::SessionParameters& parameters) {
  expected_ = expectation.expected;
  wanted_ = std::min(expectation.wanted, expectation.expected);
  first_burst_ = std::min(parameters.first_burst_length, parameters.max_burst_length);
  max_burst_ = parameters.max_burst_length;
  max_open_ = parameters.max_outstanding_r2t;
  pdus_in_order_ = parameters.data_pdu_in_order;
  unsolicited_allowed_ = !parameters.initial_r2t;
  immediate_allowed_ = parameters.immediate_data;
  unsolicited_open_ = expectation.more_unsolicited;
  unsolicited_.length = std::min(first_burst_, expected_);
  unsolicited_.received = 0;
  unsolicited_.next_sn = {};
  unsolicited_.ranges.clear();
  open_.clear();
  asked_ = received_ = 0;
  fault_.reset();
  discard();
  if (unsolicited_open_ && !unsolicited_allowed_)
    fail({Rule::unsolicited_data_out_is_negotiated, 1, 0});
}

void WriteData::make_use_of(std::uint64_t bytes) {
  if (bytes >= wanted_) return;
  wanted_ = static_cast<std::uint32_t>(bytes);
  while (!pieces_.empty() && pieces_.back().offset >= wanted_) pieces_.pop_back();
  if (!pieces_.empty()) {
    Piece& last = pieces_.back();
    last.bytes = last.bytes.first(std::min<std::size_t>(last.bytes.size(), wanted_ - last.offset));
  }
  received_ = 0;
  for (const Piece& piece : pieces_) received_ += static_cast<std::uint32_t>(piece.bytes.size());
}

void WriteData::take_immediate(ByteView data, wire::SharedBytes owner) {
  if (data.empty()) return;
  const auto length = static_cast<std::uint32_t>(data.size());
  if (!immediate_allowed_) return fail({Rule::immediate_data_is_negotiated, 5, length});
  if (length > first_burst_) return fail({Rule::unsolicited_data_is_within_first_burst, 5, length});
  if (length > expected_) return fail({Rule::data_is_within_expected_length, 5, length});
  unsolicited_.received = length;
  if (!pdus_in_order_) unsolicited_.ranges.push_back({0, length});
  asked_ = length;
  store(0, data, std::move(owner));
}

WriteData::Sequence* WriteData::find(TargetTransferTag tag) {
  if (tag == TargetTransferTag::none) return unsolicited_open_ ? &unsolicited_ : nullptr;
  const auto found = std::ranges::find(open_, tag, &Sequence::tag);
  return found == open_.end() ? nullptr : &*found;
}

/// Why the data cannot lie where the PDU says (10.7.6, 10.8).
std::optional<Violation> WriteData::misplaced(const Sequence& sequence, const pdu::DataOut& pdu,
                                              std::uint32_t length) const {
  const std::uint64_t end = std::uint64_t{pdu.buffer_offset} + length;
  if (pdu.buffer_offset < sequence.offset || end > std::uint64_t{sequence.offset} + sequence.length)
    return Violation{Rule::data_out_offset_is_in_sequence, offset_field, pdu.buffer_offset};
  if (pdus_in_order_ && pdu.buffer_offset != sequence.offset + sequence.received)
    return Violation{Rule::data_out_offset_is_in_order, offset_field, pdu.buffer_offset};
  return std::nullopt;
}

/// Notes a range as received; false if part of it was there already, or there are too many.
bool WriteData::mark(Sequence& sequence, std::uint32_t offset, std::uint32_t length) const {
  if (pdus_in_order_ || length == 0) return true;
  auto& ranges = sequence.ranges;
  auto next = std::ranges::find_if(ranges, [&](const Request& r) { return r.offset >= offset; });
  if (next != ranges.end() && offset + length > next->offset) return false;
  if (next != ranges.begin()) {
    auto& before = *std::prev(next);
    if (before.offset + before.length > offset) return false;
    if (before.offset + before.length == offset) {
      before.length += length;
      if (next != ranges.end() && next->offset == before.offset + before.length) {
        before.length += next->length;
        ranges.erase(next);
      }
      return true;
    }
  }
  if (next != ranges.end() && next->offset == offset + length) {
    next->offset = offset;
    next->length += length;
    return true;
  }
  if (ranges.size() >= limits::data_ranges) return false;
  ranges.insert(next, {offset, length});
  return true;
}

std::optional<Violation> WriteData::take(const pdu::DataOut& pdu, ByteView data,
                                         wire::SharedBytes owner, bool intact) {
  Sequence* sequence = find(pdu.target_transfer_tag);
  if (sequence == nullptr) {
    if (pdu.target_transfer_tag != TargetTransferTag::none)
      return Violation{Rule::data_out_has_known_transfer_tag, 20,
                       std::to_underlying(pdu.target_transfer_tag)};
    // 10.4.7.2: the command ends for it, and says so itself.
    fail({Rule::unsolicited_data_out_is_negotiated, 20, 0});
    return std::nullopt;
  }
  // After a fault the data is of no use: the sequences are only awaited to their ends.
  std::optional<Violation> refused;
  if (!fault_) refused = accept(*sequence, pdu, data, std::move(owner), intact);
  // A refused PDU leaves a hole, so the command cannot succeed any more.
  if (refused) fail(*refused);
  sequence->next_sn = pdu.data_sn + 1;
  if (pdu.final) finish(*sequence);
  return refused;
}

/// Takes data that is in order; else it becomes the fault, or the reason to refuse the PDU.
std::optional<Violation> WriteData::accept(Sequence& sequence, const pdu::DataOut& pdu,
                                           ByteView data, wire::SharedBytes owner, bool intact) {
  const auto length = static_cast<std::uint32_t>(data.size());
  const bool solicited = pdu.target_transfer_tag != TargetTransferTag::none;
  if (pdu.data_sn != sequence.next_sn) {
    fail({Rule::data_sn_counts_up, 36, pdu.data_sn.value});
  } else if (!intact) {
    fail({Rule::data_digest_matches, pdu::bhs_bytes, 0});
  } else if (!solicited && sequence.received + std::uint64_t{length} > first_burst_) {
    fail({Rule::unsolicited_data_is_within_first_burst, 5, length});
  } else if (auto refused = misplaced(sequence, pdu, length)) {
    return refused;
  } else if (!mark(sequence, pdu.buffer_offset, length)) {
    return Violation{Rule::data_out_offset_is_in_order, offset_field, pdu.buffer_offset};
  } else {
    sequence.received += length;
    store(pdu.buffer_offset, data, std::move(owner));
  }
  return std::nullopt;
}

void WriteData::store(std::uint32_t offset, ByteView data, wire::SharedBytes owner) {
  if (offset >= wanted_ || data.empty()) return;  // beyond what the command makes use of
  const auto useful =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(data.size(), wanted_ - offset));
  received_ += useful;
  if (!owner) borrows_ = true;
  const auto place = std::ranges::upper_bound(pieces_, offset, {}, &Piece::offset);
  pieces_.insert(place, Piece{offset, data.first(useful), std::move(owner)});
}

/// The sequence's F bit has come.
void WriteData::finish(Sequence& sequence) {
  if (sequence.tag != TargetTransferTag::none) {
    if (sequence.received != sequence.length)
      fail({Rule::r2t_is_answered_in_full, 44, sequence.received});
    std::erase_if(open_, [tag = sequence.tag](const Sequence& one) { return one.tag == tag; });
    return;
  }
  unsolicited_open_ = false;
  asked_ = std::max(asked_, sequence.received);
  // 10.4.7.2: unsolicited Data-Out that stops before FirstBurstLength and before the data's end.
  if (sequence.received != sequence.length)
    fail({Rule::unsolicited_data_fills_first_burst, 5, sequence.received});
}

std::optional<WriteData::Request> WriteData::next_request() const {
  if (unsolicited_open_ || fault_ || asked_ >= wanted_) return std::nullopt;
  if (open_.size() >= max_open_) return std::nullopt;
  return Request{asked_, std::min(max_burst_, wanted_ - asked_)};
}

void WriteData::requested(const Request& request, TargetTransferTag tag) {
  open_.push_back({.tag = tag, .offset = request.offset, .length = request.length});
  asked_ = request.offset + request.length;
}

bool WriteData::complete() const { return quiet() && (fault_.has_value() || asked_ >= wanted_); }

void WriteData::own() {
  if (!std::exchange(borrows_, false)) return;
  constexpr std::size_t few = 64;
  if (pieces_.size() > few) return join_small_pieces();
  for (Piece& piece : pieces_)
    if (!piece.owner) piece = copy_of(std::span{&piece, 1}, piece.bytes.size());
}

/// One piece made of neighbours, `bytes` in all.
Piece WriteData::copy_of(std::span<const Piece> neighbours, std::size_t bytes) {
  wire::Slice slice = wire::allocate(bytes);
  auto to = slice.writable().begin();
  // Not `ranges::copy`, which libstdc++ 12 does byte by byte.
  for (const Piece& piece : neighbours)
    to = std::copy_n(piece.bytes.begin(), piece.bytes.size(), to);
  return {neighbours.front().offset, slice.view(), std::move(slice.owner)};
}

/// An initiator may send its data byte by byte. Then each piece would cost many times what it
/// holds, so small neighbours become one.
void WriteData::join_small_pieces() {
  constexpr std::size_t small = 4096;
  std::size_t kept = 0;
  for (std::size_t first = 0; first < pieces_.size();) {
    std::size_t last = first;
    std::size_t bytes = 0;
    while (last < pieces_.size() && pieces_[last].offset == pieces_[first].offset + bytes &&
           pieces_[last].bytes.size() < small && bytes < small)
      bytes += pieces_[last++].bytes.size();
    const bool is_single = last <= first + 1;
    const auto group = std::span{pieces_}.subspan(first, is_single ? 1 : last - first);
    const bool stays = is_single && group.front().owner;
    Piece piece = stays ? std::move(group.front())
                        : copy_of(group, is_single ? group.front().bytes.size() : bytes);
    first += group.size();
    pieces_[kept++] = std::move(piece);
  }
  pieces_.resize(kept);
}

}  // namespace iscsi::session
