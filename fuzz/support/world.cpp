#include "support/world.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "support/memory.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {

using wire::ByteView;

constexpr std::size_t longest_transfer = 64U << 10U;  // of the harnesses' units

std::size_t allowance(const Target& target, const session::Bounds& bounds,
                      std::size_t received_bytes) {
  constexpr std::size_t media_bytes = 3 * (512U << 10U);
  constexpr std::size_t per_session = 64U << 10U;  // a window of tasks without their data
  // Two buffers while one grows, a segment on its way, a queue that one transfer may exceed.
  const std::size_t per_connection = 2 * limits::input_bytes + limits::received_data_segment_bytes +
                                     bounds.queued_output_bytes + 2 * longest_transfer;
  // A PDU of a few bytes costs a header of its own here, and a queue's entry.
  constexpr std::size_t per_byte = 16;
  return media_bytes + per_connection * target.connection_count() +
         per_session * (1 + target.session_count()) + per_byte * received_bytes + (1U << 20U);
}

World::World(Target target, const session::Bounds& bounds, std::size_t failure_in)
    : bounds_(bounds),
      media_(failure_in),
      held_by_others_(live_bytes()),
      target_(std::move(target)) {}

ConnectionId World::open() {
  const ConnectionId id =
      target_.opened({.host = "192.0.2.1", .port = 3260}, Fresh{std::byte{1}}, now_);
  require(target_.connection_count() <= bounds_.connections, "connections are within their bound");
  require(target_.initiator_of(id).empty(), "who has not logged in has no name");
  return id;
}

void World::deliver(ConnectionId id, ByteView bytes, std::size_t most) {
  while (!bytes.empty()) {
    if (!target_.wants_input(id)) fetch(id, outputs_[id]);
    if (!target_.wants_input(id)) return;
    std::size_t moved = 0;
    for (const std::span<std::byte> room : target_.space(id)) {
      const std::size_t length = std::min({room.size(), bytes.size(), most - moved});
      if (length > 0) std::memcpy(room.data(), bytes.data(), length);
      bytes = bytes.subspan(length);
      moved += length;
    }
    require(moved > 0, "a target that wants input has room for it");
    received_bytes_ += moved;
    target_.filled(id, moved, now_);
    settle();
  }
}

void World::settle() {
  check_bounds();
  while (!medium_waits_) {
    const auto request = target_.next_medium_request();
    if (!request) break;
    carry_out(*request, request->data_out);
  }
  static_cast<void>(target_.take_touched());
  const std::vector<Note> notes = target_.take_notes();
  require(notes.size() <= limits::notes, "remarks are within their bound");
  notes_.insert(notes_.end(), notes.begin(), notes.end());
}

void World::carry_out(const MediumRequest& request, server::Pieces data_out) {
  const scsi::MediumResult result =
      media_.perform(request.unit, request.operation, data_out, request.data_in);
  target_.finished(request, result, now_);
  check_bounds();
}

void World::medium_turn(bool backwards) {
  if (backwards) std::ranges::reverse(begun_);
  for (const Begun& one : std::exchange(begun_, {})) {
    const ByteView data = one.data_out;
    carry_out(one.request, {&data, 1});
    held_by_others_ -= data.size();
  }
  while (const auto request = target_.next_medium_request()) {
    Begun& one = begun_.emplace_back(Begun{.request = *request, .data_out = {}});
    for (const ByteView piece : request->data_out)
      one.data_out.insert(one.data_out.end(), piece.begin(), piece.end());
    one.data_out.shrink_to_fit();
    set_aside(one.data_out.size());
  }
  settle();
}

/// Output that waits on one connection (decision 0003): the bound, and what the last thing to be
/// answered below it may add: a transfer in the smallest of PDUs, and a window of responses.
std::size_t output_allowance(const session::Bounds& bounds) {
  constexpr std::size_t headers = longest_transfer / 512 * (pdu::bhs_bytes + 12);
  constexpr std::size_t responses = 2 * limits::command_window * std::size_t{256};
  return bounds.queued_output_bytes + 2 * longest_transfer + headers + responses;
}

void World::check_bounds() const {
  for (const auto& [id, connection] : target_.domain().connections)
    require(connection.output.queued() <= output_allowance(bounds_),
            "a peer makes the target queue no more output than its bounds");
  const std::size_t live = live_bytes();
  const std::size_t held = live > held_by_others_ ? live - held_by_others_ : 0;
  require(held <= allowance(target_, bounds_, received_bytes_) + 4 * fetched_bytes_,
          "a peer makes the target hold no more than its bounds");
  require(target_.session_count() <= bounds_.sessions, "sessions are within their bound");
}

/// Adds everything that waits to be sent, which lets the target go on.
void World::fetch(ConnectionId id, wire::Bytes& output, std::size_t most) {
  while (target_.has_output(id)) {
    if (most != all) {
      fetch_piece(id, output, most);
      continue;
    }
    wire::Bytes more = target_.take_output(id, now_);
    fetched_bytes_ += more.size();
    if (output.empty())
      output = std::move(more);
    else
      output.insert(output.end(), more.begin(), more.end());
    settle();
  }
}

/// As a socket takes it that has little room: a PDU may be sent in part.
void World::fetch_piece(ConnectionId id, wire::Bytes& output, std::size_t most) {
  std::array<ByteView, 4> views{};
  const std::size_t used = target_.gather(id, views);
  std::size_t sent = 0;
  for (const ByteView view : std::span{views}.first(used)) {
    const ByteView piece = view.first(std::min(view.size(), most - sent));
    output.insert(output.end(), piece.begin(), piece.end());
    sent += piece.size();
  }
  require(sent > 0, "output that is there can be sent");
  target_.sent(id, sent, now_);
  fetched_bytes_ += sent;
  settle();
}

wire::Bytes World::take_output(ConnectionId id, std::size_t most) {
  wire::Bytes output;
  // Most has not been fetched before.
  if (const auto found = outputs_.find(id); found != outputs_.end()) {
    output = std::move(found->second);
    outputs_.erase(found);
  }
  fetch(id, output, most);
  fetched_bytes_ -= output.size();
  return output;
}

bool World::close_if_told(ConnectionId id) {
  if (target_.disposition(id) == Disposition::open) return false;
  close(id);
  return true;
}

void World::close(ConnectionId id) {
  target_.closed(id, now_);
  settle();
  check_gone(id);
}

/// Whoever has not noticed yet that the connection is gone does no harm.
void World::check_gone(ConnectionId id) {
  target_.filled(id, 0, now_);
  target_.sent(id, 0, now_);
  target_.closed(id, now_);
  std::array<ByteView, 1> views{};
  require(!target_.wants_input(id) && !target_.has_output(id) && target_.gather(id, views) == 0 &&
              target_.disposition(id) == Disposition::close_now && target_.initiator_of(id).empty(),
          "of a connection that is gone nothing is left");
}

void World::pass(Moment milliseconds) {
  now_ += milliseconds;
  target_.elapsed(now_);
  settle();
}

void World::shut_down() {
  target_.shut_down(now_, 1);
  settle();
}

void World::resize_unit(std::uint64_t blocks) {
  require(target_.capacity_changed(0, blocks), "a unit can be resized");
}

}  // namespace iscsi::fuzz
