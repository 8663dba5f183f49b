#include <algorithm>
#include <functional>

#include "session/steps.hpp"

/// Task management (RFC 3720 10.5, 10.6). A function acts on all commands with a lower CmdSN
/// (10.5.1): one that is immediate may have overtaken some of them, and then it waits for them.
/// Only ABORT TASK need not wait, since it names its command by CmdSN, nor TARGET COLD RESET, which
/// leaves no session behind. ABORT TASK SET and CLEAR TASK SET wait for more: for the data that is
/// on its way, and, once the tasks are gone, for the acknowledgement of every status sent so far
/// (10.6.2).

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

/// Ends the tasks of all sessions for which `condition` holds. 10.4.11: sessions that get room in
/// their windows by that are told; the one that asked hears of it with its response.
template <class Condition>
void abort_everywhere(Domain& domain, const Session& issuing, Condition condition) {
  for (auto& [tsih, session] : domain.sessions) {
    const wire::CmdSN before = session.window.max_cmd_sn();
    for (auto task = session.tasks.begin(); task != session.tasks.end();) {
      Task& one = *task++;
      if (condition(session, one)) abort_task(domain, session, one);
    }
    if (&session != &issuing && session.window.max_cmd_sn() != before)
      announce_window(domain, session);
  }
}

/// A request that waits for its turn ends there; its number counts as received (10.6.1 a).
std::optional<TaskManagementOutcome> abort_held(Session& session, wire::InitiatorTaskTag tag) {
  const auto held = std::ranges::find(session.held, tag, &HeldRequest::initiator_task_tag);
  if (held == session.held.end()) return std::nullopt;
  if (pdu::opcode_of(held->headers) == pdu::Opcode::task_management_request)
    return TaskManagementOutcome::function_rejected;  // 10.5.1
  session.window.forget(held->cmd_sn);
  session.window.skip(held->cmd_sn);
  session.held.erase(held);
  return TaskManagementOutcome::function_complete;
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
    if (!is_same_unit(task->command.lun, request.lun))
      return TaskManagementOutcome::task_does_not_exist;
    abort_task(domain, session, *task);
    return TaskManagementOutcome::function_complete;
  }
  if (const auto outcome = abort_held(session, request.referenced_task_tag)) return *outcome;
  if (Connection* connection = find_text_exchange(domain, session, request.referenced_task_tag)) {
    connection->text.reset();
    return TaskManagementOutcome::function_complete;
  }
  const bool is_ahead =
      session.window.contains(request.ref_cmd_sn) && request.ref_cmd_sn.precedes(request.cmd_sn);
  if (!is_ahead) return TaskManagementOutcome::task_does_not_exist;
  session.window.skip(request.ref_cmd_sn);
  return TaskManagementOutcome::function_complete;
}

/// LOGICAL UNIT RESET: every task of the unit ends, whoever sent it; the initiators are told by
/// unit attentions.
void reset_unit(Domain& domain, const Session& issuing, wire::Lun lun) {
  abort_everywhere(domain, issuing, [lun](const Session&, const Task& task) {
    return is_same_unit(task.command.lun, lun);
  });
  domain.device.logical_unit_reset(std::to_underlying(lun));
}

void reset_target(Domain& domain, const Session& issuing) {
  abort_everywhere(domain, issuing, [](const Session&, const Task&) { return true; });
  domain.device.target_reset();
}

/// TARGET COLD RESET (10.5.1): like a power on, so every connection closes, logged in or not, the
/// response being the last that its connection sends. No task and no function is left by then that
/// the end of another session could let go on, and be answered.
template <class Reply>
void restart(Domain& domain, Reply reply) {
  for (auto& [tsih, session] : domain.sessions) {
    abandon_tasks(domain, session);
    session.functions.clear();
  }
  domain.pending_functions = 0;
  reply(TaskManagementOutcome::function_complete);
  while (!domain.sessions.empty())
    end_session(domain, domain.sessions.begin()->second, Disposition::close_when_sent);
  for (auto& [id, connection] : domain.connections)
    if (connection.disposition == Disposition::open) drop_connection(domain, connection);
  domain.device.target_reset();
}

/// The tasks that a task set function acts on in one session. ABORT TASK SET: those of the nexus
/// that came before it; CLEAR TASK SET: in the other sessions, all of the unit.
bool is_affected(const Session& issuing, const PendingFunction& function, const Session& session,
                 const Task& task) {
  if (!is_same_unit(task.command.lun, function.request.lun) || task.aborted) return false;
  if (&session != &issuing)
    return function.request.function == TaskManagementFunction::clear_task_set;
  if (task.command.cmd_sn.precedes(function.request.cmd_sn)) return true;
  // Immediate commands carry the same CmdSN whether they were sent in front of it or behind.
  return task.command.immediate && task.command.cmd_sn == function.request.cmd_sn &&
         task.id <= function.last_task;
}

bool is_of_task_set(const pdu::TaskManagementRequest& request) {
  return request.function == TaskManagementFunction::abort_task_set ||
         request.function == TaskManagementFunction::clear_task_set;
}

/// Whether all commands in front of the function have come.
bool has_caught_up(const Session& issuing, const pdu::TaskManagementRequest& request) {
  return !issuing.window.exp_cmd_sn().precedes(request.cmd_sn);
}

/// 10.6.2 b): all commands in front are here, and so is all data that was asked for.
bool may_execute(const Domain& domain, const Session& issuing, const PendingFunction& function) {
  if (!has_caught_up(issuing, function.request)) return false;
  if (!is_of_task_set(function.request)) return true;
  for (const auto& [tsih, session] : domain.sessions)
    for (const Task& task : session.tasks)
      if (!task.data.quiet() && is_affected(issuing, function, session, task)) return false;
  return true;
}

/// LOGICAL UNIT RESET or TARGET WARM RESET.
void reset(Domain& domain, const Session& issuing, const pdu::TaskManagementRequest& request) {
  if (request.function == TaskManagementFunction::target_warm_reset)
    return reset_target(domain, issuing);
  reset_unit(domain, issuing, request.lun);
}

/// 10.6.2 c) and d).
void execute(Domain& domain, Session& issuing, PendingFunction& function) {
  function.executed = true;
  if (!is_of_task_set(function.request)) return reset(domain, issuing, function.request);
  bool cleared_others = false;
  abort_everywhere(domain, issuing, [&](const Session& session, const Task& task) {
    if (!is_affected(issuing, function, session, task)) return false;
    if (&session != &issuing) cleared_others = true;
    return true;
  });
  if (cleared_others)
    domain.device.commands_cleared(std::to_underlying(function.request.lun), issuing.nexus);
  for (const auto& [tsih, session] : domain.sessions) {
    // A discovery session has no part in a task set, and may not answer a ping (3.3).
    if (&session != &issuing && (!cleared_others || session.is_discovery())) continue;
    for (const ConnectionId id : session.connections)
      if (const Connection* connection = domain.find(id))
        function.acknowledgements.push_back({id, connection->stat_sn});
  }
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

/// The function waits; `receive` goes on with it.
void keep(Domain& domain, Session& session, const Connection& connection,
          const pdu::TaskManagementRequest& request) {
  if (!request.immediate) session.window.occupy();
  session.functions.push_back(
      {.request = request, .connection = connection.id, .last_task = domain.last_task});
  ++domain.pending_functions;
}

/// True when the function has been answered.
bool continue_function(Domain& domain, Session& session, PendingFunction& function) {
  if (!function.executed) {
    if (!may_execute(domain, session, function)) return false;
    execute(domain, session, function);
  }
  if (!is_acknowledged(domain, function)) return false;
  if (!function.request.immediate) session.window.release();
  answer(domain, session, *domain.find(function.connection), function.request,
         TaskManagementOutcome::function_complete);
  return true;
}

}  // namespace

bool is_to_be_aborted(const Domain& domain, const Session& session, const Task& task) {
  if (domain.pending_functions == 0) return false;
  for (const auto& [tsih, issuing] : domain.sessions)
    for (const PendingFunction& function : issuing.functions) {
      if (function.executed || !is_of_task_set(function.request)) continue;
      // A number that never comes in one session must not keep another from its data.
      if (&issuing != &session && !has_caught_up(issuing, function.request)) continue;
      if (is_affected(issuing, function, session, task)) return true;
    }
  return false;
}

bool has_to_be_kept(const Session& session, const pdu::TaskManagementRequest& request) {
  using enum TaskManagementFunction;
  const bool is_reset =
      request.function == logical_unit_reset || request.function == target_warm_reset;
  return is_of_task_set(request) || (is_reset && !has_caught_up(session, request));
}

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
    case clear_task_set: return keep(domain, session, connection, request);
    case clear_aca:  // NormACA is 0 in our INQUIRY data
      return reply(TaskManagementOutcome::function_not_supported);
    case logical_unit_reset:
    case target_warm_reset:
      if (has_to_be_kept(session, request)) return keep(domain, session, connection, request);
      reset(domain, session, request);
      reply(TaskManagementOutcome::function_complete);
      break;
    case target_cold_reset: return restart(domain, reply);
    case task_reassign:  // 6.2.2: belongs to error recovery level 2
      return reply(TaskManagementOutcome::reassignment_not_supported);
  }
  run_waiting_tasks(domain);
}

void continue_functions(Domain& domain) {
  if (domain.pending_functions == 0) return;
  bool progress = true;
  while (std::exchange(progress, false))
    for (auto& [tsih, session] : domain.sessions)
      for (std::size_t i = 0; i < session.functions.size();) {
        if (!continue_function(domain, session, session.functions[i])) {
          ++i;
          continue;
        }
        session.functions.erase(session.functions.begin() + static_cast<std::ptrdiff_t>(i));
        --domain.pending_functions;
        progress = true;
      }
  run_waiting_tasks(domain);
}

}  // namespace iscsi::session
