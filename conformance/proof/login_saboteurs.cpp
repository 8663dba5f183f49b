/// Faults in the login phase and in authentication (RFC 3720 3.2.3, 5.3, 8.2, 10.12, 10.13, 11.1).

#include "conformance/proof/tables.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::Rule;
using enum iscsi::pdu::Opcode;

namespace {

constexpr std::string_view refused = "login/unknown-target";

/// Turns a refusal into a success, and goes on with the login.
What accept(std::uint64_t next_stage, std::uint64_t current_stage = 0) {
  return all({resize_data(0), set("Status", 0), set("T", 1), set("CSG", current_stage),
              set("NSG", next_stage), say("TargetPortalGroupTag=1"), stay_open()});
}

std::vector<Saboteur> responses() {
  return {
      breaks(Rule::login_response_repeats_task_tag, "answers a login under another task tag")
          .in(one_exchange)
          .by(first(login_response), add("InitiatorTaskTag", 1)),
      breaks(Rule::login_response_transits_only_when_asked, "leaves the stage unasked")
          .in("login/first-usable-value-of-a-list*")
          .by(first(login_response), all({set("T", 1), set("NSG", 3)}))
          .by(every(logout_request), drop()),
      breaks(Rule::login_response_is_in_current_stage, "answers in another stage")
          .in(one_exchange)
          .by(first(login_response), set("CSG", 0)),
      breaks(Rule::next_stage_is_not_beyond_the_one_asked, "goes straight to full feature phase")
          .in("errors/abandoned-login")
          .by(every(login_response).on(2), all({set("NSG", 3), set("TSIH", 7)}))
          .by(every(logout_request).on(2), answer_with(LogoutResponse{})),
      breaks(Rule::login_response_transition_is_allowed, "goes from a stage to itself")
          .in(one_exchange)
          .by(first(login_response), all({set("NSG", 1), set("TSIH", 0)})),
      breaks(Rule::tsih_comes_with_final_login_response, "gives the session no handle")
          .in(one_exchange)
          .by(first(login_response), set("TSIH", 0)),
      breaks(Rule::tsih_comes_with_final_login_response, "gives the session its handle too early")
          .in("errors/abandoned-login")
          .by(first(login_response), set("TSIH", 7)),
      breaks(Rule::login_response_keeps_versions, "changes its version during a login")
          .in("login/two-sessions")
          .by(second(login_response), set("VersionActive", 1))
          .along_with(Rule::version_is_zero, "there is one version, and it is 0"),
      breaks(Rule::continued_request_is_answered_without_data, "answers half a text")
          .in("login/text-over-two-requests")
          .by(first(login_response), say("TargetAlias=x")),
      breaks(Rule::portal_group_tag_is_in_first_response, "does not tell the portal group")
          .in(one_exchange)
          .by(first(login_response), leave_out("TargetPortalGroupTag")),
      breaks(Rule::refused_login_has_no_stage, "refuses and transits")
          .in(refused)
          .by(first(login_response), all({set("T", 1), set("NSG", 1)})),
      breaks(Rule::redirection_names_an_address, "redirects to nowhere")
          .in(refused)
          .by(first(login_response), set("Status", 0x0101))
          .along_with(Rule::unknown_target_is_not_found, "the story waits for another status"),
      breaks(Rule::refused_login_ends_connection, "refuses and stays")
          .in(refused)
          .by(first(login_response), stay_open()),
      breaks(Rule::only_login_responses_during_login, "pings during a login")
          .in(one_exchange)
          .by(first(login_response), precede_with(NopIn{})),
      breaks(Rule::login_response_belongs_to_login, "goes on with a login that has ended")
          .in("errors/abandoned-login")
          .by(first(logout_response), precede_with(LoginResponse{})),
  };
}

std::vector<Saboteur> logins() {
  return {
      breaks(Rule::login_is_possible, "says nothing to a login").by(first(login_request), drop()),
      breaks(Rule::login_is_possible, "refuses a login that is in order")
          .by(first(login_request),
              answer_with(LoginResponse{.status = LoginStatus::service_unavailable})),
      breaks(Rule::connection_without_login_is_ended, "waits for a login to come after all")
          .by(first(nop_out), drop()),
      breaks(Rule::connection_without_login_is_ended, "answers a Text Request before a login")
          .by(first(text_request),
              answer_with(TextResponse{},
                          std::string{"TargetName=iqn.2004-04.com.example:disk\0", 40}))
          .along_with(Rule::only_login_responses_during_login, "it is a Text Response")
          .as_defect(2),
      breaks(Rule::other_request_in_login_is_refused, "passes over a ping during a login")
          .by(first(nop_out), drop()),
      breaks(Rule::repeated_key_fails_login, "takes the last of two values")
          .by(first(login_request).saying("MaxBurstLength"),
              all({leave_out("MaxBurstLength"), say("MaxBurstLength=65536")})),
      breaks(Rule::login_without_names_is_refused, "does without the initiator's name")
          .in("login/no-initiator-name*")
          .by(first(login_request), say_first("InitiatorName=iqn.2003-01.example:nobody")),
      breaks(Rule::login_without_names_is_refused, "takes the only target it has")
          .in("login/no-target-name*")
          .by(first(login_request), say("TargetName=iqn.2004-04.com.example:disk")),
      breaks(Rule::unsupported_version_is_refused, "does not look at versions")
          .by(first(login_request), set("VersionMin", 0)),
      breaks(Rule::session_to_join_has_to_exist, "makes a new session instead")
          .in("login/session-to-join-in-one-request")
          .by(first(login_request), set("TSIH", 0))
          .by(first(login_response), set("TSIH", 0xfade)),
      breaks(Rule::unknown_target_is_not_found, "takes any target name for its own")
          .by(first(login_request), say_instead("TargetName", "iqn.2004-04.com.example:disk")),
      breaks(Rule::session_is_reinstated, "keeps the old session")
          .by(every(login_request).on(2), add("ISID", 1))
          .by(every(login_response).on(2), subtract("ISID", 1)),
      breaks(Rule::skipped_stage_is_refused, "says nothing to a transition out of the table")
          .by(first(login_request), drop()),
      breaks(Rule::format_error_ends_session, "says nothing to a request that makes no sense")
          .in("login/continued-request-transits")
          .by(first(login_request), drop()),
      breaks(Rule::discovery_is_supported, "refuses discovery sessions")
          .by(first(login_request),
              answer_with(LoginResponse{.status = LoginStatus::session_type_not_supported})),
  };
}

/// A fault in the second step of CHAP, where the target sends its challenge.
Saboteur in_challenge(Rule rule, std::string_view does, What what) {
  return breaks(rule, does)
      .in("chap/algorithm-offered*list=5]")
      .by(first(login_response).saying("CHAP_C="), std::move(what));
}

std::vector<Saboteur> challenges() {
  const auto first_answer = first(login_response).saying("AuthMethod=");
  return {
      in_challenge(Rule::authentication_step_has_its_keys, "challenges without an identifier",
                   leave_out("CHAP_I")),
      in_challenge(Rule::authentication_step_has_no_other_keys, "mixes SRP into CHAP",
                   say("SRP_s=0x1234")),
      in_challenge(Rule::chap_identifier_is_one_byte, "counts identifiers beyond 255",
                   say_instead("CHAP_I", "256")),
      in_challenge(Rule::binary_is_a_constant, "challenges in letters",
                   say_instead("CHAP_C", "challenge")),
      in_challenge(Rule::base64_is_well_formed, "challenges in broken base64",
                   say_instead("CHAP_C", "0bABC")),
      in_challenge(Rule::decimal_binary_has_known_length, "challenges in decimal",
                   say_instead("CHAP_C", "12345678")),
      in_challenge(Rule::binary_within_limit, "challenges with more than 1024 bytes",
                   say_instead("CHAP_C", "0x" + std::string(2050, 'a'))),
      breaks(Rule::srp_group_is_allowed, "offers a group of its own")
          .in("chap/algorithm-offered*list=5]")
          .by(first_answer, say("SRP_GROUP=SRP-1536,MODP-9999")),
      breaks(Rule::srp_1536_is_offered, "offers the smallest group alone")
          .in("chap/algorithm-offered*list=5]")
          .by(first_answer, say("SRP_GROUP=SRP-768")),
  };
}

/// Lets an initiator join a session that does not exist.
Saboteur in_join(Rule rule, std::string_view does, What what) {
  return breaks(rule, does)
      .in("login/session-to-join-in-one-request")
      .by(first(login_response), all({accept(3, 1), set("TSIH", 0xfade), std::move(what)}))
      .by(every(logout_request), answer_with(LogoutResponse{}))
      .along_with(Rule::session_to_join_has_to_exist, "the story waits for a refusal");
}

std::vector<Saboteur> joins() {
  return {
      in_join(Rule::login_response_repeats_tsih, "joins another session than asked",
              set("TSIH", 0xbeef)),
      in_join(Rule::leading_only_key_is_on_leading_login, "negotiates for the session once more",
              say("InitialR2T=Yes")),
  };
}

/// Refuses every login, in the first words.
What refuse(LoginStatus status) { return answer_with(LoginResponse{.status = status}); }

std::vector<Saboteur> contents() {
  return {
      breaks(Rule::first_equals_sign_ends_key, "refuses a value with an equals sign in it")
          .by(first(login_request), refuse(LoginStatus::initiator_error)),
      breaks(Rule::long_initiator_name_is_taken, "refuses a name of 223 bytes")
          .by(first(login_request), refuse(LoginStatus::missing_parameter)),
      breaks(Rule::long_negotiation_is_taken, "gives up on a long text")
          .by(second(login_request), drop()),
      breaks(Rule::hexadecimal_number_is_taken, "knows decimal numbers only")
          .by(first(login_response), say_instead("MaxBurstLength", "Reject")),
      breaks(Rule::key_of_another_stage_is_refused, "passes over a key of another stage")
          .in("login/key-of-another-stage*MaxBurstLength*")
          .by(first(login_request), leave_out("MaxBurstLength")),
      breaks(Rule::reserved_word_is_refused, "takes a reserved word for a number")
          .by(first(login_request), say_instead("MaxBurstLength", "512")),
      breaks(Rule::rejected_key_keeps_its_value, "takes no immediate data after all")
          .by(first(scsi_command).with_data(), drop()),
      breaks(Rule::unknown_list_value_is_skipped, "looks at the first value of a list alone")
          .by(every(login_response).on(2),
              all({say_instead("HeaderDigest", "Reject"), say_instead("DataDigest", "Reject")})),
      breaks(Rule::crc32c_is_supported, "has no digests")
          .by(first(login_response),
              all({say_instead("HeaderDigest", "Reject"), say_instead("DataDigest", "Reject")})),
      breaks(Rule::first_login_request_counts, "lets a connection change its name")
          .by(second(login_request), set("CID", 1))
          .by(first(logout_response), set("Response", 1)),
      breaks(Rule::shown_targets_are_allowed, "shows a target that it keeps to itself")
          .by(first(login_request).on(2), refuse(LoginStatus::authorization_failure)),
      breaks(Rule::login_is_possible, "is out of memory behind a data segment of any length")
          .in("login/longer-than-8192-bytes*")
          .by(first(login_request).on(3), refuse(LoginStatus::out_of_resources))
          .as_defect(15),
  };
}

/// Turns a refusal in the last step of CHAP into a success.
What take_proof() {
  return all({resize_data(0), set("Status", 0), set("T", 1), set("NSG", 1), stay_open()});
}

std::vector<Saboteur> proofs() {
  const std::string any_response = "0x00112233445566778899aabbccddeeff";
  return {
      breaks(Rule::response_in_base64_is_taken, "knows no base64")
          .by(first(login_request).saying("CHAP_R=0b"), say_instead("CHAP_R", any_response)),
      breaks(Rule::challenge_is_fresh, "challenges everybody alike")
          .by(every(login_response).saying("CHAP_C="), say_instead("CHAP_C", any_response)),
      breaks(Rule::target_authenticates_itself, "does not know its own secret")
          .by(every(login_response).saying("CHAP_R="), say_instead("CHAP_R", any_response)),
      breaks(Rule::reflected_challenge_is_refused, "answers its own challenge")
          .by(first(login_response).at_least("Status", 1),
              all({take_proof(), say("CHAP_N=accused"), say("CHAP_R=" + any_response)}))
          .as_defect(16),
      breaks(Rule::wrong_authentication_step_is_refused, "takes anything for a proof")
          .by(first(login_response).at_least("Status", 1), take_proof()),
      breaks(Rule::unusable_method_is_not_chosen, "chooses a method that nobody knows")
          .by(first(login_response),
              all({resize_data(0), set("Status", 0), say("AuthMethod=Z-com.example.x"),
                   say("TargetPortalGroupTag=1"), stay_open()})),
  };
}

std::vector<Saboteur> authentication() {
  return {
      breaks(Rule::wrong_response_is_refused, "takes any CHAP response")
          .in("chap/wrong-response*")
          .by(first(login_response).with("Status", 0x0201),
              all({set("Status", 0), set("T", 1), set("NSG", 1), stay_open()})),
      breaks(Rule::authentication_cannot_be_skipped, "agrees to AuthMethod=None")
          .in("chap/method-none*next=1*")
          .by(first(login_response), all({accept(1), say("AuthMethod=None")})),
      breaks(Rule::authentication_cannot_be_skipped, "asks for no secret in the operational stage")
          .in("chap/security-stage-is-skipped")
          .by(first(login_response), all({accept(3, 1), set("TSIH", 1)}))
          .by(every(logout_request), answer_with(LogoutResponse{}))
          .as_defect(1),
      breaks(Rule::chap_is_supported, "knows no CHAP")
          .in("chap/algorithm-offered*list=5]")
          .by(first(login_response).saying("AuthMethod="), say_instead("AuthMethod", "Reject")),
      breaks(Rule::first_offered_algorithm_is_chosen, "chooses an algorithm that was not offered")
          .by(first(login_response).saying("CHAP_A"), say_instead("CHAP_A", "9")),
  };
}

}  // namespace

std::vector<Saboteur> login_saboteurs() {
  return join({responses, logins, contents, joins, challenges, proofs, authentication});
}

}  // namespace conformance::proof
