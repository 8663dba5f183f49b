/// What a target can do wrong in a login and in a text negotiation.

#include "conformance/sins.hpp"

namespace conformance {
namespace {

Scene login_with(const std::string& offers, const std::string& answers) {
  Scene scene;
  return scene.login(offers, answers);
}

Scene refused_login(const std::function<void(LoginResponse&)>& change, const std::string& text = {},
                    LoginStatus status = LoginStatus::initiator_error) {
  LoginResponse response = Scene::login_response();
  response.transit = false;
  response.current_stage = {};
  response.tsih = iscsi::wire::Tsih::none;
  response.status = status;
  change(response);
  return login_answered_by(response, text);
}

Scene partial_login(bool target_transits) {
  Scene scene;
  scene.say(changed<LoginRequest>(Scene::login_request(), [](auto& r) { r.transit = false; }),
            Scene::names());
  return scene.answer(changed<LoginResponse>(Scene::login_response(),
                                             [&](auto& r) {
                                               r.transit = target_transits;
                                               r.tsih = iscsi::wire::Tsih::none;
                                             }),
                      pairs("TargetPortalGroupTag=1/"));
}

Scene text_answered_by(const std::string& answer, bool asked_final = true, bool final = true) {
  Scene scene = acknowledged();
  scene.say(ask(asked_final), pairs("InitiatorAlias=x/"));
  return scene.answer(reply(final), pairs(answer));
}
}  // namespace

std::vector<Sin> sins_of_login() {
  const auto answer = [](const std::function<void(LoginResponse&)>& change) {
    return login_answered_by(changed<LoginResponse>(Scene::login_response(), change));
  };
  return {
      {Rule::login_response_repeats_task_tag,
       [=] { return answer([](auto& r) { r.initiator_task_tag = InitiatorTaskTag{2}; }); }},
      {Rule::login_response_transits_only_when_asked, [] { return partial_login(true); }},
      {Rule::login_response_is_in_current_stage,
       [=] { return answer([](auto& r) { r.current_stage = LoginStage::security_negotiation; }); }},
      {Rule::next_stage_is_not_beyond_the_one_asked,
       [] {
         Scene scene;
         LoginRequest request = Scene::login_request();
         request.current_stage = LoginStage::security_negotiation;
         request.next_stage = LoginStage::operational_negotiation;
         scene.say(request, Scene::names());
         LoginResponse response = Scene::login_response();
         response.current_stage = LoginStage::security_negotiation;
         response.next_stage = LoginStage::full_feature_phase;
         return scene.answer(response, pairs("TargetPortalGroupTag=1/"));
       }},
      {Rule::login_response_transition_is_allowed,
       [=] {
         return answer([](auto& r) {
           r.next_stage = LoginStage::operational_negotiation;
           r.tsih = iscsi::wire::Tsih::none;
         });
       }},
      {Rule::tsih_comes_with_final_login_response,
       [=] { return answer([](auto& r) { r.tsih = iscsi::wire::Tsih::none; }); }},
      {Rule::login_response_repeats_tsih,
       [] {
         Scene scene;
         scene.say(changed<LoginRequest>(Scene::login_request(),
                                         [](auto& r) { r.tsih = iscsi::wire::Tsih{5}; }),
                   Scene::names());
         return scene.answer(Scene::login_response(), pairs("TargetPortalGroupTag=1/"));
       }},
      {Rule::first_burst_within_max_burst,
       [] {
         const std::string lengths = "MaxBurstLength=512/FirstBurstLength=1024/";
         return login_with(lengths, lengths);
       }},
      {Rule::recovery_in_order_has_one_r2t,
       [] {
         const std::string keys = "ErrorRecoveryLevel=1/MaxOutstandingR2T=2/";
         return login_with(keys, keys);
       }},
      {Rule::login_response_keeps_versions,
       [] {
         Scene scene = partial_login(false);
         scene.say(Scene::login_request());
         scene.answer(Scene::login_response());
         return scene.spoil(2, 1);
       },
       {Rule::version_is_zero}},
      {Rule::portal_group_tag_is_in_first_response,
       [] { return login_answered_by(Scene::login_response(), ""); }},
      {Rule::refused_login_has_no_stage,
       [] {
         return refused_login(
             [](auto& r) { r.current_stage = LoginStage::operational_negotiation; });
       }},
      {Rule::refused_login_ends_connection,
       [] {
         Scene scene = refused_login([](auto&) {});
         LoginResponse again = Scene::login_response();
         again.transit = false;
         again.current_stage = {};
         again.tsih = iscsi::wire::Tsih::none;
         again.status = LoginStatus::initiator_error;
         scene.say(Scene::login_request());
         return scene.answer(again);
       }},
      {Rule::redirection_names_an_address,
       [] {
         return refused_login([](auto&) {}, "TargetAlias=x/",
                              LoginStatus::target_moved_temporarily);
       }},
      {Rule::only_login_responses_during_login,
       [] {
         Scene scene;
         scene.say(Scene::login_request(), Scene::names());
         return scene.notify(NopIn{});
       }},
      {Rule::login_response_belongs_to_login,
       [] {
         Scene scene;
         scene.login();
         LoginResponse late = Scene::login_response();
         late.tsih = iscsi::wire::Tsih{7};
         return scene.answer(late);
       }},
      {Rule::continued_request_is_answered_without_data,
       [] {
         Scene scene;
         LoginRequest request = Scene::login_request();
         request.transit = false;
         request.continued = true;
         scene.say(request, Scene::names());
         LoginResponse response = Scene::login_response();
         response.transit = false;
         response.tsih = iscsi::wire::Tsih::none;
         return scene.answer(response, pairs("TargetAlias=x/"));
       }},
  };
}

std::vector<Sin> sins_of_text() {
  const auto offers = [](const std::string& offer, const std::string& answer) {
    return [=] { return login_with(offer, answer); };
  };
  std::string long_key(64, 'A');
  return {
      {Rule::text_pair_ends_in_null,
       [] {
         Scene scene;
         scene.say(Scene::login_request(), Scene::names());
         return scene.answer(Scene::login_response(),
                             pairs("TargetPortalGroupTag=1/TargetAlias=x"));
       }},
      {Rule::text_pair_has_one_delimiter, offers("", "/")},
      {Rule::text_pair_has_equals_sign, offers("", "TargetAlias/")},
      {Rule::key_name_is_not_empty, offers("", "=x/")},
      {Rule::key_name_begins_with_capital, offers("", "targetAlias=x/")},
      {Rule::key_name_within_limit, offers("", long_key + "=x/")},
      {Rule::key_name_has_label_characters, offers("", "Target Alias=x/")},
      {Rule::text_is_utf8, offers("", "TargetAlias=\xff/")},
      {Rule::reserved_word_is_only_an_answer, offers("", "MaxBurstLength=Reject/")},
      {Rule::unknown_key_is_not_understood, offers("Nonsense=1/", "Nonsense=2/")},
      {Rule::standard_key_is_understood,
       offers("MaxConnections=1/", "MaxConnections=NotUnderstood/")},
      {Rule::proposal_is_answered, offers("MaxConnections=1/", "")},
      {Rule::declaration_is_admissible, offers("", "MaxRecvDataSegmentLength=1/")},
      {Rule::list_answer_was_proposed, offers("HeaderDigest=None/", "HeaderDigest=Y-a/")},
      {Rule::range_answer_is_in_range, offers("OFMarkInt=2~4/", "OFMarkInt=5/")},
      {Rule::answer_follows_result_function, offers("MaxConnections=1/", "MaxConnections=2/")},
      {Rule::key_is_negotiated_once_in_login, offers("", "TargetAlias=a/TargetAlias=b/")},
      {Rule::operational_stage_has_its_own_keys, offers("", "CHAP_A=5/")},
      {Rule::key_comes_from_its_sender, offers("", "InitiatorAlias=x/")},
      {Rule::transit_response_asks_nothing, offers("", "MaxConnections=1/")},
      {Rule::security_stage_has_its_own_keys,
       [] {
         Scene scene;
         LoginRequest request = Scene::login_request();
         request.current_stage = LoginStage::security_negotiation;
         scene.say(request, Scene::names());
         LoginResponse response = Scene::login_response();
         response.current_stage = LoginStage::security_negotiation;
         return scene.answer(response,
                             pairs("TargetPortalGroupTag=1/MaxRecvDataSegmentLength=8192/"));
       }},
      {Rule::key_is_negotiated_once_in_sequence,
       [] { return text_answered_by("TargetAlias=a/TargetAlias=b/"); }},
      {Rule::full_feature_phase_has_its_own_keys,
       [] { return text_answered_by("TargetPortalGroupTag=1/"); }},
      {Rule::final_text_response_asks_nothing,
       [] { return text_answered_by("MaxBurstLength=512/"); },
       {Rule::full_feature_phase_has_its_own_keys}},
      {Rule::empty_text_response_ends, [] { return text_answered_by("", true, false); }},
      {Rule::final_text_response_only_when_asked, [] { return text_answered_by("", false, true); }},
      {Rule::negotiation_text_within_limit,
       [] {
         Scene scene;
         scene.say(Scene::login_request(), Scene::names());
         LoginResponse response = Scene::login_response();
         response.transit = false;
         response.continued = true;
         response.tsih = iscsi::wire::Tsih::none;
         for (int i = 0; i < 9; ++i) {
           scene.answer(response, std::string(8000, 'A')).say(Scene::login_request());
         }
         return scene;
       }},
  };
}

}  // namespace conformance
