#pragma once

/// Peers in memory for the judge to play against: a transport whose target is a function.

#include <functional>
#include <map>
#include <utility>

#include "conformance/play/transport.hpp"

namespace conformance {

/// What a scripted target does with what it gets.
class Peer {
 public:
  virtual ~Peer() = default;
  /// A connection was opened; what comes back is sent.
  virtual iscsi::wire::Bytes opened(ConnectionNumber) { return {}; }
  /// Bytes came in, in the pieces of the transport.
  virtual iscsi::wire::Bytes received(ConnectionNumber, iscsi::wire::ByteView) { return {}; }
  /// Asked after each of the two: whether the target ends the connection now.
  [[nodiscard]] virtual bool ends(ConnectionNumber) { return false; }
  [[nodiscard]] virtual bool takes_connections() { return true; }
};

/// Time is a number: it jumps to what is waited for when nothing is left to happen.
class InMemory {
 public:
  explicit InMemory(Peer& peer) : peer_{peer} {}

  [[nodiscard]] std::uint64_t now_us() const { return now_us_; }
  [[nodiscard]] std::optional<std::string> open(ConnectionNumber connection) {
    if (!peer_.takes_connections()) return "connection refused";
    open_[connection] = true;
    push(connection, peer_.opened(connection));
    return std::nullopt;
  }
  void send(ConnectionNumber connection, iscsi::wire::ByteView bytes, std::size_t piece) {
    pieces.push_back(piece);
    if (open_[connection]) push(connection, peer_.received(connection, bytes));
  }
  void leave(ConnectionNumber connection, bool reset) {
    resets += reset ? 1 : 0;
    open_[connection] = false;
  }
  [[nodiscard]] std::vector<TransportEvent> receive(std::uint64_t until_us) {
    ++now_us_;
    if (events_.empty()) now_us_ = until_us;
    return std::exchange(events_, {});
  }

  std::vector<std::size_t> pieces;
  std::size_t resets = 0;

 private:
  void push(ConnectionNumber connection, iscsi::wire::Bytes bytes) {
    if (!bytes.empty())
      events_.push_back({connection, TransportEvent::Kind::data, std::move(bytes)});
    if (!peer_.ends(connection)) return;
    open_[connection] = false;
    events_.push_back({connection, TransportEvent::Kind::ended, {}});
  }

  Peer& peer_;
  std::map<ConnectionNumber, bool> open_;
  std::vector<TransportEvent> events_;
  std::uint64_t now_us_ = 1;
};

}  // namespace conformance
