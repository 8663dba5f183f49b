/// What the monitor begins to remember, and what it forgets: memory does not grow with the
/// transcript, and what was forgotten is no evidence.

#include <algorithm>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using iscsi::pdu::Opcode;

namespace {

constexpr std::size_t ended_connections = 64;
constexpr std::size_t solicitations = 64;  // of one task, before neighbours become one
constexpr std::size_t most_solicitations = 4096;

/// Parameters that leave nothing to be broken.
Parameters everything_allowed() {
  Parameters all;
  constexpr std::uint64_t most = (1U << 24U) - 1;
  all.initial_r2t = false;
  all.data_pdu_in_order = false;
  all.data_sequence_in_order = false;
  all.max_burst_length = all.first_burst_length = most;
  all.max_outstanding_r2t = 65535;
  all.error_recovery_level = 2;
  all.initiator_limit = all.target_limit = most;
  return all;
}

/// From here on nothing is known of the tasks that are open.
void lose_tasks(Connection& connection) {
  connection.tasks.clear();
  connection.finished.clear();
  connection.open_r2ts.clear();
  connection.text = {};
  connection.knows_all_tasks = false;
}

/// 5.3: only the first text of a login names the initiator.
bool begins_login(const Record& record) {
  if (record.kind != Record::Kind::sent || record.bytes.size() < iscsi::pdu::bhs_bytes)
    return false;
  const auto text =
      iscsi::wire::as_text(iscsi::wire::ByteView{record.bytes}.subspan(iscsi::pdu::bhs_bytes));
  constexpr std::string_view name = "InitiatorName=";
  return text.starts_with(name) || text.contains(std::string{'\0'}.append(name));
}

}  // namespace

void lose_agreement(Connection& connection) {
  connection.agreement_known = false;
  connection.agreed = everything_allowed();
}

Session& Conversation::put(Connection& connection, std::size_t session) {
  if (const auto before = sessions.find(connection.session); before != sessions.end())
    if (--before->second.connections == 0) sessions.erase(before);
  connection.session = session;
  Session& into = sessions[session];
  ++into.connections;
  return into;
}

Connection& open_connection(Conversation& all, const Record& record) {
  Connection& connection = all.connections[record.connection];
  const std::size_t session = connection.session;
  connection = Connection{};
  connection.session = session;
  Session& own = all.put_into_new_session(connection);
  if (!record.midway) return connection;
  own.seen_from_the_start = false;
  connection.nothing_seen = true;
  connection.stage = Stage::full_feature;
  connection.login.requested = true;
  connection.headers.some_are_missing = true;
  connection.knows_all_tasks = connection.knows_all_pings = false;
  lose_agreement(connection);
  return connection;
}

void note_beginning(Conversation& all, Connection& connection, const Record& record) {
  if (record.bytes.empty()) return;
  const Opcode opcode = iscsi::pdu::opcode_of(record.bytes);
  const bool login = opcode == Opcode::login_request || opcode == Opcode::login_response;
  if (connection.nothing_seen) {
    connection.nothing_seen = false;
    if (login && begins_login(record)) {
      const Record whole{.kind = Record::Kind::opened, .connection = record.connection};
      open_connection(all, whole);
    } else if (login) {
      connection.stage = Stage::security;
      connection.login.lossy = true;
    }
    return;
  }
  if (login || connection.in_full_feature() || !connection.login.lossy) return;
  connection.stage = Stage::full_feature;
  lose_agreement(connection);
}

void note_early_request(Conversation& all, Connection& connection, const Pdu& pdu) {
  connection.login.other_request = connection.login.other_behind_the_last = true;
  lose_tasks(connection);
  Session& session = all.session_of(connection);
  session.next.reset();
  session.seen_from_the_start = false;
  // Where the window was when it came, nobody has told yet.
  if (is_command(pdu.opcode()) && !pdu.immediate()) session.note(session.spent, pdu.cmd_sn());
}

void note_loss(Conversation& all, Connection& connection, Side side) {
  lose_tasks(connection);
  Session& session = all.session_of(connection);
  if (side == Side::target) {
    connection.next_stat_sn.reset();
    connection.knows_all_pings = false;
    session.max_told.reset();
  } else {
    session.next.reset();
    session.seen_from_the_start = false;
    connection.headers.some_are_missing = true;
    if (connection.agreed.error_recovery_level > 0) connection.retransmission_asked = true;
  }
  connection.nothing_seen = false;
  if (connection.in_full_feature()) return;
  connection.login.lossy = connection.login.requested = true;
  lose_agreement(connection);
}

void close_connection(Conversation& all, ConnectionNumber number) {
  Connection& connection = all.connections[number];
  if (connection.ended) return;
  connection.ended = true;
  all.ended.push_back(number);
  if (all.ended.size() <= ended_connections) return;
  const auto oldest = all.connections.find(all.ended.front());
  all.ended.pop_front();
  if (oldest == all.connections.end() || !oldest->second.ended) return;  // opened anew since
  if (const auto session = all.sessions.find(oldest->second.session);
      session != all.sessions.end() && --session->second.connections == 0)
    all.sessions.erase(session);
  all.connections.erase(oldest);
}

void forget_finished(Connection& connection, std::uint32_t tag) {
  connection.finished.push_back(tag);
  if (connection.finished.size() <= Connection::remembered_tasks) return;
  const auto oldest = connection.tasks.find(connection.finished.front());
  connection.finished.pop_front();
  if (oldest == connection.tasks.end()) return;
  const Task& task = oldest->second;
  if (!task.done && !task.rejected && !task.aborted) return;
  connection.spare_task.node = connection.tasks.extract(oldest);
  connection.spare_task.node.mapped() = Task{};
}

Task* Connection::task_of(std::uint32_t tag) {
  const auto place = tasks.lower_bound(tag);
  if (place != tasks.end() && place->first == tag) return &place->second;
  if (tasks.size() >= most_tasks) {
    knows_all_tasks = false;
    return nullptr;
  }
  if (spare_task.node.empty()) return &tasks.try_emplace(place, tag)->second;
  spare_task.node.key() = tag;
  return &tasks.insert(place, std::move(spare_task.node))->second;
}

void CommandNumbers::add(std::uint32_t number) {
  if (slots_.empty()) slots_.assign(fewest, empty);
  std::uint64_t* slot = &slots_[number % slots_.size()];
  while (*slot != empty && *slot != number && slots_.size() < most) {
    // Numbers that had slots of their own among fewer have them among more.
    std::vector<std::uint64_t> more(slots_.size() * 2, empty);
    for (const std::uint64_t one : slots_)
      if (one != empty) more[one % more.size()] = one;
    slots_ = std::move(more);
    slot = &slots_[number % slots_.size()];
  }
  *slot = number;
}

void SentHeaders::add(Header header) {
  if (headers_.size() < most) {
    std::ranges::copy(header, headers_.emplace_back().begin());
    return;
  }
  std::ranges::copy(header, headers_[oldest_].begin());
  oldest_ = (oldest_ + 1) % most;
  some_are_missing = true;
}

std::size_t SentHeaders::index_of(Header header) const {
  const auto found = std::ranges::find_if(headers_, [&](const iscsi::pdu::HeaderBytes& one) {
    return std::ranges::equal(one, header);
  });
  return static_cast<std::size_t>(found - headers_.begin());
}

bool SentHeaders::contains(Header header) const { return index_of(header) < headers_.size(); }

bool SentHeaders::take(Header header) {
  const std::size_t index = index_of(header);
  if (index == headers_.size()) return false;
  headers_[index] = headers_.back();
  headers_.pop_back();
  return true;
}

void forget_answered(Task& task) {
  auto& all = task.solicitations;
  if (all.size() < solicitations) return;
  const bool neighbours =
      all[0].answered && all[1].answered && all[0].offset + all[0].length == all[1].offset;
  if (neighbours) {
    all[1].offset = all[0].offset;
    all[1].length += all[0].length;
  } else if (all.size() < most_solicitations) {
    return;
  } else {
    task.disturbed = true;
  }
  all.erase(all.begin());
}

}  // namespace conformance::watched
