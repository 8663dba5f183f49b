/// The login phase (RFC 3720 3.2.3, 5.3, 10.12, 10.13) and what may be sent when.

#include <algorithm>
#include <utility>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::Rule;
using iscsi::pdu::Opcode;

namespace {

constexpr std::uint64_t full_feature_code = 3;
constexpr std::uint64_t operational_code = 1;

Stage stage_of(std::uint64_t code) { return code == 0 ? Stage::security : Stage::operational; }

/// A connection that joins a session goes by that session's numbers; any other begins its own.
void begin_session(Conversation& all, Connection& connection) {
  const LoginWatch& login = connection.login;
  if (login.tsih != 0)
    for (auto& [number, session] : all.sessions)
      if (session.tsih == login.tsih) {
        all.put(connection, number).had_others = true;
        return;
      }
  Session& session = all.put_into_new_session(connection);
  session.next_unsent = login.cmd_sn;
  session.seen_from_the_start = login.tsih == 0;
  if (session.seen_from_the_start) session.next = login.cmd_sn;
}

void check_refusal(Look& look, Connection& connection, const Pdu& pdu) {
  const auto stages = pdu.bits(1, 4, 4);
  look.check(Rule::refused_login_has_no_stage, !pdu.bit(1, 0) && stages == 0, 1,
             std::to_integer<std::uint64_t>(pdu.frame.header[1]));
  connection.login.refused = true;
  connection.talk.refuse();
  if (pdu.number<1>(36) != 1) return;
  connection.talk.response(stage_of(connection.login.current_stage), false, false, pdu.frame.data);
  bool named = false;
  bool tagged = false;
  for (const HeardPair& pair : connection.talk.answered()) {
    named = named || pair.key == "TargetAddress";
    tagged = tagged || (pair.key == "TargetAddress" && pair.value.contains(','));
  }
  look.check(Rule::redirection_names_an_address, named && !tagged, 48, pdu.data_bytes());
  look.take(connection.talk);
}

void check_stages(Look& look, const LoginWatch& login, const Pdu& pdu) {
  const bool transit = pdu.bit(1, 0);
  const std::uint64_t current = pdu.bits(1, 4, 2);
  const std::uint64_t next = pdu.bits(1, 6, 2);
  const auto flags = std::to_integer<std::uint64_t>(pdu.frame.header[1]);
  look.check(Rule::login_response_transits_only_when_asked, !transit || login.transit, 1, flags);
  look.check(Rule::login_response_is_in_current_stage, current == login.current_stage, 1, current,
             expected("CSG", current, login.current_stage));
  if (!transit || !login.transit) return;
  look.check(Rule::next_stage_is_not_beyond_the_one_asked, next <= login.next_stage, 1, next,
             "NSG " + std::to_string(next) + " for " + std::to_string(login.next_stage));
  const bool allowed = (current == 0 && (next == operational_code || next == full_feature_code)) ||
                       (current == operational_code && next == full_feature_code);
  look.check(Rule::login_response_transition_is_allowed, allowed, 1, flags);
}

void check_identity(Look& look, LoginWatch& login, const Pdu& pdu, bool final) {
  const auto versions = static_cast<std::uint16_t>(pdu.number<2>(2));
  if (login.versions)
    look.check(Rule::login_response_keeps_versions, *login.versions == versions, 2, versions);
  login.versions = login.versions.value_or(versions);
  const std::uint64_t tsih = pdu.number<2>(14);
  if (login.tsih == 0)
    look.check(Rule::tsih_comes_with_final_login_response, (tsih != 0) == final, 14, tsih,
               final ? "in the final response" : "before the final response");
  else if (final)
    look.check(Rule::login_response_repeats_tsih, tsih == login.tsih, 14, tsih,
               "the request has TSIH " + std::to_string(login.tsih));
}

/// 5.3.1: with the first response behind a complete text, when a target was named.
void check_portal_group(Look& look, Connection& connection, const Pdu& pdu) {
  for (const HeardPair& pair : connection.talk.answered())
    if (pair.key == "TargetPortalGroupTag") connection.portal_group_tag = pair.value;
  LoginWatch& login = connection.login;
  // Told before its time it breaks another rule, but is not missing.
  if (!login.text_complete && says(connection.talk.answered(), "TargetPortalGroupTag"))
    login.tag_of_portal_due = false;
  if (!login.tag_of_portal_due || !login.text_complete || pdu.bit(1, 1)) return;
  login.tag_of_portal_due = false;
  if (login.target_named && !connection.talk.answer_is_unreadable())
    look.check(Rule::portal_group_tag_is_in_first_response,
               says(connection.talk.answered(), "TargetPortalGroupTag"), 48, pdu.data_bytes());
}

/// The integrity rules between keys (12.14, 12.19), where the target chose the value that breaks
/// them: a default that stands is not held against it.
void check_integrity(Look& look, const LoginWatch& login, const Parameters& agreed) {
  if (login.tsih != 0 || login.disturbed || agreed.discovery) return;
  const auto chosen = [&](std::string_view key) {
    const std::string* const outcome = value_of(agreed.outcomes, key);
    return outcome != nullptr && !is_refusal(*outcome);
  };
  const bool relevant = agreed.immediate_data || !agreed.initial_r2t;
  if (chosen("FirstBurstLength") && relevant)
    look.check(Rule::first_burst_within_max_burst,
               agreed.first_burst_length <= agreed.max_burst_length, 48, agreed.first_burst_length,
               "MaxBurstLength is " + std::to_string(agreed.max_burst_length));
  if (chosen("MaxOutstandingR2T") && agreed.error_recovery_level > 0 &&
      agreed.data_sequence_in_order)
    look.check(Rule::recovery_in_order_has_one_r2t, agreed.max_outstanding_r2t == 1, 48,
               agreed.max_outstanding_r2t);
}

void finish_login(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  connection.stage = Stage::full_feature;
  // Whoever sends in full feature phase has read the response that began it, whatever its
  // ExpStatSN.
  connection.acknowledged = connection.next_stat_sn;
  Session& session = all.session_of(connection);
  if (!connection.login.lossy) {
    connection.take_over(connection.talk.parameters(), true);
    connection.talk.conclude();
    look.take_undone(connection.talk, connection.last_text_request);
    check_integrity(look, connection.login, connection.agreed);
    // What was said is settled: whoever watches many connections needs not keep it.
    connection.agreed.outcomes = std::vector<HeardPair>{};  // `= {}` would keep the memory
    connection.talk = Talk{connection.agreed};
    if (connection.login.tsih == 0) session.agreed = connection.agreed.for_another_connection();
    if (!session.agreed) lose_agreement(connection);
    // What was sent before the response was heard has no digests. The target reads it with those
    // that hold by now; what they are cannot be told where another Login Request is among it.
    const LoginWatch& login = connection.login;
    const bool digests = connection.agreed.header_digest || connection.agreed.data_digest;
    if (login.open_requests > 0 || (login.other_behind_the_last && digests))
      connection.desynchronised = true;
  }
  session.tsih = static_cast<std::uint16_t>(pdu.number<2>(14));
}

/// Of a login that was not seen as a whole only its end is looked for.
void follow_lossy_login(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  connection.login.lossy = true;
  lose_agreement(connection);
  look.inconclusive(Rule::response_answers_a_request);
  const bool final =
      pdu.number<2>(36) == 0 && pdu.bit(1, 0) && pdu.bits(1, 6, 2) == full_feature_code;
  if (final) finish_login(look, all, connection, pdu);
}

}  // namespace

void note_login_request(Conversation& all, Connection& connection, const Pdu& pdu, bool damaged) {
  LoginWatch& login = connection.login;
  const bool first = !login.requested;
  login.requested = true;
  // Two requests at once: nobody can tell from the wire which one a response is made for.
  login.disturbed = login.disturbed || login.open_requests > 0;
  ++login.open_requests;
  login.other_behind_the_last = false;
  login.transit = pdu.bit(1, 0);
  login.continued = pdu.bit(1, 1);
  login.current_stage = pdu.bits(1, 4, 2);
  login.next_stage = pdu.bits(1, 6, 2);
  login.disturbed = login.disturbed || damaged || (login.transit && login.continued);
  login.lossy = login.lossy || !pdu.whole;
  if (first) {
    login.tag = pdu.tag();
    login.tsih = static_cast<std::uint16_t>(pdu.number<2>(14));
    login.cmd_sn = pdu.cmd_sn();
    login.cid = static_cast<std::uint16_t>(pdu.number<2>(20));
    std::ranges::copy(pdu.frame.header, login.first_request.begin());
    begin_session(all, connection);
    if (login.tsih != 0) {
      if (const auto& agreed = all.session_of(connection).agreed) connection.talk = Talk{*agreed};
      connection.talk.join_session();
    }
  }
  connection.talk.request(stage_of(login.current_stage), login.continued, pdu.frame.data);
  if (login.continued) return;
  login.text_complete = true;
  for (const HeardPair& pair : connection.talk.asked())
    if (pair.key == "TargetName") login.target_name = pair.value;
  login.target_named = login.target_named || says(connection.talk.asked(), "TargetName");
}

void check_login_response(Look& look, Conversation& all, Connection& connection, const Pdu& pdu) {
  LoginWatch& login = connection.login;
  if (connection.in_full_feature()) {
    look.check(Rule::login_response_belongs_to_login, false, 0, 0x23);
    return;
  }
  if (connection.desynchronised) return;
  if (login.lossy || !pdu.whole) {
    follow_lossy_login(look, all, connection, pdu);
    return;
  }
  const bool open = login.open_requests > 0;
  if (open) --login.open_requests;
  // Both may be on their way: which of them this response is for cannot be told.
  const bool other = open ? login.other_request : std::exchange(login.other_request, false);
  look.check(Rule::response_answers_a_request, open || other, 0, 0x23,
             "a Login Response without a request");
  if (!open && !other) return;
  if (!other)
    look.check(Rule::login_response_repeats_task_tag, pdu.tag() == login.tag, 16, pdu.tag(),
               "expected " + std::to_string(login.tag));
  if (pdu.number<2>(36) != 0) {
    check_refusal(look, connection, pdu);
    return;
  }
  const bool transit = pdu.bit(1, 0);
  const bool final =
      transit && (login.transit || login.disturbed) && pdu.bits(1, 6, 2) == full_feature_code;
  if (!login.disturbed) {
    check_stages(look, login, pdu);
    check_identity(look, login, pdu, final);
  }
  if (login.continued && !login.disturbed)
    look.check(Rule::continued_request_is_answered_without_data, pdu.data_bytes() == 0, 5,
               pdu.data_bytes());
  connection.talk.response(stage_of(login.current_stage), pdu.bit(1, 1), transit && login.transit,
                           pdu.frame.data);
  login.answer_continues = pdu.bit(1, 1);
  login.stage_due = transit && login.transit ? pdu.bits(1, 6, 2) : login.current_stage;
  if (login.disturbed)
    (void)connection.talk.take_breaches();
  else
    look.take(connection.talk);
  if (!login.disturbed) check_portal_group(look, connection, pdu);
  if (final)
    finish_login(look, all, connection, pdu);
  else if (transit && login.transit)
    connection.stage = Stage::operational;
}

void check_phase(Look& look, Connection& connection, const Pdu& pdu) {
  const bool login = pdu.opcode() == Opcode::login_response;
  if (connection.login.refused)
    look.check(Rule::refused_login_ends_connection, false, 0,
               static_cast<std::uint64_t>(pdu.opcode()), "a PDU behind the refusal");
  if (!connection.in_full_feature())
    look.check(Rule::only_login_responses_during_login, login, 0,
               static_cast<std::uint64_t>(pdu.opcode()));
  else if (!login)
    look.checked(Rule::login_response_belongs_to_login);
  if (connection.logged_out)
    look.check(Rule::nothing_follows_logout_response, false, 0,
               static_cast<std::uint64_t>(pdu.opcode()));
}

}  // namespace conformance::watched
