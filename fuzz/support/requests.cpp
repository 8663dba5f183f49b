#include <algorithm>
#include <variant>

#include "support/conversation.hpp"
#include "support/login_settings.hpp"
#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

using wire::no_tag;

/// Few tags and units, so that PDUs that an engine has put together meet each other.
constexpr std::uint64_t task_tags = 16;
constexpr std::uint64_t units = 4;

constexpr std::size_t swollen_bytes = limits::long_segment_bytes + 1024;

constexpr pdu::Place cid_place = pdu::bytes(20, 2);
constexpr pdu::Place function_place = pdu::bits(1, 1, 7);

/// The field as a small signed number: how far it is from where it should be.
std::uint32_t distance(const InputPdu& pdu, pdu::Place place) {
  return static_cast<std::uint32_t>(static_cast<std::int8_t>(pdu.field(place)));
}

bool has_cmd_sn(pdu::Opcode opcode) {
  return opcode != pdu::Opcode::data_out && opcode != pdu::Opcode::snack_request;
}

std::string login_text(const Terms& terms, std::string_view initiator, bool leading) {
  const auto yes_no = [](bool value) { return text::encode_boolean(value); };
  const auto digest = [](bool used) { return used ? "CRC32C" : "None"; };
  std::vector<text::Pair> pairs{
      {"InitiatorName", std::string{initiator}},
      {"TargetName", std::string{target_name}},
      {"HeaderDigest", digest(terms.digests.header)},
      {"DataDigest", digest(terms.digests.data)},
      {"MaxRecvDataSegmentLength", std::to_string(terms.max_recv_data_segment_length)}};
  if (leading) {
    const std::vector<text::Pair> of_session{
        {"SessionType", "Normal"},
        {"InitialR2T", yes_no(terms.initial_r2t)},
        {"ImmediateData", yes_no(terms.immediate_data)},
        {"DataPDUInOrder", yes_no(terms.data_pdu_in_order)},
        {"DataSequenceInOrder", yes_no(terms.data_sequence_in_order)},
        {"MaxBurstLength", std::to_string(terms.max_burst_length)},
        {"FirstBurstLength", std::to_string(terms.first_burst_length)},
        {"MaxOutstandingR2T", std::to_string(terms.max_outstanding_r2t)},
        {"MaxConnections", terms.several_connections ? "4" : "1"},
        {"DefaultTime2Retain", std::to_string(terms.time2retain)},
        {"ErrorRecoveryLevel", "0"}};
    pairs.insert(pairs.end(), of_session.begin(), of_session.end());
  }
  return text::encode_pairs(pairs);
}

}  // namespace

Conversation::Conversation(const Terms& terms, std::uint32_t command_window)
    : terms_(terms),
      command_window_(command_window),
      login_texts_(std::make_shared<const LoginTexts>(
          LoginTexts{.leading = login_text(terms, initiator_name, true),
                     .leading_by_other = login_text(terms, other_initiator_name, true),
                     .joining = login_text(terms, initiator_name, false)})) {}

wire::Bytes Conversation::login(std::size_t index) {
  Line& line = lines_[index];
  line.logged_in_by_terms = true;
  // Line 1 joins the session of line 0 where that can have several connections.
  const bool joins = index == 1 && terms_.several_connections && lines_[0].session;
  const std::string& text = joins        ? login_texts_->joining
                            : index == 2 ? login_texts_->leading_by_other
                                         : login_texts_->leading;
  constexpr wire::CmdSN first_cmd_sn{0xffff'fff8};  // to pass zero soon
  const pdu::LoginRequest request{
      .transit = true,
      .current_stage = pdu::LoginStage::operational_negotiation,
      .next_stage = pdu::LoginStage::full_feature_phase,
      .isid = index == 1 && !joins ? wire::Isid{0x40'0000'0002} : wire::Isid{0x40'0000'0001},
      .tsih = joins ? wire::Tsih{*lines_[0].session} : wire::Tsih::none,
      .cid = wire::Cid{static_cast<std::uint16_t>(index)},
      .cmd_sn = joins ? sessions_[*lines_[0].session].next_cmd_sn : first_cmd_sn};
  wire::Bytes bytes = pdu::encode(request, wire::as_bytes(text));
  note(Said::Kind::sent, line, bytes);
  return bytes;
}

wire::Bytes Conversation::request(std::size_t index, InputPdu pdu) {
  Line& line = lines_[index];
  if (line.session && pdu::describe(pdu.opcode()) != nullptr &&
      !pdu::is_from_target(static_cast<pdu::Opcode>(pdu.opcode())))
    repair(line, sessions_[*line.session], pdu);
  if (!line.session && pdu.opcode() != static_cast<std::uint8_t>(pdu::Opcode::login_request))
    line.was_early = true;
  wire::Bytes bytes = seal(pdu, line);
  note(Said::Kind::sent, line, bytes);
  return bytes;
}

/// Puts in what an initiator would have put there: numbers, tags that the target gave out.
void Conversation::repair(Line& line, Session& session, InputPdu& pdu) {
  const auto opcode = static_cast<pdu::Opcode>(pdu.opcode());
  const Steering steering = steering_of(pdu);
  if (opcode == pdu::Opcode::login_request) return;
  if (steering.swells) pdu.swell(swollen_bytes);
  if (steering.as_it_stands && opcode == pdu::Opcode::data_out && pdu.field(final_place) != 0) {
    const auto tag = pdu.field(transfer_tag_place);
    const auto answered =
        std::erase_if(line.asked, [tag](const Asked& one) { return one.transfer_tag == tag; });
    if (answered == 0) line.answered_ahead.push_back(static_cast<std::uint32_t>(tag));
  }
  if (!steering.as_it_stands) {
    if (pdu.field(task_tag_place) != no_tag)
      pdu.set_field(task_tag_place, pdu.field(task_tag_place) % task_tags);
    const bool answers = pdu.field(transfer_tag_place) != no_tag;
    switch (opcode) {
      case pdu::Opcode::task_management_request:
        pdu.set_field(transfer_tag_place, pdu.field(transfer_tag_place) % task_tags);
        [[fallthrough]];
      case pdu::Opcode::scsi_command:
        pdu.set_field(lun_place, (pdu.field(lun_place) >> 48U) % units << 48U);
        break;
      case pdu::Opcode::data_out:
        if (answers)
          answer_r2t(line, pdu);
        else
          number_unsolicited(session, pdu);
        break;
      case pdu::Opcode::nop_out:
        if (answers && line.ping_tag) pdu.set_field(transfer_tag_place, *line.ping_tag);
        if (answers && !line.ping_tag) pdu.set_field(transfer_tag_place, no_tag);
        break;
      case pdu::Opcode::text_request:
        if (answers && line.text_tag) {
          pdu.set_field(transfer_tag_place, *line.text_tag);
          pdu.set_field(task_tag_place, line.text_task_tag);
        }
        break;
      case pdu::Opcode::logout_request:
        pdu.set_field(cid_place, pdu.field(cid_place) % lines);
        break;
      default: break;
    }
  }
  if (opcode == pdu::Opcode::text_request) line.logged_in_by_terms = false;  // may change values
  number(line, session, pdu, steering.as_it_stands);
}

void Conversation::number(Line& line, Session& session, InputPdu& pdu, bool as_it_stands) {
  const std::uint32_t off_stat_sn = as_it_stands ? distance(pdu, exp_stat_sn_place) : 0;
  pdu.set_field(exp_stat_sn_place, (line.stat_sn.value_or(wire::StatSN{}) + off_stat_sn).value);
  if (!has_cmd_sn(static_cast<pdu::Opcode>(pdu.opcode()))) return;
  const std::uint32_t off_cmd_sn = as_it_stands ? distance(pdu, cmd_sn_place) : 0;
  pdu.set_field(cmd_sn_place, (session.next_cmd_sn + off_cmd_sn).value);
  if (pdu.field(immediate_place) == 0 && off_cmd_sn == 0) ++session.next_cmd_sn;
  const auto tag = static_cast<std::uint32_t>(pdu.field(task_tag_place));
  if (tag == no_tag) return;
  Task& task = session.tasks[tag];
  ++task.unanswered;
  task.unsolicited_pdus = 0;
  constexpr auto cold_reset =
      static_cast<std::uint64_t>(pdu::TaskManagementFunction::target_cold_reset);
  task.restarts = task.unanswered == 1 &&
                  pdu.opcode() == static_cast<std::uint8_t>(pdu::Opcode::task_management_request) &&
                  pdu.field(function_place) == cold_reset;
}

void Conversation::number_unsolicited(Session& session, InputPdu& pdu) {
  const auto tag = static_cast<std::uint32_t>(pdu.field(task_tag_place));
  pdu.set_field(data_sn_place, session.tasks[tag].unsolicited_pdus++);
}

/// Turns a Data-Out into an answer to one of the R2Ts. An empty one becomes the whole answer.
void Conversation::answer_r2t(Line& line, InputPdu& pdu) {
  if (line.asked.empty()) {
    if (pdu.field(final_place) != 0)
      line.answered_ahead.push_back(static_cast<std::uint32_t>(pdu.field(transfer_tag_place)));
    return;
  }
  const std::size_t which = pdu.field(transfer_tag_place) % line.asked.size();
  Asked& asked = line.asked[which];
  pdu.set_field(lun_place, asked.lun);
  pdu.set_field(task_tag_place, asked.task_tag);
  pdu.set_field(transfer_tag_place, asked.transfer_tag);
  pdu.set_field(data_sn_place, asked.data_pdus++);
  pdu.set_field(buffer_offset_place,
                asked.offset + pdu.field(buffer_offset_place) % (asked.length + 1U));
  if (pdu.data.empty()) {
    pdu.data.assign(asked.length, std::byte{0xda});
    pdu.set_field(buffer_offset_place, asked.offset);
    pdu.set_field(final_place, 1);
    pdu.repair_lengths();
  }
  if (pdu.field(final_place) != 0)
    line.asked.erase(line.asked.begin() + static_cast<std::ptrdiff_t>(which));
}

wire::Bytes Conversation::seal(const InputPdu& pdu, const Line& line) {
  wire::Bytes bytes;
  pdu::append(bytes, pdu.header, pdu.additional_headers, pdu.data, line.digests);
  const Steering steering = steering_of(pdu);
  const std::size_t headers = pdu::bhs_bytes + pdu.additional_headers.size();
  if (line.digests.header && steering.spoils_header) bytes[headers] ^= std::byte{1};
  if (line.digests.data && steering.spoils_data && !pdu.data.empty()) bytes.back() ^= std::byte{1};
  return bytes;
}

}  // namespace iscsi::fuzz
