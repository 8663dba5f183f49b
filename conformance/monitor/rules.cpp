/// Every rule that the monitor can find broken.

#include <algorithm>
#include <array>

#include "conformance/monitor/monitor.hpp"

namespace conformance {

using iscsi::Rule;

namespace {

/// Of either side.
constexpr auto common_rules = std::to_array<Rule>({
    // Form.
    Rule::pdu_is_complete,
    Rule::reserved_bits_are_zero,
    Rule::reserved_values_are_not_sent,
    Rule::opcode_is_known,
    Rule::data_segment_within_limit,
    Rule::data_segment_only_where_defined,
    Rule::padding_is_zero,
    Rule::header_digest_matches,
    Rule::data_digest_matches,
    Rule::fixed_bits_have_their_value,
    Rule::data_segment_fills_words,
    Rule::version_is_zero,
    // Login.
    Rule::first_burst_within_max_burst,
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
    // SendTargets and names.
    Rule::iscsi_name_within_length,
    Rule::iscsi_name_is_prepared,
    Rule::iscsi_name_type_is_defined,
    Rule::qualified_name_has_date,
    Rule::qualified_name_has_authority,
    Rule::eui_name_has_sixteen_digits,
    Rule::naa_name_has_its_digits,
});

/// Of the target alone.
constexpr auto own_rules_of_target = std::to_array<Rule>({
    // Form.
    Rule::opcode_belongs_to_target,
    Rule::no_additional_headers_in_responses,
    Rule::check_condition_has_sense_data,
    Rule::continued_login_response_does_not_transit,
    Rule::continued_text_response_is_not_final,
    Rule::data_in_has_transfer_tag_only_with_acknowledge,
    Rule::data_in_status_comes_with_final,
    Rule::data_in_status_is_no_exception,
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
    Rule::recovery_in_order_has_one_r2t,
    // Text.
    Rule::transit_response_asks_nothing,
    Rule::final_text_response_asks_nothing,
    Rule::final_text_response_only_when_asked,
    Rule::empty_text_response_ends,
    // Authentication.
    Rule::srp_group_is_allowed,
    Rule::srp_1536_is_offered,
    // SendTargets and names.
    Rule::send_targets_answer_has_records_only,
    Rule::target_address_has_its_form,
    Rule::target_address_has_tag_in_send_targets,
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

/// Of the initiator alone.
constexpr auto own_rules_of_initiator = std::to_array<Rule>({
    // Form.
    Rule::opcode_belongs_to_initiator,
    Rule::additional_header_fits,
    Rule::additional_header_only_in_scsi_command,
    Rule::extended_cdb_length_is_valid,
    Rule::bidirectional_length_has_read_and_write,
    Rule::bidirectional_length_has_four_bytes,
    Rule::additional_header_type_is_known,
    Rule::additional_header_comes_once,
    Rule::bidirectional_command_has_read_length,
    // Requests.
    Rule::untagged_nop_out_is_immediate,
    Rule::scsi_command_is_final_or_write,
    Rule::expected_transfer_has_direction,
    Rule::complete_immediate_data_is_final,
    Rule::task_reference_only_where_used,
    Rule::task_reassign_is_immediate,
    Rule::login_request_is_immediate,
    Rule::login_stage_is_defined,
    Rule::continued_login_does_not_transit,
    Rule::continued_text_is_not_final,
    Rule::isid_type_is_defined,
    Rule::snack_names_its_task,
    Rule::snack_carries_its_tag,
    Rule::r_data_snack_begins_at_zero,
    Rule::acknowledging_snack_has_no_run_length,
    // Numbering.
    Rule::cmd_sn_is_in_window,
    Rule::cmd_sn_is_new,
    Rule::cmd_sn_advances_by_one,
    Rule::immediate_request_carries_current_cmd_sn,
    Rule::exp_stat_sn_is_not_ahead,
    // Phases.
    Rule::first_pdu_is_login_request,
    Rule::only_login_requests_during_login,
    Rule::login_belongs_to_login_phase,
    Rule::discovery_session_is_for_text_and_logout,
    Rule::nothing_follows_logout_request,
    Rule::commands_wait_for_logout,
    // Login.
    Rule::login_keeps_versions,
    Rule::login_keeps_isid,
    Rule::login_keeps_tsih,
    Rule::login_keeps_connection_id,
    Rule::login_keeps_task_tag,
    Rule::login_keeps_cmd_sn,
    Rule::login_acknowledges_what_was_sent,
    Rule::login_is_in_current_stage,
    Rule::login_transition_is_allowed,
    Rule::continued_text_is_fetched_without_data,
    Rule::initiator_name_in_first_login,
    Rule::target_name_in_first_login,
    Rule::parties_are_named_in_first_login,
    Rule::session_type_is_supported,
    // Text.
    Rule::security_is_negotiated_in_login,
    // Authentication.
    Rule::chap_md5_is_offered,
    Rule::chap_challenge_is_not_reflected,
    // SendTargets.
    Rule::discovery_text_is_send_targets,
    Rule::send_targets_stands_alone,
    Rule::send_targets_value_is_defined,
    // Tasks.
    Rule::initiator_task_tag_is_free,
    Rule::initiator_task_tag_is_not_reserved,
    Rule::text_request_is_the_only_one,
    Rule::text_transfer_tag_is_known,
    Rule::text_sequence_keeps_task_tag,
    Rule::text_request_repeats_lun,
    Rule::text_sequence_keeps_immediate_bit,
    Rule::nop_out_transfer_tag_is_known,
    Rule::nop_out_repeats_lun,
    Rule::abort_names_number_of_its_task,
    Rule::snack_needs_recovery_level,
    // Data transfer.
    Rule::data_comes_with_write_only,
    Rule::immediate_data_is_negotiated,
    Rule::unsolicited_data_out_is_negotiated,
    Rule::unsolicited_data_is_within_first_burst,
    Rule::unsolicited_data_fills_first_burst,
    Rule::data_is_within_expected_length,
    Rule::r2t_is_answered_in_full,
    Rule::data_out_has_known_task,
    Rule::data_out_has_known_transfer_tag,
    Rule::data_out_repeats_lun,
    Rule::data_sn_counts_up,
    Rule::data_out_offset_is_in_order,
    Rule::data_out_offset_is_in_sequence,
    Rule::r2ts_are_answered_in_order,
    Rule::unsolicited_data_keeps_command_order,
});

template <std::size_t N>
constexpr auto with_common(const std::array<Rule, N>& own) {
  std::array<Rule, common_rules.size() + N> all{};
  std::ranges::copy(own, std::ranges::copy(common_rules, all.begin()).out);
  return all;
}

constexpr auto target_rules = with_common(own_rules_of_target);
constexpr auto initiator_rules = with_common(own_rules_of_initiator);

}  // namespace

std::span<const Rule> monitored_rules(Side side) {
  return side == Side::target ? std::span<const Rule>{target_rules} : initiator_rules;
}

}  // namespace conformance
