#include "conformance/recording/exchanges.hpp"

#include <algorithm>

#include "pdu/task_management_request.hpp"

namespace conformance {

using iscsi::pdu::Opcode;
using iscsi::pdu::TaskManagementFunction;
using iscsi::wire::ByteView;
using iscsi::wire::no_tag;

namespace {

/// The data of a PDU at that offset of the transfer, but for what the capture does not hold.
void put(Stretches& stretches, const Record& record, const Anatomy& parts, std::uint64_t offset,
         std::uint64_t& room) {
  stretches.put(offset, parts.data, room);
  const auto begin = static_cast<std::uint64_t>(parts.data.data() - record.bytes.data());
  for (const Hole& hole : record.holes) {
    const std::uint64_t from = std::max<std::uint64_t>(hole.offset, begin);
    const std::uint64_t to = std::min<std::uint64_t>(hole.offset + std::uint64_t{hole.length},
                                                     begin + parts.data.size());
    if (from < to) stretches.forget(offset + from - begin, to - from);
  }
}

}  // namespace

std::optional<Sense> read_sense(ByteView data_segment) {
  // RFC 3720 10.4.7: two bytes of length, then the sense data.
  if (data_segment.size() < 2 + 4) return std::nullopt;
  const ByteView sense = data_segment.subspan(2);
  const auto byte = [&](std::size_t at) {
    return at < sense.size() ? std::to_integer<std::uint8_t>(sense[at]) : std::uint8_t{0};
  };
  const unsigned response_code = byte(0) & 0x7fU;
  const auto key = [&](std::size_t at) { return static_cast<std::uint8_t>(byte(at) & 0x0fU); };
  if (response_code == 0x70 || response_code == 0x71)
    return Sense{.key = key(2), .code = byte(12), .qualifier = byte(13)};
  if (response_code == 0x72 || response_code == 0x73)
    return Sense{.key = key(1), .code = byte(2), .qualifier = byte(3)};
  return std::nullopt;
}

Exchanges Exchanges::of(const Transcript& transcript) {
  Exchanges exchanges;
  for (std::size_t i = 0; i < transcript.size(); ++i) exchanges.add(transcript[i], i);
  return exchanges;
}

namespace {

const Exchange* at(const std::map<std::size_t, Exchange*>& exchanges, std::size_t record) {
  const auto found = exchanges.find(record);
  return found == exchanges.end() ? nullptr : found->second;
}

}  // namespace

const Exchange* Exchanges::of_request(std::size_t record) const { return at(by_request_, record); }
const Exchange* Exchanges::of_answer(std::size_t record) const { return at(by_answer_, record); }
const Exchange* Exchanges::of_data(std::size_t record) const { return at(by_data_, record); }

const Exchange* Exchanges::latest(ConnectionNumber connection, std::uint32_t tag) const {
  return under_way(connection, tag);
}

Exchange* Exchanges::under_way(ConnectionNumber connection, std::uint32_t tag) const {
  const auto found = latest_.find({connection, tag});
  return found == latest_.end() ? nullptr : found->second;
}

const Exchange* Exchanges::add(const Record& record, std::size_t index) {
  const bool sent = record.kind == Record::Kind::sent;
  if (!sent && record.kind != Record::Kind::received) return nullptr;
  const auto parts = dissect(record.bytes);
  if (!parts || parts->pdu() == nullptr) return nullptr;
  if (!sent) return add_response(record, *parts, index);
  if (static_cast<Opcode>(parts->opcode()) == Opcode::data_out)
    add_data_out(record, *parts, index);
  else
    add_request(record, *parts, index);
  return nullptr;
}

void Exchanges::add_request(const Record& record, const Anatomy& parts, std::size_t index) {
  const auto opcode = static_cast<Opcode>(parts.opcode());
  if (opcode == Opcode::snack_request || parts.tag() == no_tag ||
      iscsi::pdu::is_from_target(opcode))
    return;
  Exchange& exchange = all_.emplace_back();
  exchange.request = index;
  exchange.connection = record.connection;
  exchange.opcode = opcode;
  exchange.tag = parts.tag();
  exchange.cmd_sn = static_cast<std::uint32_t>(parts.field("CmdSN"));
  latest_[{record.connection, exchange.tag}] = &exchange;
  by_request_[index] = &exchange;
  exchange.lun = parts.field("LUN");
  if (opcode == Opcode::task_management_request) {
    exchange.function = static_cast<std::uint8_t>(parts.field("Function"));
    exchange.referenced_tag = static_cast<std::uint32_t>(parts.field("ReferencedTaskTag"));
  }
  if (opcode != Opcode::scsi_command) return;
  std::ranges::copy(parts.header.last(16), exchange.cdb.begin());
  exchange.expected_length = static_cast<std::uint32_t>(parts.field("ExpectedDataTransferLength"));
  exchange.reads = parts.field("R") != 0;
  exchange.writes = parts.field("W") != 0;
  put(exchange.output, record, parts, 0, room_);
}

void Exchanges::add_data_out(const Record& record, const Anatomy& parts, std::size_t index) {
  Exchange* exchange = under_way(record.connection, parts.tag());
  if (exchange == nullptr || exchange->opcode != Opcode::scsi_command) return;
  put(exchange->output, record, parts, parts.field("BufferOffset"), room_);
  exchange->data_outs.push_back(index);
  by_data_[index] = exchange;
}

/// What a function that is complete has ended (10.5.1): of the tasks that were sent before it, one,
/// those of a unit, or all. CLEAR ACA and TASK REASSIGN end none.
void Exchanges::note_ended(const Exchange& by) {
  switch (TaskManagementFunction{by.function}) {
    case TaskManagementFunction::abort_task:
      if (Exchange* task = under_way(by.connection, by.referenced_tag)) task->aborted = true;
      break;
    case TaskManagementFunction::abort_task_set:
      ended_before_[{by.connection, by.lun}] = by.request;
      break;
    case TaskManagementFunction::clear_task_set:
    case TaskManagementFunction::logical_unit_reset:
      ended_before_[{std::nullopt, by.lun}] = by.request;
      break;
    case TaskManagementFunction::target_warm_reset:
    case TaskManagementFunction::target_cold_reset:
      ended_before_[{std::nullopt, std::nullopt}] = by.request;
      break;
    default: break;
  }
}

bool Exchanges::was_ended(const Exchange& task) const {
  const std::array<Scope, 3> scopes{
      {{task.connection, task.lun}, {std::nullopt, task.lun}, {std::nullopt, std::nullopt}}};
  return task.aborted || std::ranges::any_of(scopes, [&](const Scope& scope) {
           const auto found = ended_before_.find(scope);
           return found != ended_before_.end() && task.request < found->second;
         });
}

const Exchange* Exchanges::add_response(const Record& record, const Anatomy& parts,
                                        std::size_t index) {
  const auto opcode = static_cast<Opcode>(parts.opcode());
  std::uint32_t tag = parts.tag();
  // 10.17: the header of the PDU that is rejected tells what is meant.
  if (opcode == Opcode::reject && parts.data.size() >= iscsi::pdu::bhs_bytes)
    tag = static_cast<std::uint32_t>(iscsi::wire::load<4>(parts.data, 16));
  Exchange* exchange = tag == no_tag ? nullptr : under_way(record.connection, tag);
  if (exchange == nullptr || exchange->answer) return nullptr;
  if (opcode == Opcode::ready_to_transfer) exchange->ready_to_transfer.push_back(index);
  if (opcode == Opcode::data_in) {
    put(exchange->input, record, parts, parts.field("BufferOffset"), room_);
    by_data_[index] = exchange;
  }
  if (opcode == Opcode::ready_to_transfer || (opcode == Opcode::data_in && parts.field("S") == 0))
    return nullptr;
  Answer answer{.record = index, .opcode = opcode};
  answer.status = static_cast<std::uint16_t>(parts.field("Status"));
  answer.response =
      static_cast<std::uint8_t>(parts.field(opcode == Opcode::reject ? "Reason" : "Response"));
  answer.overflow = parts.field("O") != 0;
  answer.underflow = parts.field("U") != 0;
  if (answer.overflow || answer.underflow)
    answer.residual = static_cast<std::uint32_t>(parts.field("ResidualCount"));
  if (opcode == Opcode::scsi_response) answer.sense = read_sense(parts.data);
  if (opcode != Opcode::data_in) answer.data.assign(parts.data.begin(), parts.data.end());
  if (opcode == Opcode::task_management_response && answer.response == 0) note_ended(*exchange);
  exchange->answer = std::move(answer);
  by_answer_[index] = exchange;
  return exchange;
}

}  // namespace conformance
