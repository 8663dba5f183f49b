/// What a target can do wrong in a single PDU, in framing and in numbering.

#include "conformance/sins.hpp"

namespace conformance {

/// The sins of form (10).
std::vector<Sin> sins_of_form() {
  return {
      {Rule::reserved_bits_are_zero,
       [] { return acknowledged().say(ping()).answer(echo()).spoil(2, 1); }},
      {Rule::fixed_bits_have_their_value,
       [] { return acknowledged().say(ping()).answer(echo()).spoil(1, 0); }},
      {Rule::padding_is_zero,
       [] { return acknowledged().say(ping(), "abc").answer(echo(), "abc").spoil(51, 1); }},
      {Rule::opcode_belongs_to_target, [] { return acknowledged().raw(ping()); }},
      {Rule::opcode_is_known,
       [] { return acknowledged().say(ping()).answer(echo()).spoil(0, 0x3b); }},
      {Rule::reserved_values_are_not_sent,
       [] { return logged_in().answer(AsyncMessage{.event = AsyncEvent{77}}); }},
      {Rule::data_segment_only_where_defined,
       [] {
         return acknowledged()
             .say(LogoutRequest{.initiator_task_tag = InitiatorTaskTag{5}, .cmd_sn = {10}})
             .answer(LogoutResponse{.initiator_task_tag = InitiatorTaskTag{5}}, "data");
       }},
      {Rule::no_additional_headers_in_responses,
       [] {
         Scene scene = acknowledged();
         scene.say(ping()).answer(echo());
         scene.transcript.back().bytes[4] = std::byte{1};
         scene.transcript.back().bytes.resize(52);
         return scene;
       }},
      {Rule::check_condition_has_sense_data,
       [] {
         ScsiResponse status = Scene::status();
         status.status = 0x02;
         return acknowledged().say(Scene::read(0)).answer(status);
       }},
      {Rule::residual_flags_exclude_each_other,
       [] {
         ScsiResponse status = Scene::status();
         status.status = 0x08;
         status.overflow = status.underflow = true;
         status.residual_count = 1;
         return acknowledged().say(Scene::read(0)).answer(status);
       }},
      {Rule::residual_flags_only_when_completed,
       [] {
         ScsiResponse status = Scene::status();
         status.response = ServiceResponse::target_failure;
         status.underflow = true;
         return acknowledged().say(Scene::read(0)).answer(status);
       }},
      {Rule::exp_data_sn_only_when_completed,
       [] {
         ScsiResponse status = Scene::status();
         status.response = ServiceResponse::target_failure;
         status.exp_data_sn = {1};
         return acknowledged().say(Scene::read(0)).answer(status);
       }},
      {Rule::data_in_status_comes_with_final,
       [] {
         DataIn last = Scene::input(0, 0, false);
         last.has_status = true;
         return acknowledged().say(Scene::read(64)).answer(last, bytes_64);
       }},
      {Rule::data_in_status_is_no_exception,
       [] {
         DataIn last = Scene::input(0, 0);
         last.has_status = true;
         last.status = 0x08;
         return acknowledged().say(Scene::read(64)).answer(last, bytes_64);
       }},
      {Rule::data_in_has_transfer_tag_only_with_acknowledge,
       [] {
         DataIn one = Scene::input(0, 0);
         one.target_transfer_tag = TargetTransferTag{3};
         return acknowledged().say(Scene::read(64)).data_in(one, bytes_64);
       }},
      {Rule::r2t_has_transfer_tag,
       [] {
         ReadyToTransfer r2t = Scene::r2t(0, 0, 64);
         r2t.target_transfer_tag = TargetTransferTag::none;
         return acknowledged().say(Scene::write(64)).notify(r2t);
       }},
      {Rule::r2t_asks_for_data,
       [] { return acknowledged().say(Scene::write(64)).notify(Scene::r2t(0, 0, 0)); }},
      {Rule::nop_in_answer_has_no_transfer_tag,
       [] {
         NopIn answer = echo();
         answer.target_transfer_tag = TargetTransferTag{3};
         return acknowledged().say(ping()).answer(answer);
       }},
      {Rule::unasked_nop_in_has_no_data, [] { return logged_in().notify(NopIn{}, "data"); }},
      {Rule::continued_login_response_does_not_transit,
       [] {
         Scene scene;
         scene.say(Scene::login_request(), Scene::names());
         LoginResponse response = Scene::login_response();
         response.continued = true;
         return scene.answer(response, pairs("TargetPortalGroupTag=1/"));
       }},
      {Rule::continued_text_response_is_not_final,
       [] {
         TextResponse response = reply();
         response.continued = true;
         return acknowledged().say(ask(), pairs("InitiatorAlias=x/")).answer(response, "Tar");
       }},
      {Rule::final_text_response_has_no_transfer_tag,
       [] {
         TextResponse response = reply();
         response.target_transfer_tag = TargetTransferTag{4};
         return acknowledged().say(ask(), pairs("InitiatorAlias=x/")).answer(response);
       }},
      {Rule::unfinished_text_response_has_transfer_tag,
       [] {
         TextResponse response = reply(false);
         response.target_transfer_tag = TargetTransferTag::none;
         return acknowledged()
             .say(ask(), pairs("InitiatorAlias=x/"))
             .answer(response, pairs("TargetAlias=x/"));
       }},
      {Rule::reject_carries_the_header,
       [] { return logged_in().answer(Reject{.reason = RejectReason::protocol_error}, "short"); }},
      {Rule::version_is_zero,
       [] {
         return login_answered_by(
             changed<LoginResponse>(Scene::login_response(), [](auto& r) { r.version_max = 1; }));
       }},
  };
}

/// What the player found out before there was a PDU to look at.
Sin unreadable(Rule rule) {
  return {rule, [rule] {
            Scene scene = acknowledged();
            scene.record(Record::Kind::unreadable, iscsi::wire::Bytes(48));
            scene.transcript.back().violation = iscsi::Violation{rule, 5, 1};
            return scene;
          }};
}

std::vector<Sin> sins_of_framing() {
  return {unreadable(Rule::pdu_is_complete), unreadable(Rule::data_segment_within_limit),
          unreadable(Rule::header_digest_matches), unreadable(Rule::data_digest_matches)};
}

std::vector<Sin> sins_of_numbering() {
  return {
      {Rule::stat_sn_advances_by_one,
       [] {
         Scene scene = acknowledged();
         scene.stat_sn += 1;
         return scene.say(ping()).answer(echo());
       }},
      {Rule::unnumbered_pdu_carries_next_stat_sn,
       [] {
         Scene scene = acknowledged();
         NopIn news;
         news.stat_sn = {scene.stat_sn - 1};
         news.exp_cmd_sn = {10};
         news.max_cmd_sn = {20};
         scene.exp_cmd_sn = 10;
         return scene.raw(news);
       }},
      {Rule::max_cmd_sn_is_not_below_exp_cmd_sn,
       [] {
         Scene scene = acknowledged();
         scene.max_cmd_sn = 9;
         return scene.say(ping()).answer(echo());
       }},
      {Rule::exp_cmd_sn_is_not_ahead,
       [] {
         Scene scene = acknowledged();
         scene.exp_cmd_sn = 12;
         return scene.say(ping()).answer(echo());
       }},
      {Rule::exp_cmd_sn_does_not_go_back,
       [] {
         Scene scene = acknowledged();
         scene.say(ping()).answer(echo());
         scene.exp_cmd_sn = 10;
         return scene.notify(NopIn{});
       }},
      {Rule::status_acknowledges_its_command,
       [] {
         Scene scene;
         return scene.login().say(ping()).answer(echo());
       }},
      {Rule::leading_login_sets_exp_cmd_sn,
       [] {
         Scene scene;
         scene.exp_cmd_sn = 9;
         return scene.login();
       }},
  };
}

}  // namespace conformance
