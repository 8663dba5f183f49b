#include "conformance/capture/packet_capture.hpp"

#include <algorithm>
#include <utility>

#include "conformance/capture/limits.hpp"

namespace conformance {
namespace {

constexpr std::size_t few_connections = 64;
constexpr std::size_t few_bytes = 512U << 10U;  // of one connection

std::size_t bytes_of(const Record& record) {
  return sizeof(Record) + record.bytes.capacity() + record.holes.capacity() * sizeof(Hole);
}

}  // namespace

/// Those of one order stay as they came. What is late stays so until nothing late is left: else
/// one that is added in order could come before another one of its order that was here first.
void RecordQueue::add(std::uint64_t order, Record&& record) {
  held_ += bytes_of(record);
  if (order < taken_order_) {
    order = taken_order_;
    record.packet = taken_packet_;
    record.at_us = taken_at_us_;
  }
  if (in_order_.empty() ? !late_.empty() : order < in_order_.back().order)
    late_.emplace(order, std::move(record));
  else
    in_order_.push_back({.order = order, .record = std::move(record)});
}

bool RecordQueue::first_is_late() const {
  return in_order_.empty() || (!late_.empty() && late_.begin()->first < in_order_.front().order);
}

std::uint64_t RecordQueue::first_order() const {
  return first_is_late() ? late_.begin()->first : in_order_.front().order;
}

Record RecordQueue::take_first() {
  Record record;
  taken_order_ = first_order();
  if (first_is_late()) {
    record = std::move(late_.begin()->second);
    late_.erase(late_.begin());
  } else {
    record = std::move(in_order_.front().record);
    in_order_.pop_front();
  }
  held_ -= bytes_of(record);
  taken_packet_ = record.packet;
  taken_at_us_ = record.at_us;
  return record;
}

std::size_t PacketCapture::HashOfEnds::operator()(const Ends& ends) const {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
  for (const Endpoint& end : ends.ends) {
    for (const std::uint8_t byte : end.address) hash = (hash ^ byte) * 0x0100'0000'01b3;
    hash = (hash ^ end.port) * 0x0100'0000'01b3;
  }
  return hash;
}

std::expected<std::optional<Record>, std::string> PacketCapture::next() {
  while (true) {
    const std::uint64_t from = holding_.empty() ? never : holding_.begin()->first.first;
    if (!queue_.empty() && (finished_ || queue_.first_order() < from)) return queue_.take_first();
    if (error_) return std::unexpected(*error_);
    if (finished_) return std::nullopt;
    auto packet = source_->next();
    if (packet && *packet) {
      read(**packet);
      continue;
    }
    if (!packet) error_ = std::move(packet.error());
    finish();
  }
}

void PacketCapture::read(const Packet& packet) {
  if (!began_at_us_) began_at_us_ = packet.at_us;
  const Unwrapped unwrapped = unwrap(packet);
  if (unwrapped.fragment && ++fragments_ == 1)
    note({.packet = packet.number, .text = "IP fragments are left out"});
  if (!unwrapped.segment) return;
  take(*unwrapped.segment,
       {.packet = packet.number, .at_us = packet.at_us - std::min(packet.at_us, *began_at_us_)});
  press(packet.number);
}

void PacketCapture::take(const Segment& segment, Stamp stamp) {
  const bool in_order = segment.source <= segment.destination;
  const Ends ends = in_order ? Ends{{segment.source, segment.destination}}
                             : Ends{{segment.destination, segment.source}};
  const std::size_t side = in_order ? 0 : 1;
  auto entry = entry_of(ends);
  if (entry != entries_.end() && entry->connection.is_replaced_by(side, segment)) {
    entry->connection.leave(stamp, "another connection takes its place; its end is not shown");
    remove(entry);
    entry = entries_.end();
  }
  const bool rests = !entries_.empty() && entry != entries_.begin() &&
                     (entries_.size() > few_connections || entries_.front().held > few_bytes);
  if (rests) {  // thousands that are silent would hold as much as they ever needed
    entries_.front().connection.rest();
    account(entries_.begin());
  }
  if (entry == entries_.end()) {
    // An acknowledgement alone says nothing of a connection that has to be found out about.
    if (!segment.syn && segment.length == 0) return;
    entry = enter(ends, stamp);
  }
  entries_.splice(entries_.begin(), entries_, entry);
  entry->connection.add(side, segment, stamp);
  account(entry);
}

/// Most packets are of the connection that was heard last.
PacketCapture::Entries::iterator PacketCapture::entry_of(const Ends& ends) {
  if (!entries_.empty() && entries_.front().ends == ends) return entries_.begin();
  const auto found = index_.find(ends);
  return found == index_.end() ? entries_.end() : found->second;
}

PacketCapture::Entries::iterator PacketCapture::enter(const Ends& ends, Stamp stamp) {
  if (entries_.size() >= capture_limits::connections) {
    entries_.back().connection.leave(stamp, "forgotten: too many connections at one time");
    remove(std::prev(entries_.end()));
  }
  RecordSink& sink = *this;
  entries_.push_front({.ends = ends, .connection = CapturedConnection{ends, sink}});
  const auto entry = entries_.begin();
  index_.insert_or_assign(ends, entry);
  entry->holds_from = never;
  return entry;
}

void PacketCapture::remove(Entries::iterator entry) {
  holding_.erase({entry->holds_from, &*entry});
  held_ -= entry->held;
  index_.erase(entry->ends);
  entries_.erase(entry);
}

/// Takes note of what a connection holds, and of what it holds back.
void PacketCapture::account(Entries::iterator entry) {
  held_ -= entry->held;
  entry->held = entry->connection.held();
  held_ += entry->held;
  const std::uint64_t from = entry->connection.holds_from();
  if (from == entry->holds_from) return;
  holding_.erase({entry->holds_from, &*entry});
  entry->holds_from = from;
  if (from != never) holding_.emplace(std::pair{from, &*entry}, entry);
}

/// Presses those that have waited for too long, or hold too much.
void PacketCapture::press(std::uint64_t now) {
  while (!holding_.empty()) {
    const auto [key, entry] = *holding_.begin();
    if (key.first / 2 + capture_limits::acknowledged_packets >= now) break;
    entry->connection.hurry(now, false);
    account(entry);
    if (entry->holds_from == key.first) break;
  }
  while (held_ + queue_.held() > capture_limits::bytes_held) {
    const bool nobody = holding_.empty();
    if (nobody && held_ <= capture_limits::bytes_held) break;
    const auto entry = nobody ? entries_.begin() : holding_.begin()->second;
    const std::uint64_t held_before = held_;
    const std::uint64_t from_before = entry->holds_from;
    entry->connection.hurry(now, true);
    account(entry);
    if (held_ >= held_before && entry->holds_from == from_before) break;
  }
}

void PacketCapture::finish() {
  for (Entry& entry : entries_) entry.connection.finish();
  if (fragments_ > 1)
    note({.text = std::to_string(fragments_) + " packets were IP fragments and are left out"});
  finished_ = true;
}

ConnectionNumber PacketCapture::open(const Endpoints& ends) {
  endpoints_.emplace(opened_, ends);
  if (endpoints_.size() > capture_limits::endpoints) endpoints_.erase(endpoints_.begin());
  return opened_++;
}

void PacketCapture::add(Record&& record, Stamp stamp) {
  queue_.add(stamp.order(), std::move(record));
}

iscsi::wire::Bytes PacketCapture::buffer(std::size_t bytes) {
  iscsi::wire::Bytes buffer;
  if (bytes < capture_limits::least_spare_bytes || spare_.empty()) return buffer;
  buffer = std::move(spare_.back());
  spare_.pop_back();
  buffer.clear();
  return buffer;
}

void PacketCapture::reuse(iscsi::wire::Bytes bytes) {
  if (bytes.capacity() >= capture_limits::least_spare_bytes &&
      bytes.capacity() <= capture_limits::most_spare_bytes &&
      spare_.size() < capture_limits::spare_buffers)
    spare_.push_back(std::move(bytes));
}

void PacketCapture::note(CaptureNote note) {
  if (notes_.size() < capture_limits::notes) notes_.push_back(std::move(note));
}

Endpoints PacketCapture::endpoints(ConnectionNumber connection) const {
  const auto found = endpoints_.find(connection);
  return found == endpoints_.end() ? Endpoints{} : found->second;
}

std::vector<CaptureNote> PacketCapture::take_notes() { return std::exchange(notes_, {}); }

}  // namespace conformance
