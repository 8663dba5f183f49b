#include "conformance/capture/connection.hpp"

#include <algorithm>

#include "conformance/capture/limits.hpp"

namespace conformance {

using iscsi::pdu::bhs_bytes;
using iscsi::pdu::Digests;
using iscsi::wire::ByteView;

bool CapturedConnection::is_replaced_by(std::size_t side, const Segment& segment) const {
  if (!segment.syn) return false;
  const Direction& sender = directions_[side];
  return reset_ || (sender.stream.begun() && sender.stream.origin() != segment.sequence + 1);
}

void CapturedConnection::add(std::size_t side, const Segment& segment, Stamp stamp) {
  if (state_ == State::foreign || reset_) return;
  if (first_.packet == 0) first_ = stamp;
  Direction& sender = directions_[side];
  Direction& other = directions_[1 - side];
  effort_.earn(segment.data.size());
  if (segment.syn && !sender.stream.begun()) {
    sender.stream.begin(segment.sequence + 1);
    sender.from_syn = true;
  }
  if (!sender.stream.begun() && segment.length > 0) sender.stream.begin(segment.sequence);
  if (sender.stream.begun() && !sender.stream.add(segment, stamp))
    note(stamp, "bytes that came before come again with other contents; the first count");
  if (segment.has_ack && !segment.reset) other.stream.acknowledge(segment.acknowledged, stamp);
  for (Direction& direction : directions_) direction.stream.settle(stamp.packet);
  pump(false);
  if (!segment.reset) return;
  finish();
  if (state_ == State::iscsi) end(sender, true, stamp);
  reset_ = true;
}

void CapturedConnection::hurry(std::uint64_t now, bool in_need) {
  if (in_need) rest();
  for (Direction& direction : directions_) {
    direction.stream.settle(now);
    const bool too_long =
        direction.stream.waits() &&
        direction.stream.waits_since() / 2 + capture_limits::missing_packets < now;
    if (too_long || in_need) direction.stream.give_up_gap();
  }
  const bool impatient = in_need || holds_from() / 2 + capture_limits::proof_packets < now;
  if (impatient && !in_need)
    for (Direction& direction : directions_)
      if (!direction.stream.waits()) direction.patient = false;
  if (in_need && state_ == State::unknown) return give_up_connection();
  pump(false);
  if (!in_need || state_ != State::iscsi) return;
  for (Direction& direction : directions_)
    if (!direction.stream.readable().empty()) {
      note(direction.stream.stamp_before(0), "too much waits for the rest of a PDU");
      lose(direction, direction.stream.readable().size());
    }
}

void CapturedConnection::rest() {
  for (Direction& direction : directions_) direction.stream.rest();
}

void CapturedConnection::finish() {
  if (state_ == State::foreign || reset_) return;
  for (Direction& direction : directions_) direction.stream.give_up();
  pump(true);
  if (state_ != State::iscsi) return;
  for (const Direction& direction : directions_) {
    if (const std::size_t rest = direction.stream.readable().size(); rest > 0)
      note(direction.latest, "ends " + std::to_string(rest) + " bytes into what the " +
                                 name_of(direction) + " sent last");
    if (direction.pdus_with_holes > 0)
      note({}, std::to_string(direction.pdus_with_holes) + " PDUs of the " + name_of(direction) +
                   " are not whole in the capture");
  }
}

void CapturedConnection::leave(Stamp at, std::string why) {
  finish();
  if (state_ != State::iscsi || closed_) return;
  closed_ = true;
  note(at, std::move(why));
  Record record;
  record.kind = Record::Kind::left;
  record.midway = true;
  tell(directions_[0], std::move(record), at);
}

std::uint64_t CapturedConnection::holds_from() const {
  if (state_ == State::foreign || reset_) return never;
  std::uint64_t from = never;
  for (const Direction& direction : directions_) {
    if (direction.stream.waits()) from = std::min(from, direction.stream.waits_since());
    if (!direction.patient) continue;
    if (state_ == State::unknown) from = std::min(from, first_.order());
    if (state_ == State::iscsi && !direction.stream.readable().empty() &&
        (direction.mode == Mode::searching || waits_for_login(direction)))
      from = std::min(from, direction.stream.stamp_before(0).order());
  }
  return from;
}

std::size_t CapturedConnection::held() const {
  return directions_[0].stream.held() + directions_[1].stream.held();
}

void CapturedConnection::give_up_connection() {
  state_ = State::foreign;
  for (Direction& direction : directions_) direction.stream = {};
}

// Is it iSCSI?

void CapturedConnection::pump(bool final) {
  if (state_ == State::unknown) prove(final);
  if (state_ != State::iscsi) return;
  bool again = true;
  while (again) {
    again = false;
    // What the initiator said first is read first: its login decides how the answer is read.
    for (const Role role : {Role::initiator, Role::target})
      for (Direction& direction : directions_)
        if (direction.role == role && step(direction, final || direction.stream.finished()))
          again = true;
    if (again) continue;
    for (Direction& direction : directions_)
      if (end_direction(direction)) again = true;
  }
}

bool CapturedConnection::begins_with_login(const Direction& direction) const {
  const Stream& stream = direction.stream;
  const ByteView bytes = stream.readable();
  return bytes.size() >= bhs_bytes && !stream.has_hole_before(bhs_bytes) &&
         is_login_request(bytes.first(bhs_bytes));
}

void CapturedConnection::prove(bool final) {
  for (Direction& direction : directions_) {
    const bool broken = direction.stream.take_break().has_value();
    if (broken) direction.searches = {};
    if (broken || direction.stream.has_hole_before(bhs_bytes)) direction.from_syn = false;
  }
  for (std::size_t side = 0; side < 2; ++side)
    if (begins_with_login(directions_[side])) {
      for (Direction& direction : directions_) {
        direction.mode = Mode::in_step;
        direction.clean =
            direction.from_syn || &direction == &directions_[side] || !direction.stream.begun();
      }
      return establish(side, false);
    }
  std::array<std::optional<Proof>, 2> proofs{find_proof(0, final), find_proof(1, final)};
  for (const std::optional<Proof>& proof : proofs) {
    if (!proof || !is_convincing(*proof, final)) continue;
    const Candidate& best =
        proof->sent && (!proof->received || proof->sent->pdus >= proof->received->pdus)
            ? *proof->sent
            : *proof->received;
    digests_ = best.digests;
    login_whole_ = false;
    const bool from_the_start = directions_[0].from_syn && directions_[1].from_syn;
    for (const Role role : {Role::initiator, Role::target}) {
      const bool sends = role == Role::initiator;
      const auto& candidate = sends ? proof->sent : proof->received;
      Direction& direction = directions_[sends ? proof->initiator : 1 - proof->initiator];
      if (!candidate) continue;
      direction.stream.consume(candidate->offset);
      direction.mode = Mode::in_step;
    }
    return establish(proof->initiator, !from_the_start);
  }
  drop_rejected();
}

std::optional<CapturedConnection::Proof> CapturedConnection::find_proof(std::size_t initiator,
                                                                        bool final) {
  Proof proof{.initiator = initiator};
  bool complete = true;
  for (const Role role : {Role::initiator, Role::target}) {
    Direction& direction = directions_[role == Role::initiator ? initiator : 1 - initiator];
    Search& search = direction.searches[static_cast<std::size_t>(role)];
    if (direction.stream.readable().empty()) continue;
    auto found = search.run(direction.stream, role, any_digests(), numbers_, effort_);
    complete = complete && (found || final);
    (role == Role::initiator ? proof.sent : proof.received) = found;
  }
  if (!complete || (!proof.sent && !proof.received)) return std::nullopt;
  return proof;
}

bool CapturedConnection::is_convincing(const Proof& proof, bool final) const {
  const auto pdus = [](const std::optional<Candidate>& one) { return one ? one->pdus : 0; };
  const auto by_digest = [](const std::optional<Candidate>& one) { return one && one->by_digest; };
  if (by_digest(proof.sent) || by_digest(proof.received)) return true;
  const std::size_t both = pdus(proof.sent) + pdus(proof.received);
  constexpr std::uint16_t iscsi_port = 3260;  // 12.8: a hint, no more
  const bool expected = ends_.ends[1 - proof.initiator].port == iscsi_port;
  if (final) return both >= (expected ? 1 : capture_limits::proof_pdus - 1);
  return pdus(proof.sent) > 0 && pdus(proof.received) > 0 && both >= capture_limits::proof_pdus;
}

/// Forgets what can be no PDU of either side, and in the end the connection.
void CapturedConnection::drop_rejected() {
  for (Direction& direction : directions_) {
    auto& [first, second] = direction.searches;
    const std::size_t bytes = std::min(first.rejected(), second.rejected());
    // A stream that is there from its beginning has a PDU there.
    if (direction.from_syn && bytes > 0) return give_up_connection();
    direction.stream.consume(bytes);
    first.consumed(bytes);
    second.consumed(bytes);
    direction.searched += bytes;
    if (direction.searched > capture_limits::searched_bytes) return give_up_connection();
  }
}

void CapturedConnection::establish(std::size_t initiator, bool midway) {
  state_ = State::iscsi;
  directions_[initiator].role = Role::initiator;
  directions_[1 - initiator].role = Role::target;
  number_ = sink_->open(
      {.initiator = ends_.ends[initiator].print(), .target = ends_.ends[1 - initiator].print()});
  for (Direction& direction : directions_) direction.searches = {};
  if (login_whole_) talk_ = std::make_unique<Talk>(Parameters{});
  Record record;
  record.kind = Record::Kind::opened;
  record.connection = number_;
  record.midway = midway;
  record.packet = first_.packet;
  record.at_us = first_.at_us;
  sink_->add(std::move(record), first_);
}

// What is ending.

/// True if it lost bytes by that: who waits for them, for a login's answer, can go on.
bool CapturedConnection::end_direction(Direction& direction) {
  if (direction.ended) return false;
  const std::optional<Stamp> finished = direction.stream.finished();
  if (!finished) return false;
  direction.ended = true;
  const std::size_t rest = direction.stream.readable().size();
  if (rest > 0) lose(direction, rest);
  end(direction, false, *finished);
  return rest > 0;
}

/// One end of a connection is told: of the side that went first.
void CapturedConnection::end(Direction& direction, bool reset, Stamp at) {
  if (closed_) return;
  closed_ = true;
  Record record;
  if (direction.role == Role::initiator)
    record.kind = reset ? Record::Kind::left_by_reset : Record::Kind::left;
  else
    record.kind = reset ? Record::Kind::broken : Record::Kind::ended;
  tell(direction, std::move(record), at);
}

// Words.

/// Adds a record, which is not earlier than the one before it.
void CapturedConnection::tell(Direction& direction, Record&& record, Stamp at) {
  if (at.order() >= direction.latest.order()) direction.latest = at;
  record.connection = number_;
  record.packet = direction.latest.packet;
  record.at_us = direction.latest.at_us;
  sink_->add(std::move(record), direction.latest);
}

void CapturedConnection::note(Stamp at, std::string text) {
  if (state_ != State::iscsi || ++notes_ > capture_limits::notes_of_connection) return;
  if (notes_ == capture_limits::notes_of_connection) text += "; there is more that is not told";
  sink_->note({.packet = at.packet, .connection = number_, .text = std::move(text)});
}

std::string CapturedConnection::name_of(const Direction& direction) const {
  return direction.role == Role::initiator ? "initiator" : "target";
}

std::vector<Digests> CapturedConnection::possible_digests() const {
  return digests_known_ ? std::vector{digests_} : any_digests();
}

}  // namespace conformance
