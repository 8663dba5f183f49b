/// Faults in texts and in what is negotiated (RFC 3720 5.1 to 5.4, 10.10, 10.11, 11, 12, D).

#include "conformance/proof/tables.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::Rule;
using enum iscsi::pdu::Opcode;

namespace {

constexpr std::string_view declaration = "text/new-limit-holds";
constexpr std::string_view proposals = "login/two-sessions";

/// A fault in the text of an answer that the story does not look at.
Saboteur in_text(Rule rule, std::string_view does, What what) {
  return breaks(rule, does).in(declaration).by(first(text_response), std::move(what));
}

/// Another answer to one of the keys that every login of the stories proposes.
Saboteur in_answer(Rule rule, std::string_view does, const std::string& key, What what) {
  return breaks(rule, does)
      .in(proposals)
      .by(first(login_response).saying(key + '='), std::move(what));
}

std::vector<Saboteur> grammar() {
  return {
      in_text(Rule::text_pair_ends_in_null, "forgets the null byte of the last pair",
              append_text("TargetAlias=x")),
      in_text(Rule::text_pair_has_one_delimiter, "ends a pair in two null bytes",
              append_text(std::string{"TargetAlias=x\0\0", 15})),
      in_text(Rule::text_pair_has_equals_sign, "sends a key without a value", say("TargetAlias")),
      in_text(Rule::key_name_is_not_empty, "sends a value without a key", say("=x")),
      in_text(Rule::key_name_begins_with_capital, "spells a key in small letters",
              say("targetAlias=x")),
      in_text(Rule::key_name_within_limit, "sends a key of 64 characters",
              say("X-" + std::string(62, 'a') + "=x")),
      in_text(Rule::key_name_has_label_characters, "sends a key with a blank in it",
              say("Target Alias=x")),
      breaks(Rule::negotiation_text_within_limit, "sends a text without end")
          .in(declaration)
          .by(first(text_response),
              all({set("F", 0), set("C", 1), set("TargetTransferTag", 9), resize_data(65536)}))
          .by(second(text_request), set("TargetTransferTag", 0xffff'ffff))
          .by(second(text_response), say("TargetAlias=x")),
      in_text(Rule::text_is_utf8, "sends text in Latin-1", say("TargetAlias=caf\xe9")),
  };
}

std::vector<Saboteur> negotiation() {
  return {
      in_text(Rule::reserved_word_is_only_an_answer, "rejects what was not proposed",
              say("MaxBurstLength=Reject")),
      breaks(Rule::unknown_key_is_not_understood, "takes an unknown key at its word")
          .in("text/unknown-key")
          .by(first(text_response), say_instead("X-com.example.nobody.knows", "1")),
      breaks(Rule::unknown_key_is_not_understood, "passes over an unknown key")
          .in("text/unknown-key")
          .by(first(text_response), leave_out("X-com.example.nobody.knows"))
          .as_defect(14),
      in_answer(Rule::standard_key_is_understood, "does not understand MaxBurstLength",
                "MaxBurstLength", say_instead("MaxBurstLength", "NotUnderstood")),
      in_answer(Rule::proposal_is_answered, "leaves a proposal without an answer",
                "DefaultTime2Wait", leave_out("DefaultTime2Wait")),
      in_answer(Rule::declaration_is_admissible, "takes less than 512 bytes",
                "MaxRecvDataSegmentLength", say_instead("MaxRecvDataSegmentLength", "511")),
      in_answer(Rule::list_answer_was_proposed, "chooses a digest that was not proposed",
                "HeaderDigest", say_instead("HeaderDigest", "CRC32C")),
      in_answer(Rule::answer_follows_result_function, "answers with more than was proposed",
                "MaxBurstLength", say_instead("MaxBurstLength", "1048576")),
      breaks(Rule::range_answer_is_in_range, "chooses a value outside the range")
          .by(first(login_response), say_instead("OFMarkInt", "9000")),
      breaks(Rule::key_is_negotiated_once_in_login, "declares a key twice in a login")
          .in(one_exchange)
          .by(first(login_response), all({say("TargetAlias=x"), say("TargetAlias=x")})),
      in_text(Rule::key_is_negotiated_once_in_sequence, "declares a key twice in an answer",
              all({say("TargetAlias=x"), say("TargetAlias=x")})),
      breaks(Rule::security_stage_has_its_own_keys,
             "declares an operational key in the security stage")
          .in("login/security-stage-alone")
          .by(first(login_response), say("MaxRecvDataSegmentLength=8192")),
      breaks(Rule::operational_stage_has_its_own_keys, "authenticates in the operational stage")
          .in(one_exchange)
          .by(first(login_response), say("CHAP_N=x")),
      in_text(Rule::full_feature_phase_has_its_own_keys, "tells its portal group all over again",
              say("TargetPortalGroupTag=1")),
      in_text(Rule::key_comes_from_its_sender, "sends a key of initiators",
              say("InitiatorAlias=x")),
      breaks(Rule::transit_response_asks_nothing, "proposes something and ends the stage")
          .in(one_exchange)
          .by(first(login_response), say("MaxBurstLength=512")),
      breaks(Rule::final_text_response_asks_nothing, "proposes something and ends the text")
          .in(declaration)
          .by(first(text_response), say("MaxBurstLength=512"))
          .along_with(Rule::full_feature_phase_has_its_own_keys,
                      "it has no key that can be proposed"),
  };
}

/// A fault in the value of something that the target proposes of its own accord.
Saboteur in_proposal(Rule rule, std::string_view does, const std::string& pair) {
  return breaks(rule, does).in("login/marker-interval").by(first(login_response), say(pair));
}

std::vector<Saboteur> values() {
  return {
      in_proposal(Rule::text_value_within_limit, "proposes a digest with a name of 257 characters",
                  "HeaderDigest=Y-" + std::string(255, 'x') + ",None"),
      in_proposal(Rule::boolean_is_yes_or_no, "proposes a boolean that is neither",
                  "ImmediateData=yes"),
      in_proposal(Rule::number_is_a_constant, "proposes a number with a unit",
                  "MaxBurstLength=64k"),
      in_proposal(Rule::decimal_has_no_leading_zero, "proposes a number with a leading zero",
                  "MaxBurstLength=01024"),
      in_proposal(Rule::number_below_two_to_64, "proposes 2 to the 64th",
                  "MaxBurstLength=18446744073709551616"),
      in_proposal(Rule::range_ends_are_in_order, "proposes a range backwards",
                  "IFMarkInt=2048~512"),
      in_proposal(Rule::extension_value_is_marked, "proposes a digest of its own without a mark",
                  "HeaderDigest=sum,None"),
      breaks(Rule::extension_key_only_in_normal_session, "extends a discovery session")
          .in("discovery/logout")
          .by(second(login_response), say("X-com.example.key=1")),
      in_answer(Rule::first_burst_within_max_burst, "lets the first burst exceed all bursts",
                "MaxBurstLength", say_instead("MaxBurstLength", "512")),
      breaks(Rule::recovery_in_order_has_one_r2t, "recovers several R2Ts that are in order")
          .by(first(login_response).saying("ErrorRecoveryLevel="),
              all({say_instead("ErrorRecoveryLevel", "1"), say_instead("MaxOutstandingR2T", "4")})),
      breaks(Rule::empty_text_response_ends, "says nothing and invites more")
          .in(declaration)
          .by(first(text_response), all({resize_data(0), set("F", 0), set("TargetTransferTag", 9)}))
          .by(second(text_request), set("TargetTransferTag", 0xffff'ffff)),
  };
}

/// Another record behind those of an answer to SendTargets.
Saboteur in_record(Rule rule, std::string_view does, const std::string& pair) {
  return breaks(rule, does).in("discovery/send-targets-all").by(first(text_response), say(pair));
}

std::vector<Saboteur> names() {
  return {
      in_record(Rule::iscsi_name_within_length, "shows a target whose name is too long",
                "TargetName=iqn.2004-04.com.example:" + std::string(200, 'x')),
      in_record(Rule::iscsi_name_is_prepared, "shows a target whose name has capitals",
                "TargetName=iqn.2004-04.com.example:DISK"),
      in_record(Rule::iscsi_name_type_is_defined, "shows a target whose name has no type",
                "TargetName=disk.example.com"),
      in_record(Rule::qualified_name_has_date, "shows a target of a thirteenth month",
                "TargetName=iqn.2004-13.com.example:disk"),
      in_record(Rule::qualified_name_has_authority, "shows a target of no naming authority",
                "TargetName=iqn.2004-04..example:disk"),
      in_record(Rule::eui_name_has_sixteen_digits, "shows a target with half an EUI-64",
                "TargetName=eui.02004567"),
      in_record(Rule::naa_name_has_its_digits, "shows a target with half an NAA name",
                "TargetName=naa.52004567"),
      in_record(Rule::send_targets_answer_has_records_only, "shows its alias among its targets",
                "TargetAlias=disk"),
      in_record(Rule::target_address_has_its_form, "shows an address with a port above 65535",
                "TargetAddress=127.0.0.1:99999,1"),
      in_record(Rule::target_address_has_tag_in_send_targets, "shows an address without a tag",
                "TargetAddress=127.0.0.1:3260"),
  };
}

std::vector<Saboteur> exchanges() {
  return {
      breaks(Rule::text_request_is_answered, "does not answer a text")
          .in("text/answers*")
          .by(first(text_request), drop()),
      breaks(Rule::failed_negotiation_changes_nothing, "takes values from what it rejected")
          .by(first(nop_in), resize_data(512))
          .along_with(Rule::ping_data_is_returned, "the ping is cut too short"),
      breaks(Rule::portal_group_tags_agree, "shows another portal group than it told")
          .by(first(text_response), say_instead("TargetAddress", "127.0.0.1:3260,2")),
      breaks(Rule::final_text_response_only_when_asked, "ends a negotiation that goes on")
          .in("text/negotiation-over-two-requests")
          .by(first(text_response),
              all({set("F", 1), set("TargetTransferTag", 0xffff'ffff), set("LUN", 0)})),
      breaks(Rule::continued_request_is_answered_without_data, "answers half a text")
          .in("text/text-over-two-requests")
          .by(first(text_response), say("TargetAlias=x")),
      breaks(Rule::repeated_key_is_rejected, "takes the last of two values")
          .by(first(text_request),
              all({leave_out("MaxRecvDataSegmentLength"), say("MaxRecvDataSegmentLength=8192")})),
      breaks(Rule::negotiated_values_take_effect, "sticks to the limit of the login")
          .in(declaration)
          .by(first(nop_in), resize_data(512))
          .along_with(Rule::ping_data_is_returned, "the ping is cut too short"),
      breaks(Rule::send_targets_all_only_in_discovery, "lists its targets in a normal session")
          .by(first(text_request), say_instead("SendTargets", "")),
      breaks(Rule::send_targets_shows_all, "lists no targets")
          .by(first(text_response), resize_data(0)),
      breaks(Rule::send_targets_shows_the_one_named, "does not list the target that was named")
          .in("discovery/send-targets-by-name")
          .by(first(text_response), resize_data(0)),
      breaks(Rule::send_targets_shows_own_target, "does not list its own target")
          .by(first(text_response), resize_data(0)),
  };
}

}  // namespace

std::vector<Saboteur> text_saboteurs() {
  return join({grammar, negotiation, values, names, exchanges});
}

}  // namespace conformance::proof
