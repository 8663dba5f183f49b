#pragma once

/// A target, its media and its owner: everything but the initiators. It does what the server does,
/// without sockets and without waiting: bytes go in as the harness cuts them, the medium works
/// after each of them, output is fetched when the harness says.

#include <map>

#include "support/media.hpp"
#include "target/target.hpp"

namespace iscsi::fuzz {

class World {
 public:
  /// The target is a value: one in which the initiators have just logged in can be made once and
  /// copied for every input. `failure_in`: see `Media`.
  World(Target target, const session::Bounds& bounds, std::size_t failure_in);

  ConnectionId open();
  /// Delivers the bytes in pieces of at most `most`, as far as the target takes them.
  void deliver(ConnectionId id, wire::ByteView bytes, std::size_t most);
  static constexpr std::size_t all = ~std::size_t{};
  /// What the target has sent on the connection, and what it holds ready, since the last call;
  /// fetched in pieces of at most `most`.
  [[nodiscard]] wire::Bytes take_output(ConnectionId id, std::size_t most = all);
  /// Closes the connection if the target wants it closed; true if it has.
  bool close_if_told(ConnectionId id);
  void close(ConnectionId id);
  void pass(Moment milliseconds);
  void shut_down();
  void resize_unit(std::uint64_t blocks);

  /// From now on the medium works in its turns alone, not after each event.
  void let_medium_wait() { medium_waits_ = true; }
  /// It ends what it has begun in its last turn, or the last of that first, and begins what has
  /// been asked since.
  void medium_turn(bool backwards = false);

  /// The harness holds so many bytes more for itself: they are not the target's.
  void set_aside(std::size_t bytes) { held_by_others_ += bytes; }

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] std::size_t medium_operations() const { return media_.operations(); }
  /// What the target has remarked.
  [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }

 private:
  void fetch(ConnectionId id, wire::Bytes& output, std::size_t most = all);
  void fetch_piece(ConnectionId id, wire::Bytes& output, std::size_t most);
  void settle();
  void carry_out(const MediumRequest& request, server::Pieces data_out);
  void check_bounds() const;
  void check_gone(ConnectionId id);

  /// A request whose data has been taken, as the target wants it.
  struct Begun {
    MediumRequest request;
    wire::Bytes data_out;
  };

  session::Bounds bounds_;
  Media media_;
  bool medium_waits_ = false;
  std::vector<Begun> begun_;
  std::size_t held_by_others_;  ///< bytes allocated when the world began
  Target target_;
  Moment now_ = Moment{1} << 32U;  ///< with room to go back
  std::map<ConnectionId, wire::Bytes> outputs_;
  std::size_t received_bytes_ = 0;
  std::size_t fetched_bytes_ = 0;
  std::vector<Note> notes_;
};

/// What waits to be sent on one connection at the most, in bytes.
[[nodiscard]] std::size_t output_allowance(const session::Bounds& bounds);

/// What a target of the harnesses holds at the most, for so many bytes received: buffers and queues
/// by `limits.hpp`, a few times what it was sent, and the media's memory.
[[nodiscard]] std::size_t allowance(const Target& target, const session::Bounds& bounds,
                                    std::size_t received_bytes);

}  // namespace iscsi::fuzz
