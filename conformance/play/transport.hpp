#pragma once

/// The world as a player needs it, and the loop between the two. A transport is anything that
/// fits the concept: `Tcp` for a target at host:port, a `Target` value in the same process, a
/// scripted peer in a test.

#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "conformance/play/player.hpp"

namespace conformance {

struct TransportEvent {
  enum class Kind : std::uint8_t { data, ended, reset };
  ConnectionNumber connection = 0;
  Kind kind = Kind::data;
  iscsi::wire::Bytes bytes{};
};

template <class T>
concept Transport = requires(T transport, ConnectionNumber connection, iscsi::wire::ByteView bytes,
                             std::size_t piece, bool reset, std::uint64_t until_us) {
  /// Microseconds since any fixed moment; never goes back.
  { transport.now_us() } -> std::same_as<std::uint64_t>;
  /// Opens a connection, or says why it cannot.
  { transport.open(connection) } -> std::same_as<std::optional<std::string>>;
  /// Sends all of `bytes`, `piece` at a time (0: at once), as far as the peer takes them.
  transport.send(connection, bytes, piece);
  /// Ends a connection from this side, in an orderly way or by a reset.
  transport.leave(connection, reset);
  /// What has happened, waiting for the first event no longer than `until_us`.
  { transport.receive(until_us) } -> std::same_as<std::vector<TransportEvent>>;
};

/// Acts out a whole case (or, with a `Replayer`, a recording). Afterwards all its connections are
/// closed.
template <class P, Transport T>
void drive(P& player, T& transport) {
  struct Doer {
    P& player;
    T& transport;

    bool operator()(const OpenWanted& want) {
      if (auto why = transport.open(want.connection))
        player.refused(want.connection, *std::move(why), transport.now_us());
      else
        player.opened(want.connection, transport.now_us());
      return true;
    }
    bool operator()(const SendWanted& want) {
      transport.send(want.connection, want.bytes, want.piece);
      return true;
    }
    bool operator()(const LeaveWanted& want) {
      transport.leave(want.connection, want.reset);
      return true;
    }
    bool operator()(const ReceiveWanted& want) {
      for (const TransportEvent& event : transport.receive(want.until_us)) {
        const std::uint64_t now_us = transport.now_us();
        if (event.kind == TransportEvent::Kind::data)
          player.received(event.connection, event.bytes, now_us);
        else
          player.ended(event.connection, event.kind == TransportEvent::Kind::reset, now_us);
      }
      return true;
    }
    bool operator()(const Finished&) { return false; }
  };
  while (std::visit(Doer{player, transport}, player.next(transport.now_us()))) {
  }
}

}  // namespace conformance
