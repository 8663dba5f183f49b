/// Requests and the responses that belong to them: tags, pings, text, task management, logout,
/// Reject.

#include <algorithm>
#include <utility>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;
using iscsi::pdu::Opcode;
using iscsi::wire::CmdSN;

namespace {

enum Function : std::uint8_t {
  abort_task = 1,
  abort_task_set = 2,
  clear_task_set = 4,
  logical_unit_reset = 5,
  target_warm_reset = 6,
  target_cold_reset = 7,
};

/// The responses that a request of this kind may get.
bool answers(Opcode request, Opcode response) {
  switch (request) {
    case Opcode::nop_out: return response == Opcode::nop_in;
    case Opcode::scsi_command:
      return response == Opcode::scsi_response || response == Opcode::data_in ||
             response == Opcode::ready_to_transfer;
    case Opcode::task_management_request: return response == Opcode::task_management_response;
    case Opcode::text_request: return response == Opcode::text_response;
    case Opcode::logout_request: return response == Opcode::logout_response;
    default: return false;
  }
}

/// 10.10: a connection has one text exchange at a time. Of two that overlap, nobody can tell which
/// answer belongs to which.
void note_overlap(Connection& connection, Task& text) {
  for (auto& [tag, other] : connection.tasks)
    if (&other != &text && other.request == Opcode::text_request && !other.done && !other.rejected)
      other.ambiguous = text.ambiguous = true;
}

/// Fills in what the kinds of request add to a task.
void note_details(Connection& connection, Task& task, const Pdu& pdu) {
  switch (task.request) {
    case Opcode::nop_out:
      task.ping.assign(pdu.frame.data.begin(), pdu.frame.data.end());
      task.ambiguous = task.ambiguous || !pdu.whole;
      break;
    case Opcode::scsi_command: note_command(connection, task, pdu); break;
    case Opcode::text_request:
      note_overlap(connection, task);
      if (pdu.transfer_tag() == no_tag) connection.talk = Talk{connection.agreed};
      task.ambiguous = task.ambiguous || !pdu.whole;
      task.text_final = pdu.final();
      task.text_continued = pdu.bit(1, 1);
      connection.talk.request(Stage::full_feature, task.text_continued, pdu.frame.data);
      if (pdu.transfer_tag() == no_tag) {
        const auto& asked = connection.talk.asked();
        task.sends_targets = asked.size() == 1 && asked.front().key == "SendTargets";
        task.records_begun = false;
      }
      break;
    case Opcode::task_management_request:
      task.function = static_cast<std::uint8_t>(pdu.bits(1, 1, 7));
      task.referenced_tag = pdu.word(20);
      task.responses_before = connection.next_stat_sn;
      break;
    case Opcode::logout_request:
      task.logout_reason = static_cast<std::uint8_t>(pdu.bits(1, 1, 7));
      task.logout_cid = static_cast<std::uint16_t>(pdu.number<2>(20));
      break;
    default: break;
  }
}

/// The tasks that a task management request covers (10.5.1), in so far as it is certain.
std::vector<Task*> covered_tasks(Connection& connection, const Task& management) {
  std::vector<Task*> covered;
  const auto add_if = [&](auto condition) {
    for (auto& [tag, task] : connection.tasks)
      if (task.request == Opcode::scsi_command && !task.done && condition(tag, task))
        covered.push_back(&task);
  };
  // An immediate one that was sent behind the function has a lower number by mistake only.
  const auto earlier = [&](const Task& task) {
    return task.cmd_sn.precedes(management.cmd_sn) &&
           (!task.immediate || task.place < management.place);
  };
  switch (management.function) {
    case abort_task:
      // One that was sent after the function may have come when that was done.
      add_if([&](std::uint32_t tag, const Task& task) {
        return tag == management.referenced_tag && task.place < management.place;
      });
      break;
    case abort_task_set:
    case clear_task_set:
    case logical_unit_reset:
      add_if([&](std::uint32_t, const Task& task) {
        return task.lun == management.lun && earlier(task);
      });
      break;
    case target_warm_reset:
    case target_cold_reset:
      add_if([&](std::uint32_t, const Task& task) { return earlier(task); });
      break;
    default: break;
  }
  return covered;
}

void check_ping(Look& look, const Connection& connection, const Task& task, const Pdu& pdu) {
  const std::size_t wanted =
      std::min<std::size_t>(task.ping.size(), connection.agreed.initiator_limit);
  const bool same =
      std::ranges::equal(pdu.frame.data, iscsi::wire::ByteView{task.ping}.first(wanted));
  look.check(Rule::ping_data_is_returned, same, 48, pdu.data_bytes(), [&] {
    return std::to_string(pdu.data_bytes()) + " bytes for a ping of " +
           std::to_string(task.ping.size());
  });
}

void check_text(Look& look, Connection& connection, Task& task, const Pdu& pdu) {
  const bool final = pdu.final();
  if (!pdu.whole) {  // what it said is not known, nor what was agreed
    task.ambiguous = true;
    lose_agreement(connection);
    return;
  }
  look.check(Rule::final_text_response_only_when_asked, !final || task.text_final, 1,
             std::to_integer<std::uint64_t>(pdu.frame.header[1]));
  if (task.text_continued)
    look.check(Rule::continued_request_is_answered_without_data, pdu.data_bytes() == 0, 5,
               pdu.data_bytes());
  // 5.4 calls it discouraged: nothing said, and yet another request invited.
  if (task.text_final && !task.text_continued)
    look.check(Rule::empty_text_response_ends, final || pdu.data_bytes() > 0, 1,
               std::to_integer<std::uint64_t>(pdu.frame.header[1]));
  connection.talk.response(Stage::full_feature, pdu.bit(1, 1), final, pdu.frame.data);
  look.take(connection.talk);
  check_send_targets(look, connection, task, pdu);
  if (!final) {
    task.text_tag = pdu.transfer_tag();
    return;
  }
  connection.talk.conclude();
  look.take_undone(connection.talk, connection.last_text_request);
  if (connection.agreement_known) connection.take_over(connection.talk.parameters(), false);
  task.done = true;
}

/// Functions that end tasks of all sessions, and tell them nothing of it (10.5.1).
bool sweeps(Opcode request, std::uint8_t function) {
  return request == Opcode::task_management_request && function >= clear_task_set &&
         function <= target_cold_reset;
}
bool sweeps(const Task& task) { return sweeps(task.request, task.function); }

/// When such a function is sent and when it is answered; it has been carried out in between.
void note_sweep(Conversation& all, const Connection& connection) {
  for (auto& [number, other] : all.connections)
    if (&other != &connection)
      for (auto& [tag, task] : other.tasks) task.may_be_gone = true;
}

/// A function was answered of which nobody can tell what it was: it may have ended any task.
void note_unknown_function(Conversation& all) {
  for (auto& [number, connection] : all.connections)
    for (auto& [tag, task] : connection.tasks) task.may_be_gone = task.tag_may_be_free = true;
}

/// On the connection of a function that is answered: commands of which nobody can tell whether they
/// came in front of it. Immediate ones have the number of what comes behind them, and a reset may
/// have met later ones.
void note_doubtful(Connection& connection, const Task& management) {
  for (auto& [tag, task] : connection.tasks)
    if (sweeps(management) ||
        (task.immediate && (task.cmd_sn == management.cmd_sn || task.place > management.place)))
      task.may_be_gone = true;
}

/// Whether one is on its way on another connection.
bool is_swept(const Conversation& all, const Connection& connection) {
  return std::ranges::any_of(all.connections, [&](const auto& entry) {
    const Connection& other = entry.second;
    return &other != &connection && std::ranges::any_of(other.tasks, [](const auto& known) {
      const Task& task = known.second;
      return task.twin_sweeps || (sweeps(task) && !task.done && !task.rejected);
    });
  });
}

/// 10.5.1, 10.6.1, 10.6.2: what a function on a task set waits for before it is answered.
void check_task_set_waits(Look& look, const Conversation& all, const Connection& connection,
                          const Task& task, const std::vector<Task*>& covered) {
  const auto waits = [](const Task* one) {
    return !one->aborted && !one->disturbed && !one->ambiguous && !one->may_be_gone &&
           std::ranges::any_of(one->solicitations,
                               [](const Solicitation& r2t) { return !r2t.answered; });
  };
  if (!is_swept(all, connection))
    look.check(Rule::task_set_function_waits_for_data, std::ranges::none_of(covered, waits), 2,
               covered.size(), "an R2T of a task in the set is not answered yet");
  if (!task.responses_before || !connection.acknowledged) return;
  look.check(Rule::task_set_response_waits_for_acknowledgement,
             task.responses_before->precedes_or_is(*connection.acknowledged), 24,
             connection.acknowledged->value,
             "ExpStatSN, while responses up to " +
                 std::to_string(task.responses_before->value - 1) + " came before the request");
}

/// What the function may have ended, the initiator may take for gone.
void free_tags(Connection& connection, const Task& task, std::uint64_t response) {
  constexpr std::uint64_t no_such_task = 1;
  if (response > no_such_task) return;
  if (task.function == abort_task) {
    const auto aborted = connection.tasks.find(task.referenced_tag);
    if (aborted != connection.tasks.end()) aborted->second.tag_may_be_free = true;
    return;
  }
  for (auto& [tag, other] : connection.tasks) other.tag_may_be_free = true;
}

void check_task_management(Look& look, Conversation& all, Connection& connection, Task& task,
                           const Pdu& pdu) {
  task.done = true;
  if (sweeps(task)) note_sweep(all, connection);
  free_tags(connection, task, pdu.number<1>(2));
  if (pdu.number<1>(2) != 0) return;
  const std::vector<Task*> covered = covered_tasks(connection, task);
  if (!task.disturbed && (task.function == abort_task_set || task.function == clear_task_set))
    check_task_set_waits(look, all, connection, task, covered);
  for (Task* one : covered) one->aborted = true;
  if (task.function != abort_task) note_doubtful(connection, task);
  if (!covered.empty() && task.function == abort_task)
    forget_finished(connection, task.referenced_tag);
}

void check_logout(Connection& connection, Task& task, const Pdu& pdu) {
  task.done = true;
  const bool this_one = task.logout_reason == 0 || task.logout_cid == connection.login.cid;
  if (pdu.number<1>(2) == 0 && this_one) connection.logged_out = true;
  if (pdu.number<1>(2) != 0) connection.logout_request.reset();
}

/// Whether this response is one that the task can still get.
bool check_open(Look& look, const Task& task, const Pdu& pdu) {
  if (task.rejected) {
    look.check(Rule::rejected_command_has_no_response, false, 16, pdu.tag());
    return false;
  }
  const auto opcode = static_cast<std::uint64_t>(pdu.opcode());
  look.check(Rule::nothing_follows_task_management_response, !task.aborted, 0, opcode,
             "a response of an aborted task");
  look.check(Rule::status_comes_once, !task.done, 0, opcode, "the task has ended");
  return !task.done && !task.aborted;
}

/// Whether an ExpCmdSN of the session is past that number.
bool is_acknowledged(const Conversation& all, std::size_t session, CmdSN cmd_sn) {
  return std::ranges::any_of(all.connections, [&](const auto& entry) {
    const Connection& one = entry.second;
    return one.session == session && one.exp_cmd_sn && cmd_sn.precedes(*one.exp_cmd_sn);
  });
}

}  // namespace

bool is_command(Opcode opcode) {
  return opcode == Opcode::nop_out || opcode == Opcode::scsi_command ||
         opcode == Opcode::task_management_request || opcode == Opcode::text_request ||
         opcode == Opcode::logout_request;
}

void note_number(Conversation& all, const Connection& connection, const Pdu& pdu) {
  if (!is_command(pdu.opcode()) || pdu.immediate()) return;
  Session& session = all.session_of(connection);
  const CmdSN cmd_sn = pdu.cmd_sn();
  if (session.sent.contains(cmd_sn.value) || is_acknowledged(all, connection.session, cmd_sn))
    session.note(session.spent, cmd_sn);
}

void note_request(Conversation& all, Connection& connection, const Pdu& pdu, bool damaged) {
  const Opcode opcode = pdu.opcode();
  if (!is_command(opcode)) return;
  Session& session = all.session_of(connection);
  const CmdSN cmd_sn = pdu.cmd_sn();
  const bool duplicate = !pdu.immediate() && session.sent.contains(cmd_sn.value);
  if (!pdu.immediate()) session.add(cmd_sn);
  const std::uint32_t tag = pdu.tag();
  const auto known = connection.tasks.find(tag);
  const bool open =
      known != connection.tasks.end() && !known->second.done && !known->second.rejected;
  const bool goes_on = open && opcode == Opcode::text_request && pdu.transfer_tag() != no_tag &&
                       known->second.request == Opcode::text_request;
  if (duplicate) {
    // To be passed over as a retry. But the first one may have been outside of the window, and
    // passed over itself: then this one is carried out, and nobody can tell which it was.
    const bool retried = known != connection.tasks.end() && known->second.request == opcode &&
                         !known->second.immediate && !known->second.rejected &&
                         known->second.cmd_sn == cmd_sn;
    if (open || !retried) {
      if (Task* const other = connection.task_of(tag)) {
        other->ambiguous = other->has_twin = true;
        if (sweeps(opcode, static_cast<std::uint8_t>(pdu.bits(1, 1, 7)))) {
          other->twin_sweeps = true;
          note_sweep(all, connection);
        }
      }
    }
    return;
  }
  if (opcode == Opcode::task_management_request && pdu.bits(1, 1, 7) == abort_task)
    session.add(CmdSN{pdu.word(32)});  // 6.9: counts as received; 10.6.1 says when
  if (tag == no_tag) return;
  const bool has_twin = open || (known != connection.tasks.end() && known->second.has_twin);
  Task* const place = connection.task_of(tag);
  if (place == nullptr) return;
  Task& task = *place;
  if (goes_on) {
    // 10.10.4: the tag of the last response goes on; what comes of any other one cannot be told.
    if (std::exchange(task.text_tag, no_tag) != pdu.transfer_tag()) task.ambiguous = true;
  } else {
    const bool twin_sweeps = open && (sweeps(task) || task.twin_sweeps);
    task = Task{};
    task.ambiguous = task.has_twin = has_twin;
    task.twin_sweeps = twin_sweeps;
  }
  task.place = ++connection.requests;
  std::ranges::copy(pdu.frame.header, task.header.begin());
  task.request = opcode;
  task.cmd_sn = cmd_sn;
  task.immediate = pdu.immediate();
  task.lun = pdu.number<8>(8);
  task.disturbed = task.disturbed || damaged;
  note_details(connection, task, pdu);
  if (sweeps(task)) note_sweep(all, connection);
}

namespace {

void check_answer(Look& look, Conversation& all, Connection& connection, Task& task,
                  const Pdu& pdu) {
  const Opcode opcode = pdu.opcode();
  const bool has_status =
      opcode != Opcode::ready_to_transfer && (opcode != Opcode::data_in || pdu.bit(1, 7));
  if (has_status && !task.immediate)
    look.check(Rule::status_acknowledges_its_command, task.cmd_sn.precedes(pdu.exp_cmd_sn()), 28,
               pdu.exp_cmd_sn().value,
               [&] { return "CmdSN " + std::to_string(task.cmd_sn.value); });
  switch (opcode) {
    case Opcode::nop_in:
      if (pdu.whole) check_ping(look, connection, task, pdu);
      task.done = true;
      break;
    case Opcode::text_response: check_text(look, connection, task, pdu); break;
    case Opcode::task_management_response:
      check_task_management(look, all, connection, task, pdu);
      break;
    case Opcode::logout_response: check_logout(connection, task, pdu); break;
    case Opcode::data_in: check_data_in(look, connection, task, pdu); break;
    case Opcode::ready_to_transfer: check_r2t(look, connection, task, pdu); break;
    case Opcode::scsi_response: check_scsi_response(look, task, pdu); break;
    default: break;
  }
}

}  // namespace

void check_task_response(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  const Opcode opcode = pdu.opcode();
  if (connection.desynchronised || connection.retransmission_asked || pdu.tag() == no_tag) return;
  if (opcode == Opcode::login_response || opcode == Opcode::reject ||
      opcode == Opcode::async_message)
    return;
  const auto found = connection.tasks.find(pdu.tag());
  if (found != connection.tasks.end() && found->second.ambiguous) {
    // It may have ended an exchange that nobody could follow.
    if (opcode == Opcode::text_response) lose_agreement(connection);
    if (opcode == Opcode::task_management_response) note_unknown_function(all);
    return;
  }
  if (found == connection.tasks.end() && !connection.knows_all_tasks) {
    look.inconclusive(Rule::response_answers_a_request);
    return;
  }
  const bool fits = found != connection.tasks.end() && answers(found->second.request, opcode);
  look.check(Rule::response_answers_a_request, fits, 16, pdu.tag(),
             found == connection.tasks.end() ? "no request has this tag"
                                             : "the request of this tag is of another kind");
  if (!fits) return;
  Task& task = found->second;
  if (!check_open(look, task, pdu)) return;
  check_answer(look, all, connection, task, pdu);
  if (!task.done) return;
  // Assigning `{}`, a list, would keep their memory.
  task.ping = iscsi::wire::Bytes{};
  task.solicitations = std::vector<Solicitation>{};
  forget_finished(connection, pdu.tag());
}

namespace {

/// Whether `request` is the PDU that began the task, and the target has not taken it up.
bool never_began(const Task& task, const Pdu& request) {
  return std::ranges::equal(task.header, request.frame.header) &&
         task.request != Opcode::text_request && !task.done && !task.ambiguous &&
         task.data_ins == 0 && task.r2ts == 0;
}

}  // namespace

void check_reject(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  if (pdu.opcode() != Opcode::reject || pdu.data_bytes() < iscsi::pdu::bhs_bytes) return;
  const auto refused = pdu.frame.data.first<iscsi::pdu::bhs_bytes>();
  if (connection.desynchronised) return;
  if (!pdu.whole) return;
  const bool ours = connection.headers.contains(refused);
  if (!ours && connection.headers.some_are_missing) {
    look.inconclusive(Rule::reject_returns_a_sent_header);
    return;
  }
  look.check(Rule::reject_returns_a_sent_header, ours, 48, pdu.data_bytes());
  if (!ours) return;
  const iscsi::pdu::Frame frame{.header = refused};
  const Pdu request{frame};
  if (!is_command(request.opcode())) return;
  // What is rejected is the one with the wrong digest, not another that looks like it.
  const bool was_spoilt = connection.spoilt.take(refused);
  if (!request.immediate()) {
    Session& session = all.session_of(connection);
    // A number that another command had may have been filled by that one; one that was behind the
    // window leaves no gap in it (decision 0023). Who has not seen all numbers cannot tell.
    const bool may_be_filled = !session.seen_from_the_start || !session.keeps(request.cmd_sn()) ||
                               session.spent.contains(request.cmd_sn().value) ||
                               (was_spoilt && session.sent.contains(request.cmd_sn().value));
    if (!may_be_filled) {
      look.check(Rule::rejected_command_leaves_a_gap,
                 pdu.exp_cmd_sn().precedes_or_is(request.cmd_sn()), 28, pdu.exp_cmd_sn().value,
                 "the rejected command has CmdSN " + std::to_string(request.cmd_sn().value));
      session.sent.erase(request.cmd_sn().value);  // it may be sent again
    }
    session.note(session.to_come_again, request.cmd_sn());
  }
  if (was_spoilt) return;
  if (connection.logout_request == request.tag()) connection.logout_request.reset();
  if (request.opcode() == Opcode::text_request) connection.text = {};
  // 6.3: the command is discarded; what is left of another task with its tag proves nothing.
  const auto found = connection.tasks.find(request.tag());
  if (found == connection.tasks.end()) return;
  if (never_began(found->second, request) && !connection.spoilt.some_are_missing) {
    found->second.rejected = true;
    forget_finished(connection, request.tag());
    look.checked(Rule::rejected_command_has_no_response);
  } else {
    found->second.ambiguous = found->second.tag_may_be_free = true;
  }
}

void check_async_message(Look& look, const Conversation& all, Connection& connection,
                         const Pdu& pdu) {
  constexpr std::uint64_t asks_for_logout = 1;
  constexpr std::uint64_t drops_connection = 2;
  if (pdu.opcode() != Opcode::async_message) return;
  if (pdu.number<1>(36) == asks_for_logout) connection.logout_wanted = pdu.stat_sn();
  if (pdu.number<1>(36) != drops_connection) return;
  if (!connection.agreement_known) {
    look.inconclusive(Rule::dropped_connection_is_named);
    return;
  }
  const bool named = std::ranges::any_of(all.connections, [&](const auto& entry) {
    const Connection& other = entry.second;
    return other.session == connection.session && other.login.cid == pdu.number<2>(38);
  });
  look.check(Rule::dropped_connection_is_named, named, 38, pdu.number<2>(38));
}

}  // namespace conformance::watched
