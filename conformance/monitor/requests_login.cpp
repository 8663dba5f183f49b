/// The login phase, as the initiator has to keep it (RFC 3720 5.3, 10.12, 12).

#include <algorithm>

#include "conformance/model/names.hpp"
#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;
using iscsi::pdu::Opcode;
using iscsi::wire::StatSN;

namespace {

constexpr std::uint64_t security = 0;
constexpr std::uint64_t operational = 1;
constexpr std::uint64_t full_feature = 3;

/// Fields that all requests of a login have in common.
void check_constants(Look& look, const LoginWatch& login, const Pdu& pdu) {
  const iscsi::pdu::Frame first_frame{.header = login.first_request};
  const Pdu first{first_frame};
  look.check(Rule::login_keeps_versions, pdu.number<2>(2) == first.number<2>(2), 2,
             pdu.number<2>(2));
  look.check(Rule::login_keeps_isid, pdu.number<6>(8) == first.number<6>(8), 8, pdu.number<6>(8));
  look.check(Rule::login_keeps_tsih, pdu.number<2>(14) == first.number<2>(14), 14,
             pdu.number<2>(14));
  look.check(Rule::login_keeps_task_tag, pdu.tag() == first.tag(), 16, pdu.tag(),
             expected("Initiator Task Tag", pdu.tag(), first.tag()));
  look.check(Rule::login_keeps_connection_id, pdu.number<2>(20) == first.number<2>(20), 20,
             pdu.number<2>(20));
  if (first.number<2>(14) == 0)
    look.check(Rule::login_keeps_cmd_sn, pdu.cmd_sn() == first.cmd_sn(), 24, pdu.cmd_sn().value,
               expected("CmdSN", pdu.cmd_sn().value, first.cmd_sn().value));
}

/// 5.3, 10.12.3. Codes that are no stage break a rule of their own.
void check_stages_asked_for(Look& look, const LoginWatch& login, const Pdu& pdu) {
  const std::uint64_t current = pdu.bits(1, 4, 2);
  const std::uint64_t next = pdu.bits(1, 6, 2);
  const bool is_code = current != 2;
  if (login.open_requests > 0) return;
  if (is_code && login.stage_due)
    look.check(Rule::login_is_in_current_stage, current == *login.stage_due, 1, current,
               expected("CSG", current, *login.stage_due));
  else if (is_code)
    look.check(Rule::login_is_in_current_stage, current == security || current == operational, 1,
               current);
  if (!pdu.bit(1, 0) || !is_code || next == 2 || current == full_feature) return;
  const bool allowed = next == full_feature || (current == security && next == operational);
  look.check(Rule::login_transition_is_allowed, allowed, 1, next, [&] {
    return "from stage " + std::to_string(current) + " to " + std::to_string(next);
  });
}

void check_acknowledgement(Look& look, const Connection& connection, const Pdu& pdu) {
  if (!connection.next_stat_sn) return;
  const StatSN found{pdu.word(28)};
  look.check(Rule::login_acknowledges_what_was_sent, found.precedes_or_is(*connection.next_stat_sn),
             28, found.value, [&] {
               return "ExpStatSN " + std::to_string(found.value) + ", the next StatSN is " +
                      std::to_string(connection.next_stat_sn->value);
             });
}

void check_name(Look& look, const std::string& name) {
  for (const ValueCheck& one : check_iscsi_name(name))
    look.check(one.rule, one.holds, 48, name.size(), name);
}

/// 5.3, 12.4, 12.5, 12.21: who talks to whom is told first of all.
void check_parties(Look& look, LoginWatch& login, const std::vector<HeardPair>& text) {
  const std::string* initiator = value_of(text, "InitiatorName");
  const std::string* target = value_of(text, "TargetName");
  const std::string* type = value_of(text, "SessionType");
  if (!std::exchange(login.parties_due, false)) {
    look.check(Rule::parties_are_named_in_first_login,
               initiator == nullptr && target == nullptr && type == nullptr, 48, text.size());
    return;
  }
  look.check(Rule::initiator_name_in_first_login, initiator != nullptr, 48, text.size());
  if (type != nullptr)
    look.check(Rule::session_type_is_supported, *type == "Normal" || *type == "Discovery", 48,
               type->size(), *type);
  if (type == nullptr || *type == "Normal")
    look.check(Rule::target_name_in_first_login, target != nullptr, 48, text.size());
  if (initiator != nullptr) check_name(look, *initiator);
  if (target != nullptr) check_name(look, *target);
}

}  // namespace

void check_login_request(Look& look, Connection& connection, const Pdu& pdu) {
  const LoginWatch& login = connection.login;
  if (login.lossy || connection.desynchronised) return;
  look.check(Rule::initiator_task_tag_is_not_reserved, pdu.tag() != no_tag, 16, pdu.tag());
  check_stages_asked_for(look, login, pdu);
  if (login.requested) {
    check_constants(look, login, pdu);
    check_acknowledgement(look, connection, pdu);
  }
  if (login.open_requests == 0 && login.requested && pdu.whole)
    look.check(Rule::continued_text_is_fetched_without_data,
               !login.answer_continues || pdu.data_bytes() == 0, 5, pdu.data_bytes());
}

void check_login_text(Look& look, Connection& connection, const Pdu& pdu) {
  LoginWatch& login = connection.login;
  if (login.lossy || connection.desynchronised || login.open_requests > 1) {
    (void)connection.talk.take_breaches(Side::initiator);
    return;
  }
  look.take(connection.talk);
  const bool fetches = login.answer_continues && pdu.data_bytes() == 0;
  if (!login.continued && !fetches) check_parties(look, login, connection.talk.asked());
}

void check_request_phase(Look& look, Connection& connection, const Pdu& pdu) {
  const bool login = pdu.opcode() == Opcode::login_request;
  const auto opcode = static_cast<std::uint64_t>(pdu.opcode());
  if (connection.desynchronised) return;
  if (connection.in_full_feature()) {
    look.check(Rule::login_belongs_to_login_phase, !login, 0, opcode);
    return;
  }
  if (connection.login.lossy) return;
  const Rule rule = connection.login.requested ? Rule::only_login_requests_during_login
                                               : Rule::first_pdu_is_login_request;
  look.check(rule, login, 0, opcode);
}

}  // namespace conformance::watched
