#include <algorithm>

#include "session/steps.hpp"

namespace iscsi::session {
namespace {

using pdu::LogoutOutcome;
using pdu::LogoutReason;

/// The connection closes when what it has to send is sent, its Logout Response perhaps (10.14).
void close_by_logout(Domain& domain, Connection& connection) {
  connection.state = ConnectionState::in_logout;
  connection.disposition = Disposition::close_when_sent;
  domain.touch(connection);
}

/// Task management functions that nobody can be answered any more.
void forget_functions_of(Domain& domain, Session& session, ConnectionId connection) {
  domain.pending_functions -= static_cast<std::uint32_t>(
      std::erase_if(session.functions, [&session, connection](const PendingFunction& one) {
        if (one.connection != connection) return false;
        if (!one.request.immediate) session.window.release();
        return true;
      }));
}

void forget_connection(Session& session, ConnectionId id) { std::erase(session.connections, id); }

}  // namespace

void terminate_tasks_of(Domain& domain, Session& session, ConnectionId connection) {
  for (auto task = session.tasks.begin(); task != session.tasks.end();) {
    Task& one = *task++;
    if (one.allegiance != connection || one.aborted) continue;
    // 6.5: "on the next command processed" the nexus hears that commands are gone.
    domain.device.raise_attention(std::to_underlying(one.command.lun), session.nexus,
                                  scsi::asc::some_commands_cleared_by_iscsi_event);
    abort_task(domain, session, one);
  }
  for (const HeldRequest& held : session.held)
    if (held.connection == connection) session.window.forget(held.cmd_sn);
  std::erase_if(session.held,
                [connection](const HeldRequest& held) { return held.connection == connection; });
  forget_functions_of(domain, session, connection);
  run_waiting_tasks(domain);
  continue_functions(domain);
}

void end_session(Domain& domain, Session& session, Disposition how) {
  for (const ConnectionId id : session.connections)
    if (Connection* connection = domain.find(id)) {
      connection->session = wire::Tsih::none;
      connection->disposition = how;
      domain.touch(*connection);
    }
  abandon_tasks(domain, session);
  domain.pending_functions -= static_cast<std::uint32_t>(session.functions.size());
  // A discovery session never was a nexus, but may share its name with one that is.
  if (!session.is_discovery()) domain.device.nexus_lost(session.nexus);
  domain.sessions.erase(session.tsih);
  run_waiting_tasks(domain);
  continue_functions(domain);
}

void drop_connection(Domain& domain, Connection& connection, Disposition how) {
  connection.disposition = how;
  domain.touch(connection);
  Session* session = domain.find(std::exchange(connection.session, wire::Tsih::none));
  if (session == nullptr) return;
  const wire::CmdSN max_cmd_sn = session->window.max_cmd_sn();
  forget_connection(*session, connection.id);
  terminate_tasks_of(domain, *session, connection.id);
  if (session->connections.empty()) {
    const std::uint64_t seconds = std::uint64_t{session->parameters.default_time2wait} +
                                  session->parameters.default_time2retain;
    // 6.4.1, 12.16: with DefaultTime2Retain 0 nothing is kept.
    if (session->parameters.default_time2retain == 0 || session->is_discovery() ||
        domain.shutting_down)
      return end_session(domain, *session, Disposition::close_now);
    session->expires_at = domain.now + seconds * 1000;
  } else if (session->window.max_cmd_sn() != max_cmd_sn) {
    announce_window(domain, *session);
  }
}

void log_out(Domain& domain, Session& session, Connection& connection,
             const pdu::LogoutRequest& request) {
  const auto answer = [&](LogoutOutcome outcome) {
    send(
        domain, connection, session.window,
        pdu::LogoutResponse{.response = outcome, .initiator_task_tag = request.initiator_task_tag});
  };
  switch (request.reason) {
    case LogoutReason::close_session:
      answer(LogoutOutcome::closed);
      close_by_logout(domain, connection);
      return end_session(domain, session, Disposition::close_when_sent);
    case LogoutReason::remove_for_recovery:
      // 10.15.1: recovery is for level 2.
      return answer(LogoutOutcome::recovery_not_supported);
    case LogoutReason::close_connection: break;
  }
  const auto named = std::ranges::find_if(
      session.connections, [&](ConnectionId id) { return domain.find(id)->cid == request.cid; });
  if (named == session.connections.end()) return answer(LogoutOutcome::cid_not_found);
  Connection& closing = *domain.find(*named);
  if (session.connections.size() == 1) {  // 5.3.5: closing the last connection closes the session
    answer(LogoutOutcome::closed);
    close_by_logout(domain, closing);
    return end_session(domain, session, Disposition::close_when_sent);
  }
  terminate_tasks_of(domain, session, closing.id);
  answer(LogoutOutcome::closed);
  close_by_logout(domain, closing);
  closing.session = wire::Tsih::none;
  forget_connection(session, closing.id);
}

}  // namespace iscsi::session
