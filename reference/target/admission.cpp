#include <algorithm>
#include <cassert>
#include <deque>
#include <utility>

#include "pdu/codec.hpp"
#include "target/target.hpp"

/// From a connection in its login phase to one in full feature phase (RFC 3720 5.3, 5.3.4, 5.3.5).

namespace iscsi {

using session::Connection;
using session::ConnectionState;
using session::Session;

namespace {

/// The ISID of a login, by its first request.
wire::Isid isid_of(const login::State& state, const pdu::LoginRequest* request) {
  if (state.first) return state.first->isid;
  return request == nullptr ? wire::Isid{} : request->isid;
}

}  // namespace

/// How many sessions there may be is the login's to judge: one that takes the place of another
/// needs no room.
wire::Tsih Target::free_tsih() const {
  if (domain_.sessions.size() == 0xffff) return wire::Tsih::none;
  auto candidate = std::to_underlying(last_tsih_);
  do ++candidate;
  while (candidate == 0 || domain_.sessions.contains(wire::Tsih{candidate}));
  return wire::Tsih{candidate};
}

scsi::NexusId Target::nexus_of(const std::string& initiator_name, wire::Isid isid) {
  const auto known = std::ranges::find_if(known_, [&](const KnownNexus& one) {
    return one.isid == isid && one.initiator_name == initiator_name;
  });
  if (known != known_.end()) return known->id;
  if (known_.size() >= limits::known_nexuses) {
    const auto idle = std::ranges::find_if(known_, [&](const KnownNexus& one) {
      return std::ranges::none_of(
          domain_.sessions, [&one](const auto& entry) { return entry.second.nexus == one.id; });
    });
    if (idle != known_.end()) known_.erase(idle);
  }
  known_.push_back({initiator_name, isid, ++last_nexus_});
  return last_nexus_;
}

/// Runs one step of the login with what it may know of the rest of the target: sessions of other
/// initiator ports do not concern it (5.3.1).
template <class Use>
login::Answer Target::with_login_context(Connection& connection, const pdu::LoginRequest* request,
                                         Use use) {
  Login& login = logins_[connection.id];
  const wire::Isid isid = isid_of(login.state, request);
  std::deque<std::vector<wire::Cid>> cids;
  std::vector<login::ExistingSession> sessions;
  for (const auto& [tsih, session] : domain_.sessions) {
    if (session.isid != isid) continue;
    std::vector<wire::Cid>& own = cids.emplace_back();
    for (const session::ConnectionId id : session.connections)
      own.push_back(domain_.connections.at(id).cid);
    sessions.push_back({.initiator_name = session.initiator_name,
                        .isid = session.isid,
                        .tsih = tsih,
                        .portal_group_tag = configuration_->login.portal_group_tag,
                        .target_named = session.target_named,
                        .connections = own,
                        .parameters = session.parameters,
                        .exp_cmd_sn = session.window.exp_cmd_sn(),
                        .max_cmd_sn = session.window.max_cmd_sn()});
  }
  std::vector<login::chap::Challenge> challenges;
  for (const auto& [id, other] : logins_)
    if (const auto* challenge = login::unanswered_challenge(other.state);
        id != connection.id && challenge != nullptr)
      challenges.push_back(*challenge);
  const login::Context context{.configuration = configuration_->login,
                               .sessions = sessions,
                               .session_count = domain_.sessions.size(),
                               .fresh = login.fresh,
                               .challenges_elsewhere = challenges,
                               .free_tsih = free_tsih(),
                               .first_stat_sn = connection.stat_sn,
                               .command_window = domain_.bounds.command_window,
                               .shutting_down = domain_.shutting_down};
  return use(login.state, context);
}

void Target::process_login(Connection& connection, const session::Arrived& arrived) {
  const pdu::Frame& frame = arrived.framed.frame;
  const pdu::Opcode opcode = pdu::opcode_of(frame.header);
  const auto pdu = pdu::decode_request(frame);
  const auto* request = pdu ? std::get_if<pdu::LoginRequest>(&*pdu) : nullptr;
  follow(connection,
         with_login_context(
             connection, request, [&](login::State& state, const login::Context& context) {
               if (opcode != pdu::Opcode::login_request)
                 return login::refuse_other_pdu(state, std::to_underlying(opcode), context);
               if (request == nullptr)
                 return login::refuse_malformed(state, frame.header, pdu.error(), context);
               return login::step(state, *request, frame.data, context);
             }));
}

/// Does what a step of the login has decided.
void Target::follow(Connection& connection, login::Answer answer) {
  if (connection.state == ConnectionState::xpt_up) connection.state = ConnectionState::in_login;
  for (const Violation& finding : answer.findings) domain_.note(connection, finding);
  if (answer.violation) domain_.note(connection, *answer.violation);
  if (answer.response) {
    const wire::ByteView text = wire::as_bytes(answer.response->text);
    connection.output.push(pdu::encode_header(answer.response->header, {.data = text.size()}),
                           wire::copy_of(text), {});
    domain_.touch(connection);
  }
  if (answer.admission) return admit(connection, std::move(*answer.admission));
  if (!answer.close) return;
  connection.disposition = answer.response ? Disposition::close_when_sent : Disposition::close_now;
  domain_.touch(connection);
}

Session& Target::open_session(const login::Admission& admission) {
  last_tsih_ = admission.tsih;
  Session& session = domain_.sessions[admission.tsih];
  session.tsih = admission.tsih;
  session.isid = admission.isid;
  session.initiator_name = admission.initiator_name;
  session.target_named = admission.target_named;
  session.parameters = admission.parameters.session;
  session.declared = admission.parameters.declared;
  session.window = session::CommandWindow{admission.exp_cmd_sn, domain_.bounds.command_window};
  session.nexus = nexus_of(session.initiator_name, session.isid);
  if (!session.is_discovery()) domain_.device.nexus_established(session.nexus);
  return session;
}

void Target::admit(Connection& connection, login::Admission admission) {
  using enum login::SessionAction;
  logins_.erase(connection.id);
  if (admission.action == session_reinstatement)
    if (Session* old = domain_.find(admission.replaced))
      session::end_session(domain_, *old, Disposition::close_now);
  const bool opens_session =
      admission.action == new_session || admission.action == session_reinstatement;
  Session* session = opens_session ? &open_session(admission) : domain_.find(admission.tsih);
  assert(session != nullptr);
  if (admission.action == connection_reinstatement) {
    const auto same_cid = std::ranges::find_if(session->connections, [&](ConnectionId id) {
      return domain_.connections.at(id).cid == admission.cid;
    });
    assert(same_cid != session->connections.end());  // the login has just found it
    Connection& old = domain_.connections.at(*same_cid);
    session->connections.erase(same_cid);
    old.session = wire::Tsih::none;
    old.disposition = Disposition::close_now;
    domain_.touch(old);
    // Behind that, for what goes on with the end of its tasks must not wait for it any more.
    session::terminate_tasks_of(domain_, *session, old.id);
  }
  session->connections.push_back(connection.id);
  session->expires_at = 0;
  connection.session = session->tsih;
  connection.cid = admission.cid;
  connection.state = ConnectionState::logged_in;
  connection.parameters = admission.parameters.connection;
  connection.digests = {.header = connection.parameters.header_digest == text::Digest::crc32c,
                        .data = connection.parameters.data_digest == text::Digest::crc32c};
  connection.stat_sn = connection.exp_stat_sn = admission.next_stat_sn;
  connection.input.expect_traffic(domain_.bounds.input_bytes);
}

}  // namespace iscsi
