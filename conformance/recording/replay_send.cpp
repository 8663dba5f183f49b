#include <algorithm>

#include "conformance/recording/replay.hpp"
#include "pdu/codec.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using iscsi::wire::no_tag;

namespace {

void set(Bytes& header, std::string_view name, std::uint64_t value) {
  const Description* pdu = describe(iscsi::pdu::opcode_of(header));
  if (const Field* field = find_field(*pdu, name)) insert(header, field->place, value);
}

bool is_immediate(const Bytes& header) { return extract(header, bits(0, 1)) != 0; }

bool is_unsolicited(const Anatomy& data_out) {
  return data_out.field("TargetTransferTag") == no_tag;
}

}  // namespace

void Replayer::transmit(Line& line, Bytes header, ByteView additional_headers, ByteView data) {
  insert(header, bytes(4, 1), additional_headers.size() / 4);
  insert(header, bytes(5, 3), data.size());
  Bytes stream;
  HeaderBytes fixed{};
  std::ranges::copy(header, fixed.begin());
  append(stream, fixed, additional_headers, data, line.live->digests());
  initiator_.sent(*line.live, stream, false, now_us_);
  wants_.emplace_back(SendWanted{line.live->number, std::move(stream)});
  take(line);
}

/// The CmdSN that stands to the live session as the recorded one stood to the recorded session: in
/// turn, or as far off.
std::uint32_t Replayer::live_cmd_sn(const Bytes& header, Line& line, const Exchange* recorded) {
  const auto given = static_cast<std::uint32_t>(iscsi::wire::load<4>(header, 24));
  Session& session = initiator_.session_of(*line.live);
  Numbering& numbering = numbering_[line.live->session];
  if (!numbering.known || (line.heard && given == line.recorded_exp_cmd_sn)) numbering.next = given;
  numbering.known = true;
  const std::uint32_t off = given - numbering.next;
  const std::uint32_t live = session.cmd_sn.value + off;
  if (is_immediate(header)) return live;
  const bool was_taken = recorded != nullptr && recorded->answer.has_value();
  if (off == 0)
    ++numbering.next;
  else if (was_taken && off < 0x8000'0000U)
    numbering.early.insert(given);
  return live;
}

void Replayer::rebase(Bytes& header, Line& line, const Exchange* recorded) {
  set(header, "CmdSN", live_cmd_sn(header, line, recorded));
  set(header, "ExpStatSN", line.live->exp_stat_sn.value);
}

Replayer::Progress Replayer::send(const Record& record, Line& line) {
  const auto parts = dissect(record.bytes);
  if (line.over) return Progress::advance;
  if (line.live->state != Connection::State::open) {
    give_up(line, "the target ended the connection");
    return Progress::advance;
  }
  if (!parts || parts->pdu() == nullptr || is_from_target(static_cast<Opcode>(parts->opcode()))) {
    remark("a PDU of no known form was not sent");
    return Progress::advance;
  }
  const auto opcode = static_cast<Opcode>(parts->opcode());
  if (opcode == Opcode::login_request) return send_login(*parts, line);
  if (!line.live->in_full_feature()) {
    if (line.login_failed) return Progress::advance;
    return bring_to_full_feature(line);
  }
  if (opcode == Opcode::data_out) return send_data_out(*parts, line);
  return send_request(*parts, line);
}

std::uint64_t Replayer::live_lun(std::uint64_t recorded) const {
  return settings_.world_is_rebuilt || recorded != main_lun_ ? recorded : settings_.play.lun;
}

/// Whether the user of the target has given away what the command changes.
bool Replayer::may_change(const Anatomy& parts) const {
  if (settings_.world_is_rebuilt || !settings_.play.may_write) return settings_.play.may_write;
  if (parts.field("LUN") != main_lun_) return false;
  const auto fact = [&](std::string_view name) -> std::optional<std::uint64_t> {
    const auto found = settings_.play.facts.find(name);
    const auto* number =
        found == settings_.play.facts.end() ? nullptr : std::get_if<std::uint64_t>(&found->second);
    return number == nullptr ? std::nullopt : std::optional{*number};
  };
  const auto first = fact("block");
  const auto count = fact("writable_blocks");
  const bool is_command = static_cast<Opcode>(parts.opcode()) == Opcode::scsi_command;
  if (!first || !count || !is_command) return true;
  const auto cdb = parts.header.subspan<32, 16>();
  const Exchange* recorded = recorded_.of_request(at_);
  const auto ranges =
      blocks_of(cdb, recorded == nullptr ? parts.data : recorded->output.beginning());
  // What a command changes without naming blocks is not among those that were given away.
  if (ranges.empty()) return !command_of(cdb).changes;
  return std::ranges::all_of(ranges, [&](const BlockRange& range) {
    return range.use == BlockRange::Use::read || (range.first >= *first && range.count <= *count &&
                                                  range.first - *first <= *count - range.count);
  });
}

/// Whether a target that is not ours is spared this one.
bool Replayer::is_withheld(const Anatomy& parts) const {
  if (may_change(parts)) return false;
  const auto opcode = static_cast<Opcode>(parts.opcode());
  if (opcode == Opcode::scsi_command) return command_of(parts.header.subspan<32, 16>()).changes;
  constexpr std::uint64_t clear_task_set = 4;  // 10.5.1: it, and the resets behind it, are felt
  constexpr std::uint64_t cold_reset = 7;      // by other initiators
  return opcode == Opcode::task_management_request && parts.field("Function") >= clear_task_set &&
         parts.field("Function") <= cold_reset;
}

Replayer::Progress Replayer::send_request(const Anatomy& parts, Line& line) {
  Connection& live = *line.live;
  const auto opcode = static_cast<Opcode>(parts.opcode());
  const Exchange* recorded = recorded_.of_request(at_);
  Bytes header{parts.header.begin(), parts.header.end()};
  if (opcode == Opcode::nop_out && parts.tag() == no_tag &&
      parts.field("TargetTransferTag") != no_tag)
    return Progress::advance;  // an answer: `answer_ping` gives the live ones
  if (is_withheld(parts)) {
    if (!is_immediate(header)) (void)live_cmd_sn(header, line, recorded);
    withheld_.insert(recorded);
    return Progress::advance;
  }
  if (!is_immediate(header) && !initiator_.window_is_open(live) && !is_late())
    return Progress::wait;
  if (opcode != Opcode::snack_request) rebase(header, line, recorded);
  set(header, "ExpStatSN", live.exp_stat_sn.value);
  if (opcode == Opcode::scsi_command || opcode == Opcode::task_management_request)
    set(header, "LUN", live_lun(parts.field("LUN")));
  Bytes data{parts.data.begin(), parts.data.end()};
  Run* run = nullptr;
  if (recorded != nullptr) {
    run = &runs_[recorded];
    *run = {.recorded = recorded, .request = initiator_.transcript().size()};
    by_live_request_[run->request] = run;
  }
  if (opcode == Opcode::scsi_command && run != nullptr)
    data = command_data(header, parts, line, *run);
  if (opcode == Opcode::text_request) {
    data = live_text(line, parts.data).value_or(data);
    const Exchange* before = live_.latest(live.number, parts.tag());
    const bool goes_on = parts.field("TargetTransferTag") != no_tag;
    if (goes_on && before != nullptr && before->answer) {
      const auto answer = dissect(initiator_.transcript()[before->answer->record].bytes);
      set(header, "TargetTransferTag", answer->field("TargetTransferTag"));
    }
  }
  if (opcode == Opcode::task_management_request && parts.field("ReferencedTaskTag") != no_tag)
    if (const Exchange* task =
            live_.latest(live.number, static_cast<std::uint32_t>(parts.field("ReferencedTaskTag"))))
      set(header, "RefCmdSN", task->cmd_sn);
  transmit(line, std::move(header), parts.additional_headers, data);
  Numbering& numbering = numbering_[live.session];
  while (numbering.early.erase(numbering.next) != 0) {
    ++numbering.next;
    ++initiator_.session_of(live).cmd_sn;
  }
  return Progress::advance;
}

/// Whether the live target takes the unsolicited data as the recorded one did. 3.2.4.2: where it
/// comes in PDUs of its own, it is as much as FirstBurstLength or the command allows, no less.
bool Replayer::fits_live(const Exchange& recorded, std::size_t immediate, const Line& line) {
  const Parameters& agreed = line.live->agreed;
  std::uint64_t unsolicited = immediate;
  bool in_pdus = false;
  for (const std::size_t index : recorded.data_outs) {
    const auto parts = dissect(recording_.transcript[index].bytes);
    if (!is_unsolicited(*parts)) continue;
    if (agreed.initial_r2t || parts->data.size() > agreed.target_limit) return false;
    unsolicited += parts->data.size();
    in_pdus = true;
  }
  // What the recorded target did not take either is repeated as it was.
  const bool was_taken = recorded.answer && recorded.answer->is_good();
  const std::uint64_t due =
      std::min<std::uint64_t>(agreed.first_burst_length, recorded.expected_length);
  if (in_pdus && was_taken && unsolicited < due) return false;
  return (immediate == 0 || agreed.immediate_data) && immediate <= agreed.target_limit &&
         unsolicited <= agreed.first_burst_length;
}

/// The immediate data, as much of it as the live session allows.
Bytes Replayer::command_data(Bytes& header, const Anatomy& parts, Line& line, Run& run) {
  Bytes data{parts.data.begin(), parts.data.end()};
  run.exact = fits_live(*run.recorded, data.size(), line);
  if (run.exact) return data;
  remark("unsolicited data was cut as the live session allows it");
  const Parameters& agreed = line.live->agreed;
  const std::uint64_t room =
      agreed.immediate_data ? std::min(agreed.target_limit, agreed.first_burst_length) : 0;
  data.resize(std::min<std::uint64_t>(data.size(), room & ~std::uint64_t{3}));
  set(header, "F", 1);
  return data;
}

Replayer::Progress Replayer::send_data_out(const Anatomy& parts, Line& line) {
  if (!is_unsolicited(parts)) return Progress::advance;  // `answer_r2t` sends those
  const auto run = runs_.find(recorded_.of_data(at_));
  if (run == runs_.end() || !run->second.exact) return Progress::advance;
  Bytes header{parts.header.begin(), parts.header.end()};
  set(header, "ExpStatSN", line.live->exp_stat_sn.value);
  set(header, "LUN", live_lun(parts.field("LUN")));
  transmit(line, std::move(header), {}, parts.data);
  return Progress::advance;
}

void Replayer::answer_r2t(Line& line, const Arrival& r2t) {
  const Exchange* live = live_.latest(line.live->number, r2t.tag());
  const auto run = live == nullptr ? by_live_request_.end() : by_live_request_.find(live->request);
  if (run == by_live_request_.end()) return;
  const Exchange& recorded = *run->second->recorded;
  if (!repeat_data_out(line, recorded, r2t)) cut_data_out(line, recorded, r2t);
}

/// Sends the very PDUs by which the recorded initiator answered an R2T for the same stretch.
bool Replayer::repeat_data_out(Line& line, const Exchange& recorded, const Arrival& r2t) {
  for (const std::size_t index : recorded.ready_to_transfer) {
    const auto asked = dissect(recording_.transcript[index].bytes);
    if (asked->field("BufferOffset") != r2t.field("BufferOffset") ||
        asked->field("DesiredDataTransferLength") != r2t.field("DesiredDataTransferLength"))
      continue;
    std::vector<Anatomy> answers;
    for (const std::size_t at : recorded.data_outs) {
      const auto parts = dissect(recording_.transcript[at].bytes);
      if (at > index && parts->field("TargetTransferTag") == asked->field("TargetTransferTag"))
        answers.push_back(*parts);
    }
    const bool fit = std::ranges::all_of(answers, [&](const Anatomy& parts) {
      return parts.data.size() <= line.live->agreed.target_limit;
    });
    if (!fit) return false;
    for (const Anatomy& parts : answers) {
      Bytes header{parts.header.begin(), parts.header.end()};
      set(header, "TargetTransferTag", r2t.field("TargetTransferTag"));
      set(header, "LUN", r2t.field("LUN"));
      set(header, "ExpStatSN", line.live->exp_stat_sn.value);
      transmit(line, std::move(header), {}, parts.data);
    }
    return true;
  }
  return false;
}

/// Sends the recorded bytes that the R2T asks for, in PDUs of our own; nothing if the recorded
/// initiator never sent them.
void Replayer::cut_data_out(Line& line, const Exchange& recorded, const Arrival& r2t) {
  const std::uint64_t begin = r2t.field("BufferOffset");
  const std::uint64_t length = r2t.field("DesiredDataTransferLength");
  if (recorded.output.size() < begin + length) {
    remark("an R2T was not answered: the recorded initiator did not send those bytes");
    return;
  }
  if (!recorded.output.knows(begin, length))
    remark("bytes that are missing in the capture were sent as zeros");
  const std::uint64_t limit = std::max<std::uint64_t>(line.live->agreed.target_limit & ~3U, 4);
  std::uint32_t number = 0;
  for (std::uint64_t at = 0; at < length; at += limit) {
    const std::uint64_t size = std::min(limit, length - at);
    DataOut pdu{.initiator_task_tag = iscsi::wire::InitiatorTaskTag{r2t.tag()}};
    pdu.exp_stat_sn = line.live->exp_stat_sn;
    const HeaderBytes fixed = encode_header(pdu, {});
    Bytes header{fixed.begin(), fixed.end()};
    set(header, "F", at + size == length ? 1 : 0);
    set(header, "LUN", r2t.field("LUN"));
    set(header, "TargetTransferTag", r2t.field("TargetTransferTag"));
    set(header, "DataSN", number++);
    set(header, "BufferOffset", begin + at);
    transmit(line, std::move(header), {}, recorded.output.at(begin + at, size));
  }
}

void Replayer::answer_ping(Line& line, const Arrival& ping) {
  if (ping.field("TargetTransferTag") == no_tag || line.over) return;
  NopOut pdu{.initiator_task_tag = iscsi::wire::InitiatorTaskTag::none,
             .cmd_sn = initiator_.session_of(*line.live).cmd_sn,
             .exp_stat_sn = line.live->exp_stat_sn};
  const HeaderBytes fixed = encode_header(pdu, {});
  Bytes header{fixed.begin(), fixed.end()};
  set(header, "I", 1);
  set(header, "LUN", ping.field("LUN"));
  set(header, "TargetTransferTag", ping.field("TargetTransferTag"));
  transmit(line, std::move(header), {}, {});
}

void Replayer::try_again(Line& line, Run& run) {
  const Record& record = recording_.transcript[run.recorded->request];
  const auto parts = dissect(record.bytes);
  Bytes header{parts->header.begin(), parts->header.end()};
  set(header, "CmdSN", initiator_.session_of(*line.live).cmd_sn.value);
  set(header, "ExpStatSN", line.live->exp_stat_sn.value);
  set(header, "LUN", live_lun(parts->field("LUN")));
  remark("commands that met a unit attention were sent once more");
  ++run.attempts;
  run.request = initiator_.transcript().size();
  by_live_request_[run.request] = &run;
  Bytes data = command_data(header, *parts, line, run);
  // Its unsolicited Data-Out has gone already: what is not immediate is asked for.
  if (run.exact) set(header, "F", 1);
  transmit(line, std::move(header), parts->additional_headers, data);
}

}  // namespace conformance
