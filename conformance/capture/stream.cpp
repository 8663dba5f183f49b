#include "conformance/capture/stream.hpp"

#include <algorithm>
#include <utility>

#include "conformance/capture/limits.hpp"

namespace conformance {

using iscsi::wire::ByteView;

namespace {

constexpr std::size_t piece_bytes = 128;            // of memory, besides its data
constexpr std::size_t consumed_bytes = 64U << 10U;  // that are kept before the buffer moves up
constexpr std::size_t most_spare_bytes = 64U << 10U;

bool earlier(const Stamp& one, const Stamp& other) { return one.order() < other.order(); }

ByteView part(ByteView data, std::uint64_t first, std::uint64_t length) {
  if (first >= data.size()) return {};
  return data.subspan(first, std::min<std::uint64_t>(length, data.size() - first));
}

}  // namespace

void Stream::begin(std::uint32_t sequence) {
  begun_ = true;
  origin_ = sequence;
}

std::int64_t Stream::position_of(std::uint32_t sequence) const {
  const std::uint32_t expected = origin_ + static_cast<std::uint32_t>(next_);
  return static_cast<std::int64_t>(next_) + static_cast<std::int32_t>(sequence - expected);
}

bool Stream::add(const Segment& segment, Stamp stamp) {
  std::int64_t at = position_of(segment.sequence + (segment.syn ? 1U : 0U));
  const std::int64_t end = at + static_cast<std::int64_t>(segment.length);
  const auto next = static_cast<std::int64_t>(next_);
  if (end < 0 || at > next + capture_limits::window_bytes) return true;
  if (segment.fin && !fin_) {
    fin_ = static_cast<std::uint64_t>(end);
    fin_stamp_ = stamp;
  }
  ByteView data = segment.data;
  bool agreed = true;
  if (at < next) {
    const auto before = static_cast<std::uint64_t>(std::min(end, next) - at);
    const std::int64_t first = std::max(at, static_cast<std::int64_t>(position_));
    const auto skipped = static_cast<std::uint64_t>(first - at);
    if (skipped < before)
      agreed = agrees(static_cast<std::uint64_t>(first), part(data, skipped, before - skipped));
    data = part(data, before, data.size());
    at = next;
  }
  if (end > at) {
    const auto length = static_cast<std::uint64_t>(end - at);
    if (at == next && early_.empty())
      deliver(data, length, stamp);
    else
      agreed = keep_early(static_cast<std::uint64_t>(at), data, length, stamp) && agreed;
    drain();
  }
  return agreed;
}

/// Whether `data` is what the buffer has at position `at`.
bool Stream::agrees(std::uint64_t at, ByteView data) const {
  const std::uint64_t end = at + data.size();
  const auto touched = [&](const Gap& hole) { return hole.begin < end && at < hole.end; };
  if (std::ranges::any_of(holes_, touched)) return true;
  return std::ranges::equal(part(readable(), at - position_, data.size()), data);
}

/// Keeps of a segment what no other has brought.
bool Stream::keep_early(std::uint64_t at, ByteView data, std::uint64_t length, Stamp stamp) {
  bool agreed = true;
  const std::uint64_t end = at + length;
  std::uint64_t from = at;
  auto piece = early_.upper_bound(at);
  if (piece != early_.begin()) --piece;
  for (; from < end; ++piece) {
    const bool last = piece == early_.end() || piece->first >= end;
    const std::uint64_t until = last ? end : piece->first;
    if (until > from) put_early(from, part(data, from - at, until - from), until - from, stamp);
    if (last) break;
    const std::uint64_t piece_end = piece->first + piece->second.length;
    const std::uint64_t common = std::max(from, piece->first);
    if (common < std::min(end, piece_end)) {
      const ByteView ours = part(data, common - at, std::min(end, piece_end) - common);
      const ByteView theirs = part(piece->second.data, common - piece->first, ours.size());
      agreed = agreed && std::ranges::equal(ours.first(theirs.size()), theirs);
    }
    from = std::max(from, piece_end);
  }
  if (early_.size() > capture_limits::early_segments) give_up_gap();
  return agreed;
}

void Stream::put_early(std::uint64_t at, ByteView data, std::uint64_t length, Stamp stamp) {
  if (early_.empty()) oldest_early_ = stamp.order();
  Pieces::iterator place;
  if (spare_piece_.empty()) {
    place = early_.try_emplace(at).first;
  } else {
    spare_piece_.key() = at;
    place = early_.insert(std::move(spare_piece_)).position;
  }
  Piece& piece = place->second;
  piece.data.assign(data.begin(), data.end());
  piece.length = length;
  piece.stamp = stamp;
  early_bytes_ += piece.data.capacity() + piece_bytes;
}

void Stream::deliver(ByteView data, std::uint64_t length, Stamp stamp) {
  const std::uint64_t missing = length - data.size();
  if (read_ == buffer_.size() || read_ > consumed_bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(read_));
    read_ = 0;
  }
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  next_ += data.size();
  if (!data.empty()) marks_.push_back({.end = next_, .stamp = stamp});
  if (missing > 0) skip_to(next_ + missing, stamp);
}

void Stream::skip_to(std::uint64_t position, Stamp stamp) {
  const std::uint64_t missing = position - next_;
  if (missing > capture_limits::hole_bytes) {
    forget();
    position_ = next_ = position;
    broken_ = stamp;
    return;
  }
  if (!holes_.empty() && holes_.back().end == next_)
    holes_.back().end = position;
  else
    holes_.push_back({.begin = next_, .end = position});
  buffer_.resize(buffer_.size() + missing);
  next_ = position;
  marks_.push_back({.end = next_, .stamp = stamp});
}

/// Delivers what has come to its turn.
void Stream::drain() {
  bool rescan = false;
  while (!early_.empty() && early_.begin()->first <= next_) {
    auto node = early_.extract(early_.begin());
    const Piece& piece = node.mapped();
    early_bytes_ -= piece.data.capacity() + piece_bytes;
    rescan = rescan || piece.stamp.order() == oldest_early_;
    const std::uint64_t known = next_ - node.key();
    if (known < piece.length)
      deliver(part(piece.data, known, piece.data.size()), piece.length - known, piece.stamp);
    if (piece.data.capacity() <= most_spare_bytes) spare_piece_ = std::move(node);
  }
  if (rescan && !early_.empty()) {
    oldest_early_ = early_.begin()->second.stamp.order();
    for (const auto& [at, piece] : early_)
      oldest_early_ = std::min(oldest_early_, piece.stamp.order());
  }
  while (!acknowledged_.empty() && acknowledged_.front().end <= next_) acknowledged_.pop_front();
}

void Stream::acknowledge(std::uint32_t number, Stamp stamp) {
  if (!begun_) return;
  const std::int64_t end = position_of(number);
  const auto next = static_cast<std::int64_t>(next_);
  if (end <= next || end > next + capture_limits::window_bytes) return;
  auto position = static_cast<std::uint64_t>(end);
  if (fin_) position = std::min(position, *fin_);
  // One byte more than all that there is: a FIN that the capture lacks.
  if (position == next_ || (position == next_ + 1 && early_.empty())) return;
  if (!acknowledged_.empty() && acknowledged_.back().end >= position) return;
  stamp.before = true;
  acknowledged_.push_back({.end = position, .stamp = stamp});
}

void Stream::cover(const Acknowledged& acknowledged) {
  while (next_ < acknowledged.end) {
    const auto piece = early_.begin();
    if (piece != early_.end() && piece->first <= acknowledged.end)
      skip_to(std::max(next_, piece->first),
              std::min(piece->second.stamp, acknowledged.stamp, earlier));
    else
      skip_to(acknowledged.end, acknowledged.stamp);
    drain();
  }
}

void Stream::settle(std::uint64_t now) {
  while (!acknowledged_.empty() &&
         acknowledged_.front().stamp.packet + capture_limits::acknowledged_packets < now) {
    const Acknowledged first = acknowledged_.front();
    acknowledged_.pop_front();
    cover(first);
  }
}

void Stream::give_up_gap() {
  if (!acknowledged_.empty()) {
    const Acknowledged first = acknowledged_.front();
    acknowledged_.pop_front();
    return cover(first);
  }
  if (early_.empty()) return;
  skip_to(early_.begin()->first, early_.begin()->second.stamp);
  drain();
}

void Stream::give_up() {
  while (waits()) give_up_gap();
}

std::uint64_t Stream::waits_since() const {
  std::uint64_t since = ~std::uint64_t{0};
  if (!early_.empty()) since = oldest_early_;
  if (!acknowledged_.empty()) since = std::min(since, acknowledged_.front().stamp.order());
  return since;
}

ByteView Stream::readable() const { return ByteView{buffer_}.subspan(read_); }

std::vector<Hole> Stream::holes_before(std::size_t end) const {
  std::vector<Hole> holes;
  for (const Gap& gap : holes_) {
    const std::uint64_t first = std::max(gap.begin, position_) - position_;
    const std::uint64_t last = std::min<std::uint64_t>(gap.end - position_, end);
    if (first >= end) break;
    holes.push_back({.offset = static_cast<std::uint32_t>(first),
                     .length = static_cast<std::uint32_t>(last - first)});
  }
  return holes;
}

bool Stream::has_hole_before(std::size_t end) const {
  return !holes_.empty() && holes_.front().begin < position_ + end;
}

std::optional<std::size_t> Stream::end_of_first_hole() const {
  if (holes_.empty()) return std::nullopt;
  return holes_.front().end - position_;
}

Stamp Stream::stamp_before(std::size_t end) const {
  Stamp latest;
  for (const Mark& mark : marks_) {
    if (!earlier(mark.stamp, latest)) latest = mark.stamp;
    if (mark.end >= position_ + end) break;
  }
  return latest;
}

void Stream::consume(std::size_t bytes) {
  read_ += bytes;
  position_ += bytes;
  while (!marks_.empty() && marks_.front().end <= position_) marks_.pop_front();
  while (!holes_.empty() && holes_.front().end <= position_) holes_.pop_front();
}

std::optional<Stamp> Stream::take_break() { return std::exchange(broken_, std::nullopt); }

std::optional<Stamp> Stream::finished() const {
  if (!fin_ || next_ < *fin_) return std::nullopt;
  return fin_stamp_;
}

std::size_t Stream::held() const {
  const std::size_t spare =
      spare_piece_.empty() ? 0 : spare_piece_.mapped().data.capacity() + piece_bytes;
  return buffer_.capacity() + early_bytes_ + spare + marks_.size() * sizeof(Mark) +
         holes_.size() * sizeof(Gap);
}

void Stream::rest() {
  spare_piece_ = {};
  if (read_ < buffer_.size()) return;
  buffer_ = iscsi::wire::Bytes{};  // assigning `{}`, a list, would keep its memory
  read_ = 0;
}

void Stream::forget() {
  buffer_ = iscsi::wire::Bytes{};
  read_ = 0;
  marks_.clear();
  holes_.clear();
  position_ = next_;
}

}  // namespace conformance
