#include <algorithm>
#include <functional>

#include "session/steps.hpp"

/// Task management (RFC 3720 10.5, 10.6). Four functions act at once. ABORT TASK SET and CLEAR TASK
/// SET first wait: for the commands in front of them, for the data that is on its way, and, once
/// the tasks are gone, for the acknowledgement of every status sent so far (10.6.2).

namespace iscsi::session {

using pdu::TaskManagementFunction;
using pdu::TaskManagementOutcome;

namespace {

void answer(Domain& domain, Session& session, Connection& connection,
            const pdu::TaskManagementRequest& request, TaskManagementOutcome outcome) {
  send(domain, connection, session.window,
       pdu::TaskManagementResponse{.response = outcome,
                                   .initiator_task_tag = request.initiator_task_tag});
}

template <class Condition>
void abort_where(Domain& domain, Session& session, Condition condition) {
  for (auto task = session.tasks.begin(); task != session.tasks.end();) {
    Task& one = *task++;
    if (!one.aborted && condition(one)) abort_task(domain, session, one);
  }
}

/// 10.6.1, the three cases of ABORT TASK.
TaskManagementOutcome abort_one(Domain& domain, Session& session,
                                const pdu::TaskManagementRequest& request) {
  const auto is_referenced = [&](const auto& one) {
    return one.request.initiator_task_tag == request.referenced_task_tag;
  };
  if (request.referenced_task_tag == request.initiator_task_tag ||
      std::ranges::any_of(session.functions, is_referenced))
    return TaskManagementOutcome::function_rejected;  // 10.5.1: not on a task management request
  if (Task* task = find_task(session, request.referenced_task_tag)) {
    if (task->command.lun != request.lun) return TaskManagementOutcome::task_does_not_exist;
    abort_task(domain, session, *task);
    return TaskManagementOutcome::function_complete;
  }
  const auto held = std::ranges::find(session.held, request.referenced_task_tag,
                                      &HeldRequest::initiator_task_tag);
  const bool is_ahead =
      session.window.contains(request.ref_cmd_sn) && request.ref_cmd_sn.precedes(request.cmd_sn);
  if (held != session.held.end()) {
    session.window.skip(held->cmd_sn);
    session.held.erase(held);
    return TaskManagementOutcome::function_complete;
  }
  if (!is_ahead) return TaskManagementOutcome::task_does_not_exist;
  session.window.skip(request.ref_cmd_sn);
  return TaskManagementOutcome::function_complete;
}

/// LOGICAL UNIT RESET: every task of the unit ends, whoever sent it; the initiators are told by
/// unit attentions.
void reset_unit(Domain& domain, wire::Lun lun) {
  for (auto& [tsih, session] : domain.sessions)
    abort_where(domain, session, [lun](const Task& task) { return task.command.lun == lun; });
  domain.device.logical_unit_reset(std::to_underlying(lun));
}

void reset_target(Domain& domain) {
  for (auto& [tsih, session] : domain.sessions)
    abort_where(domain, session, [](const Task&) { return true; });
  domain.device.target_reset();
}

/// 10.5.1: like a power on, so every connection of every session closes, the response being the
/// last that its connection sends.
void end_all_sessions(Domain& domain) {
  while (!domain.sessions.empty())
    end_session(domain, domain.sessions.begin()->second, Disposition::close_when_sent);
}

/// The tasks that a task set function acts on in one session. ABORT TASK SET: those of the nexus
/// that came before it; CLEAR TASK SET: in the other sessions, all of the unit.
bool is_affected(const Session& issuing, const PendingFunction& function, const Session& session,
                 const Task& task) {
  if (task.command.lun != function.request.lun || task.aborted) return false;
  if (&session != &issuing)
    return function.request.function == TaskManagementFunction::clear_task_set;
  return task.command.cmd_sn.precedes(function.request.cmd_sn) ||
         (task.command.immediate && task.command.cmd_sn == function.request.cmd_sn);
}

template <class Use>
void for_each_affected(Domain& domain, const Session& issuing, const PendingFunction& function,
                       Use use) {
  for (auto& [tsih, session] : domain.sessions)
    for (auto task = session.tasks.begin(); task != session.tasks.end();) {
      Task& one = *task++;
      if (is_affected(issuing, function, session, one)) use(session, one);
    }
}

/// 10.6.2 b): all commands in front are here, and so is all data that was asked for.
bool may_execute(Domain& domain, Session& session, const PendingFunction& function) {
  if (session.window.exp_cmd_sn().precedes(function.request.cmd_sn)) return false;
  bool quiet = true;
  for_each_affected(domain, session, function, [&quiet](Session&, Task& task) {
    task.data.stop_asking();
    if (!task.data.quiet()) quiet = false;
  });
  return quiet;
}

/// 10.6.2 c) and d).
void execute(Domain& domain, Session& session, PendingFunction& function) {
  bool cleared_others = false;
  for_each_affected(domain, session, function, [&](Session& owner, Task& task) {
    if (&owner != &session) cleared_others = true;
    abort_task(domain, owner, task);
  });
  if (cleared_others)
    domain.device.commands_cleared(std::to_underlying(function.request.lun), session.nexus);
  for (auto& [tsih, other] : domain.sessions) {
    if (&other != &session && !cleared_others) continue;
    for (const ConnectionId id : other.connections)
      if (const Connection* connection = domain.find(id))
        function.acknowledgements.push_back({id, connection->stat_sn});
  }
  function.executed = true;
}

/// Asks for the acknowledgements that are missing; true when none is.
bool is_acknowledged(Domain& domain, PendingFunction& function) {
  std::erase_if(function.acknowledgements, [&](const PendingFunction::Awaited& awaited) {
    const Connection* connection = domain.find(awaited.connection);
    return connection == nullptr || connection->disposition != Disposition::open ||
           awaited.stat_sn.precedes_or_is(connection->exp_stat_sn);
  });
  for (const PendingFunction::Awaited& awaited : function.acknowledgements)
    send_ping(domain, *domain.find(awaited.connection));
  return function.acknowledgements.empty();
}

/// True when the function has been answered.
bool continue_function(Domain& domain, Session& session, PendingFunction& function) {
  if (!function.executed) {
    if (!may_execute(domain, session, function)) return false;
    execute(domain, session, function);
  }
  if (!is_acknowledged(domain, function)) return false;
  if (Connection* connection = domain.find(function.connection)) {
    if (!function.request.immediate) session.window.release();
    answer(domain, session, *connection, function.request,
           TaskManagementOutcome::function_complete);
  }
  return true;
}

}  // namespace

void begin_function(Domain& domain, Session& session, Connection& connection,
                    const pdu::TaskManagementRequest& request) {
  using enum TaskManagementFunction;
  const auto reply = [&](TaskManagementOutcome outcome) {
    answer(domain, session, connection, request, outcome);
  };
  if (request.addresses_logical_unit() &&
      !domain.device.is_accessible(std::to_underlying(request.lun)))
    return reply(TaskManagementOutcome::lun_does_not_exist);
  switch (request.function) {
    case abort_task: reply(abort_one(domain, session, request)); break;
    case abort_task_set:
    case clear_task_set:
      if (!request.immediate) session.window.occupy();
      session.functions.push_back({.request = request, .connection = connection.id});
      ++domain.pending_functions;
      return;        // `receive` goes on with it
    case clear_aca:  // NormACA is 0 in our INQUIRY data
      return reply(TaskManagementOutcome::function_not_supported);
    case logical_unit_reset:
      reset_unit(domain, request.lun);
      reply(TaskManagementOutcome::function_complete);
      break;
    case target_warm_reset:
      reset_target(domain);
      reply(TaskManagementOutcome::function_complete);
      break;
    case target_cold_reset:
      reset_target(domain);
      reply(TaskManagementOutcome::function_complete);
      return end_all_sessions(domain);
    case task_reassign:  // 6.2.2: belongs to error recovery level 2
      return reply(TaskManagementOutcome::reassignment_not_supported);
  }
  run_waiting_tasks(domain);
}

void continue_functions(Domain& domain) {
  if (domain.pending_functions == 0) return;
  bool progress = true;
  bool any = false;
  while (std::exchange(progress, false))
    for (auto& [tsih, session] : domain.sessions)
      for (std::size_t i = 0; i < session.functions.size();) {
        if (!continue_function(domain, session, session.functions[i])) {
          ++i;
          continue;
        }
        session.functions.erase(session.functions.begin() + static_cast<std::ptrdiff_t>(i));
        --domain.pending_functions;
        progress = any = true;
      }
  if (any) run_waiting_tasks(domain);
}

}  // namespace iscsi::session
