/// What an initiator can do wrong in the form of its PDUs, in its numbers and with its tasks.

#include "conformance/requests.hpp"

namespace conformance {
namespace {

const std::string word = "abcd";

Scene sealed(const std::string& key) {
  Scene scene;
  scene.login(key, key);
  scene.exp_cmd_sn = 11;
  scene.digests = {.header = key.starts_with("Header"), .data = key.starts_with("Data")};
  return scene;
}

/// A command with this additional header area.
template <class P>
Scene with_headers(const P& pdu, std::initializer_list<unsigned> area) {
  iscsi::wire::Bytes bytes;
  for (const unsigned byte : area) bytes.push_back(static_cast<std::byte>(byte));
  return acknowledged().record(Record::Kind::sent, encode(pdu, {}, Digests{}, bytes));
}

ScsiCommand both_ways() {
  ScsiCommand command = Scene::write(64);
  command.read = true;
  return command;
}

Scene with_recovery(const SnackRequest& snack) {
  Scene scene;
  scene.login("ErrorRecoveryLevel=1/", "ErrorRecoveryLevel=1/");
  scene.exp_cmd_sn = 11;
  return scene.say(Scene::read(64)).say(snack);
}

TaskManagementRequest abort(std::uint32_t ref_cmd_sn, std::uint32_t cmd_sn = 10) {
  return {.immediate = true,
          .function = TaskManagementFunction::abort_task,
          .initiator_task_tag = InitiatorTaskTag{6},
          .referenced_task_tag = InitiatorTaskTag{Scene::tag},
          .cmd_sn = {cmd_sn},
          .ref_cmd_sn = {ref_cmd_sn}};
}

/// A text negotiation that the target wants to go on, and the request that does.
Scene text_goes_on(const std::function<void(TextRequest&)>& change) {
  Scene scene = acknowledged();
  scene.say(ask(false), pairs("X-a=1/"));
  scene.answer(reply(false), pairs("X-a=1/"));
  TextRequest next = ask();
  next.target_transfer_tag = TargetTransferTag{9};
  next.cmd_sn = {11};
  change(next);
  return scene.say(next);
}

Scene pinged(std::uint64_t lun, std::uint32_t transfer_tag) {
  Scene scene = acknowledged();
  scene.notify(NopIn{.lun = iscsi::wire::Lun{3},
                     .initiator_task_tag = InitiatorTaskTag::none,
                     .target_transfer_tag = TargetTransferTag{9}});
  return scene.say(NopOut{.immediate = true,
                          .lun = iscsi::wire::Lun{lun},
                          .target_transfer_tag = TargetTransferTag{transfer_tag},
                          .cmd_sn = {10}});
}

}  // namespace

std::vector<Sin> sins_in_form_of_requests() {
  return {
      {Rule::pdu_is_complete,
       [] {
         Scene scene = acknowledged();
         scene.say(ping()).transcript.back().bytes.resize(20);
         return scene;
       }},
      {Rule::reserved_bits_are_zero, [] { return acknowledged().say(ping()).spoil(2, 0x40); }},
      {Rule::reserved_values_are_not_sent,
       [] { return acknowledged().say(abort(10)).spoil(1, 0x89).spoil(35, 0); },
       {Rule::task_reference_only_where_used}},
      {Rule::opcode_is_known, [] { return acknowledged().say(ping()).spoil(0, 0x0f); }},
      {Rule::opcode_belongs_to_initiator,
       [] { return acknowledged().record(Record::Kind::sent, encode(NopIn{})); }},
      {Rule::data_segment_within_limit,
       [] {
         Scene scene;
         scene.login("", "MaxRecvDataSegmentLength=512/");
         return scene.say(ping(), std::string(516, 'x'));
       }},
      {Rule::data_segment_only_where_defined,
       [] { return acknowledged().say(abort(10), word); },
       {}},
      {Rule::data_segment_fills_words,
       [] {
         return asked_for(64)
             .say(Scene::output(1, 0, false), std::string(30, 'x'))
             .say(changed<DataOut>(Scene::output(1, 30), [](auto& pdu) { pdu.data_sn = {1}; }),
                  std::string(34, 'x'));
       }},
      {Rule::padding_is_zero, [] { return acknowledged().say(ping(), "abc").spoil(51, 1); }},
      {Rule::header_digest_matches,
       [] { return sealed("HeaderDigest=CRC32C/").say(ping()).spoil(49, 1); }},
      {Rule::data_digest_matches,
       [] { return sealed("DataDigest=CRC32C/").say(ping(), word).spoil(48, 1); }},
      {Rule::fixed_bits_have_their_value, [] { return acknowledged().say(ping()).spoil(1, 0); }},
  };
}

std::vector<Sin> sins_in_flags_of_requests() {
  return {
      {Rule::untagged_nop_out_is_immediate,
       [] { return acknowledged().say(NopOut{.cmd_sn = {10}}); }},
      {Rule::scsi_command_is_final_or_write,
       [] { return acknowledged().say(Scene::read(64)).spoil(1, 0x40); }},
      {Rule::expected_transfer_has_direction,
       [] { return acknowledged().say(Scene::read(64)).spoil(1, 0x80); }},
      {Rule::complete_immediate_data_is_final,
       [] { return eager().say(eager_write(64), bytes_64); }},
      {Rule::task_reference_only_where_used,
       [] { return acknowledged().say(abort(10)).spoil(1, 0x85).spoil(35, 0); }},
      {Rule::task_reassign_is_immediate,
       [] { return acknowledged().say(abort(10)).spoil(0, 2).spoil(1, 0x88).spoil(35, 0); }},
      {Rule::snack_names_its_task, [] { return with_recovery({.type = SnackType::data_or_r2t}); }},
      {Rule::snack_carries_its_tag,
       [] { return with_recovery({.type = SnackType::status, .transfer_or_snack_tag = 1}); }},
      {Rule::r_data_snack_begins_at_zero,
       [] {
         return with_recovery({.type = SnackType::r_data,
                               .initiator_task_tag = InitiatorTaskTag{Scene::tag},
                               .transfer_or_snack_tag = 1,
                               .begin_run = 1});
       }},
      {Rule::acknowledging_snack_has_no_run_length,
       [] {
         return with_recovery(
             {.type = SnackType::data_ack, .transfer_or_snack_tag = 1, .run_length = 1});
       }},
  };
}

std::vector<Sin> sins_in_additional_headers() {
  return {
      {Rule::additional_header_fits, [] { return with_headers(Scene::read(64), {0, 0x20, 1, 0}); }},
      {Rule::additional_header_only_in_scsi_command,
       [] { return with_headers(ping(), {0, 1, 1, 0}); }},
      {Rule::extended_cdb_length_is_valid,
       [] { return with_headers(Scene::read(64), {0, 1, 1, 0}); }},
      {Rule::bidirectional_length_has_read_and_write,
       [] { return with_headers(Scene::read(64), {0, 5, 2, 0, 0, 0, 0, 64}); }},
      {Rule::bidirectional_length_has_four_bytes,
       [] { return with_headers(both_ways(), {0, 1, 2, 0}); }},
      {Rule::additional_header_type_is_known,
       [] { return with_headers(Scene::read(64), {0, 1, 5, 0}); }},
      {Rule::additional_header_comes_once,
       [] {
         return with_headers(both_ways(), {0, 5, 2, 0, 0, 0, 0, 64, 0, 5, 2, 0, 0, 0, 0, 64});
       }},
      {Rule::bidirectional_command_has_read_length, [] { return acknowledged().say(both_ways()); }},
  };
}

std::vector<Sin> sins_in_numbers_of_requests() {
  return {
      {Rule::cmd_sn_is_in_window,
       [] {
         Scene scene;
         scene.max_cmd_sn = 10;
         return scene.login().say(ping()).say(other_ping());
       }},
      {Rule::cmd_sn_is_new,
       [] { return acknowledged().say(ping()).answer(echo()).say(other_ping(10)); }},
      {Rule::cmd_sn_advances_by_one, [] { return acknowledged().say(ping(12)); }},
      {Rule::immediate_request_carries_current_cmd_sn,
       [] { return acknowledged().say(NopOut{.immediate = true, .cmd_sn = {12}}); }},
      {Rule::exp_stat_sn_is_not_ahead,
       [] {
         return acknowledged().say(
             changed<NopOut>(ping(), [](auto& pdu) { pdu.exp_stat_sn = {102}; }));
       }},
  };
}

std::vector<Sin> sins_in_tasks_of_requests() {
  const LogoutRequest logout{
      .immediate = true, .initiator_task_tag = InitiatorTaskTag{5}, .cmd_sn = {10}};
  return {
      {Rule::discovery_session_is_for_text_and_logout,
       [] { return discovery().say(Scene::read(64)); }},
      {Rule::nothing_follows_logout_request,
       [=] { return acknowledged().say(logout).say(other_ping(10)); }},
      {Rule::commands_wait_for_logout,
       [] {
         Scene scene = acknowledged();
         scene.answer(AsyncMessage{.event = AsyncEvent::logout_request});
         ScsiCommand command = Scene::read(64);
         command.exp_stat_sn = {scene.stat_sn};
         return scene.say(command);
       }},
      {Rule::initiator_task_tag_is_free,
       [] { return acknowledged().say(Scene::read(64)).say(Scene::read(64, 11)); }},
      {Rule::initiator_task_tag_is_not_reserved,
       [] {
         return acknowledged().say(changed<ScsiCommand>(
             Scene::read(64), [](auto& pdu) { pdu.initiator_task_tag = InitiatorTaskTag::none; }));
       }},
      {Rule::text_request_is_the_only_one,
       [] {
         return acknowledged()
             .say(ask(), pairs("X-a=1/"))
             .say(changed<TextRequest>(ask(),
                                       [](auto& pdu) {
                                         pdu.cmd_sn = {11};
                                         pdu.initiator_task_tag = InitiatorTaskTag{6};
                                       }),
                  pairs("X-b=1/"));
       }},
      {Rule::text_transfer_tag_is_known,
       [] {
         return text_goes_on([](auto& pdu) { pdu.target_transfer_tag = TargetTransferTag{8}; });
       }},
      {Rule::text_sequence_keeps_task_tag,
       [] {
         return text_goes_on([](auto& pdu) { pdu.initiator_task_tag = InitiatorTaskTag{6}; });
       }},
      {Rule::text_request_repeats_lun,
       [] { return text_goes_on([](auto& pdu) { pdu.lun = iscsi::wire::Lun{1}; }); }},
      {Rule::text_sequence_keeps_immediate_bit,
       [] { return text_goes_on([](auto& pdu) { pdu.immediate = true; }); }},
      {Rule::nop_out_transfer_tag_is_known, [] { return pinged(3, 8); }},
      {Rule::nop_out_repeats_lun, [] { return pinged(4, 9); }},
      {Rule::abort_names_number_of_its_task,
       [] { return acknowledged().say(Scene::read(64)).say(abort(9, 11)); }},
      {Rule::snack_needs_recovery_level,
       [] { return acknowledged().say(SnackRequest{.type = SnackType::status}); }},
  };
}

std::vector<Sin> sins_in_data_of_requests() {
  return {
      {Rule::data_comes_with_write_only,
       [] { return acknowledged().say(Scene::read(64), bytes_64); }},
      {Rule::immediate_data_is_negotiated,
       [] {
         Scene scene;
         scene.login("ImmediateData=No/", "");
         return scene.say(Scene::write(64), bytes_64);
       }},
      {Rule::unsolicited_data_out_is_negotiated,
       [] {
         Scene scene = acknowledged();
         return scene.say(eager_write(64)).say(Scene::output(no_transfer_tag, 0), bytes_64);
       }},
      {Rule::unsolicited_data_is_within_first_burst,
       [] { return eager().say(Scene::write(1024), std::string(516, 'x')); }},
      {Rule::unsolicited_data_fills_first_burst,
       [] {
         return eager().say(eager_write(1024)).say(Scene::output(no_transfer_tag, 0), bytes_64);
       }},
      {Rule::data_is_within_expected_length,
       [] { return acknowledged().say(Scene::write(32), bytes_64); }},
  };
}

std::vector<Sin> sins_in_data_out() {
  return {
      {Rule::r2t_is_answered_in_full,
       [] { return asked_for(64).say(Scene::output(1, 0), bytes_32); }},
      {Rule::data_out_has_known_task,
       [] { return acknowledged().say(Scene::output(1, 0), bytes_32); }},
      {Rule::data_out_has_known_transfer_tag,
       [] { return asked_for(64).say(Scene::output(2, 0), bytes_64); }},
      {Rule::data_out_repeats_lun,
       [] {
         return asked_for(64).say(
             changed<DataOut>(Scene::output(1, 0),
                              [](auto& pdu) { pdu.lun = iscsi::wire::Lun{1}; }),
             bytes_64);
       }},
      {Rule::data_sn_counts_up,
       [] {
         return asked_for(64).say(
             changed<DataOut>(Scene::output(1, 0), [](auto& pdu) { pdu.data_sn = {27}; }),
             bytes_64);
       }},
      {Rule::data_out_offset_is_in_order,
       [] {
         Scene scene = asked_for(64);
         return scene.say(Scene::output(1, 32, false), bytes_32);
       }},
      {Rule::data_out_offset_is_in_sequence,
       [] {
         Scene scene = acknowledged();
         scene.say(Scene::write(128)).notify(Scene::r2t(0, 0, 64));
         return scene.say(Scene::output(1, 64), bytes_64);
       }},
      {Rule::r2ts_are_answered_in_order,
       [] {
         Scene scene;
         scene.login("MaxOutstandingR2T=2/", "MaxOutstandingR2T=2/");
         scene.exp_cmd_sn = 11;
         scene.say(Scene::write(128)).notify(Scene::r2t(0, 0, 64)).notify(Scene::r2t(1, 64, 64));
         return scene.say(Scene::output(2, 64), bytes_64);
       }},
      {Rule::unsolicited_data_keeps_command_order,
       [] {
         Scene scene = eager();
         ScsiCommand second = eager_write(64);
         second.cmd_sn = {11};
         second.initiator_task_tag = InitiatorTaskTag{6};
         DataOut early = Scene::output(no_transfer_tag, 0);
         early.initiator_task_tag = InitiatorTaskTag{6};
         scene.say(eager_write(64)).say(second).say(early, bytes_64);
         return scene.say(Scene::output(no_transfer_tag, 0), bytes_64);
       }},
  };
}

}  // namespace conformance
