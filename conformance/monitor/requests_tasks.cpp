/// Requests and their tags, text, pings, task management and logout, as the initiator has to keep
/// them (RFC 3720 10.2.1.8, 10.5, 10.10, 10.14, 10.16, 10.18).

#include <algorithm>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;
using iscsi::pdu::Opcode;

namespace {

constexpr std::size_t pings = 256;

/// Where Text Requests of one negotiation may share a tag, and a request may be sent again.
bool may_repeat_tag(const Session& session, const Task& task, const Pdu& pdu) {
  const bool text = pdu.opcode() == Opcode::text_request && task.request == Opcode::text_request;
  const bool again = !pdu.immediate() && session.sent.contains(pdu.cmd_sn().value);
  return text || again;
}

void check_tag(Look& look, Session& session, const Connection& connection, const Pdu& pdu) {
  const bool needs_tag = pdu.opcode() != Opcode::nop_out;
  if (needs_tag)
    look.check(Rule::initiator_task_tag_is_not_reserved, pdu.tag() != no_tag, 16, pdu.tag());
  if (pdu.tag() == no_tag) return;
  const auto found = connection.tasks.find(pdu.tag());
  if (found == connection.tasks.end()) {
    if (connection.knows_all_tasks)
      look.checked(Rule::initiator_task_tag_is_free);
    else
      look.inconclusive(Rule::initiator_task_tag_is_free);
    return;
  }
  const Task& task = found->second;
  if (task.ambiguous || task.tag_may_be_free || may_repeat_tag(session, task, pdu)) return;
  if (!task.immediate && session.passed_over.contains(task.cmd_sn.value)) return;
  look.check(Rule::initiator_task_tag_is_free, task.done || task.rejected || task.aborted, 16,
             pdu.tag(), "the tag of a task that has not ended");
}

/// 3.3; what is a breach of form elsewhere is one here too.
void check_discovery(Look& look, const Connection& connection, const Pdu& pdu) {
  if (!connection.agreed.discovery) return;
  const Opcode opcode = pdu.opcode();
  const bool closes = opcode == Opcode::logout_request && pdu.bits(1, 1, 7) == 0;
  look.check(Rule::discovery_session_is_for_text_and_logout,
             opcode == Opcode::text_request || closes, 0, static_cast<std::uint64_t>(opcode));
}

void check_logout(Look& look, Connection& connection, const Pdu& pdu) {
  const Opcode opcode = pdu.opcode();
  const bool new_request = is_command(opcode) && pdu.tag() != no_tag;
  if (new_request && connection.logout_request)
    look.check(Rule::nothing_follows_logout_request, false, 0, static_cast<std::uint64_t>(opcode));
  // Once the message is acknowledged, the initiator has seen it.
  if (connection.logout_wanted && opcode == Opcode::scsi_command)
    look.check(Rule::commands_wait_for_logout,
               iscsi::wire::StatSN{pdu.word(28)}.precedes_or_is(*connection.logout_wanted), 0,
               static_cast<std::uint64_t>(opcode));
  if (opcode != Opcode::logout_request) return;
  look.checked(Rule::nothing_follows_logout_request);
  const auto reason = pdu.bits(1, 1, 7);
  constexpr std::uint64_t closes_connection = 1;
  const bool this_one = reason == 0 || (reason == closes_connection && connection.agreement_known &&
                                        pdu.number<2>(20) == connection.login.cid);
  if (this_one) connection.logout_request = pdu.tag();
}

void check_ping_answer(Look& look, Connection& connection, const Pdu& pdu) {
  if (pdu.transfer_tag() == no_tag) return;
  const auto is_asked = [&](const PingWatch& ping) {
    return ping.transfer_tag == pdu.transfer_tag();
  };
  const bool known = std::ranges::any_of(connection.pings, is_asked);
  if (!known && (!connection.knows_all_pings || connection.pings.size() >= pings)) {
    look.inconclusive(Rule::nop_out_transfer_tag_is_known);
    look.inconclusive(Rule::nop_out_repeats_lun);
    return;
  }
  look.check(Rule::nop_out_transfer_tag_is_known, known, 20, pdu.transfer_tag());
  if (!known) return;
  const auto lun = pdu.number<8>(8);
  const bool repeats = std::ranges::any_of(
      connection.pings, [&](const PingWatch& ping) { return is_asked(ping) && ping.lun == lun; });
  look.check(Rule::nop_out_repeats_lun, repeats, 8, lun);
}

/// A Text Request that goes on with a negotiation (10.10.3, 10.11.4).
void check_continuation(Look& look, const Connection& connection, const Pdu& pdu) {
  const TextWatch& text = connection.text;
  const bool known = text.open && text.transfer_tag == pdu.transfer_tag();
  if (!known && !connection.knows_all_tasks) {
    look.inconclusive(Rule::text_transfer_tag_is_known);
    return;
  }
  look.check(Rule::text_transfer_tag_is_known, known, 20, pdu.transfer_tag());
  if (!known) return;
  look.check(Rule::text_sequence_keeps_task_tag, pdu.tag() == text.tag, 16, pdu.tag(),
             expected("Initiator Task Tag", pdu.tag(), text.tag));
  look.check(Rule::text_request_repeats_lun, pdu.number<8>(8) == text.lun, 8, pdu.number<8>(8));
  look.check(Rule::text_sequence_keeps_immediate_bit, pdu.immediate() == text.immediate, 0,
             std::to_integer<std::uint64_t>(pdu.frame.header[0]));
}

void check_text(Look& look, Connection& connection, const Pdu& pdu) {
  TextWatch& text = connection.text;
  look.check(Rule::text_request_is_the_only_one, !text.outstanding, 0, 0x04,
             "the Text Request before it has not been answered");
  if (pdu.transfer_tag() != no_tag && !text.outstanding) check_continuation(look, connection, pdu);
  text = {.outstanding = true, .tag = pdu.tag(), .immediate = pdu.immediate()};
}

/// 10.5.5. A task that is not known any more has a number that is not known.
void check_abort(Look& look, const Connection& connection, const Pdu& pdu) {
  constexpr std::uint64_t abort_task = 1;
  if (pdu.bits(1, 1, 7) != abort_task) return;
  const auto found = connection.tasks.find(pdu.word(20));
  if (found == connection.tasks.end() || found->second.ambiguous) {
    look.inconclusive(Rule::abort_names_number_of_its_task);
    return;
  }
  const std::uint32_t wanted =
      found->second.immediate ? pdu.cmd_sn().value : found->second.cmd_sn.value;
  look.check(Rule::abort_names_number_of_its_task, pdu.word(32) == wanted, 32, pdu.word(32),
             expected("RefCmdSN", pdu.word(32), wanted));
}

/// 10.5.1: data that a task set function waits for may end early.
void note_function(Connection& connection, const Pdu& pdu) {
  for (auto& [tag, task] : connection.tasks) task.may_stop_short = true;
  const auto aborted = connection.tasks.find(pdu.word(20));
  if (aborted != connection.tasks.end()) aborted->second.tag_may_be_free = true;
}

}  // namespace

void check_request(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  const Opcode opcode = pdu.opcode();
  if (connection.desynchronised || opcode == Opcode::login_request) return;
  check_discovery(look, connection, pdu);
  check_logout(look, connection, pdu);
  if (opcode == Opcode::snack_request)
    look.check(Rule::snack_needs_recovery_level, connection.agreed.error_recovery_level > 0, 0,
               static_cast<std::uint64_t>(opcode));
  if (!is_command(opcode)) return;
  check_tag(look, all.session_of(connection), connection, pdu);
  switch (opcode) {
    case Opcode::nop_out: check_ping_answer(look, connection, pdu); break;
    case Opcode::scsi_command: check_command_data(look, connection, pdu); break;
    case Opcode::text_request: check_text(look, connection, pdu); break;
    case Opcode::task_management_request:
      check_abort(look, connection, pdu);
      note_function(connection, pdu);
      break;
    default: break;
  }
}

void check_request_text(Look& look, Connection& connection, const Pdu& pdu) {
  Talk& talk = connection.talk;
  if (connection.desynchronised || !pdu.whole || !connection.text.outstanding) {
    (void)talk.take_breaches(Side::initiator);
    return;
  }
  look.take(talk);
  if (pdu.bit(1, 1) || pdu.data_bytes() == 0) return;
  const auto& asked = talk.asked();
  const std::string* value = value_of(asked, "SendTargets");
  if (connection.agreed.discovery && !asked.empty())
    look.check(Rule::discovery_text_is_send_targets, value != nullptr, 48, asked.size());
  if (value == nullptr) return;
  look.check(Rule::send_targets_stands_alone, asked.size() == 1, 48, asked.size());
  const bool defined = *value == "All" || value->empty() || value->starts_with("iqn.") ||
                       value->starts_with("eui.") || value->starts_with("naa.");
  look.check(Rule::send_targets_value_is_defined, defined, 48, value->size(), *value);
}

void note_for_requests(Connection& connection, const Pdu& pdu) {
  if (pdu.opcode() == Opcode::nop_in && pdu.transfer_tag() != no_tag) {
    connection.pings.push_back({.transfer_tag = pdu.transfer_tag(), .lun = pdu.number<8>(8)});
    if (connection.pings.size() > pings) connection.pings.pop_front();
  }
  if (pdu.opcode() != Opcode::text_response) return;
  TextWatch& text = connection.text;
  text.outstanding = false;
  text.open = !pdu.final();
  text.transfer_tag = pdu.transfer_tag();
  text.lun = pdu.number<8>(8);
}

}  // namespace conformance::watched
