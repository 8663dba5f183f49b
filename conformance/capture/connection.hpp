#pragma once

/// One TCP connection of a capture: whether it is iSCSI, who is the initiator, and its PDUs.

#include <array>
#include <memory>

#include "conformance/capture/capture.hpp"
#include "conformance/capture/proof.hpp"
#include "conformance/capture/stream.hpp"
#include "conformance/model/talk.hpp"

namespace conformance {

/// Where the records of connections go.
class RecordSink {
 public:
  RecordSink() = default;
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;
  RecordSink(RecordSink&&) = delete;
  RecordSink& operator=(RecordSink&&) = delete;
  virtual ~RecordSink() = default;

  /// A connection has turned out to be iSCSI; its number.
  [[nodiscard]] virtual ConnectionNumber open(const Endpoints& ends) = 0;
  virtual void add(Record&& record, Stamp stamp) = 0;
  /// An empty buffer, for `bytes`.
  [[nodiscard]] virtual iscsi::wire::Bytes buffer(std::size_t bytes) = 0;
  virtual void note(CaptureNote note) = 0;
};

/// The two ends of a connection, in an order that does not depend on who sends.
struct Ends {
  std::array<Endpoint, 2> ends;
  friend bool operator==(const Ends&, const Ends&) = default;
};

/// When nothing is held back, it is held back from later than anything.
inline constexpr std::uint64_t never = ~std::uint64_t{0};

class CapturedConnection {
 public:
  CapturedConnection(const Ends& ends, RecordSink& sink) : ends_{ends}, sink_{&sink} {}

  /// Whether the segment opens another connection between the same ends.
  [[nodiscard]] bool is_replaced_by(std::size_t side, const Segment& segment) const;

  /// A segment that `ends[side]` sent.
  void add(std::size_t side, const Segment& segment, Stamp stamp);

  /// What waits for too long at packet `now` is given up. In need of memory: the first gap of each
  /// direction, and what waits for the rest of a PDU.
  void hurry(std::uint64_t now, bool in_need);

  /// Others are heard now.
  void rest();

  /// There is nothing more to come.
  void finish();

  /// The same in the middle of the file: another connection takes its place, or it has to be
  /// forgotten. `at`: the packet by which it is known; `why` in words.
  void leave(Stamp at, std::string why);

  /// The order from which on records may still be added; the greatest number if none may.
  [[nodiscard]] std::uint64_t holds_from() const;
  [[nodiscard]] std::size_t held() const;

 private:
  enum class State : std::uint8_t { unknown, iscsi, foreign };
  enum class Mode : std::uint8_t { searching, in_step };

  struct Direction {
    Stream stream;
    Role role = Role::initiator;  // once the connection is iSCSI
    Mode mode = Mode::searching;
    bool clean = false;  // nothing is missing since a beginning that is known
    bool from_syn = false;
    bool ended = false;
    Stamp latest;                    // of a record
    std::array<Search, 2> searches;  // by role; [0] serves both once the role is known
    std::uint64_t searched = 0;      // bytes that held nothing
    bool patient = true;             // records of others wait for it, where it waits itself
    std::uint64_t pdus_with_holes = 0;
  };

  struct Proof {
    std::size_t initiator = 0;
    std::optional<Candidate> sent{};
    std::optional<Candidate> received{};
  };

  void pump(bool final);
  void prove(bool final);
  [[nodiscard]] bool begins_with_login(const Direction& direction) const;
  [[nodiscard]] std::optional<Proof> find_proof(std::size_t initiator, bool final);
  [[nodiscard]] bool is_convincing(const Proof& proof, bool final) const;
  void drop_rejected();
  void establish(std::size_t initiator, bool midway);
  void give_up_connection();

  bool step(Direction& direction, bool final);
  bool search(Direction& direction, bool final);
  bool take_pdu(Direction& direction);
  bool take_front(Direction& direction, iscsi::pdu::Front& front);
  bool refuse(Direction& direction, const iscsi::Violation& violation);
  void emit(Direction& direction, std::size_t whole);
  bool lose(Direction& direction, std::size_t bytes);
  void end(Direction& direction, bool reset, Stamp at);
  bool end_direction(Direction& direction);

  void follow_login(Role role, const iscsi::pdu::Frame& frame, bool whole);
  [[nodiscard]] bool waits_for_login(const Direction& direction) const;
  void try_data_digest(const Direction& direction, const iscsi::pdu::Front& front);
  void tell(Direction& direction, Record&& record, Stamp at);
  void note(Stamp at, std::string text);
  [[nodiscard]] std::string name_of(const Direction& direction) const;
  [[nodiscard]] std::vector<iscsi::pdu::Digests> possible_digests() const;

  Ends ends_;
  RecordSink* sink_;
  State state_ = State::unknown;
  std::array<Direction, 2> directions_;
  Stamp first_;  // its first packet
  ConnectionNumber number_ = 0;
  iscsi::pdu::Digests digests_{};
  bool digests_known_ = false;
  Numbers numbers_;
  Effort effort_;
  std::unique_ptr<Talk> talk_;  // while it logs in
  bool login_whole_ = true;     // nothing of the login is missing
  bool answer_due_ = false;     // to the login request that may end the login
  bool closed_ = false;
  bool reset_ = false;
  std::size_t notes_ = 0;
};

}  // namespace conformance
