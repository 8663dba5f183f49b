#include "session/input.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace iscsi::session {

std::array<std::span<std::byte>, 2> Input::space() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t size = std::max(capacity_, wanted_);
  if (buffer_.size() != size && end_ <= size) buffer_.resize(size);
  std::span<std::byte> rest{};
  if (is_receiving_segment()) rest = segment_.writable().subspan(segment_filled_);
  const std::span<std::byte> free = std::span{buffer_}.subspan(end_);
  assert(!rest.empty() || !free.empty());
  return {rest, free};
}

void Input::filled(std::size_t bytes) {
  if (is_receiving_segment()) {
    const std::size_t here = std::min(bytes, segment_.length - segment_filled_);
    segment_filled_ += here;
    bytes -= here;
  }
  end_ += bytes;
  assert(end_ <= buffer_.size());
}

void Input::start_segment(const pdu::Front& front, pdu::Digests digests) {
  const wire::ByteView stream = unread();
  front_.assign(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(front.bytes));
  lengths_ = front.lengths;
  const wire::ByteView begun = stream.subspan(front.bytes);
  segment_ = wire::allocate(pdu::bytes_behind_front(front.lengths, digests));
  std::memcpy(segment_.writable().data(), begun.data(), begun.size());
  segment_filled_ = begun.size();
  begin_ = end_ = 0;
}

std::variant<Arrived, pdu::Incomplete, Violation> Input::next(const pdu::FrameLimits& limits) {
  if (is_receiving_segment()) {
    if (segment_filled_ < segment_.length) return pdu::Incomplete{front_.size() + segment_.length};
    const wire::Slice whole = std::exchange(segment_, {});
    return Arrived{pdu::join_frame(front_, whole.view(), lengths_, limits.digests),
                   whole.part(0, lengths_.data)};
  }
  wanted_ = 0;
  const wire::ByteView stream = unread();
  if (stream.empty()) return pdu::Incomplete{pdu::bhs_bytes};
  const auto read = pdu::read_front(stream, limits);
  if (const auto* broken = std::get_if<Violation>(&read)) return *broken;
  if (const auto* incomplete = std::get_if<pdu::Incomplete>(&read)) {
    wanted_ = incomplete->bytes_needed;
    return *incomplete;
  }
  const auto& front = std::get<pdu::Front>(read);
  const std::size_t behind = pdu::bytes_behind_front(front.lengths, limits.digests);
  if (stream.size() < front.bytes + behind) {
    if (behind >= limits::long_segment_bytes)
      start_segment(front, limits.digests);
    else
      wanted_ = front.bytes + behind;
    return pdu::Incomplete{front.bytes + behind};
  }
  begin_ += front.bytes + behind;
  return Arrived{pdu::join_frame(stream.first(front.bytes), stream.subspan(front.bytes, behind),
                                 front.lengths, limits.digests)};
}

}  // namespace iscsi::session
