#pragma once

/// Bytes in and out of a target by copying, for owners who have no sockets of their own to read
/// into. `T` is a `Target`, or stands in front of one.

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "session/domain.hpp"
#include "wire/bytes.hpp"

namespace iscsi {

/// `space` and `filled` until all of `bytes` is taken, the output has to be fetched first, or the
/// connection ends: what comes behind its end finds no room, and is not to find any. Returns how
/// many were taken.
template <class T>
std::size_t hand_over(T& target, session::ConnectionId id, wire::ByteView bytes,
                      session::Moment now) {
  std::size_t taken = 0;
  while (taken < bytes.size() && target.wants_input(id)) {
    std::size_t moved = 0;
    for (const std::span<std::byte> room : target.space(id)) {
      const wire::ByteView rest = bytes.subspan(taken + moved);
      const std::size_t length = std::min(room.size(), rest.size());
      if (length > 0) std::memcpy(room.data(), rest.data(), length);
      moved += length;
    }
    target.filled(id, moved, now);
    taken += moved;
  }
  return taken;
}

/// `gather` and `sent` until there is no output left.
template <class T>
[[nodiscard]] wire::Bytes fetch(T& target, session::ConnectionId id, session::Moment now) {
  wire::Bytes all;
  std::array<wire::ByteView, 16> views{};  // five PDUs at least
  while (const std::size_t used = target.gather(id, views)) {
    std::size_t bytes = 0;
    for (const wire::ByteView view : std::span{views}.first(used)) bytes += view.size();
    if (all.empty()) all.reserve(bytes);  // mostly that is everything
    for (const wire::ByteView view : std::span{views}.first(used))
      all.insert(all.end(), view.begin(), view.end());
    target.sent(id, bytes, now);
  }
  return all;
}

}  // namespace iscsi
