/// What an initiator can do wrong in a login and in a negotiation.

#include "conformance/requests.hpp"

namespace conformance {
namespace {

using Change = std::function<void(LoginRequest&)>;

const LoginStep last{.next = LoginStage::full_feature_phase, .request = "", .answer = ""};

/// A login whose first request was changed.
std::function<Scene()> begun(const Change& change) {
  return [=] {
    Scene scene;
    LoginRequest request = Scene::login_request();
    change(request);
    return scene.say(request, Scene::names());
  };
}
/// A login whose second request was changed.
std::function<Scene()> continued(const Change& change) {
  return [=] {
    Scene scene = begun_login();
    LoginRequest request = Scene::login_request();
    change(request);
    return scene.say(request);
  };
}
/// A login whose first text is this.
std::function<Scene()> saying(const std::string& text) {
  return [=] {
    Scene scene;
    return scene.say(Scene::login_request(), pairs(text));
  };
}
/// A login that brings these keys along.
std::function<Scene()> offering(const std::string& offers) {
  return [=] {
    Scene scene;
    return scene.say(Scene::login_request(), Scene::names() + pairs(offers));
  };
}
/// A login in the security stage that brings these keys along.
std::function<Scene()> offering_security(const std::string& offers) {
  return [=] {
    Scene scene;
    LoginRequest request = Scene::login_request();
    request.current_stage = LoginStage::security_negotiation;
    return scene.say(request, Scene::names() + pairs(offers));
  };
}
/// An answer of the initiator to what the target proposes.
std::function<Scene()> answering(const std::string& proposal, const std::string& answer) {
  return [=] {
    Scene scene = begun_login("", proposal);
    return add_step(scene,
                    {.next = LoginStage::full_feature_phase, .request = answer, .answer = ""});
  };
}
std::function<Scene()> asking(const std::string& text) {
  return [=] { return acknowledged().say(ask(), pairs(text)); };
}
std::function<Scene()> naming(const std::string& name) {
  return saying("InitiatorName=" + name + "/TargetName=iqn.2003-01.example:t/");
}
/// Keys in the second step of CHAP.
std::function<Scene()> responding(const std::string& text) {
  return [=] {
    Scene scene = challenged();
    return add_step(scene, {.stage = LoginStage::security_negotiation,
                            .next = LoginStage::operational_negotiation,
                            .request = text,
                            .answer = ""});
  };
}

}  // namespace

std::vector<Sin> sins_in_login_requests() {
  return {
      {Rule::login_request_is_immediate, [] { return begun([](auto&) {})().spoil(0, 0x03); }},
      {Rule::login_stage_is_defined, [] { return begun([](auto&) {})().spoil(1, 0x8b); }},
      {Rule::continued_login_does_not_transit,
       begun([](auto& request) { request.continued = true; })},
      {Rule::version_is_zero, begun([](auto& request) { request.version_max = 1; })},
      {Rule::isid_type_is_defined,
       begun([](auto& request) { request.isid = iscsi::wire::Isid{0xc000'0000'0001U}; })},
      {Rule::continued_text_is_not_final,
       [] {
         return acknowledged().say(
             changed<TextRequest>(ask(), [](auto& pdu) { pdu.continued = true; }), pairs("X-a=1/"));
       }},
      {Rule::first_pdu_is_login_request, [] { return Scene{}.say(ping()); }},
      {Rule::only_login_requests_during_login, [] { return begun_login().say(ping()); }},
      {Rule::login_belongs_to_login_phase,
       [] { return logged_in().say(Scene::login_request(), Scene::names()); }},
      {Rule::login_keeps_versions,
       continued([](auto& request) { request.version_max = 1; }),
       {Rule::version_is_zero}},
      {Rule::login_keeps_isid,
       continued([](auto& request) { request.isid = iscsi::wire::Isid{0x8000'0000'0002U}; })},
      {Rule::login_keeps_tsih,
       continued([](auto& request) { request.tsih = iscsi::wire::Tsih{1}; })},
      {Rule::login_keeps_connection_id,
       continued([](auto& request) { request.cid = iscsi::wire::Cid{2}; })},
      {Rule::login_keeps_task_tag,
       continued([](auto& request) { request.initiator_task_tag = InitiatorTaskTag{2}; })},
      {Rule::login_keeps_cmd_sn, continued([](auto& request) { request.cmd_sn = {11}; })},
      {Rule::login_acknowledges_what_was_sent,
       continued([](auto& request) { request.exp_stat_sn = {102}; })},
      {Rule::login_is_in_current_stage,
       continued([](auto& request) { request.current_stage = LoginStage::security_negotiation; })},
      {Rule::login_transition_is_allowed,
       begun([](auto& request) { request.next_stage = LoginStage::operational_negotiation; })},
      {Rule::continued_text_is_fetched_without_data,
       [] {
         Scene scene;
         add_step(scene, {.request = Scene::names(), .answer = ""});
         scene.spoil(1, 0x44);
         return scene.say(Scene::login_request(), pairs("MaxConnections=1/"));
       }},
      {Rule::initiator_name_in_first_login, saying("TargetName=iqn.2003-01.example:t/")},
      {Rule::target_name_in_first_login, saying("InitiatorName=iqn.2003-01.example:i/")},
      {Rule::parties_are_named_in_first_login,
       [] {
         Scene scene = begun_login();
         return scene.say(Scene::login_request(), pairs("SessionType=Normal/"));
       },
       {Rule::key_is_negotiated_once_in_login}},
      {Rule::session_type_is_supported,
       saying("InitiatorName=iqn.2003-01.example:i/SessionType=Strange/")},
  };
}

std::vector<Sin> sins_in_names_of_requests() {
  return {
      {Rule::iscsi_name_within_length, naming("iqn.2003-01.example:" + std::string(210, 'a'))},
      {Rule::iscsi_name_is_prepared, naming("iqn.2003-01.example:A")},
      {Rule::iscsi_name_type_is_defined, naming("IdefixInitiator")},
      {Rule::qualified_name_has_date, naming("iqn.example:i")},
      {Rule::qualified_name_has_authority, naming("iqn.2003-01.:i")},
      {Rule::eui_name_has_sixteen_digits, naming("eui.0123")},
      {Rule::naa_name_has_its_digits, naming("naa.0123")},
  };
}

std::vector<Sin> sins_in_text_of_requests() {
  return {
      {Rule::text_pair_ends_in_null, [] { return acknowledged().say(ask(), "X-a=1"); }},
      {Rule::text_pair_has_one_delimiter, asking("X-a=1//")},
      {Rule::text_pair_has_equals_sign, asking("X-a/")},
      {Rule::key_name_is_not_empty, asking("=1/")},
      {Rule::key_name_begins_with_capital, asking("x-a=1/")},
      {Rule::key_name_within_limit, asking("X-" + std::string(62, 'a') + "=1/")},
      {Rule::key_name_has_label_characters, asking("X-a!=1/")},
      {Rule::text_is_utf8, asking("X-a=\xff/")},
      {Rule::negotiation_text_within_limit,
       [] {
         Scene scene = acknowledged();
         for (std::uint32_t i = 0; i < 9; ++i) {
           TextRequest part = ask(false);
           part.continued = true;
           part.cmd_sn = {10 + i};
           part.target_transfer_tag = i == 0 ? TargetTransferTag::none : TargetTransferTag{9};
           scene.say(part, std::string(8000, 'X'));
           if (i < 8) scene.answer(reply(false));
         }
         return scene;
       }},
      {Rule::reserved_word_is_only_an_answer, offering("MaxConnections=Reject/")},
      {Rule::unknown_key_is_not_understood, answering("Foo=1/", "Foo=1/")},
      {Rule::standard_key_is_understood,
       answering("MaxConnections=1/", "MaxConnections=NotUnderstood/")},
      {Rule::proposal_is_answered, answering("MaxConnections=1/", "")},
      {Rule::declaration_is_admissible, offering("MaxRecvDataSegmentLength=1/")},
      {Rule::list_answer_was_proposed, answering("HeaderDigest=None/", "HeaderDigest=CRC32C/")},
      {Rule::range_answer_is_in_range, answering("OFMarkInt=10~20/", "OFMarkInt=30/")},
      {Rule::answer_follows_result_function,
       answering("MaxBurstLength=1024/", "MaxBurstLength=2048/")},
      {Rule::key_is_negotiated_once_in_login, offering("MaxConnections=1/MaxConnections=1/")},
      {Rule::key_is_negotiated_once_in_sequence, asking("InitiatorAlias=a/InitiatorAlias=b/")},
      {Rule::security_stage_has_its_own_keys, offering_security("MaxConnections=1/")},
      {Rule::operational_stage_has_its_own_keys, offering("AuthMethod=None/")},
      {Rule::full_feature_phase_has_its_own_keys, asking("MaxConnections=1/")},
      {Rule::security_is_negotiated_in_login, asking("AuthMethod=None/")},
      {Rule::leading_only_key_is_on_leading_login,
       [] {
         Scene scene;
         return scene.say(changed<LoginRequest>(Scene::login_request(),
                                                [](auto& r) { r.tsih = iscsi::wire::Tsih{7}; }),
                          Scene::names() + pairs("MaxBurstLength=1024/"));
       }},
      {Rule::key_comes_from_its_sender, offering("TargetAlias=x/")},
      {Rule::extension_key_only_in_normal_session,
       saying("InitiatorName=iqn.2003-01.example:i/SessionType=Discovery/X-a=1/")},
      {Rule::first_burst_within_max_burst, offering("MaxBurstLength=512/FirstBurstLength=1024/")},
      {Rule::discovery_text_is_send_targets,
       [] { return discovery().say(ask(), pairs("InitiatorAlias=x/")); }},
      {Rule::send_targets_stands_alone, asking("SendTargets=/InitiatorAlias=x/")},
      {Rule::send_targets_value_is_defined, asking("SendTargets=Some/")},
  };
}

std::vector<Sin> sins_in_values_of_requests() {
  return {
      {Rule::extension_value_is_marked, offering("HeaderDigest=None,CRC32/")},
      {Rule::text_value_within_limit, offering("HeaderDigest=Y-" + std::string(255, 'a') + "/")},
      {Rule::boolean_is_yes_or_no, offering("ImmediateData=yes/")},
      {Rule::number_is_a_constant, offering("MaxConnections=one/")},
      {Rule::decimal_has_no_leading_zero, offering("MaxConnections=01/")},
      {Rule::number_below_two_to_64, offering("MaxConnections=18446744073709551616/")},
      {Rule::range_ends_are_in_order, offering("OFMarkInt=20~10/")},
  };
}

std::vector<Sin> sins_in_authentication_of_requests() {
  const std::string right = "CHAP_N=i/CHAP_R=0x00112233445566778899aabbccddeeff/";
  return {
      {Rule::authentication_step_has_its_keys, responding("CHAP_N=i/")},
      {Rule::authentication_step_has_no_other_keys, responding(right + "SRP_U=i/")},
      {Rule::chap_md5_is_offered,
       [] {
         Scene scene = begun_chap();
         return add_step(
             scene,
             {.stage = LoginStage::security_negotiation, .request = "CHAP_A=7/", .answer = ""});
       }},
      {Rule::chap_identifier_is_one_byte, responding(right + "CHAP_I=256/CHAP_C=0x03/")},
      {Rule::chap_challenge_is_not_reflected, responding(right + "CHAP_I=8/CHAP_C=0x0102/")},
      {Rule::binary_is_a_constant, responding("CHAP_N=i/CHAP_R=0x/")},
      {Rule::base64_is_well_formed, responding("CHAP_N=i/CHAP_R=0bA/")},
      {Rule::decimal_binary_has_known_length, responding("CHAP_N=i/CHAP_R=12/")},
      {Rule::binary_within_limit, responding("CHAP_N=i/CHAP_R=0x" + std::string(2050, 'a') + "/")},
  };
}

}  // namespace conformance
