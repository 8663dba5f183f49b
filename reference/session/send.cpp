#include <cassert>

#include "session/steps.hpp"

namespace iscsi::session {
namespace {

void reject(Domain& domain, Connection& connection, const Session& session,
            pdu::RejectReason reason, const pdu::Frame& frame) {
  send(domain, connection, session.window, pdu::Reject{.reason = reason},
       wire::copy_of(frame.header));
}

}  // namespace

void refuse(Domain& domain, Connection& connection, Session& session, const Violation& violation,
            const pdu::Frame& frame) {
  domain.note(connection, violation);
  const Remedy remedy = about(violation.rule).remedy;
  switch (remedy.kind) {
    case Remedy::Kind::audit_only:
    case Remedy::Kind::ignore: return;
    case Remedy::Kind::reject:
      return reject(domain, connection, session, static_cast<pdu::RejectReason>(remedy.code),
                    frame);
    case Remedy::Kind::check_condition:
      // The task's answer tells it; a PDU without a task it belongs to is refused itself.
      return reject(domain, connection, session, pdu::RejectReason::invalid_pdu_field, frame);
    case Remedy::Kind::key_answer:
    case Remedy::Kind::login_failure:  // there is no login to fail any more
      return reject(domain, connection, session, pdu::RejectReason::protocol_error, frame);
    case Remedy::Kind::drop_connection: return drop_connection(domain, connection);
    case Remedy::Kind::drop_session: return end_session(domain, session, Disposition::close_now);
  }
}

void announce_window(Domain& domain, const Session& session) {
  // One that closes has left the session.
  if (session.connections.empty()) return;
  send(domain, *domain.find(session.connections.front()), session.window, pdu::NopIn{});
}

void send_ping(Domain& domain, Connection& connection) {
  const Session* session = domain.find(connection.session);
  assert(session != nullptr);
  if (connection.ping) return;
  // 10.19.3: with a transfer tag the LUN has to be a correct one.
  const auto units = domain.device.units();
  const wire::Lun lun{units.empty() ? 0 : scsi::lun_field(units.front().number)};
  connection.ping = {.tag = connection.new_transfer_tag(), .lun = lun, .sent_at = domain.now};
  send(domain, connection, session->window,
       pdu::NopIn{.lun = lun, .target_transfer_tag = connection.ping->tag});
}

void request_logout(Domain& domain, Connection& connection, std::uint16_t seconds) {
  const Session* session = domain.find(connection.session);
  assert(session != nullptr);
  if (connection.state != ConnectionState::logged_in) return;
  connection.state = ConnectionState::logout_requested;
  connection.logout_due_at = domain.now + std::uint64_t{seconds} * 1000;
  connection.logout_request = connection.stat_sn;
  send(domain, connection, session->window,
       pdu::AsyncMessage{.event = pdu::AsyncEvent::logout_request, .parameter3 = seconds});
}

void announce_drop(Domain& domain, Connection& connection) {
  const Session* session = domain.find(connection.session);
  assert(session != nullptr);
  send(domain, connection, session->window,
       pdu::AsyncMessage{.event = pdu::AsyncEvent::drop_connection,
                         .parameter1 = std::to_underlying(connection.cid)});
  // With Time2Retain 0 the commands of the connection end with the message.
  drop_connection(domain, connection, Disposition::close_when_sent);
}

}  // namespace iscsi::session
