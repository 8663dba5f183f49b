#include "target/harness.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "server/perform.hpp"

namespace iscsi::harness {
namespace {

Configuration configuration_of(const Options& options) {
  const auto name = login::parse_name(target_name);
  EXPECT_TRUE(name.has_value());
  Configuration configuration{.login = {.target = *name, .policy = options.policy}};
  for (const std::uint64_t blocks : options.unit_blocks)
    configuration.units.push_back(
        {.serial = std::to_string(configuration.units.size()), .block_count = blocks});
  configuration.unit_numbers = options.unit_numbers;
  configuration.portals = options.portals;
  configuration.deadlines = options.deadlines;
  configuration.bounds = options.bounds;
  return configuration;
}

}  // namespace

World::World(const Options& options) : target{configuration_of(options)} {
  for (const std::uint64_t blocks : options.unit_blocks)
    disks.push_back(std::make_unique<server::MemoryDevice>(blocks * 512));
}

ConnectionId World::open() {
  return target.opened({.host = "127.0.0.1", .port = 3260}, Fresh{}, now);
}

std::size_t World::put(ConnectionId id, ByteView bytes, std::size_t chunk) {
  std::size_t put = 0;
  while (put < bytes.size() && target.wants_input(id)) {
    std::size_t moved = 0;
    for (const std::span<std::byte> room : target.space(id)) {
      const std::size_t length = std::min({room.size(), bytes.size() - put - moved, chunk - moved});
      if (length > 0) std::memcpy(room.data(), bytes.data() + put + moved, length);
      moved += length;
    }
    put += moved;
    target.filled(id, moved, now);
    pump();
  }
  return put;
}

Bytes World::take(ConnectionId id) {
  Bytes bytes = target.take_output(id, now);
  pump();
  for (Bytes more = target.take_output(id, now); !more.empty();
       more = target.take_output(id, now)) {
    bytes.insert(bytes.end(), more.begin(), more.end());
    pump();
  }
  return bytes;
}

void World::close(ConnectionId id) {
  target.closed(id, now);
  pump();
}

void World::wait(Moment milliseconds) {
  now += milliseconds;
  target.elapsed(now);
  pump();
}

scsi::MediumResult World::perform(const HeldOperation& operation) {
  const ByteView piece{operation.data_out};
  const MediumRequest& request = operation.request;
  const std::span<const ByteView> pieces{&piece, piece.empty() ? 0U : 1U};
  return server::perform(*disks.at(request.unit), request.operation, pieces, request.data_in);
}

void World::pump() {
  while (!idle) {
    const auto request = target.next_medium_request();
    if (!request) break;
    HeldOperation operation{.request = *request};
    for (const ByteView piece : request->data_out)
      operation.data_out.insert(operation.data_out.end(), piece.begin(), piece.end());
    if (hold)
      held.push_back(std::move(operation));
    else
      target.finished(*request, perform(operation), now);
  }
  constexpr std::size_t most_notes = 1000;  // what a flood breaks must not count as its cost
  for (const Note& note : target.take_notes()) {
    ++notes_made_;
    last_violation_ = note.violation;
    if (notes_.size() < most_notes) notes_.emplace_back(about(note.violation.rule).slug);
  }
  const auto touched = target.take_touched();
  touched_.insert(touched.begin(), touched.end());
  balance(target.domain());
}

void World::release(std::size_t index, std::optional<scsi::MediumResult> failure) {
  ASSERT_LT(index, held.size());
  const HeldOperation operation = std::move(held[index]);
  held.erase(held.begin() + static_cast<std::ptrdiff_t>(index));
  target.finished(operation.request, failure ? *failure : perform(operation), now);
  pump();
}

void World::release_all() {
  while (!held.empty()) release();
}

Bytes World::on_disk(std::uint64_t lba, std::uint64_t blocks, std::size_t unit) const {
  Bytes bytes(blocks * 512);
  EXPECT_EQ(disks.at(unit)->read(lba, bytes).kind, scsi::MediumResult::Kind::done);
  return bytes;
}

void World::fill(std::uint64_t lba, ByteView bytes, std::size_t unit) const {
  EXPECT_EQ(disks.at(unit)->write(lba, {&bytes, 1}, false).kind, scsi::MediumResult::Kind::done);
}

std::vector<std::string> World::notes() { return std::exchange(notes_, {}); }

// The books.

namespace {

struct Totals {
  std::uint32_t ordering = 0;
  std::uint32_t waiting = 0;
  std::uint32_t functions = 0;
};

void balance_session(const session::Domain& domain, const session::Session& session,
                     Totals& totals) {
  std::uint32_t occupied = 0;
  std::uint32_t immediate = 0;
  std::uint64_t solicited = 0;
  std::uint64_t reading = 0;
  std::set<InitiatorTaskTag> tags;
  for (const session::Task& task : session.tasks) {
    task.command.immediate ? ++immediate : ++occupied;
    if (task.waits) ++totals.waiting;
    if (task.command.attribute == pdu::TaskAttribute::ordered ||
        task.command.attribute == pdu::TaskAttribute::head_of_queue)
      ++totals.ordering;
    solicited += task.reserved;
    reading += task.blocks.length;
    if (!task.aborted) {
      EXPECT_TRUE(tags.insert(task.command.initiator_task_tag).second) << "a tag twice";
    }
    if (task.state == session::Task::State::ready) {
      EXPECT_TRUE(task.waits) << "a ready task that nobody wakes";
    }
  }
  for (const session::PendingFunction& function : session.functions) {
    ++totals.functions;
    if (!function.request.immediate) ++occupied;
    EXPECT_TRUE(tags.insert(function.request.initiator_task_tag).second) << "a tag twice";
    EXPECT_TRUE(domain.connections.contains(function.connection));
  }
  EXPECT_EQ(session.immediate_tasks, immediate);
  EXPECT_EQ(session.solicited_bytes, solicited);
  EXPECT_EQ(session.reading_bytes, reading);
  const auto free = session.window.max_cmd_sn().since(session.window.exp_cmd_sn()) + 1;
  EXPECT_EQ(free, domain.bounds.command_window - occupied);
  std::set<std::uint32_t> numbers;
  for (const session::HeldRequest& held : session.held) {
    EXPECT_TRUE(session.window.contains(held.cmd_sn)) << "held outside the window";
    EXPECT_NE(held.cmd_sn, session.window.exp_cmd_sn()) << "held although its turn has come";
    EXPECT_TRUE(numbers.insert(held.cmd_sn.value).second) << "a number held twice";
    EXPECT_TRUE(tags.insert(held.initiator_task_tag).second) << "a tag twice";
    EXPECT_EQ(session.window.judge(held.cmd_sn), session::CommandWindow::Verdict::repeated);
  }
  for (const ConnectionId id : session.connections) {
    const auto found = domain.connections.find(id);
    ASSERT_NE(found, domain.connections.end());
    EXPECT_EQ(found->second.session, session.tsih);
  }
  EXPECT_TRUE(!session.connections.empty() || session.expires_at > 0);
}

}  // namespace

void balance(const session::Domain& domain) {
  Totals totals;
  for (const auto& [tsih, session] : domain.sessions) {
    EXPECT_EQ(tsih, session.tsih);
    balance_session(domain, session, totals);
  }
  EXPECT_EQ(domain.ordering_tasks, totals.ordering);
  EXPECT_EQ(domain.waiting_tasks, totals.waiting);
  EXPECT_EQ(domain.pending_functions, totals.functions);
  for (const auto& [id, connection] : domain.connections) {
    if (connection.session == wire::Tsih::none) continue;
    const auto session = domain.sessions.find(connection.session);
    ASSERT_NE(session, domain.sessions.end());
    EXPECT_EQ(std::ranges::count(session->second.connections, id), 1);
  }
}

// The initiator.

namespace {

Bytes joined(const std::vector<std::string>& keys) {
  Bytes text;
  for (const std::string& key : keys) {
    const auto bytes = wire::as_bytes(key);
    text.insert(text.end(), bytes.begin(), bytes.end());
    text.push_back(std::byte{});
  }
  return text;
}

}  // namespace

pdu::LoginResponse Initiator::ask_for_login(const std::vector<std::string>& keys) {
  const pdu::LoginRequest request{.transit = true,
                                  .current_stage = pdu::LoginStage::operational_negotiation,
                                  .next_stage = pdu::LoginStage::full_feature_phase,
                                  .isid = isid,
                                  .tsih = tsih,
                                  .initiator_task_tag = new_tag(),
                                  .cid = cid,
                                  .cmd_sn = cmd_sn,
                                  .exp_stat_sn = exp_stat_sn};
  put(pdu::encode(request, joined(keys)));
  const auto received = take();
  EXPECT_EQ(received.size(), 1U);
  if (received.empty()) return {};
  const auto* response = received.front().as<pdu::LoginResponse>();
  EXPECT_NE(response, nullptr);
  if (response == nullptr) return {};
  if (response->status == pdu::LoginStatus::success && response->transit) {
    logged_in_ = true;
    tsih = response->tsih;
    cmd_sn = response->exp_cmd_sn;
    last_exp_cmd_sn = response->exp_cmd_sn;
    last_max_cmd_sn = response->max_cmd_sn;
    for (const std::string& key : keys) {
      if (key == "HeaderDigest=CRC32C") digests.header = true;
      if (key == "DataDigest=CRC32C") digests.data = true;
    }
  }
  return *response;
}

bool Initiator::log_in(const std::vector<std::string>& keys) {
  std::vector<std::string> all{"InitiatorName=" + name, std::string{"TargetName="} + target_name};
  all.insert(all.end(), keys.begin(), keys.end());
  ask_for_login(all);
  return logged_in_;
}

bool Initiator::log_in_for_discovery(const std::vector<std::string>& keys) {
  std::vector<std::string> all{"InitiatorName=" + name, "SessionType=Discovery"};
  all.insert(all.end(), keys.begin(), keys.end());
  ask_for_login(all);
  return logged_in_;
}

std::vector<Received> Initiator::take() {
  const Bytes bytes = world_->take(id);
  incoming_.insert(incoming_.end(), bytes.begin(), bytes.end());
  std::vector<Received> received;
  std::size_t at = 0;
  while (at < incoming_.size()) {
    const auto framing = pdu::next_frame(ByteView{incoming_}.subspan(at),
                                         {.data = limits::data_segment_bytes, .digests = digests});
    const auto* framed = std::get_if<pdu::Framed>(&framing);
    if (framed == nullptr) {
      EXPECT_TRUE(std::holds_alternative<pdu::Incomplete>(framing));
      break;
    }
    at += framed->consumed;
    EXPECT_TRUE(framed->data_intact);
    for (const Violation& breach : pdu::audit(framed->frame))
      ADD_FAILURE() << "the target broke " << about(breach.rule).slug << " at " << breach.byte;
    const auto pdu = pdu::decode_response(framed->frame);
    EXPECT_TRUE(pdu.has_value());
    if (!pdu) break;
    const ByteView data = framed->frame.data;
    received.push_back({*pdu, Bytes{data.begin(), data.end()}});
    if (received.back().as<pdu::Reject>() != nullptr) world_->expect_note_for_reject();
    check_numbers(received.back());
  }
  incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(at));
  return received;
}

void Initiator::check_numbers(const Received& received) {
  const bool is_login = received.as<pdu::LoginResponse>() != nullptr;
  const bool is_r2t = received.as<pdu::ReadyToTransfer>() != nullptr;
  const auto* nop = received.as<pdu::NopIn>();
  const auto* data = received.as<pdu::DataIn>();
  const bool unnumbered =
      is_r2t || (nop != nullptr && nop->initiator_task_tag == InitiatorTaskTag::none);
  const bool without_number = data != nullptr && !data->has_status;
  std::visit(
      [&](const auto& pdu) {
        if (!logged_in_ || is_login) {
          exp_stat_sn = pdu.stat_sn + 1;
          return;
        }
        if (acknowledges && !without_number) {
          EXPECT_EQ(pdu.stat_sn, exp_stat_sn) << to_text(received);
          if (!unnumbered) ++exp_stat_sn;
        }
        EXPECT_TRUE(last_exp_cmd_sn.precedes_or_is(pdu.exp_cmd_sn)) << to_text(received);
        EXPECT_TRUE(last_max_cmd_sn.precedes_or_is(pdu.max_cmd_sn)) << to_text(received);
        EXPECT_TRUE((pdu.exp_cmd_sn - 1).precedes_or_is(pdu.max_cmd_sn)) << to_text(received);
        last_exp_cmd_sn = pdu.exp_cmd_sn;
        last_max_cmd_sn = pdu.max_cmd_sn;
      },
      received.pdu);
}

void Initiator::expect_reject(pdu::RejectReason reason, ByteView header) {
  Bytes data;
  const auto reject = only<pdu::Reject>(&data);
  EXPECT_EQ(reject.reason, reason);
  EXPECT_EQ(test::to_hex(data), test::to_hex(header.first(pdu::bhs_bytes)));
}

std::string to_text(const Received& received) {
  const std::string name =
      std::visit([]<class P>(const P&) { return std::string{P::name}; }, received.pdu);
  const auto header = std::visit(
      [&](const auto& pdu) { return pdu::encode_header(pdu, {.data = received.data.size()}); },
      received.pdu);
  return name + " " + test::to_hex(header);
}

// PDUs in short.

std::array<std::byte, 16> cdb(std::string_view digits) {
  std::array<std::byte, 16> command{};
  std::ranges::copy(hex(digits), command.begin());
  return command;
}

namespace {
std::array<std::byte, 16> ten_bytes(std::uint8_t opcode, std::uint32_t lba, std::uint16_t blocks) {
  std::array<std::byte, 16> command{std::byte{opcode}};
  wire::store<4>(command, 2, lba);
  wire::store<2>(command, 7, blocks);
  return command;
}
}  // namespace

std::array<std::byte, 16> read_10(std::uint32_t lba, std::uint16_t blocks) {
  return ten_bytes(0x28, lba, blocks);
}
std::array<std::byte, 16> write_10(std::uint32_t lba, std::uint16_t blocks) {
  return ten_bytes(0x2a, lba, blocks);
}

pdu::ScsiCommand reading(Initiator& initiator, std::uint32_t lba, std::uint16_t blocks) {
  return {.read = true,
          .attribute = pdu::TaskAttribute::simple,
          .initiator_task_tag = initiator.new_tag(),
          .expected_data_transfer_length = blocks * 512U,
          .cdb = read_10(lba, blocks)};
}

pdu::ScsiCommand writing(Initiator& initiator, std::uint32_t lba, std::uint16_t blocks) {
  return {.write = true,
          .attribute = pdu::TaskAttribute::simple,
          .initiator_task_tag = initiator.new_tag(),
          .expected_data_transfer_length = blocks * 512U,
          .cdb = write_10(lba, blocks)};
}

pdu::TaskManagementRequest aborting(Initiator& initiator, InitiatorTaskTag task) {
  return aborting(initiator, task, initiator.cmd_sn - 1);
}

pdu::TaskManagementRequest aborting(Initiator& initiator, InitiatorTaskTag task,
                                    wire::CmdSN ref_cmd_sn) {
  return {.immediate = true,
          .function = pdu::TaskManagementFunction::abort_task,
          .initiator_task_tag = initiator.new_tag(),
          .referenced_task_tag = task,
          .ref_cmd_sn = ref_cmd_sn};
}

pdu::ScsiCommand without_data(Initiator& initiator, const std::array<std::byte, 16>& command) {
  return {.attribute = pdu::TaskAttribute::simple,
          .initiator_task_tag = initiator.new_tag(),
          .cdb = command};
}

Bytes pattern(std::size_t length, std::uint32_t seed) {
  Bytes bytes(length);
  std::uint32_t state = seed * 2654435761U + 12345U;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24U);
  }
  return bytes;
}

void clear_attentions(Initiator& initiator, std::size_t units) {
  for (std::size_t unit = 0; unit < units; ++unit) {
    pdu::ScsiCommand command = without_data(initiator, test_unit_ready);
    command.lun = wire::Lun{scsi::lun_field(static_cast<std::uint16_t>(unit))};
    initiator.send(command);
    static_cast<void>(initiator.take());
  }
}

std::uint32_t sense_in(ByteView segment) {
  EXPECT_EQ(segment.size(), 20U);
  if (segment.size() != 20) return 0;
  EXPECT_EQ(wire::load<2>(segment, 0), 18U);                 // SenseLength
  EXPECT_EQ(segment[2] & std::byte{0x7f}, std::byte{0x70});  // current error, fixed format
  return (std::to_integer<std::uint32_t>(segment[4]) & 0xfU) << 16U |
         std::to_integer<std::uint32_t>(segment[14]) << 8U |
         std::to_integer<std::uint32_t>(segment[15]);
}

}  // namespace iscsi::harness
