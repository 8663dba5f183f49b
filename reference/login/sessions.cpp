#include "login/sessions.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace iscsi::login {
namespace {

/// What the target makes of a field of the claim; "new" is as the target sees it (5.3.1).
enum class Seen : std::uint8_t { zero, fresh, existing };

/// A cell of the table.
enum class Cell : std::uint8_t { any, zero, non_zero, fresh, existing };

constexpr bool fits(Cell cell, Seen seen) {
  switch (cell) {
    case Cell::any: return true;
    case Cell::zero: return seen == Seen::zero;
    case Cell::non_zero: return seen != Seen::zero;
    case Cell::fresh: return seen == Seen::fresh;
    case Cell::existing: return seen == Seen::existing;
  }
  std::unreachable();
}

struct Row {
  Cell isid;
  Cell tsih;
  Cell cid;
  std::optional<SessionAction> action;  ///< none: "session does not exist"
};

/// The table of 5.3.1, row by row.
constexpr auto rows = std::to_array<Row>({
    {Cell::fresh, Cell::non_zero, Cell::any, std::nullopt},
    {Cell::fresh, Cell::zero, Cell::any, SessionAction::new_session},
    {Cell::existing, Cell::zero, Cell::any, SessionAction::session_reinstatement},
    {Cell::existing, Cell::existing, Cell::fresh, SessionAction::new_connection},
    {Cell::existing, Cell::existing, Cell::existing, SessionAction::connection_reinstatement},
    {Cell::existing, Cell::fresh, Cell::any, std::nullopt},
});

/// Byte 14 of the header holds TSIH, byte 20 CID.
Violation at_tsih(Rule rule, const Claim& claim) {
  return {.rule = rule, .byte = 14, .found = static_cast<std::uint64_t>(claim.tsih)};
}
Violation at_cid(Rule rule, const Claim& claim) {
  return {.rule = rule, .byte = 20, .found = static_cast<std::uint64_t>(claim.cid)};
}

bool same_initiator_port(const Claim& claim, const ExistingSession& session) {
  return claim.initiator_name == session.initiator_name && claim.isid == session.isid &&
         claim.target_named == session.target_named;
}

/// By the ISID rule (3.4.3) there is one at the most.
const ExistingSession* session_of(const Claim& claim, std::span<const ExistingSession> sessions) {
  const auto found = std::ranges::find_if(sessions, [&](const ExistingSession& session) {
    return same_initiator_port(claim, session) &&
           claim.portal_group_tag == session.portal_group_tag;
  });
  return found == sessions.end() ? nullptr : &*found;
}

/// The session that a claim could not join here is there all the same: in another portal group.
bool is_elsewhere(const Claim& claim, std::span<const ExistingSession> sessions) {
  return std::ranges::any_of(sessions, [&](const ExistingSession& session) {
    return same_initiator_port(claim, session) && claim.tsih == session.tsih;
  });
}

Seen tsih_of(const Claim& claim, const ExistingSession* session) {
  if (claim.tsih == wire::Tsih::none) return Seen::zero;
  return session && session->tsih == claim.tsih ? Seen::existing : Seen::fresh;
}

Seen cid_of(const Claim& claim, const ExistingSession* session) {
  const bool known =
      session && std::ranges::find(session->connections, claim.cid) != session->connections.end();
  return known ? Seen::existing : Seen::fresh;
}

}  // namespace

std::expected<Placement, Violation> place(const Claim& claim,
                                          std::span<const ExistingSession> sessions) {
  const ExistingSession* session = session_of(claim, sessions);
  const Seen isid = session ? Seen::existing : Seen::fresh;
  const Seen tsih = tsih_of(claim, session);
  const Seen cid = cid_of(claim, session);
  const auto row = std::ranges::find_if(rows, [&](const Row& r) {
    return fits(r.isid, isid) && fits(r.tsih, tsih) && fits(r.cid, cid);
  });
  if (!row->action)
    return std::unexpected(at_tsih(is_elsewhere(claim, sessions)
                                       ? Rule::session_stays_in_portal_group
                                       : Rule::session_to_join_exists,
                                   claim));
  if (row->action == SessionAction::new_connection &&
      session->connections.size() >= session->parameters.max_connections)
    return std::unexpected(at_cid(Rule::session_has_room_for_connection, claim));
  return Placement{.action = *row->action, .session = session};
}

}  // namespace iscsi::login
