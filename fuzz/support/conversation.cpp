#include "support/conversation.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <variant>

#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

using wire::no_tag;

/// 10.8.3, 10.19.2, 10.7: R2T and an unasked NOP-In show the next StatSN, Data-In without status
/// has none, every other response uses one up.
enum class StatSnUse : std::uint8_t { none, shown, used };

template <class P>
StatSnUse use_of(const P& pdu) {
  if constexpr (std::is_same_v<P, pdu::ReadyToTransfer>)
    return StatSnUse::shown;
  else if constexpr (std::is_same_v<P, pdu::NopIn>)
    return pdu.initiator_task_tag == wire::InitiatorTaskTag::none ? StatSnUse::shown
                                                                  : StatSnUse::used;
  else if constexpr (std::is_same_v<P, pdu::DataIn>)
    return pdu.has_status ? StatSnUse::used : StatSnUse::none;
  else
    return StatSnUse::used;
}

template <class Serial>
void require_no_step_back(std::optional<Serial>& last, Serial now, std::string_view law) {
  if (last) require(last->precedes_or_is(now), law);
  last = now;
}

std::uint32_t plain(wire::InitiatorTaskTag tag) { return static_cast<std::uint32_t>(tag); }
std::uint32_t plain(wire::TargetTransferTag tag) { return static_cast<std::uint32_t>(tag); }

/// For whoever has to decide who is wrong: FUZZ_TRACE in the environment prints every PDU.
bool traces() {
  static const bool wanted = std::getenv("FUZZ_TRACE") != nullptr;
  return wanted;
}

void print(Said::Kind kind, std::size_t connection, wire::ByteView bytes) {
  static constexpr std::array<const char*, 3> names{"opened", "sent", "received"};
  std::fprintf(stderr, "%zu %s", connection, names.at(static_cast<std::size_t>(kind)));
  const wire::ByteView shown = bytes.first(std::min<std::size_t>(bytes.size(), 64));
  for (std::size_t i = 0; i < shown.size(); ++i)
    std::fprintf(stderr, i % 4 == 0 ? " %02x" : "%02x", std::to_integer<unsigned>(shown[i]));
  std::fprintf(stderr, "\n");
}

}  // namespace

void Conversation::only_listen() {
  knows_requests_ = false;
  for (Line& line : lines_) line.logged_in_by_terms = false;
}

void Conversation::opened(std::size_t index) {
  lines_[index] = {};
  lines_[index].connection = connections_++;
  note(Said::Kind::opened, lines_[index], {});
}

void Conversation::note(Said::Kind kind, const Line& line, wire::ByteView bytes) {
  if (traces()) print(kind, line.connection, bytes);
  if (keeps_record_)
    record_.push_back(
        {.kind = kind, .connection = line.connection, .bytes = {bytes.begin(), bytes.end()}});
}

void Conversation::heard(std::size_t index, wire::ByteView bytes) {
  Line& line = lines_[index];
  const bool continues = !line.unread.empty();
  if (continues) line.unread.insert(line.unread.end(), bytes.begin(), bytes.end());
  wire::ByteView rest = continues ? line.unread : bytes;
  while (true) {
    // A PDU that came before the end of the login has no digests, the next one may have.
    const auto framing =
        pdu::next_frame(rest, {.data = limits::data_segment_bytes, .digests = line.digests});
    require(!std::holds_alternative<Violation>(framing), "the target's stream can be framed");
    const auto* framed = std::get_if<pdu::Framed>(&framing);
    if (framed == nullptr) break;
    require(framed->data_intact, "the target's data digests are right");
    note(Said::Kind::received, line, rest.first(framed->consumed));
    rest = rest.subspan(framed->consumed);
    hear(line, framed->frame);
  }
  line.unread = wire::Bytes(rest.begin(), rest.end());
}

void Conversation::hear(Line& line, const pdu::Frame& frame) {
  const auto pdu = pdu::decode_response(frame);
  require(pdu.has_value(), "the target's PDUs can be decoded");
  require(pdu::audit(frame).empty(), "and break no rule of form");
  require(!line.restarted, "nothing follows the response to a TARGET COLD RESET");
  check_numbers(line, *pdu);
  std::visit([&](const auto& one) { take(line, frame, one); }, *pdu);
  if (const auto* function = std::get_if<pdu::TaskManagementResponse>(&*pdu)) {
    const Task* task = task_of(line, plain(function->initiator_task_tag));
    line.restarted = task != nullptr && task->restarts &&
                     function->response == pdu::TaskManagementOutcome::function_complete;
  }
}

void Conversation::check_numbers(Line& line, const pdu::TargetPdu& pdu) const {
  std::visit(
      [&](const auto& one) {
        const StatSnUse use = use_of(one);
        if (use != StatSnUse::none) {
          if (line.stat_sn) require(one.stat_sn == *line.stat_sn, "StatSN counts responses");
          line.stat_sn = one.stat_sn + (use == StatSnUse::used ? 1U : 0U);
        }
        if (!line.session) return;
        require_no_step_back(line.exp_cmd_sn, one.exp_cmd_sn, "ExpCmdSN does not go back");
        require_no_step_back(line.max_cmd_sn, one.max_cmd_sn, "MaxCmdSN does not go back");
        require((one.max_cmd_sn + 1).since(one.exp_cmd_sn) <= command_window_,
                "the window is within its bound");
      },
      pdu);
}

Conversation::Task* Conversation::task_of(const Line& line, std::uint32_t task_tag) {
  if (!line.session || line.was_early || !knows_requests_) return nullptr;
  return &sessions_[*line.session].tasks[task_tag];
}

/// The last PDU that answers a request.
void Conversation::answered(Line& line, std::uint32_t task_tag) {
  Task* task = task_of(line, task_tag);
  if (task == nullptr) return;
  require(task->unanswered > 0, "a response answers a request, once");
  if (--task->unanswered != 0) return;
  task->next_data_sn = 0;
  std::erase_if(line.asked, [task_tag](const Asked& one) { return one.task_tag == task_tag; });
}

/// RFC 3720 5.3: what was agreed counts from the PDU behind the last Login Response.
void Conversation::take(Line& line, const pdu::Frame& frame, const pdu::LoginResponse& pdu) {
  require(!line.session, "a login response belongs to the login phase");
  line.login_text.append(wire::as_text(frame.data));
  const bool over = pdu.status == pdu::LoginStatus::success && pdu.transit &&
                    pdu.next_stage == pdu::LoginStage::full_feature_phase;
  if (!over) return;
  require(pdu.tsih != wire::Tsih::none, "a session has a TSIH");
  line.session = static_cast<std::uint16_t>(pdu.tsih);
  line.digests = {.header = line.login_text.contains("HeaderDigest=CRC32C"),
                  .data = line.login_text.contains("DataDigest=CRC32C")};
  line.login_text = {};  // a copy of it for every input would be work for nothing
  line.exp_cmd_sn = pdu.exp_cmd_sn;
  line.max_cmd_sn = pdu.max_cmd_sn;
  if (!sessions_.contains(*line.session)) sessions_[*line.session].next_cmd_sn = pdu.exp_cmd_sn;
}

void Conversation::take(Line& line, const pdu::Frame& frame, const pdu::DataIn& pdu) {
  const std::uint32_t tag = plain(pdu.initiator_task_tag);
  if (line.logged_in_by_terms)
    require(frame.data.size() <= terms_.max_recv_data_segment_length,
            "Data-In is no longer than what the initiator takes");
  if (Task* task = task_of(line, tag)) {
    require(task->unanswered > 0, "data answers a request");
    require(pdu.data_sn.value == task->next_data_sn || pdu.data_sn.value == 0,
            "DataSN counts the PDUs of a task");
    task->next_data_sn = pdu.data_sn.value + 1;
  }
  if (pdu.has_status) answered(line, tag);
}

void Conversation::take(Line& line, const pdu::Frame&, const pdu::ReadyToTransfer& pdu) {
  const std::uint32_t tag = plain(pdu.initiator_task_tag);
  if (pdu.r2t_sn.value == 0)  // a new task: the one before was aborted
    std::erase_if(line.asked, [tag](const Asked& one) { return one.task_tag == tag; });
  if (line.logged_in_by_terms) {
    require(pdu.desired_data_transfer_length <= terms_.max_burst_length,
            "an R2T asks for no more than a burst");
    const auto open = std::ranges::count(line.asked, tag, &Asked::task_tag);
    require(open < terms_.max_outstanding_r2t, "no more R2Ts are open than were agreed");
  }
  if (Task* task = task_of(line, tag)) {
    require(task->unanswered > 0, "data is asked for a task");
    require(pdu.r2t_sn.value == task->next_data_sn || pdu.r2t_sn.value == 0,
            "R2TSN counts the R2Ts of a task");
    task->next_data_sn = pdu.r2t_sn.value + 1;
  }
  if (std::erase(line.answered_ahead, plain(pdu.target_transfer_tag)) != 0) return;
  line.asked.push_back({.task_tag = tag,
                        .transfer_tag = plain(pdu.target_transfer_tag),
                        .offset = pdu.buffer_offset,
                        .length = pdu.desired_data_transfer_length,
                        .lun = static_cast<std::uint64_t>(pdu.lun)});
}

void Conversation::take(Line& line, const pdu::Frame&, const pdu::NopIn& pdu) {
  const std::uint32_t tag = plain(pdu.initiator_task_tag);
  if (tag != no_tag) return answered(line, tag);
  if (pdu.target_transfer_tag != wire::TargetTransferTag::none)
    line.ping_tag = plain(pdu.target_transfer_tag);
}

void Conversation::take(Line& line, const pdu::Frame&, const pdu::TextResponse& pdu) {
  line.text_tag.reset();
  if (pdu.target_transfer_tag != wire::TargetTransferTag::none)
    line.text_tag = plain(pdu.target_transfer_tag);
  line.text_task_tag = plain(pdu.initiator_task_tag);
  answered(line, line.text_task_tag);
}

/// A request that is rejected has been answered, and has used up no CmdSN (6.3).
void Conversation::take(Line& line, const pdu::Frame& frame, const pdu::Reject& pdu) {
  if (!line.session || !knows_requests_) return;
  InputPdu rejected;
  std::ranges::copy(frame.data.first(pdu::bhs_bytes), rejected.header.begin());
  const auto* description = pdu::describe(rejected.opcode());
  const bool has_number = description != nullptr &&
                          pdu::find_field(*description, "CmdSN") != nullptr &&
                          description->opcode != pdu::Opcode::login_request;
  if (!has_number) return;
  const auto tag = static_cast<std::uint32_t>(rejected.field(task_tag_place));
  if (tag != no_tag) answered(line, tag);
  if (rejected.field(immediate_place) == 0) sessions_[*line.session].next_cmd_sn = pdu.exp_cmd_sn;
}

/// SCSI, Task Management and Logout Responses; an Asynchronous Message answers nothing.
template <class P>
void Conversation::take(Line& line, const pdu::Frame&, const P& pdu) {
  if constexpr (requires { pdu.initiator_task_tag; }) answered(line, plain(pdu.initiator_task_tag));
}

}  // namespace iscsi::fuzz
