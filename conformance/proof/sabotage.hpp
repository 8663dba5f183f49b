#pragma once

/// A saboteur at work: a transport around a transport, which reads the PDUs of both directions and
/// lets all of them by unharmed but for those that its strikes are meant for.
///
/// Everything else stays right. A PDU that is not struck goes on byte for byte. Lengths, padding
/// and digests of one that is struck are made anew; where PDUs come or go, StatSN and ExpStatSN
/// are made to fit, and a StatSN that was struck is counted on from. So one strike is one fault.

#include <array>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "conformance/model/talk.hpp"
#include "conformance/play/transport.hpp"
#include "conformance/proof/faults.hpp"

namespace conformance::proof {

/// One end of a connection as far as framing goes: it overhears the login to know the digests.
class Ear {
 public:
  void hear(const Parcel& parcel);
  [[nodiscard]] iscsi::pdu::Digests digests() const { return digests_; }

 private:
  Talk talk_{Parameters{}};
  bool full_feature_ = false;
  iscsi::pdu::Digests digests_{};
};

class Sabotage {
 public:
  explicit Sabotage(std::span<const Strike> strikes) : strikes_{strikes}, seen_(strikes.size()) {}

  struct Delivery {
    std::vector<iscsi::wire::Bytes> on;  ///< to the side that the bytes were meant for
    iscsi::wire::Bytes back;             ///< to the initiator, in answer to a request
    bool ends = false;
  };

  /// Why a connection cannot be opened, if it cannot.
  [[nodiscard]] std::optional<std::string> refusal() const;
  void opened(ConnectionNumber connection);
  /// Bytes that the initiator sends at once, which are one PDU unless a story wanted otherwise.
  [[nodiscard]] Delivery request(ConnectionNumber connection, iscsi::wire::ByteView bytes);
  /// Bytes of the target, in any pieces.
  [[nodiscard]] Delivery response(ConnectionNumber connection, iscsi::wire::ByteView bytes);
  /// What is still held back when the target ends the connection.
  [[nodiscard]] iscsi::wire::Bytes rest(ConnectionNumber connection);
  /// Whether the initiator is not to be told that the target ended the connection.
  [[nodiscard]] bool stays(ConnectionNumber connection) { return lines_[connection].stays; }

  /// How many PDUs were struck.
  [[nodiscard]] std::size_t struck() const { return struck_; }

 private:
  struct Line {
    unsigned number = 0;  ///< in the order of opening, from 1
    Ear target;
    Ear initiator;
    iscsi::wire::Bytes stream;  ///< of the target: no whole PDU yet
    bool unreadable = false;
    bool stays = false;
    std::vector<Parcel> later_on;             ///< held back, on their way to the target
    std::vector<Parcel> later_back;           ///< held back, on their way to the initiator
    std::optional<std::uint32_t> next_sent;   ///< StatSN that the target will use next
    std::optional<std::uint32_t> next_shown;  ///< StatSN that the initiator waits for
    std::uint64_t exp_cmd_sn = 0;             ///< as the target would tell now
    std::uint64_t max_cmd_sn = 0;
    /// Headers that were changed on their way to the target, and what they were.
    std::map<iscsi::pdu::HeaderBytes, iscsi::pdu::HeaderBytes> originals{};
  };

  [[nodiscard]] bool strike(Line& line, Passage& passage);
  void note_request(Line& line, const Parcel& parcel);
  [[nodiscard]] iscsi::wire::Bytes to_target(Line& line, Parcel parcel);
  [[nodiscard]] iscsi::wire::Bytes to_initiator(Line& line, Parcel parcel);

  std::span<const Strike> strikes_;
  std::vector<unsigned> seen_;  // per strike: how many PDUs have fitted
  std::map<ConnectionNumber, Line> lines_;
  unsigned opened_ = 0;
  std::size_t struck_ = 0;
  bool dead_ = false;
};

/// The transport `inner`, sabotaged. Both outlive it.
template <Transport Inner>
class Sabotaged {
 public:
  Sabotaged(Inner& inner, Sabotage& sabotage) : inner_{inner}, sabotage_{sabotage} {}

  [[nodiscard]] std::uint64_t now_us() const { return inner_.now_us(); }
  [[nodiscard]] std::optional<std::string> open(ConnectionNumber connection) {
    if (auto why = sabotage_.refusal()) return why;
    sabotage_.opened(connection);
    return inner_.open(connection);
  }
  void send(ConnectionNumber connection, iscsi::wire::ByteView bytes, std::size_t piece) {
    Sabotage::Delivery delivery = sabotage_.request(connection, bytes);
    for (const auto& pdu : delivery.on) inner_.send(connection, pdu, piece);
    pass(connection, std::move(delivery.back), delivery.ends);
  }
  void leave(ConnectionNumber connection, bool reset) { inner_.leave(connection, reset); }
  [[nodiscard]] std::vector<TransportEvent> receive(std::uint64_t until_us) {
    if (events_.empty())
      for (TransportEvent& event : inner_.receive(until_us)) take(event);
    return std::exchange(events_, {});
  }

 private:
  void take(TransportEvent& event) {
    if (event.kind != TransportEvent::Kind::data) {
      pass(event.connection, sabotage_.rest(event.connection), false);
      if (sabotage_.stays(event.connection)) return;
      events_.push_back(std::move(event));
      return;
    }
    Sabotage::Delivery delivery = sabotage_.response(event.connection, event.bytes);
    for (const auto& pdu : delivery.on) pass(event.connection, pdu, false);
    pass(event.connection, {}, delivery.ends);
  }
  void pass(ConnectionNumber connection, iscsi::wire::Bytes bytes, bool ends) {
    if (!bytes.empty())
      events_.push_back({connection, TransportEvent::Kind::data, std::move(bytes)});
    if (!ends) return;
    inner_.leave(connection, false);
    events_.push_back({connection, TransportEvent::Kind::ended, {}});
  }

  Inner& inner_;
  Sabotage& sabotage_;
  std::vector<TransportEvent> events_;
};

}  // namespace conformance::proof
