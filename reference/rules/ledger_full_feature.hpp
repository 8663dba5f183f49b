#pragma once

/// Rows of the ledger: what an initiator may do in full feature phase (RFC 3720 3.2.2 to 3.2.4,
/// 10).

#include <array>

#include "rules/remedies.hpp"
#include "rules/rule.hpp"

namespace iscsi::rows {

inline constexpr auto full_feature_rows = std::to_array<RuleInfo>({
    // Numbering and phases.
    {Rule::cmd_sn_is_in_window, "cmd-sn-is-in-window", "3.2.2.1", Level::must, initiator, ignore,
     "a request that is not immediate has a CmdSN from ExpCmdSN to MaxCmdSN"},
    {Rule::cmd_sn_is_new, "cmd-sn-is-new", "3.2.2.1", Level::must, initiator, ignore,
     "a CmdSN is used once; a second request with it is passed over"},
    {Rule::immediate_commands_are_few, "immediate-commands-are-few", "3.2.2.1", Level::may,
     initiator, reject(0x06), "immediate requests beyond the target's resources are rejected"},
    {Rule::first_pdu_is_login_request, "first-pdu-is-login-request", "5.3", Level::must, initiator,
     drop_connection, "a connection begins with a Login Request"},
    {Rule::only_login_requests_during_login, "only-login-requests-during-login", "5.3", Level::must,
     initiator, login_failure(0x020b), "until full feature phase only Login Requests are sent"},
    {Rule::login_belongs_to_login_phase, "login-belongs-to-login-phase", "3.2.3", Level::implied,
     initiator, reject(0x04), "no Login Request comes in full feature phase"},
    {Rule::discovery_session_is_for_text_and_logout, "discovery-session-is-for-text-and-logout",
     "3.3", Level::must, initiator, reject(0x05),
     "a discovery session takes SendTargets and the logout that closes the session, nothing else"},
    {Rule::nothing_follows_logout_request, "nothing-follows-logout-request", "10.14",
     Level::must_not, initiator, ignore, "no new request follows a Logout Request on its way out"},

    // Tasks and data transfer.
    {Rule::initiator_task_tag_is_free, "initiator-task-tag-is-free", "10.2.1.8", Level::must,
     initiator, reject(0x07), "a task tag names one task of the session at a time"},
    {Rule::initiator_task_tag_is_not_reserved, "initiator-task-tag-is-not-reserved", "10.2.1.8",
     Level::implied, initiator, reject(0x09), "a task's tag is not the reserved value"},
    {Rule::data_comes_with_write_only, "data-comes-with-write-only", "10.3.6", Level::implied,
     initiator, check_condition(0x0b0c0c), "only a command with the W bit brings data"},
    {Rule::immediate_data_is_negotiated, "immediate-data-is-negotiated", "12.11", Level::implied,
     initiator, check_condition(0x0b0c0c),
     "immediate data is sent only where ImmediateData=Yes was agreed"},
    {Rule::unsolicited_data_out_is_negotiated, "unsolicited-data-out-is-negotiated", "12.10",
     Level::implied, initiator, check_condition(0x0b0c0c),
     "unsolicited Data-Out is sent only where InitialR2T=No was agreed"},
    {Rule::unsolicited_data_is_within_first_burst, "unsolicited-data-is-within-first-burst",
     "12.14", Level::must_not, initiator, check_condition(0x0b0c0c),
     "unsolicited data, immediate data included, is no more than FirstBurstLength"},
    {Rule::unsolicited_data_fills_first_burst, "unsolicited-data-fills-first-burst", "10.3.4",
     Level::must, initiator, check_condition(0x0b0c0d),
     "unsolicited Data-Out goes on to FirstBurstLength or to the end of the data"},
    {Rule::data_is_within_expected_length, "data-is-within-expected-length", "10.7.6",
     Level::should_not, initiator, check_condition(0x0b0c0d),
     "no data lies behind the expected data transfer length"},
    {Rule::r2t_is_answered_in_full, "r2t-is-answered-in-full", "10.8", Level::must, initiator,
     check_condition(0x0b0c0d), "an R2T is answered with the bytes it asks for"},
    {Rule::data_out_has_known_task, "data-out-has-known-task", "10.17.1", Level::implied, initiator,
     reject(0x09), "Data-Out names a command that waits for data"},
    {Rule::data_out_has_known_transfer_tag, "data-out-has-known-transfer-tag", "10.7.4",
     Level::implied, initiator, reject(0x09),
     "solicited Data-Out carries the transfer tag of an R2T that is open"},
    {Rule::data_out_repeats_lun, "data-out-repeats-lun", "10.7.4", Level::must, initiator,
     reject(0x09), "solicited Data-Out carries the LUN of its R2T"},
    {Rule::data_sn_counts_up, "data-sn-counts-up", "6.8", Level::must, initiator,
     check_condition(0x0b4705), "the PDUs of one Data-Out sequence are numbered from zero"},
    {Rule::data_out_offset_is_in_order, "data-out-offset-is-in-order", "10.7.6", Level::must,
     initiator, reject(0x09),
     "with DataPDUInOrder=Yes each Data-Out begins where the one before it ended"},
    {Rule::data_out_offset_is_in_sequence, "data-out-offset-is-in-sequence", "10.8", Level::must,
     initiator, reject(0x09), "Data-Out stays inside the range of its sequence"},
    {Rule::text_transfer_tag_is_known, "text-transfer-tag-is-known", "10.11.4", Level::may,
     initiator, reject(0x09), "a Text Request that goes on carries the tag of the last response"},
    {Rule::text_request_is_the_only_one, "text-request-is-the-only-one", "10.10", Level::must,
     initiator, reject(0x04), "a connection has at most one Text Request outstanding"},
    {Rule::text_sequence_keeps_task_tag, "text-sequence-keeps-task-tag", "10.10.3", Level::must,
     initiator, reject(0x09), "all requests of a text negotiation carry one task tag"},
    {Rule::nop_out_transfer_tag_is_known, "nop-out-transfer-tag-is-known", "10.18.2", Level::must,
     initiator, reject(0x09), "a NOP-Out with a target transfer tag answers a NOP-In that is open"},
    {Rule::snack_needs_recovery_level, "snack-needs-recovery-level", "10.16", Level::implied,
     initiator, reject(0x03), "SNACK is for error recovery levels above zero"},
    {Rule::commands_wait_for_logout, "commands-wait-for-logout", "10.9.1", Level::should_not,
     initiator, reject(0x0c), "no new command follows the target's request to log out"},
    {Rule::ping_is_answered, "ping-is-answered", "10.18", Level::must, initiator, drop_connection,
     "a NOP-In with a target transfer tag is answered by a NOP-Out that repeats it"},
    {Rule::login_ends_in_time, "login-ends-in-time", "9.3", Level::may, initiator, drop_connection,
     "a login phase comes to its end within the target's patience"},
});

}  // namespace iscsi::rows
