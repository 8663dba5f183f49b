#include <array>

#include "session/steps.hpp"

namespace iscsi::session {
namespace {

using pdu::Opcode;

/// Which requests a connection in full feature phase takes, by state and kind of session. A pair
/// that no row names is refused with `otherwise`.
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
    {ConnectionState::logout_requested,
     true,
     {Opcode::text_request, Opcode::logout_request, Opcode::text_request, Opcode::text_request,
      Opcode::text_request, Opcode::text_request, Opcode::text_request, Opcode::text_request},
     Rule::discovery_session_is_for_text_and_logout},
});

}  // namespace

std::optional<Rule> refused_admission(const Connection& connection, const Session& session,
                                      Opcode opcode) {
  if (connection.state == ConnectionState::in_logout) return Rule::nothing_follows_logout_request;
  if (opcode == Opcode::login_request) return Rule::login_belongs_to_login_phase;
  for (const Row& row : rows) {
    if (row.state != connection.state || row.discovery != session.is_discovery()) continue;
    if (std::ranges::find(row.admitted, opcode) != row.admitted.end()) return std::nullopt;
    return row.otherwise;
  }
  return Rule::first_pdu_is_login_request;
}

}  // namespace iscsi::session
