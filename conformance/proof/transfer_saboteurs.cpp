/// Faults in the data of SCSI commands (RFC 3720 3.2.4.2, 10.3, 10.4, 10.7, 10.8).

#include "conformance/proof/tables.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::Rule;
using enum iscsi::pdu::Opcode;

namespace {

constexpr std::string_view long_read = "scsi/read[*digests=None*limit=512*burst=4096*read=17*";
constexpr std::string_view many_bursts = "scsi/write-bursts*burst=512*outstanding=1*";
constexpr std::string_view small_write = "scsi/write-residuals*difference=0*";

/// Sense data in the form of 10.4.7, with its length in front: ABORTED COMMAND.
const std::string sense{"\0\x12\x70\0\x0b\0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0", 20};

ScsiResponse check_condition(std::uint32_t exp_data_sn) {
  return {.status = 2, .exp_data_sn = iscsi::wire::DataSN{exp_data_sn}};
}

ReadyToTransfer r2t(std::uint32_t transfer_tag, std::uint32_t sn, std::uint32_t offset) {
  return {.target_transfer_tag = iscsi::wire::TargetTransferTag{transfer_tag},
          .r2t_sn = iscsi::wire::DataSN{sn},
          .buffer_offset = offset,
          .desired_data_transfer_length = 512};
}

std::vector<Saboteur> data_in_rows() {
  return {
      breaks(Rule::data_in_answers_a_read, "sends data for a command that reads nothing")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), all({add("ExpDataSN", 1), precede_with(DataIn{})})),
      breaks(Rule::data_in_sn_counts_up, "skips a DataSN")
          .in(long_read)
          .by(every(data_in).from(2), add("DataSN", 1)),
      breaks(Rule::data_in_keeps_order, "sends four bytes again")
          .in(long_read)
          .by(second(data_in), subtract("BufferOffset", 4)),
      breaks(Rule::data_in_sequence_is_within_max_burst, "does not end a sequence in time")
          .in(long_read)
          .by(first(data_in).with("F", 1), set("F", 0)),
      breaks(Rule::data_in_is_within_expected_length, "sends data behind the end")
          .in(short_read)
          .by(first(data_in), add("BufferOffset", 512)),
      breaks(Rule::data_in_sequence_ends_in_final, "ends a command but not its last sequence")
          .in(short_read)
          .by(first(data_in).with("S", 1),
              all({set("F", 0), set("S", 0), set("StatSN", 0),
                   follow_with(ScsiResponse{.exp_data_sn = iscsi::wire::DataSN{1}})})),
      breaks(Rule::acknowledge_bit_needs_recovery_level, "asks for an acknowledgement at level 0")
          .in(short_read)
          .by(first(data_in), all({set("A", 1), set("TargetTransferTag", 5)})),
  };
}

/// Page 83h of the vital product data with one designator: the iSCSI name of the device (SPC-3).
What identify_as(const std::string& name) {
  return [=](Passage& passage) {
    Parcel& data_in = passage.on.front();
    const std::uint64_t asked = data_in.field("ResidualCount") + data_in.data.size();
    const auto length = static_cast<char>(name.size());
    const auto page_length = static_cast<char>(name.size() + 4);
    data_in.set_text(std::string{'\0', '\x83', '\0', page_length, '\x53', '\xa8', '\0', length} +
                     name);
    data_in.set("ResidualCount", asked - data_in.data.size());
  };
}

/// Answers a bidirectional command as done, without having moved a byte.
What done_without_data(bool in_data_in) {
  constexpr std::uint32_t block = 512;
  if (in_data_in)
    return replace_by(DataIn{.underflow = true, .has_status = true, .residual_count = block});
  return replace_by(ScsiResponse{.underflow = true, .residual_count = block});
}

std::vector<Saboteur> others() {
  const When answer = every(scsi_response).with("Status", 2).only(2);  // behind the attention
  return {
      breaks(Rule::bidirectional_read_residual_is_exact, "tells no residual of what was not read")
          .by(answer, done_without_data(false)),
      breaks(Rule::bidirectional_status_has_its_own_response,
             "ends a bidirectional command in a Data-In")
          .in("scsi/bidirectional")
          .by(answer, done_without_data(true)),
      breaks(Rule::data_in_repeats_lun, "sends the data of another unit")
          .in(short_read)
          .by(first(data_in),
              all({set("A", 1), set("TargetTransferTag", 5), set("LUN", 0x0001'0000'0000'0000)}))
          .along_with(Rule::acknowledge_bit_needs_recovery_level, "the LUN comes with the A bit"),
      breaks(Rule::port_name_is_made_of_target_name, "goes by another name in SCSI")
          .in("scsi/device-identification")
          .by(first(data_in), identify_as("iqn.2004-04.com.example:another")),
  };
}

std::vector<Saboteur> status_rows() {
  return {
      breaks(Rule::residual_count_is_exact, "miscounts what was not moved")
          .in("scsi/read-residuals*residual=24*")
          .by(first(data_in), add("ResidualCount", 1)),
      breaks(Rule::residual_count_is_exact, "tells no residual")
          .in("scsi/read-residuals*residual=24*")
          .by(first(data_in), all({set("U", 0), set("ResidualCount", 0)}))
          .as_defect(13),
      breaks(Rule::exp_data_sn_counts_data, "counts data that was not sent")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), add("ExpDataSN", 1)),
      breaks(Rule::snack_tag_is_zero_without_snack, "returns a SNACK tag that nobody sent")
          .in("scsi/no-such-unit")
          .by(first(scsi_response), set("SNACKTag", 5)),
      breaks(Rule::status_waits_for_data, "ends a write before its data")
          .in(many_bursts)
          .by(first(ready_to_transfer), follow_with(check_condition(1), sense))
          .along_with(Rule::agreed_data_is_taken, "the story waits for GOOD"),
      breaks(Rule::scsi_command_is_answered, "forgets a status")
          .in(short_read)
          .by(first(data_in).with("S", 1), drop()),
      breaks(Rule::scsi_command_is_answered, "takes a transfer length of zero for no blocks")
          .in("scsi/read-6-of-256-blocks")
          .by(first(scsi_command).with("R", 1), set_bits(bytes(32, 8), 0x2800'0000'0000'0000))
          .as_defect(11),
      breaks(Rule::scsi_command_is_answered, "dies of a command")
          .in(short_read)
          .by(first(scsi_command), die())
          .as_defect(10),
  };
}

std::vector<Saboteur> r2t_rows() {
  return {
      breaks(Rule::r2t_answers_a_write, "asks for the data of a read")
          .in(short_read)
          .by(first(data_in), all({add("DataSN", 1), precede_with(r2t(77, 0, 0))}))
          .along_with(Rule::scsi_command_is_answered, "there is no data that the story could send"),
      breaks(Rule::r2t_repeats_lun, "asks for the data of another unit")
          .in(open_write)
          .by(first(ready_to_transfer), set("LUN", 0x0001'0000'0000'0000)),
      breaks(Rule::r2t_sn_counts_up, "skips an R2TSN")
          .in(many_bursts)
          .by(every(ready_to_transfer).from(2), add("R2TSN", 1)),
      breaks(Rule::r2t_is_within_expected_length, "asks for more than there is")
          .in(open_write)
          .by(first(ready_to_transfer), add("DesiredDataTransferLength", 512)),
  };
}

std::vector<Saboteur> burst_rows() {
  return {
      breaks(Rule::r2t_is_within_max_burst, "asks for more than it agreed on")
          .in(small_write)
          .by(first(login_response).saying("MaxBurstLength="),
              all({say_instead("MaxBurstLength", "512"), say_instead("FirstBurstLength", "512")})),
      breaks(Rule::r2ts_are_continuous, "asks for the second burst first")
          .in(small_write)
          .by(first(login_request).saying("MaxBurstLength="), say_instead("MaxBurstLength", "512"))
          .by(first(ready_to_transfer), add("BufferOffset", 512))
          .by(first(data_out), subtract("BufferOffset", 512))
          .by(second(ready_to_transfer), subtract("BufferOffset", 512))
          .by(second(data_out), add("BufferOffset", 512)),
      breaks(Rule::received_data_is_not_asked_again, "asks for the immediate data once more")
          .in("scsi/write-mixtures*digests=None*ImmediateData=Yes*InitialR2T=Yes*immediate=512*")
          .by(first(scsi_command).with_data(), resize_data(0)),
      breaks(Rule::outstanding_r2ts_are_within_limit, "asks for more at a time than it agreed on")
          .in(small_write)
          .by(first(login_request).saying("MaxBurstLength="), say_instead("MaxBurstLength", "512"))
          .by(first(ready_to_transfer), follow_with(r2t(2, 1, 512)))
          .by(second(ready_to_transfer), drop())
          .as_defect(8),
  };
}

std::vector<Saboteur> write_rows() {
  return {
      breaks(Rule::data_out_sequence_error_is_handled, "does not look at DataSN")
          .by(first(data_out), answer_with(ScsiResponse{})),
      breaks(Rule::inconsistent_task_field_is_refused, "does not look at the LUN of Data-Out")
          .by(first(data_out), set("LUN", 0)),
      breaks(Rule::empty_data_is_taken, "loses count over an empty Data-Out")
          .by(first(data_out), drop()),
      breaks(Rule::retry_of_active_command_is_ignored, "answers a retry of an active command")
          .by(every(scsi_command).with("W", 1).only(2), answer_with(ScsiResponse{})),
      breaks(Rule::agreed_data_is_taken, "writes a byte that was not sent")
          .in(many_bursts)
          .by(first(data_out), turn_data_byte(0)),
      breaks(Rule::agreed_data_is_taken, "writes zeros instead of immediate data")
          .in("scsi/write-mixtures*ImmediateData=Yes*immediate=512*")
          .by(first(scsi_command).with_data(), all({resize_data(0), resize_data(512)})),
      breaks(Rule::unexpected_data_is_refused, "passes over data that was not agreed on")
          .in("scsi/immediate-data-not-agreed")
          .by(first(scsi_command).with_data(), resize_data(0)),
      breaks(Rule::wrong_amount_of_data_is_refused, "waits for data that does not come")
          .by(first(data_out), drop()),
      breaks(Rule::wrong_amount_of_data_is_refused, "writes what it got and says GOOD")
          .by(first(data_out), answer_with(ScsiResponse{}))
          .as_defect(9),
  };
}

}  // namespace

std::vector<Saboteur> transfer_saboteurs() {
  return join({data_in_rows, others, status_rows, r2t_rows, burst_rows, write_rows});
}

}  // namespace conformance::proof
