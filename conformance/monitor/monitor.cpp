#include "conformance/monitor/monitor.hpp"

#include <algorithm>
#include <map>

#include "conformance/monitor/watched.hpp"
#include "pdu/pdu.hpp"

namespace conformance {

using iscsi::Rule;
using iscsi::pdu::Framed;
using iscsi::pdu::Opcode;
using watched::Connection;
using watched::Conversation;
using watched::Look;
using watched::Pdu;

namespace {

/// 6.7, 6.6: a request that nobody can tell how the target read.
void hear_unreadable_request(Look& look, Conversation& all, Connection& connection,
                             const watched::Reading& reading) {
  all.session_of(connection).next.reset();
  const auto* broken = std::get_if<iscsi::Violation>(&reading.framing);
  const bool certain = connection.agreement_known;
  if (broken != nullptr && certain)
    look.check(broken->rule, false, broken->byte, broken->found);
  else if (broken == nullptr && certain)
    look.check(Rule::pdu_is_complete, false, 0, 0);
  // A wrong header digest alone leaves the target in step; any other breach may not.
  if (broken != nullptr && broken->rule == Rule::header_digest_matches) return;
  connection.desynchronised = true;
}

void hear_full_feature_request(Look& look, Conversation& all, Connection& connection,
                               const Pdu& pdu, const Record& record) {
  const Opcode opcode = pdu.opcode();
  check_request_numbers(look, all, connection, pdu);
  const iscsi::wire::StatSN acknowledged{pdu.word(28)};
  if (!connection.acknowledged || connection.acknowledged->precedes(acknowledged))
    connection.acknowledged = acknowledged;
  if (opcode == Opcode::snack_request) connection.retransmission_asked = true;
  check_request(look, all, connection, pdu);
  if (opcode == Opcode::data_out) {
    check_data_out(look, connection, pdu);
    note_data_out(connection, pdu, record.damaged);
    return;
  }
  note_request(all, connection, pdu, record.damaged);
  if (opcode == Opcode::text_request) check_request_text(look, connection, pdu);
}

void hear_request(Look& look, Conversation& all, Connection& connection, const Record& record,
                  std::size_t number) {
  const watched::Reading reading = read_record(connection, record);
  if (!reading.is_one_pdu) {
    hear_unreadable_request(look, all, connection, reading);
    return;
  }
  const auto& framed = std::get<Framed>(reading.framing);
  const Pdu pdu{framed.frame, reading.whole};
  connection.headers.add(framed.frame.header);
  look.by_itself(true);
  check_digests(look, reading, framed);
  check_form(look, pdu, Side::initiator);
  look.by_itself(false);
  check_length(look, connection, pdu, Side::initiator);
  if (connection.in_full_feature()) note_number(all, connection, pdu);
  if (!framed.data_intact) {  // 6.7: to be discarded
    check_request_numbers(look, all, connection, pdu);
    if (watched::is_command(pdu.opcode())) {
      connection.spoilt.add(pdu.frame.header);
      if (!pdu.immediate()) {  // it may be sent again
        watched::Session& session = all.session_of(connection);
        session.note(session.to_come_again, pdu.cmd_sn());
      }
    }
    const auto task = connection.tasks.find(pdu.tag());
    if (task != connection.tasks.end()) task->second.disturbed = task->second.data_unsure = true;
    return;
  }
  const Opcode opcode = pdu.opcode();
  check_request_phase(look, connection, pdu);
  if (opcode == Opcode::login_request || opcode == Opcode::text_request)
    connection.last_text_request = number;
  if (opcode == Opcode::login_request && !connection.in_full_feature()) {
    check_login_request(look, connection, pdu);
    note_login_request(all, connection, pdu, record.damaged);
    check_login_text(look, connection, pdu);
  }
  if (connection.in_full_feature())
    hear_full_feature_request(look, all, connection, pdu, record);
  else if (opcode != Opcode::login_request)
    note_early_request(all, connection, pdu);
}

void hear_response(Look& look, Conversation& all, Connection& connection, const Record& record) {
  const watched::Reading reading = read_record(connection, record);
  const auto* framed = std::get_if<Framed>(&reading.framing);
  if (framed == nullptr) {  // of a live conversation it is said already why
    if (const auto* broken = std::get_if<iscsi::Violation>(&reading.framing))
      look.check(broken->rule, false, broken->byte, broken->found);
    return;
  }
  const Pdu pdu{framed->frame, reading.whole};
  look.by_itself(true);
  check_digests(look, reading, *framed);
  check_form(look, pdu, Side::target);
  look.by_itself(false);
  check_length(look, connection, pdu, Side::target);
  const auto* description = iscsi::pdu::describe(static_cast<std::uint8_t>(pdu.opcode()));
  if (description == nullptr || !iscsi::pdu::is_from_target(pdu.opcode())) return;
  check_phase(look, connection, pdu);
  check_numbers(look, all, connection, pdu);
  note_for_requests(connection, pdu);
  if (pdu.opcode() == Opcode::login_response)
    check_login_response(look, all, connection, pdu);
  else if (connection.in_full_feature())
    check_task_response(look, all, connection, pdu);
  check_reject(look, all, connection, pdu);
  check_async_message(look, all, connection, pdu);
}

}  // namespace

struct Monitor::State {
  Look look;
  Conversation all;
  std::size_t next_record = 0;
};

Monitor::Monitor() : state_{std::make_unique<State>()} {}
Monitor::Monitor(Monitor&&) noexcept = default;
Monitor& Monitor::operator=(Monitor&&) noexcept = default;
Monitor::Monitor(const Monitor& other) : state_{std::make_unique<State>(*other.state_)} {}
Monitor& Monitor::operator=(const Monitor& other) { return *this = Monitor{other}; }
Monitor::~Monitor() = default;

void Monitor::take(const Record& record) {
  auto& [look, all, next_record] = *state_;
  const std::size_t number = next_record++;
  using Kind = Record::Kind;
  if (record.kind == Kind::opened) {
    open_connection(all, record);
    return;
  }
  Connection& connection = all.connections[record.connection];
  if (connection.session == Connection::no_session) all.put_into_new_session(connection);
  if (record.kind == Kind::sent || record.kind == Kind::received)
    note_beginning(all, connection, record);
  const bool initiator = record.kind == Kind::sent || record.kind == Kind::unreadable_sent;
  const bool gap = record.kind == Kind::lost || record.kind == Kind::lost_sent;
  const Side side = initiator || record.kind == Kind::lost_sent ? Side::initiator : Side::target;
  const Side other = side == Side::target ? Side::initiator : Side::target;
  if (gap || is_unreadable(record))
    look.drop(record.connection, other);
  else if (record.kind == Kind::sent || record.kind == Kind::received)
    look.release(record.connection, other);
  look.at(number, record.connection, side, connection.agreement_known);
  switch (record.kind) {
    case Kind::sent: hear_request(look, all, connection, record, number); break;
    case Kind::received: hear_response(look, all, connection, record); break;
    case Kind::unreadable: check_unreadable(look, record); break;
    case Kind::unreadable_sent:
      check_unreadable(look, record);
      note_loss(all, connection, Side::initiator);
      break;
    case Kind::lost: note_loss(all, connection, Side::target); break;
    case Kind::lost_sent: note_loss(all, connection, Side::initiator); break;
    case Kind::opened: break;
    case Kind::ended:
    case Kind::broken:
    case Kind::left:
    case Kind::left_by_reset: close_connection(all, record.connection); break;
  }
}

void Monitor::finish() { state_->look.release_all(); }
std::vector<Finding> Monitor::take_findings() { return state_->look.take_findings(); }
std::vector<Accusation> Monitor::take_accusations() { return state_->look.take_accusations(); }
std::vector<std::size_t> Monitor::take_cleared() { return state_->look.take_cleared(); }
Looks Monitor::checked(Side side) const { return state_->look.checked(side); }
Looks Monitor::inconclusive(Side side) const { return state_->look.inconclusive(side); }
std::int64_t Monitor::judged() const { return state_->look.judged(); }

Observation observe(const Transcript& transcript, Side side) {
  Monitor monitor;
  for (const Record& record : transcript) monitor.take(record);
  monitor.finish();
  Observation out{.findings = monitor.take_findings(),
                  .checked = monitor.checked(side),
                  .inconclusive = monitor.inconclusive(side)};
  std::erase_if(out.findings, [&](const Finding& finding) { return finding.side != side; });
  // By record; those of one record stay in their order. (clang refuses libstdc++ 12's stable_sort.)
  std::multimap<std::size_t, Finding> by_record;
  for (Finding& finding : out.findings)
    by_record.emplace(finding.record.value(), std::move(finding));
  out.findings.clear();
  for (auto& [record, finding] : by_record) out.findings.push_back(std::move(finding));
  return out;
}

}  // namespace conformance
