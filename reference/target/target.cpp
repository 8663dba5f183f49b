#include "target/target.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "pdu/codec.hpp"
#include "target/by_copy.hpp"

namespace iscsi {
namespace {

/// The owner's clock may jump (decision 0041). A step back is no time at all: taken as it stands,
/// it would make everybody late, for the difference of two moments has no sign.
void tell_time(session::Domain& domain, session::Moment now) {
  domain.now = std::max(domain.now, now);
}

}  // namespace

using session::Connection;
using session::ConnectionState;
using session::Session;

Target::Target(Configuration configuration) {
  const auto& numbers = configuration.unit_numbers;
  assert(numbers.empty() || numbers.size() == configuration.units.size());
  for (std::size_t i = 0; i < configuration.units.size(); ++i) {
    const auto number = numbers.empty() ? static_cast<std::uint16_t>(i) : numbers[i];
    [[maybe_unused]] const auto added = domain_.device.add_unit(number, configuration.units[i]);
    assert(added.has_value());
  }
  configuration.login.max_sessions =
      std::min(configuration.login.max_sessions, configuration.bounds.sessions);
  domain_.policy = configuration.login.policy;
  domain_.bounds = configuration.bounds;
  domain_.target_name = std::string{configuration.login.target.text()};
  domain_.portals = configuration.portals;
  for (text::Address& portal : domain_.portals)
    portal.portal_group_tag = configuration.login.portal_group_tag;
  configuration_ = std::make_shared<const Configuration>(std::move(configuration));
}

// Connections and bytes.

bool Target::accepts_connection() const {
  return domain_.connections.size() < configuration_->bounds.connections;
}

ConnectionId Target::opened(const text::Address& reached_at, const Fresh& fresh, Moment now) {
  tell_time(domain_, now);
  last_connection_ = ConnectionId{std::to_underlying(last_connection_) + 1};
  Connection& connection = domain_.connections[last_connection_];
  connection.id = last_connection_;
  connection.reached_at = reached_at;
  connection.reached_at.portal_group_tag = configuration_->login.portal_group_tag;
  connection.opened_at = connection.heard_at = domain_.now;
  logins_[last_connection_].fresh = fresh;
  return last_connection_;
}

bool Target::wants_input(ConnectionId id) const {
  const auto found = domain_.connections.find(id);
  return found != domain_.connections.end() && found->second.disposition == Disposition::open &&
         found->second.output.queued() < domain_.bounds.queued_output_bytes;
}

std::array<std::span<std::byte>, 2> Target::space(ConnectionId id) {
  Connection* connection = domain_.find(id);
  assert(connection != nullptr);
  session::own_borrowed_data(domain_, *connection);
  return connection->input.space();
}

void Target::filled(ConnectionId id, std::size_t bytes, Moment now) {
  tell_time(domain_, now);
  Connection* connection = domain_.find(id);
  if (connection == nullptr) return;
  connection->heard_at = domain_.now;
  connection->input.filled(bytes);
  process(*connection);
}

std::size_t Target::receive(ConnectionId id, wire::ByteView bytes, Moment now) {
  return hand_over(*this, id, bytes, now);
}

std::size_t Target::gather(ConnectionId id, std::span<wire::ByteView> views) const {
  const auto found = domain_.connections.find(id);
  return found == domain_.connections.end() ? 0 : found->second.output.gather(views);
}

bool Target::has_output(ConnectionId id) const {
  const auto found = domain_.connections.find(id);
  return found != domain_.connections.end() && !found->second.output.empty();
}

void Target::sent(ConnectionId id, std::size_t bytes, Moment now) {
  tell_time(domain_, now);
  Connection* connection = domain_.find(id);
  if (connection == nullptr) return;
  connection->output.sent(bytes);
  // A ping waits behind what is in front of it: patience begins when that has gone.
  if (connection->ping) connection->ping->sent_at = domain_.now;
  session::output_sent(domain_, *connection);
  process(*connection);  // PDUs that waited for room in the output
}

wire::Bytes Target::take_output(ConnectionId id, Moment now) { return fetch(*this, id, now); }

Disposition Target::disposition(ConnectionId id) const {
  const auto found = domain_.connections.find(id);
  return found == domain_.connections.end() ? Disposition::close_now : found->second.disposition;
}

std::vector<ConnectionId> Target::take_touched() {
  for (const ConnectionId id : domain_.touched)
    if (Connection* connection = domain_.find(id)) connection->is_touched = false;
  return std::exchange(domain_.touched, {});
}

std::vector<Note> Target::take_notes() { return std::exchange(domain_.notes, {}); }

void Target::closed(ConnectionId id, Moment now) {
  tell_time(domain_, now);
  if (Connection* connection = domain_.find(id)) {
    if (connection->input.has_partial_pdu() && connection->disposition == Disposition::open)
      domain_.note(*connection, {Rule::pdu_is_complete, 0, 0});
    session::drop_connection(domain_, *connection);
  }
  logins_.erase(id);
  domain_.connections.erase(id);
}

// Media.

std::optional<MediumRequest> Target::next_medium_request() {
  if (domain_.medium.empty()) return std::nullopt;
  const MediumRequest request = domain_.medium.front();
  domain_.medium.pop_front();
  return request;
}

void Target::finished(const MediumRequest& request, const scsi::MediumResult& result, Moment now) {
  tell_time(domain_, now);
  session::finished(domain_, request.session, request.task, result);
}

bool Target::capacity_changed(std::uint16_t unit, std::uint64_t blocks) {
  return domain_.device.capacity_changed(scsi::lun_field(unit), blocks);
}

// PDUs.

pdu::FrameLimits Target::frame_limits(const Connection& connection) const {
  if (!connection.in_full_feature_phase())
    return {.additional_headers = 0, .data = limits::login_data_segment_bytes};
  return {.data = connection.parameters.target_max_recv_data_segment_length,
          .digests = connection.digests};
}

void Target::process(Connection& connection) {
  while (wants_input(connection.id)) {
    const auto next = connection.input.next(frame_limits(connection));
    if (const auto* broken = std::get_if<Violation>(&next))
      return break_framing(connection, *broken);
    const auto* arrived = std::get_if<session::Arrived>(&next);
    if (arrived == nullptr) return;
    if (connection.in_full_feature_phase())
      session::receive(domain_, connection, *arrived);
    else
      process_login(connection, *arrived);
  }
}

/// The stream cannot be followed any further.
void Target::break_framing(Connection& connection, const Violation& violation) {
  domain_.note(connection, violation);
  Session* session = domain_.find(connection.session);
  if (session != nullptr && about(violation.rule).remedy.kind == Remedy::Kind::drop_session)
    return session::end_session(domain_, *session, Disposition::close_now);
  session::drop_connection(domain_, connection);
}

// Time.

void Target::elapsed(Moment now) {
  tell_time(domain_, now);
  for (auto& [id, connection] : domain_.connections) check_deadlines(connection);
  for (auto next = domain_.sessions.begin(); next != domain_.sessions.end();) {
    Session& session = (next++)->second;
    if (session.connections.empty() && session.expires_at <= domain_.now)
      session::end_session(domain_, session, Disposition::close_now);
  }
}

void Target::check_deadlines(Connection& connection) {
  const Moment now = domain_.now;
  const Deadlines& deadlines = configuration_->deadlines;
  switch (connection.disposition) {
    case Disposition::close_now: return;
    case Disposition::close_when_sent:
      if (connection.closing_since == 0) connection.closing_since = now;
      if (now - connection.closing_since >= deadlines.closing_ms) end_connection(connection);
      return;
    case Disposition::open: break;
  }
  if (!connection.in_full_feature_phase()) {
    if (now - connection.opened_at >= deadlines.login_ms) {
      domain_.note(connection, {Rule::login_ends_in_time, 0, now - connection.opened_at});
      end_connection(connection);
    }
    return;
  }
  const Session* session = domain_.find(connection.session);
  if (session != nullptr && session->is_discovery()) {
    // 3.3: such an initiator may not answer a ping; so silence alone ends its session.
    if (now - connection.heard_at >= deadlines.ping_after_ms + deadlines.ping_answer_ms)
      end_connection(connection);
    return;
  }
  if (connection.state == ConnectionState::logout_requested && now >= connection.logout_due_at)
    return session::announce_drop(domain_, connection);
  if (connection.ping) {
    if (now - connection.ping->sent_at < deadlines.ping_answer_ms) return;
    domain_.note(connection,
                 {Rule::ping_is_answered, 20, std::to_underlying(connection.ping->tag)});
    return end_connection(connection);
  }
  if (now - connection.heard_at >= deadlines.ping_after_ms) session::send_ping(domain_, connection);
}

void Target::end_connection(Connection& connection) {
  session::drop_connection(domain_, connection);
}

void Target::shut_down(Moment now, std::uint16_t seconds) {
  tell_time(domain_, now);
  domain_.shutting_down = true;
  for (auto& [id, connection] : domain_.connections) {
    const Session* session = domain_.find(connection.session);
    if (session != nullptr && !session->is_discovery())
      session::request_logout(domain_, connection, seconds);
    else if (connection.disposition == Disposition::open)
      end_connection(connection);  // nothing is lost with it
  }
}

std::string_view Target::initiator_of(ConnectionId id) const {
  const auto connection = domain_.connections.find(id);
  if (connection == domain_.connections.end()) return {};
  const auto session = domain_.sessions.find(connection->second.session);
  return session == domain_.sessions.end() ? std::string_view{}
                                           : std::string_view{session->second.initiator_name};
}

}  // namespace iscsi
