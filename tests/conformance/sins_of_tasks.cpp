/// What a target can do wrong with tasks and their data.

#include "conformance/sins.hpp"
#include "pdu/additional_headers.hpp"

namespace conformance {
namespace {

Scene aborted_task_answers() {
  Scene scene = acknowledged();
  scene.exp_cmd_sn = 12;
  scene.say(Scene::read(64));
  scene.say(TaskManagementRequest{.function = TaskManagementFunction::abort_task,
                                  .initiator_task_tag = InitiatorTaskTag{6},
                                  .referenced_task_tag = InitiatorTaskTag{Scene::tag},
                                  .cmd_sn = {11},
                                  .ref_cmd_sn = {10}});
  scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{6}});
  ScsiResponse status = Scene::status();
  status.status = 0x08;  // BUSY: no residual to count
  return scene.answer(status);
}

/// ABORT TASK SET behind a write that has an R2T open, and a ping; the request acknowledges
/// `exp_stat_sn`.
Scene aborted_task_set(bool data_first, std::uint32_t exp_stat_sn) {
  Scene scene = acknowledged();
  scene.say(Scene::write(64)).notify(Scene::r2t(0, 0, 64));
  NopOut between = ping(11);
  between.immediate = true;
  between.initiator_task_tag = InitiatorTaskTag{7};
  NopIn echoed = echo();
  echoed.initiator_task_tag = InitiatorTaskTag{7};
  scene.say(between).answer(echoed);
  if (data_first) scene.say(Scene::output(1, 0), bytes_64);
  scene.say(TaskManagementRequest{.immediate = true,
                                  .function = TaskManagementFunction::abort_task_set,
                                  .initiator_task_tag = InitiatorTaskTag{6},
                                  .cmd_sn = {11},
                                  .exp_stat_sn = {exp_stat_sn}});
  return scene.answer(TaskManagementResponse{.initiator_task_tag = InitiatorTaskTag{6}});
}

/// A command that writes 32 bytes, which it brings, and reads 64.
Scene both_ways() {
  Scene scene = acknowledged();
  ScsiCommand command = Scene::write(32);
  command.read = true;
  const auto length = iscsi::pdu::encode_additional_headers({.bidirectional_read_length = 64});
  return scene.record(Record::Kind::sent,
                      encode(command, iscsi::wire::as_bytes(bytes_32), Digests{}, length));
}

}  // namespace

std::vector<Sin> sins_of_both_directions() {
  return {
      {Rule::bidirectional_read_residual_is_exact,
       [] {
         ScsiResponse status = Scene::status();
         status.exp_data_sn = {1};
         return both_ways().data_in(Scene::input(0, 0), bytes_32).answer(status);
       }},
      {Rule::bidirectional_status_has_its_own_response,
       [] {
         DataIn last = Scene::input(0, 0);
         last.has_status = true;
         return both_ways().answer(last, bytes_64);
       }},
  };
}

std::vector<Sin> sins_of_tasks() {
  return {
      {Rule::response_answers_a_request, [] { return logged_in().answer(echo()); }},
      {Rule::status_comes_once,
       [] { return acknowledged().say(ping()).answer(echo()).answer(echo()); }},
      {Rule::nothing_follows_task_management_response, aborted_task_answers},
      {Rule::nothing_follows_logout_response,
       [] {
         Scene scene = acknowledged();
         scene.say(LogoutRequest{.initiator_task_tag = InitiatorTaskTag{5}, .cmd_sn = {10}});
         scene.answer(LogoutResponse{.initiator_task_tag = InitiatorTaskTag{5}});
         return scene.notify(NopIn{});
       }},
      {Rule::ping_data_is_returned,
       [] { return acknowledged().say(ping(), "hello").answer(echo(), "hallo"); }},
      {Rule::reject_returns_a_sent_header,
       [] {
         return logged_in().answer(Reject{.reason = RejectReason::protocol_error},
                                   header_text(encode_header(ping(), {})));
       }},
      {Rule::rejected_command_has_no_response,
       [] {
         Scene scene;
         scene.login().say(ping()).answer(Reject{.reason = RejectReason::protocol_error},
                                          header_text(encode_header(ping(), {})));
         return scene.answer(echo());
       }},
      {Rule::task_set_function_waits_for_data, [] { return aborted_task_set(false, 102); }},
      {Rule::task_set_response_waits_for_acknowledgement,
       [] { return aborted_task_set(true, 101); }},
      {Rule::dropped_connection_is_named,
       [] {
         return logged_in().answer(
             AsyncMessage{.event = AsyncEvent::drop_connection, .parameter1 = 9});
       }},
      {Rule::rejected_command_leaves_a_gap,
       [] {
         return acknowledged().say(ping()).answer(Reject{.reason = RejectReason::protocol_error},
                                                  header_text(encode_header(ping(), {})));
       }},
  };
}

std::vector<Sin> sins_of_reading() {
  const auto reading = [](const DataIn& one, std::uint32_t expected = 128) {
    Scene scene = acknowledged();
    return scene.say(Scene::read(expected)).data_in(one, bytes_64);
  };
  return {
      {Rule::data_in_answers_a_read,
       [] { return acknowledged().say(Scene::write(64)).data_in(Scene::input(0, 0), bytes_64); }},
      {Rule::data_in_sn_counts_up, [=] { return reading(Scene::input(1, 0)); }},
      {Rule::data_in_keeps_order,
       [=] { return reading(Scene::input(0, 0)).data_in(Scene::input(1, 32), bytes_64); }},
      {Rule::data_in_sequence_is_within_max_burst,
       [] {
         Scene scene;
         scene.login("MaxBurstLength=512/", "MaxBurstLength=512/").say(Scene::read(1024));
         scene.exp_cmd_sn = 11;
         return scene.data_in(Scene::input(0, 0, false), std::string(512, 'x'))
             .data_in(Scene::input(1, 512), std::string(512, 'x'));
       }},
      {Rule::data_in_is_within_expected_length, [=] { return reading(Scene::input(0, 100)); }},
      {Rule::data_in_sequence_ends_in_final,
       [=] {
         ScsiResponse status = Scene::status();
         status.exp_data_sn = {1};
         return reading(Scene::input(0, 0, false), 64).answer(status);
       }},
      {Rule::acknowledge_bit_needs_recovery_level,
       [=] {
         DataIn one = Scene::input(0, 0);
         one.acknowledge = true;
         one.target_transfer_tag = TargetTransferTag{4};
         return reading(one);
       }},
      {Rule::data_in_repeats_lun,
       [] {
         Scene scene;
         scene.login("ErrorRecoveryLevel=1/", "ErrorRecoveryLevel=1/").say(Scene::read(64));
         scene.exp_cmd_sn = 11;
         DataIn one = Scene::input(0, 0);
         one.acknowledge = true;
         one.target_transfer_tag = TargetTransferTag{4};
         one.lun = iscsi::wire::Lun{1};
         return scene.data_in(one, bytes_64);
       }},
      {Rule::data_segment_fills_words,
       [] {
         return acknowledged().say(Scene::read(128)).data_in(Scene::input(0, 0, false), "abc");
       }},
      {Rule::residual_count_is_exact,
       [=] {
         ScsiResponse status = Scene::status();
         status.exp_data_sn = {1};
         return reading(Scene::input(0, 0), 100).answer(status);
       }},
      {Rule::exp_data_sn_counts_data,
       [=] {
         ScsiResponse status = Scene::status();
         status.exp_data_sn = {2};
         return reading(Scene::input(0, 0), 64).answer(status);
       }},
      {Rule::snack_tag_is_zero_without_snack,
       [] {
         ScsiResponse status = Scene::status();
         status.snack_tag = 1;
         return acknowledged().say(Scene::read(0)).answer(status);
       }},
  };
}

std::vector<Sin> sins_of_writing() {
  const auto writing = [](const ReadyToTransfer& r2t, std::uint32_t expected = 128) {
    Scene scene = acknowledged();
    return scene.say(Scene::write(expected)).notify(r2t);
  };
  return {
      {Rule::r2t_answers_a_write,
       [] { return acknowledged().say(Scene::read(64)).notify(Scene::r2t(0, 0, 64)); }},
      {Rule::r2t_repeats_lun,
       [=] {
         ReadyToTransfer r2t = Scene::r2t(0, 0, 64);
         r2t.lun = iscsi::wire::Lun{1};
         return writing(r2t);
       }},
      {Rule::r2t_sn_counts_up, [=] { return writing(Scene::r2t(1, 0, 64)); }},
      {Rule::r2t_is_within_expected_length, [=] { return writing(Scene::r2t(0, 100, 64)); }},
      {Rule::r2t_is_within_max_burst,
       [] {
         Scene scene;
         scene.login("MaxBurstLength=512/", "MaxBurstLength=512/").say(Scene::write(1024));
         scene.exp_cmd_sn = 11;
         return scene.notify(Scene::r2t(0, 0, 1024));
       }},
      {Rule::r2ts_are_continuous,
       [=] {
         return writing(Scene::r2t(0, 0, 64))
             .say(Scene::output(1, 0), bytes_64)
             .notify(Scene::r2t(1, 96, 32));
       }},
      {Rule::received_data_is_not_asked_again,
       [] {
         return acknowledged().say(Scene::write(128), bytes_64).notify(Scene::r2t(0, 32, 96));
       }},
      {Rule::outstanding_r2ts_are_within_limit,
       [=] { return writing(Scene::r2t(0, 0, 64)).notify(Scene::r2t(1, 64, 64)); }},
      {Rule::status_waits_for_data,
       [=] {
         ScsiResponse status = Scene::status();
         status.status = 0x08;
         status.exp_data_sn = {1};
         return writing(Scene::r2t(0, 0, 64)).answer(status);
       }},
  };
}

}  // namespace conformance
