/// The PDUs of a connection that is known to be iSCSI.

#include <algorithm>

#include "conformance/capture/connection.hpp"
#include "conformance/capture/header_bytes.hpp"
#include "conformance/capture/limits.hpp"
#include "pdu/opcode.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::pdu::bhs_bytes;
using iscsi::pdu::Frame;
using iscsi::pdu::Front;
using iscsi::pdu::Opcode;
using iscsi::pdu::opcode_of;
using iscsi::wire::ByteView;

namespace {

constexpr std::size_t realigned_bytes = 4;  // 10.1: PDUs are made of words

bool ends_login(ByteView header) {  // T, and NSG full feature phase (10.12.1, 10.12.3)
  return (at(header, 1) & 0x83U) == 0x83;
}

}  // namespace

/// One PDU, or one obstacle; false if more bytes are needed.
bool CapturedConnection::step(Direction& direction, bool final) {
  if (const auto broken = direction.stream.take_break()) {
    Record record;
    record.kind = direction.role == Role::initiator ? Record::Kind::lost_sent : Record::Kind::lost;
    tell(direction, std::move(record), *broken);
    note(*broken, "a long stretch of the " + name_of(direction) + " is missing");
    direction.clean = false;
    direction.mode = Mode::searching;
    direction.searches = {};
    direction.patient = true;
  }
  if (direction.mode == Mode::searching) return search(direction, final);
  return take_pdu(direction);
}

bool CapturedConnection::search(Direction& direction, bool final) {
  Search& search = direction.searches[0];
  const auto found =
      search.run(direction.stream, direction.role, possible_digests(), numbers_, effort_);
  const std::size_t nothing = search.rejected();
  direction.stream.consume(nothing);
  search.consumed(nothing);
  if (!found) return false;
  const bool proved = found->by_digest || found->by_numbers ||
                      found->pdus >= capture_limits::proof_pdus ||
                      (found->pdus > 0 && (final || !direction.patient));
  if (!proved) return false;
  if (!digests_known_) digests_ = found->digests;
  direction.mode = Mode::in_step;
  return true;
}

/// 5.3: digests begin to be used with the first PDU behind the login: until the answer is read it
/// is not known where the initiator's next PDU ends.
bool CapturedConnection::waits_for_login(const Direction& direction) const {
  if (!answer_due_ || direction.role != Role::initiator || !direction.patient) return false;
  const Direction& target = directions_[&direction == directions_.data() ? 1 : 0];
  const bool is_to_come = target.clean && (target.stream.waits() || target.stream.begun());
  return is_to_come && target.mode == Mode::in_step;
}

bool CapturedConnection::take_pdu(Direction& direction) {
  const Stream& stream = direction.stream;
  const ByteView bytes = stream.readable();
  if (bytes.size() < bhs_bytes) {
    if (!stream.has_hole_before(bytes.size())) return false;
    return lose(direction, bytes.size());
  }
  if (waits_for_login(direction)) return false;
  if (answer_due_ && direction.role == Role::initiator) {
    answer_due_ = login_whole_ = false;  // the answer is not in the capture
    digests_known_ = false;
    direction.mode = Mode::searching;
    return true;
  }
  Front front;
  if (!take_front(direction, front)) return false;
  if (front.bytes == 0) return true;  // an obstacle, which is out of the way now
  if (!digests_known_ && talk_ == nullptr) try_data_digest(direction, front);
  const std::size_t whole = front.bytes + bytes_behind_front(front.lengths, digests_);
  if (bytes.size() < whole) return false;
  emit(direction, whole);
  return true;
}

/// Reads the front of the next PDU; false if more bytes are needed. Where there is none, what is in
/// the way has been taken out of it, and `front` has no bytes.
bool CapturedConnection::take_front(Direction& direction, Front& front) {
  const Stream& stream = direction.stream;
  const ByteView bytes = stream.readable();
  const ByteView header = bytes.first(bhs_bytes);
  if (stream.has_hole_before(bhs_bytes)) return lose(direction, 0);
  const std::size_t headers = bhs_bytes + std::size_t{at(header, 4)} * 4 +
                              (digests_.header ? iscsi::limits::digest_bytes : 0);
  if (stream.has_hole_before(headers) && bytes.size() >= headers) return lose(direction, 0);
  const bool believed = direction.clean || is_plausible(direction.role, header) ||
                        numbers_.fit(direction.role, header);
  if (!believed) return lose(direction, realigned_bytes);
  const auto read = iscsi::pdu::read_front(
      bytes, {.data = iscsi::limits::data_segment_bytes, .digests = digests_});
  if (std::holds_alternative<iscsi::pdu::Incomplete>(read)) return false;
  if (const auto* violation = std::get_if<iscsi::Violation>(&read))
    return refuse(direction, *violation);
  front = std::get<Front>(read);
  return true;
}

/// A header that its digest contradicts. It is a finding only where nothing else can be the reason.
bool CapturedConnection::refuse(Direction& direction, const iscsi::Violation& violation) {
  if (!direction.clean || !digests_known_) return lose(direction, realigned_bytes);
  Record record;
  record.kind =
      direction.role == Role::initiator ? Record::Kind::unreadable_sent : Record::Kind::unreadable;
  const std::size_t length =
      std::min<std::size_t>(direction.stream.readable().size(),
                            std::size_t{violation.byte} + iscsi::limits::digest_bytes);
  const ByteView bytes = direction.stream.readable().first(length);
  record.bytes = {bytes.begin(), bytes.end()};
  record.violation = violation;
  tell(direction, std::move(record), direction.stream.stamp_before(length));
  direction.stream.consume(realigned_bytes);
  direction.mode = Mode::searching;
  direction.clean = false;
  direction.patient = true;
  return true;
}

void CapturedConnection::emit(Direction& direction, std::size_t whole) {
  Stream& stream = direction.stream;
  const ByteView bytes = stream.readable().first(whole);
  Record record;
  record.kind = direction.role == Role::initiator ? Record::Kind::sent : Record::Kind::received;
  record.bytes = sink_->buffer(whole);
  record.bytes.assign(bytes.begin(), bytes.end());
  if (stream.has_hole_before(whole)) {
    record.holes = stream.holes_before(whole);
    ++direction.pdus_with_holes;
  }
  numbers_.take(direction.role, bytes.first(bhs_bytes));
  if (talk_ != nullptr || answer_due_) {
    const auto framing = iscsi::pdu::next_frame(
        bytes, {.data = iscsi::limits::data_segment_bytes, .digests = digests_});
    if (const auto* framed = std::get_if<iscsi::pdu::Framed>(&framing))
      follow_login(direction.role, framed->frame, record.holes.empty());
  }
  tell(direction, std::move(record), stream.stamp_before(whole));
  stream.consume(whole);
}

/// Bytes of that side are missing, or are none that can be understood: those up to the end of the
/// first hole, and `bytes` at the least. The next PDU has to be looked for.
bool CapturedConnection::lose(Direction& direction, std::size_t bytes) {
  Stream& stream = direction.stream;
  const std::size_t lost = std::max(bytes, stream.end_of_first_hole().value_or(0));
  const std::size_t readable = stream.readable().size();
  Record record;
  record.kind = direction.role == Role::initiator ? Record::Kind::lost_sent : Record::Kind::lost;
  const Stamp where = stream.stamp_before(std::min(lost, readable));
  note(where, "bytes of the " + name_of(direction) +
                  " are missing or cannot be read; its next PDU is looked for");
  tell(direction, std::move(record), where);
  stream.consume(std::min(lost, readable));
  direction.mode = Mode::searching;
  direction.searches = {};
  direction.clean = false;
  direction.patient = true;
  if (talk_ != nullptr) login_whole_ = false;
  return true;
}

/// Finds out by the next data segment whether there are data digests.
void CapturedConnection::try_data_digest(const Direction& direction, const Front& front) {
  const ByteView bytes = direction.stream.readable();
  const std::size_t data = front.lengths.data;
  const std::size_t padded = data + iscsi::wire::padding(data);
  const std::size_t end = front.bytes + padded + iscsi::limits::digest_bytes;
  if (data == 0 || bytes.size() < end || direction.stream.has_hole_before(end)) return;
  digests_.data =
      iscsi::wire::crc32c(bytes.subspan(front.bytes, padded)) ==
      iscsi::wire::load_digest(bytes.subspan(front.bytes + padded, iscsi::limits::digest_bytes));
  digests_known_ = true;
}

void CapturedConnection::follow_login(Role role, const Frame& frame, bool whole) {
  login_whole_ = login_whole_ && whole;
  const Opcode opcode = opcode_of(frame.header);
  const bool continued = (at(frame.header, 1) & 0x40U) != 0;
  const bool final = ends_login(frame.header);
  if (role == Role::initiator) {
    if (opcode != Opcode::login_request) return;
    answer_due_ = final;
    if (talk_ != nullptr) talk_->request(Stage::operational, continued, frame.data);
    return;
  }
  if (opcode != Opcode::login_response) return;
  answer_due_ = false;
  if (talk_ == nullptr) return;
  talk_->response(Stage::operational, continued, final, frame.data);
  if (!final) return;
  digests_ = {.header = talk_->parameters().header_digest, .data = talk_->parameters().data_digest};
  digests_known_ = login_whole_;
  talk_.reset();
}

}  // namespace conformance
