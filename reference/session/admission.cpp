#include <algorithm>
#include <array>
#include <cassert>

#include "session/steps.hpp"

namespace iscsi::session {
namespace {

using pdu::Opcode;

/// Which requests a connection in full feature phase takes, by state and kind of session. All
/// others are refused with `otherwise`.
struct Row {
  ConnectionState state;
  bool discovery;
  std::array<Opcode, 8> admitted;  ///< short lists repeat their first entry
  Rule otherwise;
};

constexpr auto rows = std::to_array<Row>({
    {ConnectionState::logged_in,
     false,
     {Opcode::nop_out, Opcode::scsi_command, Opcode::task_management_request, Opcode::text_request,
      Opcode::data_out, Opcode::logout_request, Opcode::snack_request, Opcode::nop_out},
     Rule::login_belongs_to_login_phase},
    // 10.9.1, event 1: what runs may end, new commands may be refused.
    {ConnectionState::logout_requested,
     false,
     {Opcode::nop_out, Opcode::task_management_request, Opcode::text_request, Opcode::data_out,
      Opcode::logout_request, Opcode::snack_request, Opcode::nop_out, Opcode::nop_out},
     Rule::commands_wait_for_logout},
    {ConnectionState::logged_in,
     true,
     {Opcode::text_request, Opcode::logout_request, Opcode::text_request, Opcode::text_request,
      Opcode::text_request, Opcode::text_request, Opcode::text_request, Opcode::text_request},
     Rule::discovery_session_is_for_text_and_logout},
});

/// The row's state. 10.9.1 binds the initiator once it has the request to log out, which its
/// ExpStatSN tells; a command that crossed the request on the wire is one like any other.
ConnectionState state_for_initiator(const Connection& connection) {
  const bool has_crossed = connection.state == ConnectionState::logout_requested &&
                           connection.exp_stat_sn.precedes_or_is(connection.logout_request);
  return has_crossed ? ConnectionState::logged_in : connection.state;
}

}  // namespace

std::optional<Rule> refused_admission(const Connection& connection, const Session& session,
                                      Opcode opcode) {
  if (opcode == Opcode::login_request) return Rule::login_belongs_to_login_phase;
  const ConnectionState state = state_for_initiator(connection);
  const auto row = std::ranges::find_if(rows, [&](const Row& one) {
    return one.state == state && one.discovery == session.is_discovery();
  });
  assert(row !=
         rows.end());  // other states get no PDU here; no discovery session is asked to leave
  if (std::ranges::find(row->admitted, opcode) != row->admitted.end()) return std::nullopt;
  return row->otherwise;
}

}  // namespace iscsi::session
