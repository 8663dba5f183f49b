/// StatSN, ExpCmdSN, MaxCmdSN (RFC 3720 3.2.2).

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;
using iscsi::pdu::Opcode;
using iscsi::wire::CmdSN;
using iscsi::wire::StatSN;

namespace {

enum class Numbered : std::uint8_t { yes, shows_next, no };

/// Whether the PDU uses up a StatSN (10.4.9, 10.7.3, 10.8.3, 10.9, 10.13.4, 10.17.3, 10.19.2).
Numbered numbered(const Pdu& pdu) {
  switch (pdu.opcode()) {
    case Opcode::ready_to_transfer: return Numbered::shows_next;
    case Opcode::nop_in: return pdu.tag() == no_tag ? Numbered::shows_next : Numbered::yes;
    case Opcode::data_in: return pdu.bit(1, 7) ? Numbered::yes : Numbered::no;
    default: return Numbered::yes;
  }
}

void check_stat_sn(Look& look, Connection& connection, const Pdu& pdu) {
  const Numbered kind = numbered(pdu);
  if (kind == Numbered::no) return;
  const StatSN found = pdu.stat_sn();
  const Rule rule = kind == Numbered::yes ? Rule::stat_sn_advances_by_one
                                          : Rule::unnumbered_pdu_carries_next_stat_sn;
  if (connection.next_stat_sn && !connection.retransmission_asked) {
    const StatSN wanted = *connection.next_stat_sn;
    look.check(rule, found == wanted, 24, found.value,
               expected("StatSN", found.value, wanted.value));
  } else if (!connection.knows_all_tasks) {
    look.inconclusive(rule);
  }
  if (kind == Numbered::yes) connection.next_stat_sn = found + 1;
}

}  // namespace

void check_numbers(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  const bool login = pdu.opcode() == Opcode::login_response;
  if (!connection.login.requested) return;      // there is no session yet that could be numbered
  if (login && pdu.number<2>(36) != 0) return;  // 10.13.5: numbers are valid with success only
  check_stat_sn(look, connection, pdu);

  const CmdSN exp_cmd_sn = pdu.exp_cmd_sn();
  const CmdSN max_cmd_sn = pdu.max_cmd_sn();
  const bool usable = !max_cmd_sn.precedes(exp_cmd_sn - 1);
  look.check(Rule::max_cmd_sn_is_not_below_exp_cmd_sn, usable, 32, max_cmd_sn.value,
             [&] { return "with ExpCmdSN " + std::to_string(exp_cmd_sn.value); });
  Session& session = all.session_of(connection);
  if (usable && (!session.max_told || session.max_told->precedes(max_cmd_sn)))
    session.max_told = max_cmd_sn;
  const bool leading = login && connection.login.tsih == 0 && !connection.login.lossy;
  if (leading)
    look.check(Rule::leading_login_sets_exp_cmd_sn, exp_cmd_sn == connection.login.cmd_sn, 28,
               exp_cmd_sn.value,
               expected("ExpCmdSN", exp_cmd_sn.value, connection.login.cmd_sn.value));
  if (connection.desynchronised) return;
  const bool goes_back = connection.exp_cmd_sn && exp_cmd_sn.precedes(*connection.exp_cmd_sn);
  const bool joins = login && connection.login.tsih != 0;
  if (goes_back && joins)  // the session may have been replaced meanwhile, and its numbers with it
    look.inconclusive(Rule::exp_cmd_sn_does_not_go_back);
  else if (connection.exp_cmd_sn)
    look.check(Rule::exp_cmd_sn_does_not_go_back, !goes_back, 28, exp_cmd_sn.value,
               [&] { return "after " + std::to_string(connection.exp_cmd_sn->value); });
  connection.exp_cmd_sn = exp_cmd_sn;
  if (login) return;
  const CmdSN unsent = session.next_unsent;
  if (session.seen_from_the_start)
    look.check(Rule::exp_cmd_sn_is_not_ahead, exp_cmd_sn.precedes_or_is(unsent), 28,
               exp_cmd_sn.value,
               [&] { return "the first CmdSN not sent is " + std::to_string(unsent.value); });
  else
    look.inconclusive(Rule::exp_cmd_sn_is_not_ahead);
}

}  // namespace conformance::watched
