#pragma once

/// The ledger of RFC 3720's rules: every refusal and every failed check names one of these.
/// The words live once, in the `ledger_*.hpp` beside this file; a `Violation` carries only the name
/// and the place.

#include <cstdint>
#include <span>
#include <string_view>

namespace iscsi {

/// One rule. Names are stable: reports, expectation files and stories cite their slugs
/// (`slug` in the ledger), never a position. Grouped by the RFC's chapters.
enum class Rule : std::uint16_t {
  // PDU format (10.2, 6.6, 6.7)
  pdu_is_complete,
  reserved_bits_are_zero,
  reserved_values_are_not_sent,
  opcode_is_known,
  opcode_belongs_to_initiator,
  opcode_belongs_to_target,
  opcode_is_not_vendor_specific,
  additional_headers_within_limit,
  additional_header_fits,
  additional_header_only_in_scsi_command,
  extended_cdb_length_is_valid,
  bidirectional_length_has_read_and_write,
  bidirectional_length_has_four_bytes,
  data_segment_within_limit,
  data_segment_only_where_defined,
  data_segment_fills_words,
  padding_is_zero,
  header_digest_matches,
  data_digest_matches,
  fixed_bits_have_their_value,
  additional_header_type_is_known,
  additional_header_comes_once,
  bidirectional_command_has_read_length,
  no_additional_headers_in_responses,

  // Requests (10.3, 10.5, 10.10, 10.12, 10.14, 10.16, 10.18)
  untagged_nop_out_is_immediate,
  scsi_command_is_final_or_write,
  expected_transfer_has_direction,
  complete_immediate_data_is_final,
  task_reference_only_where_used,
  task_reassign_is_immediate,
  login_request_is_immediate,
  login_stage_is_defined,
  continued_login_does_not_transit,
  continued_text_is_not_final,
  version_is_zero,
  snack_names_its_task,
  snack_carries_its_tag,
  r_data_snack_begins_at_zero,
  acknowledging_snack_has_no_run_length,

  // Responses (10.4, 10.6, 10.7, 10.8, 10.9, 10.11, 10.13, 10.15, 10.17, 10.19)
  nop_in_answer_has_no_transfer_tag,
  unasked_nop_in_has_no_data,
  residual_flags_exclude_each_other,
  residual_flags_only_when_completed,
  exp_data_sn_only_when_completed,
  check_condition_has_sense_data,
  data_in_status_comes_with_final,
  data_in_status_is_no_exception,
  data_in_has_transfer_tag_only_with_acknowledge,
  r2t_has_transfer_tag,
  r2t_asks_for_data,
  continued_login_response_does_not_transit,
  continued_text_response_is_not_final,
  final_text_response_has_no_transfer_tag,
  unfinished_text_response_has_transfer_tag,
  reject_carries_the_header,

  // Numbering and phases (3.2.2, 3.3, 5.3)
  cmd_sn_is_in_window,
  cmd_sn_is_new,
  immediate_commands_are_few,
  first_pdu_is_login_request,
  only_login_requests_during_login,
  login_belongs_to_login_phase,
  discovery_session_is_for_text_and_logout,
  nothing_follows_logout_request,

  // Tasks and data transfer (3.2.4, 10.2 to 10.8, 12)
  initiator_task_tag_is_free,
  initiator_task_tag_is_not_reserved,
  data_comes_with_write_only,
  immediate_data_is_negotiated,
  unsolicited_data_out_is_negotiated,
  unsolicited_data_is_within_first_burst,
  unsolicited_data_fills_first_burst,
  data_is_within_expected_length,
  r2t_is_answered_in_full,
  data_out_has_known_task,
  data_out_has_known_transfer_tag,
  data_out_repeats_lun,
  data_sn_counts_up,
  data_out_offset_is_in_order,
  data_out_offset_is_in_sequence,
  text_transfer_tag_is_known,
  text_request_is_the_only_one,
  text_sequence_keeps_task_tag,
  nop_out_transfer_tag_is_known,
  snack_needs_recovery_level,
  commands_wait_for_logout,
  ping_is_answered,
  login_ends_in_time,
  cmd_sn_advances_by_one,
  immediate_request_carries_current_cmd_sn,
  exp_stat_sn_is_not_ahead,
  r2ts_are_answered_in_order,
  unsolicited_data_keeps_command_order,
  nop_out_repeats_lun,
  text_request_repeats_lun,
  text_sequence_keeps_immediate_bit,
  abort_names_number_of_its_task,
  // Names (3.2.6, RFC 3722, RFC 3980)
  iscsi_name_within_length,
  iscsi_name_is_prepared,
  iscsi_name_type_is_defined,
  qualified_name_has_date,
  qualified_name_has_authority,
  eui_name_has_sixteen_digits,
  naa_name_has_its_digits,
  // Text format (5.1)
  text_pair_ends_in_null,
  text_pair_has_one_delimiter,
  text_pair_has_equals_sign,
  key_name_is_not_empty,
  key_name_begins_with_capital,
  key_name_within_limit,
  key_name_has_label_characters,
  text_is_utf8,
  text_value_has_its_characters,
  text_value_within_limit,
  boolean_is_yes_or_no,
  number_is_a_constant,
  decimal_has_no_leading_zero,
  number_below_two_to_64,
  range_ends_are_in_order,
  binary_is_a_constant,
  decimal_binary_has_known_length,
  base64_is_well_formed,
  binary_within_limit,
  negotiation_text_within_limit,
  negotiation_keys_within_limit,
  // Text negotiation (5.2 to 5.4, 6.10, 11, 12)
  reserved_word_is_only_an_answer,
  unknown_key_is_not_understood,
  standard_key_is_understood,
  proposal_is_answered,
  proposal_is_admissible,
  list_has_a_usable_value,
  declaration_is_admissible,
  list_answer_was_proposed,
  range_answer_is_in_range,
  answer_follows_result_function,
  key_is_negotiated_once_in_login,
  key_is_negotiated_once_in_sequence,
  security_stage_has_its_own_keys,
  operational_stage_has_its_own_keys,
  security_is_negotiated_in_login,
  full_feature_phase_has_its_own_keys,
  leading_only_key_is_on_leading_login,
  key_comes_from_its_sender,
  extension_key_only_in_normal_session,
  first_burst_within_max_burst,
  recovery_in_order_has_one_r2t,
  // SendTargets (3.3, 12.8, D)
  discovery_text_is_send_targets,
  send_targets_stands_alone,
  send_targets_all_only_in_discovery,
  send_targets_value_is_defined,
  send_targets_answer_has_records_only,
  target_address_has_its_form,
  target_address_has_tag_in_send_targets,
  // Login (3.2.3, 5.3, 10.12, 10.13)
  login_version_is_supported,
  login_keeps_versions,
  login_keeps_isid,
  login_keeps_tsih,
  login_keeps_connection_id,
  login_keeps_task_tag,
  login_keeps_cmd_sn,
  login_acknowledges_what_was_sent,
  isid_type_is_defined,
  login_is_in_current_stage,
  login_transition_is_allowed,
  continued_text_is_fetched_without_data,
  login_ends_in_reasonable_exchanges,
  initiator_name_in_first_login,
  target_name_in_first_login,
  parties_are_named_in_first_login,
  session_type_is_supported,
  target_is_known,
  target_has_not_been_removed,
  initiator_is_allowed,
  session_to_join_exists,
  session_has_room_for_connection,
  session_stays_in_portal_group,
  target_is_in_service,
  target_has_resources,
  target_can_compute,
  // Authentication (8.2, 11.1, RFC 1994)
  authentication_is_not_skipped,
  authentication_method_is_usable,
  authentication_step_has_its_keys,
  authentication_step_has_no_other_keys,
  chap_algorithm_is_usable,
  chap_md5_is_offered,
  chap_identifier_is_one_byte,
  chap_response_is_right,
  chap_challenge_is_not_reflected,
  chap_secrets_differ,
  chap_secret_is_strong,
  target_can_be_authenticated,
  // What a target does on the wire, as conformance/ judges it
  stat_sn_advances_by_one,
  unnumbered_pdu_carries_next_stat_sn,
  max_cmd_sn_is_not_below_exp_cmd_sn,
  exp_cmd_sn_is_not_ahead,
  exp_cmd_sn_does_not_go_back,
  status_acknowledges_its_command,
  leading_login_sets_exp_cmd_sn,
  command_outside_window_is_ignored,
  duplicate_command_is_ignored,
  immediate_commands_find_room,
  data_in_sn_counts_up,
  r2t_sn_counts_up,
  exp_data_sn_counts_data,
  response_answers_a_request,
  status_comes_once,
  reject_returns_a_sent_header,
  data_in_answers_a_read,
  data_in_keeps_order,
  data_in_sequence_is_within_max_burst,
  data_in_is_within_expected_length,
  data_in_sequence_ends_in_final,
  acknowledge_bit_needs_recovery_level,
  residual_count_is_exact,
  r2t_answers_a_write,
  r2t_is_within_expected_length,
  r2t_is_within_max_burst,
  r2ts_are_continuous,
  received_data_is_not_asked_again,
  outstanding_r2ts_are_within_limit,
  r2t_repeats_lun,
  status_waits_for_data,
  snack_tag_is_zero_without_snack,
  login_response_repeats_task_tag,
  login_response_transits_only_when_asked,
  login_response_is_in_current_stage,
  next_stage_is_not_beyond_the_one_asked,
  login_response_transition_is_allowed,
  tsih_comes_with_final_login_response,
  login_response_keeps_versions,
  continued_request_is_answered_without_data,
  portal_group_tag_is_in_first_response,
  refused_login_has_no_stage,
  redirection_names_an_address,
  refused_login_ends_connection,
  transit_response_asks_nothing,
  only_login_responses_during_login,
  login_response_belongs_to_login,
  nop_out_is_answered,
  ping_data_is_returned,
  final_text_response_only_when_asked,
  final_text_response_asks_nothing,
  nothing_follows_logout_response,
  nothing_follows_task_management_response,
  login_is_possible,
  connection_without_login_is_ended,
  other_request_in_login_is_refused,
  repeated_key_fails_login,
  login_without_names_is_refused,
  unsupported_version_is_refused,
  session_to_join_has_to_exist,
  unknown_target_is_not_found,
  session_is_reinstated,
  skipped_stage_is_refused,
  failed_negotiation_ends_login,
  text_request_is_answered,
  repeated_key_is_rejected,
  discovery_is_supported,
  send_targets_shows_all,
  send_targets_shows_the_one_named,
  send_targets_shows_own_target,
  discovery_session_rejects_other_requests,
  logout_is_answered,
  logout_ends_connection,
  unknown_connection_is_not_found,
  recovery_logout_needs_recovery_level,
  task_management_is_answered,
  abort_of_absent_task_is_told,
  reassign_is_refused_at_level_zero,
  format_error_ends_session,
  data_digest_error_is_rejected,
  header_digest_error_is_discarded,
  unexpected_data_is_refused,
  wrong_amount_of_data_is_refused,
  reserved_bits_are_ignored,
  scsi_command_is_answered,
  agreed_data_is_taken,
  command_not_supported_is_rejected,
  reject_ends_no_task,
  rejected_command_leaves_a_gap,
  commands_run_in_order,
  reserved_code_is_reported,
  snack_without_recovery_is_rejected,
  data_segment_up_to_limit_is_taken,
  task_management_is_not_aborted,
  task_is_aborted,
  negotiated_values_take_effect,
  challenge_is_fresh,
  wrong_response_is_refused,
  authentication_cannot_be_skipped,
  response_in_base64_is_taken,
  first_offered_algorithm_is_chosen,
  login_response_repeats_tsih,
  srp_group_is_allowed,
  srp_1536_is_offered,
  extension_value_is_marked,
  bidirectional_read_residual_is_exact,
  bidirectional_status_has_its_own_response,
  data_in_repeats_lun,
  task_set_function_waits_for_data,
  task_set_response_waits_for_acknowledgement,
  dropped_connection_is_named,
  empty_text_response_ends,
  rejected_command_has_no_response,
  port_name_is_made_of_target_name,
  numbers_wrap_around,
  retry_of_active_command_is_ignored,
  inconsistent_task_field_is_refused,
  long_initiator_name_is_taken,
  long_negotiation_is_taken,
  first_equals_sign_ends_key,
  hexadecimal_number_is_taken,
  unknown_list_value_is_skipped,
  reserved_word_is_refused,
  rejected_key_keeps_its_value,
  key_of_another_stage_is_refused,
  first_login_request_counts,
  portal_group_tags_agree,
  shown_targets_are_allowed,
  failed_negotiation_changes_nothing,
  chap_is_supported,
  unusable_method_is_not_chosen,
  wrong_authentication_step_is_refused,
  target_authenticates_itself,
  reflected_challenge_is_refused,
  crc32c_is_supported,
  closed_window_is_opened,
  abort_fills_the_gap,
  cold_reset_ends_connections,
  terminated_tasks_are_reported,
  data_out_sequence_error_is_handled,
  empty_data_is_taken,
  additional_headers_are_read,
  reject_reason_names_invalid_field,
  session_logout_ignores_connection_id,
};

/// RFC 2119's words, and `implied` for what the text demands without one.
enum class Level : std::uint8_t { must, must_not, should, should_not, may, implied };

/// Whom the rule binds.
enum class Party : std::uint8_t { initiator, target, both };

/// What a receiver does about a breach; `target::` turns it into actions in one place.
struct Remedy {
  enum class Kind : std::uint8_t {
    audit_only,       ///< noted, nothing done: the receiver has to tolerate it
    ignore,           ///< the PDU is discarded silently (3.2.2.1: outside the window)
    reject,           ///< Reject PDU with `code` as the reason (10.17.1), the connection goes on
    login_failure,    ///< Login Response with `code` as class and detail (10.13.5), then close
    drop_connection,  ///< the connection ends without a word
    drop_session,     ///< error recovery level 0: session recovery (6.6, 6.12)
    check_condition,  ///< SCSI CHECK CONDITION; `code` holds sense key, ASC, ASCQ (24 bits)
    key_answer,       ///< answered in the text itself: Reject, Irrelevant, NotUnderstood (5.2)
  };
  Kind kind = Kind::audit_only;
  std::uint32_t code = 0;

  friend bool operator==(const Remedy&, const Remedy&) = default;
};

struct RuleInfo {
  Rule rule;
  std::string_view slug;     ///< stable id, `words-with-dashes`
  std::string_view section;  ///< of RFC 3720 unless it says otherwise
  Level level;
  Party binds;
  Remedy remedy;
  std::string_view says;  ///< our one-line wording, as an indicative sentence
};

/// All rules, in the order of the enumeration.
[[nodiscard]] std::span<const RuleInfo> ledger();

/// The ledger's row of `rule`.
[[nodiscard]] const RuleInfo& about(Rule rule);

/// A breach: which rule, where, and what was found there. No strings: comparable in tests.
struct Violation {
  Rule rule;
  std::uint32_t byte = 0;   ///< offset inside the PDU (header counts from 0; text: in the segment)
  std::uint64_t found = 0;  ///< the offending value

  friend bool operator==(const Violation&, const Violation&) = default;
};

}  // namespace iscsi
