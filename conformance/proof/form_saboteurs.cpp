/// Faults in the form of single PDUs (RFC 3720 6.7, 10).

#include "conformance/proof/tables.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::Rule;
using enum iscsi::pdu::Opcode;

namespace {

constexpr std::string_view ping = "nop-out/ping-is-echoed*digests=None*length=3*";
constexpr std::string_view sealed_ping = "nop-out/ping-is-echoed*digests=CRC32C*length=3*";
constexpr std::string_view read = "scsi/read[*digests=None*limit=1000*burst=262144*read=17*";

std::vector<Saboteur> any_pdu() {
  return {
      breaks(Rule::pdu_is_complete, "ends the connection in the middle of a PDU")
          .in(no_command)
          .by(first(logout_response), cut_and_end(20)),
      breaks(Rule::reserved_bits_are_zero, "sets a reserved bit of a NOP-In")
          .in(two_pings)
          .by(first(nop_in), set_bits(bits(1, 7), 1)),
      breaks(Rule::reserved_bits_are_zero,
             "leaves garbage behind the last field of a Text Response")
          .in("text/unknown-key")
          .by(first(text_response), set_bits(bytes(44, 4), 0xdeadbeef)),
      breaks(Rule::reserved_values_are_not_sent, "closes a session with a reserved response code")
          .in(no_command)
          .by(first(logout_response), set("Response", 0x7f)),
      breaks(Rule::opcode_is_known, "sends an operation code that nobody assigned")
          .in(no_command)
          .by(first(logout_response), set("Opcode", 0x2a)),
      breaks(Rule::opcode_belongs_to_target, "sends an initiator's operation code")
          .in(no_command)
          .by(first(logout_response), set("Opcode", 0x06)),
      breaks(Rule::padding_is_zero, "pads with 0xff").in(ping).by(first(nop_in), pad_with(0xff)),
      breaks(Rule::header_digest_matches, "spoils a header digest")
          .in(sealed_ping)
          .by(first(nop_in), spoil_header_digest())
          .along_with(Rule::ping_data_is_returned, "the answer cannot be read"),
      breaks(Rule::header_digest_matches, "agrees on digests and sends none")
          .in(sealed_ping)
          .by(every(nop_in), leave_out_digests())
          .along_with(Rule::ping_data_is_returned, "the answer cannot be read")
          .as_defect(4),
      breaks(Rule::data_digest_matches, "spoils a data digest")
          .in(sealed_ping)
          .by(first(nop_in), spoil_data_digest())
          .along_with(Rule::ping_data_is_returned, "the answer is discarded"),
      breaks(Rule::fixed_bits_have_their_value, "leaves out the F bit of a NOP-In")
          .in(two_pings)
          .by(first(nop_in), set("F", 0)),
      breaks(Rule::no_additional_headers_in_responses, "puts an additional header into a NOP-In")
          .in(two_pings)
          .by(first(nop_in), add_header_segment()),
      breaks(Rule::data_segment_within_limit, "sends more than the initiator takes")
          .in("nop-out/long-ping-is-cut*")
          .by(first(logout_response), precede_with(NopIn{}, std::string(600, 'x'))),
      breaks(Rule::data_segment_only_where_defined, "sends data with a Logout Response")
          .in(no_command)
          .by(first(logout_response), resize_data(4)),
  };
}

std::vector<Saboteur> of_scsi() {
  const When second_status = second(scsi_response);  // the first one tells a unit attention
  return {
      breaks(Rule::residual_flags_exclude_each_other, "tells an underflow and an overflow")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), all({set("O", 1), set("U", 1)})),
      breaks(Rule::residual_flags_only_when_completed, "tells a residual of a command that failed")
          .in(short_read)
          .by(second_status, all({set("Response", 1), set("U", 1)})),
      breaks(Rule::exp_data_sn_only_when_completed, "counts the data of a command that failed")
          .in(short_read)
          .by(second_status, all({set("Response", 1), set("ExpDataSN", 3)})),
      breaks(Rule::check_condition_has_sense_data, "keeps the sense data to itself")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), resize_data(0)),
      breaks(Rule::check_condition_has_sense_data, "sends sense data without its length")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), behead_data(2))
          .as_defect(5),
      breaks(Rule::data_in_status_comes_with_final, "sends the status before the last Data-In")
          .in(short_read)
          .by(first(data_in).with("S", 1), set("F", 0)),
      breaks(Rule::data_in_status_is_no_exception, "sends CHECK CONDITION in a Data-In")
          .in(short_read)
          .by(first(data_in).with("S", 1), set("Status", 2))
          .along_with(Rule::scsi_command_is_answered, "the story waits for GOOD"),
      breaks(Rule::data_in_has_transfer_tag_only_with_acknowledge, "tags a Data-In for no reason")
          .in(short_read)
          .by(first(data_in), set("TargetTransferTag", 5)),
      breaks(Rule::data_segment_fills_words, "cuts a sequence in the middle of a word")
          .in(read)
          .by(first(data_in).with("BufferOffset", 7000), shorten_data(1))
          .by(first(data_in).with("BufferOffset", 8000),
              all({subtract("BufferOffset", 1), put_in_front(1)})),
      breaks(Rule::r2t_has_transfer_tag, "asks for data without a tag")
          .in(open_write)
          .by(first(ready_to_transfer), set("TargetTransferTag", 0xffff'ffff)),
      breaks(Rule::r2t_asks_for_data, "asks for no data")
          .in(open_write)
          .by(first(ready_to_transfer), set("DesiredDataTransferLength", 0)),
  };
}

std::vector<Saboteur> of_others() {
  return {
      breaks(Rule::version_is_zero, "speaks a version that nobody knows")
          .in("login/byte-by-byte")
          .by(first(login_response), set("VersionActive", 1)),
      breaks(Rule::continued_login_response_does_not_transit, "transits and goes on")
          .in("login/byte-by-byte")
          .by(first(login_response), set("C", 1)),
      breaks(Rule::nop_in_answer_has_no_transfer_tag, "asks for an answer to an answer")
          .in(two_pings)
          .by(first(nop_in), set("TargetTransferTag", 7)),
      breaks(Rule::unasked_nop_in_has_no_data, "sends data with a NOP-In that nobody asked for")
          .in(no_command)
          .by(first(logout_response), precede_with(NopIn{}, "data")),
      breaks(Rule::continued_text_response_is_not_final, "ends a text that goes on")
          .in("text/new-limit-holds")
          .by(first(text_response), set("C", 1)),
      breaks(Rule::final_text_response_has_no_transfer_tag, "tags the end of a text")
          .in("text/unknown-key")
          .by(first(text_response), set("TargetTransferTag", 9)),
      breaks(Rule::unfinished_text_response_has_transfer_tag, "goes on with a text without a tag")
          .in("text/reset-forgets")
          .by(first(text_response), all({set("TargetTransferTag", 0xffff'ffff), set("LUN", 0)})),
      breaks(Rule::reject_carries_the_header, "rejects half a header")
          .in("errors/unknown-operation-code*")
          .by(first(reject), shorten_data(8)),
  };
}

}  // namespace

std::vector<Saboteur> form_saboteurs() { return join({any_pdu, of_scsi, of_others}); }

}  // namespace conformance::proof
