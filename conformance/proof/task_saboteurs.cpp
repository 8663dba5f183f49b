/// Faults in what becomes of requests: pings, task management, logout, Reject (RFC 3720 3.3, 6,
/// 10.5, 10.6, 10.14 to 10.19).

#include "conformance/proof/tables.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::Rule;
using enum iscsi::pdu::Opcode;

namespace {

/// Sends the status of the command whose tag is the one before, as the judge counts them.
What status_of_the_one_before() {
  return [](Passage& passage) {
    follow_with(ScsiResponse{})(passage);
    Parcel& status = passage.on.back();
    status.set("InitiatorTaskTag", status.field("InitiatorTaskTag") - 1);
  };
}

/// Sends a response of the request that a Reject returns.
What response_of_the_rejected() {
  return [](Passage& passage) {
    const std::uint64_t tag = iscsi::wire::load<4>(passage.on.back().data, 16);
    follow_with(NopIn{})(passage);
    passage.on.back().set("InitiatorTaskTag", tag);
  };
}

std::vector<Saboteur> sets() {
  return {
      breaks(Rule::task_management_is_not_aborted, "aborts an abort")
          .by(first(task_management_response).with("Response", 255), set("Response", 0)),
      breaks(Rule::rejected_command_has_no_response, "rejects a request and answers it")
          .in("discovery/rejects-nop-out")
          .by(first(reject), response_of_the_rejected()),
      breaks(Rule::dropped_connection_is_named, "announces the end of a connection not known")
          .in(no_command)
          .by(first(logout_response),
              precede_with(
                  AsyncMessage{.event = AsyncEvent::drop_connection, .parameter1 = 0x7777})),
      breaks(Rule::task_set_function_waits_for_data, "aborts a task set that waits for data")
          .in("task-management/abort-of-task-management")
          .by(first(task_management_request), answer_with(TaskManagementResponse{})),
      breaks(Rule::task_set_response_waits_for_acknowledgement,
             "aborts a task set with responses under way")
          .in("task-management/task-set-waits-for-acknowledgement")
          .by(first(task_management_request), answer_with(TaskManagementResponse{})),
  };
}

std::vector<Saboteur> tags() {
  return {
      breaks(Rule::response_answers_a_request, "answers a request that nobody sent")
          .in(no_command)
          .by(first(logout_response),
              precede_with(NopIn{.initiator_task_tag = iscsi::wire::InitiatorTaskTag{0x1234}})),
      breaks(Rule::response_answers_a_request, "hangs up on a ping without a tag")
          .in("nop-out/untagged-ping-has-no-answer")
          .by(first(nop_out), drop_and_end())
          .as_defect(12),
      breaks(Rule::status_comes_once, "sends a status twice")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), repeat()),
      breaks(Rule::reject_returns_a_sent_header, "rejects what was not sent")
          .in("errors/unknown-operation-code*")
          .by(first(reject), turn_data_byte(20)),
      breaks(Rule::nothing_follows_task_management_response, "ends a task that was aborted")
          .in("task-management/abort-of-open-write")
          .by(first(task_management_response), status_of_the_one_before())
          .along_with(Rule::task_is_aborted, "it is what the story waits for not to come"),
      breaks(Rule::task_is_aborted, "says that it aborted a task and goes on with it")
          .in("task-management/abort-of-open-write")
          .by(first(task_management_request), drop()),
      breaks(Rule::nothing_follows_logout_response, "pings behind the logout")
          .in(no_command)
          .by(first(logout_response), follow_with(NopIn{})),
  };
}

std::vector<Saboteur> requests() {
  return {
      breaks(Rule::nop_out_is_answered, "does not answer a ping")
          .in("nop-out/byte-by-byte*")
          .by(first(nop_in), drop()),
      breaks(Rule::ping_data_is_returned, "turns a byte of a ping")
          .in("nop-out/ping-is-echoed*length=3*")
          .by(first(nop_in), turn_data_byte(0)),
      breaks(Rule::ping_data_is_returned, "answers a ping without its data")
          .in("nop-out/ping-is-echoed*length=3*")
          .by(first(nop_in), resize_data(0))
          .as_defect(12),
      breaks(Rule::reserved_bits_are_ignored, "passes over a request with a reserved bit set")
          .by(first(nop_out), drop()),
      breaks(Rule::task_management_is_answered, "does not answer task management")
          .by(first(task_management_response), drop()),
      breaks(Rule::abort_of_absent_task_is_told, "aborts what does not exist")
          .by(first(task_management_response), set("Response", 0))
          .as_defect(13),
      breaks(Rule::reassign_is_refused_at_level_zero, "reassigns a task at level 0")
          .by(first(task_management_response), set("Response", 0)),
      breaks(Rule::logout_is_answered, "ends the connection instead of an answer")
          .in("logout/close*")
          .by(first(logout_response), drop_and_end()),
      breaks(Rule::logout_ends_connection, "answers a logout and stays")
          .in("logout/close*")
          .by(first(logout_response), stay_open()),
      breaks(Rule::unknown_connection_is_not_found, "closes a connection that does not exist")
          .by(first(logout_response), set("Response", 0)),
      breaks(Rule::recovery_logout_needs_recovery_level, "recovers connections at level 0")
          .by(first(logout_response), set("Response", 0)),
      breaks(Rule::discovery_session_rejects_other_requests, "answers pings in a discovery session")
          .in("discovery/rejects-nop-out")
          .by(first(nop_out), answer_with(NopIn{.initiator_task_tag = {}})),
      breaks(Rule::discovery_session_rejects_other_requests,
             "carries out SCSI commands in discovery")
          .in("discovery/rejects-scsi-command")
          .by(first(scsi_command), answer_with(ScsiResponse{}))
          .as_defect(3),
  };
}

std::vector<Saboteur> sessions() {
  return {
      breaks(Rule::abort_fills_the_gap, "does not find the command that it is to do without")
          .by(first(task_management_response), set("Response", 1)),
      breaks(Rule::cold_reset_ends_connections, "resets without an end")
          .by(first(task_management_response), stay_open()),
      breaks(Rule::immediate_commands_find_room, "has no room for an immediate ping")
          .by(first(nop_out).with("I", 1), drop()),
      breaks(Rule::session_logout_ignores_connection_id, "looks for the connection of a session")
          .by(first(logout_response), set("Response", 1)),
      breaks(Rule::terminated_tasks_are_reported, "does not tell what a logout has ended")
          .by(first(scsi_response).on(2), all({set("Status", 0), resize_data(0)})),
      breaks(Rule::data_segment_up_to_limit_is_taken, "hangs up on the longest ping it takes")
          .by(first(nop_out), drop_and_end()),
  };
}

std::vector<Saboteur> errors() {
  return {
      breaks(Rule::additional_headers_are_read, "is out of step behind an additional header")
          .by(first(nop_out), drop()),
      breaks(Rule::reject_reason_names_invalid_field, "rejects for another reason")
          .by(first(reject), set("Reason", 4)),
      breaks(Rule::reject_ends_no_task, "forgets a write over a Reject")
          .in("errors/reject-ends-no-task")
          .by(second(data_out), drop()),
      breaks(Rule::data_digest_error_is_rejected, "drops a wrong data digest without a word")
          .in("errors/data-digest-of-ping")
          .by(first(nop_out), drop()),
      breaks(Rule::header_digest_error_is_discarded, "does not look at header digests")
          .by(first(nop_out), all({mend_digests(), set("I", 1)}))
          .along_with(Rule::response_answers_a_request, "what is to be discarded is no request"),
      breaks(Rule::command_not_supported_is_rejected, "passes over a request that it does not know")
          .in("errors/unknown-operation-code*0x07*")
          .by(first(Opcode{0x07}), drop())
          .as_defect(13),
      breaks(Rule::reserved_code_is_reported, "passes over a function that is reserved")
          .by(first(task_management_request), drop()),
      breaks(Rule::snack_without_recovery_is_rejected, "passes over a SNACK")
          .by(first(snack_request), drop()),
  };
}

}  // namespace

std::vector<Saboteur> task_saboteurs() { return join({tags, sets, requests, sessions, errors}); }

}  // namespace conformance::proof
