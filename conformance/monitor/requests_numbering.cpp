/// The numbers that an initiator sends: CmdSN, ExpStatSN (RFC 3720 3.2.2, 6.2.1).

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;
using iscsi::pdu::Opcode;
using iscsi::wire::CmdSN;
using iscsi::wire::StatSN;

namespace {

constexpr std::size_t cmd_sn_byte = 24;
constexpr std::size_t exp_stat_sn_byte = 28;

/// 6.2.1: what is sent again is what was sent; only ExpStatSN may have moved on.
bool is_retry(const Connection& connection, const Pdu& pdu) {
  const auto found = connection.tasks.find(pdu.tag());
  if (found == connection.tasks.end()) return false;
  const iscsi::wire::ByteView first = found->second.header;
  const iscsi::wire::ByteView again = pdu.frame.header;
  constexpr std::size_t behind = exp_stat_sn_byte + 4;
  return std::ranges::equal(first.first(exp_stat_sn_byte), again.first(exp_stat_sn_byte)) &&
         std::ranges::equal(first.subspan(behind), again.subspan(behind));
}

void check_immediate(Look& look, const Session& session, const Pdu& pdu) {
  const Rule rule = Rule::immediate_request_carries_current_cmd_sn;
  if (!session.next || session.had_others) {
    look.inconclusive(rule);
    return;
  }
  look.check(rule, pdu.cmd_sn() == *session.next, cmd_sn_byte, pdu.cmd_sn().value,
             expected("CmdSN", pdu.cmd_sn().value, session.next->value));
}

/// Whether the target has to pass the request over: for MaxCmdSN has not come to it yet.
bool check_window(Look& look, const Session& session, const Pdu& pdu) {
  if (!session.max_told) {
    look.inconclusive(Rule::cmd_sn_is_in_window);
    return false;
  }
  const CmdSN most = *session.max_told;
  const bool inside = pdu.cmd_sn().precedes_or_is(most);
  look.check(Rule::cmd_sn_is_in_window, inside, cmd_sn_byte, pdu.cmd_sn().value, [&] {
    return "CmdSN " + std::to_string(pdu.cmd_sn().value) + ", MaxCmdSN is " +
           std::to_string(most.value);
  });
  return !inside;
}

/// A connection sends its commands in the order of their CmdSN; which numbers went to the others
/// of its session does not show in the order of records.
void check_order(Look& look, Session& session, const Pdu& pdu, bool outside) {
  const CmdSN found = pdu.cmd_sn();
  if (!session.next || session.had_others) {
    look.inconclusive(Rule::cmd_sn_advances_by_one);
    if (!session.had_others) session.next = found + 1;
    return;
  }
  const CmdSN wanted = *session.next;
  look.check(Rule::cmd_sn_advances_by_one, found == wanted, cmd_sn_byte, found.value,
             expected("CmdSN", found.value, wanted.value));
  // A request that is passed over leaves the numbers as they were; behind another wrong one they
  // go on from it.
  if (!outside && wanted.precedes_or_is(found)) session.next = found + 1;
}

void check_cmd_sn(Look& look, Session& session, const Connection& connection, const Pdu& pdu) {
  if (pdu.immediate()) {
    check_immediate(look, session, pdu);
    return;
  }
  const std::uint32_t number = pdu.cmd_sn().value;
  const bool outside = check_window(look, session, pdu);
  if (session.sent.contains(number)) {
    const bool retry = is_retry(connection, pdu);
    // What was passed over before may come again as anything.
    const bool forgotten = !connection.knows_all_tasks || connection.forgets();
    if (!retry && forgotten && !connection.tasks.contains(pdu.tag()))
      look.inconclusive(Rule::cmd_sn_is_new);
    else
      look.check(Rule::cmd_sn_is_new, retry || session.passed_over.contains(number), cmd_sn_byte,
                 number, "another request had it");
    if (session.next == pdu.cmd_sn()) ++*session.next;
    return;
  }
  look.checked(Rule::cmd_sn_is_new);
  if (outside) session.note(session.passed_over, pdu.cmd_sn());
  if (session.to_come_again.contains(number)) {  // 6.3: the gap is to be filled
    session.to_come_again.erase(number);
    return;
  }
  check_order(look, session, pdu, outside);
}

void check_exp_stat_sn(Look& look, const Connection& connection, const Pdu& pdu) {
  if (!connection.next_stat_sn) {
    look.inconclusive(Rule::exp_stat_sn_is_not_ahead);
    return;
  }
  const StatSN found{pdu.word(exp_stat_sn_byte)};
  look.check(Rule::exp_stat_sn_is_not_ahead, found.precedes_or_is(*connection.next_stat_sn),
             exp_stat_sn_byte, found.value, [&] {
               return "ExpStatSN " + std::to_string(found.value) + ", the next StatSN is " +
                      std::to_string(connection.next_stat_sn->value);
             });
}

}  // namespace

void check_request_numbers(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  const Opcode opcode = pdu.opcode();
  const bool known =
      is_command(opcode) || opcode == Opcode::data_out || opcode == Opcode::snack_request;
  if (!known || !connection.in_full_feature() || connection.desynchronised) return;
  if (!connection.retransmission_asked) check_exp_stat_sn(look, connection, pdu);
  if (is_command(opcode)) check_cmd_sn(look, all.session_of(connection), connection, pdu);
}

}  // namespace conformance::watched
