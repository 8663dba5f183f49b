/// The data of SCSI commands, as the initiator has to send it (RFC 3720 3.2.4.2, 10.3, 10.7, 10.8,
/// 12.10 to 12.19).

#include <algorithm>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;

namespace {

auto of_limit(std::string_view limit_name, std::uint64_t found, std::uint64_t limit) {
  return [=] {
    return std::to_string(found) + " bytes, " + std::string{limit_name} + " is " +
           std::to_string(limit);
  };
}

/// One more Data-Out of a sequence: its number and its place.
void check_sequence(Look& look, const Connection& connection, const Sequence& sequence,
                    const Pdu& pdu) {
  look.check(Rule::data_sn_counts_up, pdu.word(36) == sequence.next_data_sn, 36, pdu.word(36),
             expected("DataSN", pdu.word(36), sequence.next_data_sn));
  if (connection.agreed.data_pdu_in_order)
    look.check(Rule::data_out_offset_is_in_order, pdu.word(40) == sequence.end, 40, pdu.word(40),
               expected("Buffer Offset", pdu.word(40), sequence.end));
}

void check_unsolicited(Look& look, Connection& connection, const Task& task, const Pdu& pdu) {
  const Parameters& agreed = connection.agreed;
  const bool announced = task.unsolicited_open;
  look.check(Rule::unsolicited_data_out_is_negotiated, !agreed.initial_r2t && announced, 20,
             pdu.transfer_tag(),
             announced ? "InitialR2T is Yes" : "the F bit has told that none follows");
  if (agreed.initial_r2t || !announced) return;
  check_sequence(look, connection, task.unsolicited, pdu);
  const std::uint64_t sent = task.unsolicited.bytes + pdu.data_bytes();
  look.check(Rule::unsolicited_data_is_within_first_burst, sent <= agreed.first_burst_length, 5,
             sent, of_limit("FirstBurstLength", sent, agreed.first_burst_length));
  // Where the sequence ends, it has to have come to its end.
  const std::uint64_t due = std::min(agreed.first_burst_length, task.expected);
  if (pdu.final() && sent <= due && !task.may_stop_short)
    look.check(Rule::unsolicited_data_fills_first_burst, sent == due, 1, sent,
               of_limit("due", sent, due));
  look.check(Rule::unsolicited_data_keeps_command_order, task.place >= connection.last_unsolicited,
             16, pdu.tag(), "behind unsolicited data of a later command");
}

/// R2Ts of tasks that are gone, or have been answered, wait for nothing.
bool waits(const Connection& connection, const OpenR2t& r2t) {
  const auto found = connection.tasks.find(r2t.tag);
  if (found == connection.tasks.end()) return false;
  const Task& task = found->second;
  if (task.done || task.aborted || task.rejected || task.ambiguous || task.may_stop_short)
    return false;
  return std::ranges::any_of(task.solicitations, [&](const Solicitation& one) {
    return one.place == r2t.place && !one.answered;
  });
}

/// 10.8: which R2T is answered in full first.
void check_r2t_order(Look& look, Connection& connection, const Solicitation& answered) {
  auto& open = connection.open_r2ts;
  while (!open.empty() && !waits(connection, open.front())) open.pop_front();
  const bool in_order = open.empty() || open.front().place >= answered.place;
  look.check(Rule::r2ts_are_answered_in_order, in_order, 20, answered.transfer_tag,
             "an R2T that came before waits for its data");
}

void check_solicited(Look& look, Connection& connection, const Task& task, const Pdu& pdu) {
  const auto is_asked = [&](const Solicitation& one) {
    return one.transfer_tag == pdu.transfer_tag() && !one.answered;
  };
  const auto found = std::ranges::find_if(task.solicitations, is_asked);
  look.check(Rule::data_out_has_known_transfer_tag, found != task.solicitations.end(), 20,
             pdu.transfer_tag(), "no R2T with this tag is open");
  if (found == task.solicitations.end()) return;
  const auto lun = pdu.number<8>(8);
  look.check(Rule::data_out_repeats_lun, lun == found->lun || lun == task.lun, 8, lun);
  const std::uint64_t offset = pdu.word(40);
  const std::uint64_t end = offset + pdu.data_bytes();
  const bool inside = offset >= found->offset && end <= found->offset + found->length;
  look.check(Rule::data_out_offset_is_in_sequence, inside, 40, offset, [&] {
    return "bytes " + std::to_string(offset) + " to " + std::to_string(end) + " for an R2T of " +
           std::to_string(found->offset) + " to " + std::to_string(found->offset + found->length);
  });
  if (inside) check_sequence(look, connection, found->data, pdu);
  if (!pdu.final()) return;
  const std::uint64_t sent = found->data.bytes + pdu.data_bytes();
  if (!task.may_stop_short && inside)
    look.check(Rule::r2t_is_answered_in_full, sent == found->length, 1, sent,
               of_limit("Desired Data Transfer Length", sent, found->length));
  check_r2t_order(look, connection, *found);
}

}  // namespace

void check_command_data(Look& look, const Connection& connection, const Pdu& pdu) {
  const Parameters& agreed = connection.agreed;
  const std::uint64_t sent = pdu.data_bytes();
  const bool writes = pdu.bit(1, 2);
  if (sent == 0) return;
  look.check(Rule::data_comes_with_write_only, writes, 5, sent);
  if (!writes) return;
  look.check(Rule::immediate_data_is_negotiated, agreed.immediate_data, 5, sent);
  look.check(Rule::unsolicited_data_is_within_first_burst, sent <= agreed.first_burst_length, 5,
             sent, of_limit("FirstBurstLength", sent, agreed.first_burst_length));
  look.check(Rule::data_is_within_expected_length, sent <= pdu.word(20), 5, sent,
             of_limit("Expected Data Transfer Length", sent, pdu.word(20)));
}

void check_data_out(Look& look, Connection& connection, const Pdu& pdu) {
  if (connection.desynchronised) return;
  const auto found = connection.tasks.find(pdu.tag());
  if (found == connection.tasks.end()) {
    if (connection.knows_all_tasks && !connection.forgets())
      look.check(Rule::data_out_has_known_task, false, 16, pdu.tag(), "no command has this tag");
    else
      look.inconclusive(Rule::data_out_has_known_task);
    return;
  }
  const Task& task = found->second;
  if (task.ambiguous) return;
  const bool command = task.request == iscsi::pdu::Opcode::scsi_command;
  look.check(Rule::data_out_has_known_task, command, 16, pdu.tag(), "the tag is no command's");
  if (!command) return;
  look.check(Rule::data_comes_with_write_only, task.writes, 16, pdu.tag());
  // The status may have crossed the data.
  if (!task.writes || task.done || task.aborted || task.rejected || task.data_unsure) return;
  const std::uint64_t end = pdu.word(40) + pdu.data_bytes();
  look.check(Rule::data_is_within_expected_length, end <= task.expected, 40, pdu.word(40),
             of_limit("Expected Data Transfer Length", end, task.expected));
  if (pdu.transfer_tag() == no_tag)
    check_unsolicited(look, connection, task, pdu);
  else
    check_solicited(look, connection, task, pdu);
}

}  // namespace conformance::watched
