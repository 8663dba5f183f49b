#include "conformance/monitor/monitor.hpp"

#include <algorithm>
#include <array>

#include "conformance/monitor/watched.hpp"
#include "pdu/pdu.hpp"

namespace conformance {

using iscsi::Rule;
using iscsi::pdu::Framed;
using iscsi::pdu::FrameLimits;
using iscsi::pdu::Opcode;
using watched::Connection;
using watched::Conversation;
using watched::Look;
using watched::Pdu;

namespace watched {

void Look::take(Talk& talk) {
  for (const Rule rule : talk.take_checked()) checked(rule);
  for (TextBreach& breach : talk.take_breaches())
    check(breach.rule, false, static_cast<std::uint32_t>(iscsi::pdu::bhs_bytes) + breach.byte, 0,
          std::move(breach.found));
}

}  // namespace watched

namespace {

FrameLimits no_limits(const Connection& connection) {
  return {.data = iscsi::limits::data_segment_bytes, .digests = connection.digests()};
}

void hear_request(Conversation& all, Connection& connection, const Record& record) {
  const auto framing = iscsi::pdu::next_frame(record.bytes, no_limits(connection));
  if (const auto* broken = std::get_if<iscsi::Violation>(&framing)) {
    // A wrong header digest alone leaves the target in step; any other breach may not.
    if (broken->rule != Rule::header_digest_matches) connection.desynchronised = true;
    return;
  }
  const auto* framed = std::get_if<Framed>(&framing);
  if (framed == nullptr || framed->consumed != record.bytes.size()) {
    connection.desynchronised = true;
    return;
  }
  const Pdu pdu{framed->frame};
  connection.headers.insert(std::string{iscsi::wire::as_text(framed->frame.header)});
  if (connection.in_full_feature()) note_number(all, connection, pdu);
  if (!framed->data_intact) {  // 6.7: to be discarded
    const auto task = connection.tasks.find(pdu.tag());
    if (task != connection.tasks.end()) task->second.disturbed = true;
    return;
  }
  const Opcode opcode = pdu.opcode();
  if (opcode == Opcode::login_request && !connection.in_full_feature())
    note_login_request(all, connection, pdu, record.damaged);
  if (!connection.in_full_feature()) {
    connection.login.other_request |= opcode != Opcode::login_request;
    return;
  }
  const iscsi::wire::StatSN acknowledged{pdu.word(28)};
  if (!connection.acknowledged || connection.acknowledged->precedes(acknowledged))
    connection.acknowledged = acknowledged;
  if (opcode == Opcode::snack_request) connection.retransmission_asked = true;
  if (opcode == Opcode::data_out)
    note_data_out(connection, pdu, record.damaged);
  else
    note_request(all, connection, pdu, record.damaged);
}

void hear_response(Look& look, Conversation& all, Connection& connection, const Record& record) {
  const auto framing = iscsi::pdu::next_frame(record.bytes, no_limits(connection));
  const auto* framed = std::get_if<Framed>(&framing);
  if (framed == nullptr) return;  // the player recorded why it cannot be read
  const auto& frame = framed->frame;
  if (connection.digests().header) look.checked(Rule::header_digest_matches);
  if (connection.digests().data && !frame.data.empty()) look.checked(Rule::data_digest_matches);
  check_form(look, frame);
  const Pdu pdu{frame};
  const auto* description = iscsi::pdu::describe(static_cast<std::uint8_t>(pdu.opcode()));
  if (description == nullptr || !iscsi::pdu::is_from_target(pdu.opcode())) return;
  check_phase(look, connection, pdu);
  check_numbers(look, all, connection, pdu);
  if (pdu.opcode() == Opcode::login_response)
    check_login_response(look, all, connection, pdu);
  else if (connection.in_full_feature())
    check_task_response(look, connection, pdu);
  check_reject(look, all, connection, pdu);
  check_async_message(look, all, connection, pdu);
}

}  // namespace

Observation observe(const Transcript& transcript) {
  Observation out;
  Look look{out};
  Conversation all;
  for (std::size_t i = 0; i < transcript.size(); ++i) {
    const Record& record = transcript[i];
    look.at(i);
    if (record.kind == Record::Kind::opened) {
      all.connections[record.connection] = Connection{};
      all.connections[record.connection].session = all.sessions.size();
      all.sessions.emplace_back();  // until a login begins one, or joins another
    }
    Connection& connection = all.connections[record.connection];
    if (all.sessions.size() <= connection.session) all.sessions.resize(connection.session + 1);
    if (record.kind == Record::Kind::sent) hear_request(all, connection, record);
    if (record.kind == Record::Kind::received) hear_response(look, all, connection, record);
    if (record.kind == Record::Kind::unreadable) check_unreadable(look, record);
  }
  return out;
}

namespace {

/// Every rule that the monitor can find broken.
constexpr auto judged_rules = std::to_array<Rule>({
    // Form: what a target's layout tables hold, and framing.
    Rule::pdu_is_complete,
    Rule::reserved_bits_are_zero,
    Rule::reserved_values_are_not_sent,
    Rule::opcode_is_known,
    Rule::opcode_belongs_to_target,
    Rule::data_segment_within_limit,
    Rule::data_segment_only_where_defined,
    Rule::padding_is_zero,
    Rule::header_digest_matches,
    Rule::data_digest_matches,
    Rule::fixed_bits_have_their_value,
    Rule::no_additional_headers_in_responses,
    Rule::check_condition_has_sense_data,
    Rule::continued_login_response_does_not_transit,
    Rule::continued_text_response_is_not_final,
    Rule::data_in_has_transfer_tag_only_with_acknowledge,
    Rule::data_in_status_comes_with_final,
    Rule::data_in_status_is_no_exception,
    Rule::data_segment_fills_words,
    Rule::exp_data_sn_only_when_completed,
    Rule::final_text_response_has_no_transfer_tag,
    Rule::nop_in_answer_has_no_transfer_tag,
    Rule::r2t_asks_for_data,
    Rule::r2t_has_transfer_tag,
    Rule::reject_carries_the_header,
    Rule::residual_flags_exclude_each_other,
    Rule::residual_flags_only_when_completed,
    Rule::unasked_nop_in_has_no_data,
    Rule::unfinished_text_response_has_transfer_tag,
    Rule::version_is_zero,
    // Numbering.
    Rule::stat_sn_advances_by_one,
    Rule::unnumbered_pdu_carries_next_stat_sn,
    Rule::max_cmd_sn_is_not_below_exp_cmd_sn,
    Rule::exp_cmd_sn_is_not_ahead,
    Rule::exp_cmd_sn_does_not_go_back,
    Rule::status_acknowledges_its_command,
    Rule::leading_login_sets_exp_cmd_sn,
    // Login.
    Rule::login_response_repeats_task_tag,
    Rule::login_response_transits_only_when_asked,
    Rule::login_response_is_in_current_stage,
    Rule::next_stage_is_not_beyond_the_one_asked,
    Rule::login_response_transition_is_allowed,
    Rule::tsih_comes_with_final_login_response,
    Rule::login_response_keeps_versions,
    Rule::continued_request_is_answered_without_data,
    Rule::portal_group_tag_is_in_first_response,
    Rule::refused_login_has_no_stage,
    Rule::refused_login_ends_connection,
    Rule::redirection_names_an_address,
    Rule::only_login_responses_during_login,
    Rule::login_response_belongs_to_login,
    Rule::login_response_repeats_tsih,
    Rule::first_burst_within_max_burst,
    Rule::recovery_in_order_has_one_r2t,
    Rule::leading_only_key_is_on_leading_login,
    // Text.
    Rule::text_pair_ends_in_null,
    Rule::text_pair_has_one_delimiter,
    Rule::text_pair_has_equals_sign,
    Rule::key_name_is_not_empty,
    Rule::key_name_begins_with_capital,
    Rule::key_name_within_limit,
    Rule::key_name_has_label_characters,
    Rule::text_is_utf8,
    Rule::negotiation_text_within_limit,
    Rule::reserved_word_is_only_an_answer,
    Rule::unknown_key_is_not_understood,
    Rule::standard_key_is_understood,
    Rule::proposal_is_answered,
    Rule::declaration_is_admissible,
    Rule::list_answer_was_proposed,
    Rule::range_answer_is_in_range,
    Rule::answer_follows_result_function,
    Rule::key_is_negotiated_once_in_login,
    Rule::key_is_negotiated_once_in_sequence,
    Rule::security_stage_has_its_own_keys,
    Rule::operational_stage_has_its_own_keys,
    Rule::full_feature_phase_has_its_own_keys,
    Rule::key_comes_from_its_sender,
    Rule::transit_response_asks_nothing,
    Rule::final_text_response_asks_nothing,
    Rule::final_text_response_only_when_asked,
    Rule::empty_text_response_ends,
    Rule::extension_key_only_in_normal_session,
    Rule::extension_value_is_marked,
    Rule::text_value_within_limit,
    Rule::boolean_is_yes_or_no,
    Rule::number_is_a_constant,
    Rule::decimal_has_no_leading_zero,
    Rule::number_below_two_to_64,
    Rule::range_ends_are_in_order,
    Rule::binary_is_a_constant,
    Rule::base64_is_well_formed,
    Rule::decimal_binary_has_known_length,
    Rule::binary_within_limit,
    // Authentication.
    Rule::authentication_step_has_its_keys,
    Rule::authentication_step_has_no_other_keys,
    Rule::chap_identifier_is_one_byte,
    Rule::srp_group_is_allowed,
    Rule::srp_1536_is_offered,
    // SendTargets and names.
    Rule::send_targets_answer_has_records_only,
    Rule::target_address_has_its_form,
    Rule::target_address_has_tag_in_send_targets,
    Rule::iscsi_name_within_length,
    Rule::iscsi_name_is_prepared,
    Rule::iscsi_name_type_is_defined,
    Rule::qualified_name_has_date,
    Rule::qualified_name_has_authority,
    Rule::eui_name_has_sixteen_digits,
    Rule::naa_name_has_its_digits,
    Rule::port_name_is_made_of_target_name,
    // Tasks.
    Rule::response_answers_a_request,
    Rule::status_comes_once,
    Rule::nothing_follows_task_management_response,
    Rule::nothing_follows_logout_response,
    Rule::ping_data_is_returned,
    Rule::reject_returns_a_sent_header,
    Rule::rejected_command_leaves_a_gap,
    Rule::rejected_command_has_no_response,
    Rule::task_set_function_waits_for_data,
    Rule::task_set_response_waits_for_acknowledgement,
    Rule::dropped_connection_is_named,
    // Data transfer.
    Rule::data_in_answers_a_read,
    Rule::data_in_sn_counts_up,
    Rule::data_in_keeps_order,
    Rule::data_in_sequence_is_within_max_burst,
    Rule::data_in_is_within_expected_length,
    Rule::data_in_sequence_ends_in_final,
    Rule::acknowledge_bit_needs_recovery_level,
    Rule::residual_count_is_exact,
    Rule::exp_data_sn_counts_data,
    Rule::snack_tag_is_zero_without_snack,
    Rule::r2t_answers_a_write,
    Rule::r2t_repeats_lun,
    Rule::r2t_sn_counts_up,
    Rule::r2t_is_within_expected_length,
    Rule::r2t_is_within_max_burst,
    Rule::r2ts_are_continuous,
    Rule::received_data_is_not_asked_again,
    Rule::outstanding_r2ts_are_within_limit,
    Rule::status_waits_for_data,
    Rule::bidirectional_read_residual_is_exact,
    Rule::bidirectional_status_has_its_own_response,
    Rule::data_in_repeats_lun,
});

}  // namespace

std::span<const Rule> monitored_rules() { return judged_rules; }

}  // namespace conformance
