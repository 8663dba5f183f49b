#include <algorithm>
#include <cassert>
#include <utility>

#include "pdu/additional_headers.hpp"
#include "session/steps.hpp"

/// A SCSI command's way from its delivery to its status (RFC 3720 3.2.4.2, 10.3, 10.4, 10.7, 10.8).

namespace iscsi::session {

using pdu::TaskAttribute;
using wire::InitiatorTaskTag;

namespace {

scsi::Command command_of(const Session& session, const Task& task) {
  return {
      .nexus = session.nexus, .lun = std::to_underlying(task.command.lun), .cdb = task.whole_cdb()};
}

/// Tasks for which later ones wait.
bool is_ordering(const Task& task) {
  return task.command.attribute == TaskAttribute::ordered ||
         task.command.attribute == TaskAttribute::head_of_queue;
}

/// The connection of a task that is to be answered.
Connection& connection_of(Domain& domain, const Task& task) {
  Connection* connection = domain.find(task.allegiance);
  assert(connection != nullptr);  // its tasks would have ended with it (6.5)
  return *connection;
}

/// Gives back what the task occupies in the session's and the domain's counts.
void release(Domain& domain, Session& session, Task& task) {
  if (task.command.immediate)
    --session.immediate_tasks;
  else
    session.window.release();
  session.solicited_bytes -= std::exchange(task.reserved, 0);
  session.reading_bytes -= task.blocks.length;
  if (is_ordering(task)) --domain.ordering_tasks;
  if (std::exchange(task.waits, false)) --domain.waiting_tasks;
}

/// Takes a released task out of the session; its memory is kept for the next one.
void remove(Session& session, Task& task) {
  task.blocks = {};
  task.data.discard();
  const auto here = std::ranges::find(session.tasks, task.id, &Task::id);
  session.spare.splice(session.spare.begin(), session.tasks, here);
}

Task& new_task(Domain& domain, Session& session) {
  if (session.spare.empty()) session.spare.emplace_back();
  session.tasks.splice(session.tasks.end(), session.spare, session.spare.begin());
  domain.last_task = TaskId{std::to_underlying(domain.last_task) + 1};
  session.tasks.back().reset(domain.last_task);
  return session.tasks.back();
}

/// Notes whether the task cannot go on by itself.
void set_waits(Domain& domain, Task& task, bool waits) {
  if (std::exchange(task.waits, waits) == waits) return;
  domain.waiting_tasks += waits ? 1U : -1U;
}

/// Whether tasks delivered earlier to the same unit come first: all of them before an ordered task,
/// ordered and head of queue tasks before any other (SAM-2 7.7). The task set of a unit is shared
/// by all sessions.
bool must_wait(const Domain& domain, const Task& task) {
  if (task.command.attribute == TaskAttribute::head_of_queue) return false;
  if (domain.ordering_tasks == 0) return false;
  const bool waits_for_all = task.command.attribute == TaskAttribute::ordered;
  for (const auto& [tsih, session] : domain.sessions)
    for (const Task& other : session.tasks) {
      if (other.id >= task.id) break;
      if ((waits_for_all || is_ordering(other)) && !other.aborted &&
          is_same_unit(other.command.lun, task.command.lun))
        return true;
    }
  return false;
}

/// Data-In PDUs wait in memory until they are sent, and so does what the medium is reading: a task
/// that reads starts only while there is room for more.
bool has_room(Domain& domain, const Session& session, const Task& task) {
  if (task.plan.direction != scsi::Direction::to_initiator) return true;
  const std::size_t queued = connection_of(domain, task).output.queued();
  return queued + session.reading_bytes < domain.bounds.queued_output_bytes;
}

// The end.

struct Residuals {
  std::uint32_t overflow = 0;
  std::uint32_t underflow = 0;

  [[nodiscard]] std::uint32_t count() const { return overflow + underflow; }  // one of them is 0
};

Residuals residuals(std::uint64_t wanted, std::uint32_t expected) {
  if (wanted > expected)
    return {.overflow = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(wanted - expected, 0xffff'ffffU))};
  return {.underflow = static_cast<std::uint32_t>(expected - wanted)};
}

/// What the command returned, as far as it did not end in an exception.
wire::Slice returned_data(const Task& task) {
  if (task.outcome.status != scsi::Status::good) return {};
  if (!task.blocks.empty()) return task.blocks;
  return wire::copy_of(task.outcome.data_in);
}

/// Sends Data-In PDUs under the limits of 10.7.1; the last carries `last`'s status if it has one.
void send_data_in(Domain& domain, Session& session, Connection& connection, Task& task,
                  const wire::Slice& data, const pdu::DataIn& last) {
  const std::uint32_t burst = session.parameters.max_burst_length;
  // 10.7.7: whole words but for the last. 12.12: the limit is 512 at the least.
  const std::uint32_t limit = connection.parameters.initiator_max_recv_data_segment_length;
  const std::uint32_t most = limit - limit % 4;
  const auto total = static_cast<std::uint32_t>(data.length);
  for (std::uint32_t offset = 0; offset < total;) {
    const std::uint32_t in_burst = burst - offset % burst;
    const std::uint32_t length = std::min({most, in_burst, total - offset});
    const bool ends = offset + length == total;
    pdu::DataIn pdu = ends ? last : pdu::DataIn{};
    pdu.final = ends || length == in_burst;
    pdu.initiator_task_tag = task.command.initiator_task_tag;
    pdu.data_sn = task.next_data_sn;
    pdu.buffer_offset = offset;
    ++task.next_data_sn;
    send(domain, connection, session.window, pdu, data.part(offset, length));
    offset += length;
  }
}

wire::Slice sense_segment(const scsi::Outcome& outcome) {
  if (outcome.status != scsi::Status::check_condition) return {};
  const scsi::SenseBytes sense = scsi::encode(outcome.sense, outcome.sense_format);
  wire::Slice segment = wire::allocate(2 + sense.view().size());
  wire::store<2>(segment.writable(), 0, sense.view().size());
  std::ranges::copy(sense.view(), segment.writable().begin() + 2);
  return segment;
}

void respond(Domain& domain, Session& session, Connection& connection, Task& task) {
  const scsi::Outcome& outcome = task.outcome;
  const wire::Slice returned = returned_data(task);
  const bool wrote =
      task.plan.direction == scsi::Direction::to_target && outcome.status == scsi::Status::good;
  const Residuals in = residuals(returned.length, task.expected_in);
  const Residuals main = task.command.write
                             ? residuals(wrote ? task.plan.bytes : task.data.received(),
                                         task.command.expected_data_transfer_length)
                             : in;
  const auto status = std::to_underlying(outcome.status);

  // What is cut off must not stay in memory with the rest, past any bound on the output.
  const wire::Slice data = returned.length <= task.expected_in
                               ? returned
                               : wire::copy_of(returned.view().first(task.expected_in));
  const bool collapse = !data.empty() && !task.is_bidirectional();
  pdu::DataIn last{};
  if (collapse)
    last = {.overflow = main.overflow != 0,
            .underflow = main.underflow != 0,
            .has_status = true,
            .status = status,
            .residual_count = main.count()};
  send_data_in(domain, session, connection, task, data, last);
  if (collapse) return;

  pdu::ScsiResponse response{.overflow = main.overflow != 0,
                             .underflow = main.underflow != 0,
                             .status = status,
                             .initiator_task_tag = task.command.initiator_task_tag,
                             .residual_count = main.count()};
  // 10.4.8: zero where no Data-In was sent, R2Ts notwithstanding.
  if (!data.empty()) response.exp_data_sn = task.next_data_sn;
  if (task.is_bidirectional()) {
    response.bidirectional_overflow = in.overflow != 0;
    response.bidirectional_underflow = in.underflow != 0;
    response.bidirectional_residual_count = in.count();
  }
  send(domain, connection, session.window, response, sense_segment(outcome));
}

/// Sends data and status of a task that `outcome` has ended, and removes it. Its place in the
/// window is given back first: the response that ends it tells of it (3.2.2.1).
void conclude_task(Domain& domain, Session& session, Task& task) {
  release(domain, session, task);
  if (!task.aborted)
    respond(domain, session, connection_of(domain, task), task);
  else if (!task.command.immediate)
    announce_window(domain, session);
  remove(session, task);
}

// The middle.

scsi::Outcome refusal(std::uint32_t sense) {
  return {.status = scsi::Status::check_condition,
          .sense = {.key = static_cast<scsi::SenseKey>(sense >> 16U & 0xfU),
                    .additional = {static_cast<std::uint8_t>(sense >> 8U),
                                   static_cast<std::uint8_t>(sense)}}};
}

/// The sense by which a fault in the data ends the command (10.4.7.2). Faults whose PDU is rejected
/// end it as well: some of its data is missing.
scsi::Outcome outcome_of_fault(const Violation& fault) {
  constexpr std::uint32_t crc_error = 0x0b4705;
  constexpr std::uint32_t incorrect_amount_of_data = 0x0b0c0d;
  const Remedy remedy = about(fault.rule).remedy;
  if (remedy.kind == Remedy::Kind::check_condition) return refusal(remedy.code);
  return refusal(fault.rule == Rule::data_digest_matches ? crc_error : incorrect_amount_of_data);
}

/// The parameter list in one piece.
wire::Bytes parameter_list(const WriteData& data) {
  wire::Bytes joined;
  for (const Piece& piece : data.pieces())
    joined.insert(joined.end(), piece.bytes.begin(), piece.bytes.end());
  return joined;
}

/// The first `bytes` of the data that has come.
void gather_data_out(Task& task, std::uint64_t bytes) {
  task.data_out.clear();
  for (const Piece& piece : task.data.pieces()) {
    const auto length = std::min<std::uint64_t>(piece.bytes.size(), bytes);
    if (length > 0) task.data_out.push_back(piece.bytes.first(length));
    bytes -= length;
  }
}

void ask_medium(Domain& domain, Session& session, Task& task) {
  const scsi::Operation& operation = task.outcome.operation;
  const scsi::LogicalUnit* unit = domain.device.find(std::to_underlying(task.command.lun));
  assert(unit != nullptr);  // the dispatcher has just found it
  const std::uint64_t bytes = operation.blocks * unit->configuration.block_bytes;
  if (operation.kind == scsi::Operation::Kind::read) task.blocks = wire::allocate(bytes);
  session.reading_bytes += task.blocks.length;
  gather_data_out(task, bytes);  // of a block to compare many with, no more has been kept
  task.state = Task::State::running;
  domain.medium.push_back({.session = session.tsih,
                           .task = task.id,
                           .unit = unit->number,
                           .operation = operation,
                           .data_out = task.data_out,
                           .data_in = task.blocks.writable()});
}

/// A request that the owner of the medium has not fetched yet needs no longer be done.
bool take_back_request(Domain& domain, const Task& task) {
  return domain.medium.erase_if(
             [&task](const MediumRequest& request) { return request.task == task.id; }) != 0;
}

/// Whether the command wants data that it did not want when it came. What refused it then, a unit
/// attention say, may have been told to another command meanwhile, and its data was not kept.
bool wants_data_too_late(const Domain& domain, const Session& session, const Task& task) {
  return task.command.write && task.plan.direction != scsi::Direction::to_target &&
         scsi::plan(domain.device, command_of(session, task)).direction ==
             scsi::Direction::to_target;
}

void start(Domain& domain, Session& session, Task& task) {
  if (wants_data_too_late(domain, session, task)) {
    task.outcome = {.status = scsi::Status::busy};  // SAM-2 5.3.1: to be sent again
  } else if (task.data.fault()) {
    task.outcome = outcome_of_fault(*task.data.fault());
  } else if (task.command.attribute == TaskAttribute::aca) {
    // NACA is not supported, so there never is an auto contingent allegiance to which it belongs.
    constexpr std::uint32_t invalid_message = 0x054900;
    task.outcome = refusal(invalid_message);
  } else {
    wire::Bytes parameters;
    if (task.plan.payload == scsi::Payload::parameters) parameters = parameter_list(task.data);
    task.outcome =
        scsi::execute(domain.device, command_of(session, task), parameters, task.data.received());
    if (task.outcome.operation.kind != scsi::Operation::Kind::none)
      return ask_medium(domain, session, task);
  }
  conclude_task(domain, session, task);
}

void start_if_possible(Domain& domain, Session& session, Task& task) {
  const bool waits = must_wait(domain, task) || !has_room(domain, session, task);
  set_waits(domain, task, waits);
  if (!waits) start(domain, session, task);
}

/// Whether the session has room for all the data that the task has yet to ask for. Room is given in
/// the order of arrival: who overtook a task that waits for it might have to wait for that task in
/// turn (task attributes), and neither would ever go on.
bool has_room_for_data(const Domain& domain, const Session& session, const Task& task) {
  if (session.solicited_bytes == 0) return true;
  if (session.solicited_bytes + task.data.outstanding() > domain.bounds.solicited_data_bytes)
    return false;
  if (domain.waiting_tasks == 0) return true;
  const auto first_in_line = std::ranges::find_if(session.tasks, [](const Task& one) {
    return one.waits && one.state == Task::State::collecting && one.reserved == 0;
  });
  return first_in_line == session.tasks.end() || first_in_line->id >= task.id;
}

/// Sends the R2Ts that may be sent now (10.8). A task's data is asked for only when there is room
/// for all of it, so that tasks that share the room cannot starve each other half way.
void ask_for_data(Domain& domain, Session& session, Task& task) {
  Connection& connection = connection_of(domain, task);
  while (const auto request = task.data.next_request()) {
    if (is_to_be_aborted(domain, session, task)) return set_waits(domain, task, true);
    if (task.reserved == 0) {
      if (!has_room_for_data(domain, session, task)) return set_waits(domain, task, true);
      task.reserved = task.data.outstanding();
      session.solicited_bytes += task.reserved;
    }
    set_waits(domain, task, false);
    const wire::TargetTransferTag tag = connection.new_transfer_tag();
    task.data.requested(*request, tag);
    send(domain, connection, session.window,
         pdu::ReadyToTransfer{.lun = task.command.lun,
                              .initiator_task_tag = task.command.initiator_task_tag,
                              .target_transfer_tag = tag,
                              .r2t_sn = task.next_data_sn,
                              .buffer_offset = request->offset,
                              .desired_data_transfer_length = request->length});
    ++task.next_data_sn;
  }
}

void advance(Domain& domain, Session& session, Task& task) {
  ask_for_data(domain, session, task);
  if (!task.data.complete()) return;
  task.state = Task::State::ready;
  start_if_possible(domain, session, task);
}

void run_waiting_tasks_of(Domain& domain, Session& session) {
  for (auto task = session.tasks.begin(); task != session.tasks.end();) {
    Task& one = *task++;
    if (one.waits) advance(domain, session, one);
  }
}

// The beginning.

std::uint32_t bidirectional_read_length(const pdu::AdditionalHeaders& headers) {
  return headers.bidirectional_read_length.value_or(0);
}

/// Sets what the command's own fields say.
void describe_task(Task& task, const pdu::ScsiCommand& command, const pdu::Frame& frame) {
  task.command = command;
  const auto headers = pdu::decode_additional_headers(frame.additional_headers);
  assert(headers.has_value());  // decode_request has looked at them
  if (!headers->extended_cdb.empty()) {
    task.cdb.assign(command.cdb.begin(), command.cdb.end());
    task.cdb.insert(task.cdb.end(), headers->extended_cdb.begin(), headers->extended_cdb.end());
  }
  if (command.read)
    task.expected_in =
        command.write ? bidirectional_read_length(*headers) : command.expected_data_transfer_length;
}

/// The data of a command that waits for its turn, or null.
WriteData* find_held_data(Session& session, const Connection& connection, InitiatorTaskTag tag) {
  const auto held = std::ranges::find(session.held, tag, &HeldRequest::initiator_task_tag);
  const bool is_command =
      held != session.held.end() && held->written && held->connection == connection.id;
  return is_command ? &*held->written : nullptr;
}

}  // namespace

Task* find_task(Session& session, InitiatorTaskTag tag) {
  for (Task& task : session.tasks)
    if (task.command.initiator_task_tag == tag && !task.aborted) return &task;
  return nullptr;
}

void begin_data(WriteData& data, const Session& session, const pdu::ScsiCommand& command,
                wire::ByteView immediate, wire::SharedBytes owner) {
  const std::uint32_t expected = command.write ? command.expected_data_transfer_length : 0;
  data.begin({.expected = expected, .wanted = expected, .more_unsolicited = !command.final},
             session.parameters);
  if (!command.write && !immediate.empty())
    data.fail({Rule::data_comes_with_write_only, 5, immediate.size()});
  else
    data.take_immediate(immediate, std::move(owner));
}

void begin_task(Domain& domain, Session& session, Connection& connection,
                const pdu::ScsiCommand& command, const Arrived& arrived,
                std::optional<WriteData> ahead) {
  Task& task = new_task(domain, session);
  task.allegiance = connection.id;
  describe_task(task, command, arrived.framed.frame);
  task.plan = scsi::plan(domain.device, command_of(session, task));
  if (is_ordering(task)) ++domain.ordering_tasks;
  if (command.immediate)
    ++session.immediate_tasks;
  else
    session.window.occupy();
  const bool takes_data = task.plan.direction == scsi::Direction::to_target;
  if (ahead)
    task.data = std::move(*ahead);
  else
    begin_data(task.data, session, command, arrived.framed.frame.data, arrived.segment.owner);
  task.data.make_use_of(takes_data ? task.plan.bytes : 0);
  if (task.data.fault()) domain.note(connection, *task.data.fault());
  advance(domain, session, task);
}

void take_data(Domain& domain, Session& session, Connection& connection, const pdu::DataOut& pdu,
               const Arrived& arrived) {
  const pdu::Framed& framed = arrived.framed;
  const auto refuse_it = [&](const Violation& why) {
    // 6.7: if its digest is bad, it has been rejected for that.
    if (framed.data_intact) refuse(domain, connection, session, why, framed.frame);
  };
  const auto take = [&](WriteData& data) {
    const auto refused =
        data.take(pdu, framed.frame.data, arrived.segment.owner, framed.data_intact);
    if (refused) refuse_it(*refused);
  };
  if (WriteData* ahead = find_held_data(session, connection, pdu.initiator_task_tag))
    return take(*ahead);
  Task* task = find_task(session, pdu.initiator_task_tag);
  if (task == nullptr || task->state != Task::State::collecting ||
      task->allegiance != connection.id)  // 3.2.4.1
    return refuse_it(
        {Rule::data_out_has_known_task, 16, std::to_underlying(pdu.initiator_task_tag)});
  if (pdu.target_transfer_tag != wire::TargetTransferTag::none && pdu.lun != task->command.lun)
    return refuse_it({Rule::data_out_repeats_lun, 8, std::to_underlying(pdu.lun)});
  const bool had_fault = task->data.fault().has_value();
  take(task->data);
  if (const auto& fault = task->data.fault(); fault && !had_fault) domain.note(connection, *fault);
  advance(domain, session, *task);
  run_waiting_tasks(domain);
}

void own_borrowed_data(Domain& domain, Connection& connection) {
  Session* session = domain.find(connection.session);
  if (session == nullptr) return;
  for (HeldRequest& held : session->held)
    if (held.connection == connection.id && held.written) held.written->own();
  for (Task& task : session->tasks) {
    if (task.allegiance != connection.id) continue;
    if (task.state != Task::State::running) {
      task.data.own();
      continue;
    }
    const auto request = std::ranges::find(domain.medium, task.id, &MediumRequest::task);
    if (request == domain.medium.end()) continue;  // fetched, and with it the data
    std::uint64_t bytes = 0;
    for (const wire::ByteView view : task.data_out) bytes += view.size();
    task.data.own();
    gather_data_out(task, bytes);
    request->data_out = task.data_out;
  }
}

void finished(Domain& domain, wire::Tsih tsih, TaskId id, const scsi::MediumResult& result) {
  std::erase_if(domain.orphans, [id](const Task& task) { return task.id == id; });
  Session* session = domain.find(tsih);
  if (session == nullptr) return;
  const auto task = std::ranges::find(session->tasks, id, &Task::id);
  if (task == session->tasks.end()) return;
  const scsi::Operation operation = task->outcome.operation;
  task->outcome = scsi::conclude(domain.device, command_of(*session, *task), operation, result);
  conclude_task(domain, *session, *task);
  run_waiting_tasks(domain);
}

void run_waiting_tasks(Domain& domain) {
  // A task that ends at once may have been what one in front of it, in another session, waits for.
  for (std::uint32_t before = 0; domain.waiting_tasks != before;) {
    before = domain.waiting_tasks;
    for (auto& [tsih, session] : domain.sessions) run_waiting_tasks_of(domain, session);
  }
}

void output_sent(Domain& domain, Connection& connection) {
  Session* session = domain.find(connection.session);
  if (session == nullptr || domain.waiting_tasks == 0) return;
  const std::uint32_t before = domain.waiting_tasks;
  run_waiting_tasks_of(domain, *session);
  if (domain.waiting_tasks != before) run_waiting_tasks(domain);
}

bool is_same_unit(wire::Lun one, wire::Lun other) {
  const auto number = scsi::unit_number(std::to_underlying(one));
  return number && number == scsi::unit_number(std::to_underlying(other));
}

void abandon_tasks(Domain& domain, Session& session) {
  for (auto task = session.tasks.begin(); task != session.tasks.end();) {
    Task& one = *task++;
    abort_task(domain, session, one);
  }
  for (Task& task : session.tasks) release(domain, session, task);
  domain.orphans.splice(domain.orphans.end(), session.tasks);
}

void abort_task(Domain& domain, Session& session, Task& task) {
  if (task.state == Task::State::running && !take_back_request(domain, task)) {
    task.aborted = true;
    return;
  }
  release(domain, session, task);
  remove(session, task);
}

}  // namespace iscsi::session
