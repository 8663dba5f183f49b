#include <algorithm>
#include <cassert>
#include <utility>

#include "session/steps.hpp"

namespace iscsi::session {

using wire::InitiatorTaskTag;

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

/// The fields that every request with a CmdSN has in the same place.
struct Numbering {
  wire::CmdSN cmd_sn{};
  InitiatorTaskTag initiator_task_tag{};
  bool immediate = false;
};

std::optional<Numbering> numbering_of(const pdu::InitiatorPdu& pdu) {
  return std::visit(
      []<class P>(const P& one) -> std::optional<Numbering> {
        if constexpr (requires { one.immediate; })
          return Numbering{one.cmd_sn, one.initiator_task_tag, one.immediate};
        else
          return std::nullopt;
      },
      pdu);
}

/// 3.2.2.2: everything before ExpStatSN has been received. Numbers not yet sent acknowledge
/// nothing.
void acknowledge(Connection& connection, wire::StatSN exp_stat_sn) {
  if (connection.exp_stat_sn.precedes(exp_stat_sn) &&
      exp_stat_sn.precedes_or_is(connection.stat_sn))
    connection.exp_stat_sn = exp_stat_sn;
}

bool is_held(const Session& session, InitiatorTaskTag tag) {
  return std::ranges::find(session.held, tag, &HeldRequest::initiator_task_tag) !=
         session.held.end();
}

/// A function that waits to be answered is a task as well (3.2.2.1).
bool is_pending_function(const Session& session, InitiatorTaskTag tag) {
  return std::ranges::any_of(session.functions, [tag](const PendingFunction& one) {
    return one.request.initiator_task_tag == tag;
  });
}

/// Whether the tag belongs to a task already. A Text Request may go on with its negotiation or
/// begin it anew (10.10.4).
bool is_in_use(Domain& domain, Session& session, const pdu::InitiatorPdu& pdu,
               InitiatorTaskTag tag) {
  return find_task(session, tag) != nullptr || is_pending_function(session, tag) ||
         is_held(session, tag) ||
         (!std::holds_alternative<pdu::TextRequest>(pdu) &&
          find_text_exchange(domain, session, tag) != nullptr);
}

/// 3.2.2.1: immediate requests that stay, of which there are two kinds: SCSI tasks and functions.
std::optional<Violation> check_immediate_room(const Session& session,
                                              const pdu::InitiatorPdu& pdu) {
  std::size_t there = 0;
  if (std::holds_alternative<pdu::ScsiCommand>(pdu)) there = session.immediate_tasks;
  if (const auto* request = std::get_if<pdu::TaskManagementRequest>(&pdu);
      request != nullptr && has_to_be_kept(session, *request))
    there = static_cast<std::size_t>(std::ranges::count_if(
        session.functions, [](const PendingFunction& one) { return one.request.immediate; }));
  if (there < limits::immediate_tasks) return std::nullopt;
  return Violation{Rule::immediate_commands_are_few, 0, there};
}

/// Rules that every request with a task tag obeys, before its turn is looked at.
std::optional<Violation> check_request(Domain& domain, Session& session,
                                       const pdu::InitiatorPdu& pdu, const Numbering& numbering) {
  constexpr std::uint32_t tag_field = 16;
  const InitiatorTaskTag tag = numbering.initiator_task_tag;
  const bool is_nop_out = std::holds_alternative<pdu::NopOut>(pdu);
  if (tag == InitiatorTaskTag::none)
    return is_nop_out ? std::nullopt
                      : std::optional{Violation{Rule::initiator_task_tag_is_not_reserved, tag_field,
                                                std::to_underlying(tag)}};
  if (is_in_use(domain, session, pdu, tag))
    return Violation{Rule::initiator_task_tag_is_free, tag_field, std::to_underlying(tag)};
  if (numbering.immediate) return check_immediate_room(session, pdu);
  return std::nullopt;
}

void answer_ping(Domain& domain, Session& session, Connection& connection, const pdu::NopOut& pdu,
                 const Arrived& arrived) {
  if (connection.ping && connection.ping->tag == pdu.target_transfer_tag) connection.ping.reset();
  if (pdu.initiator_task_tag == InitiatorTaskTag::none) return;
  // 10.19: the echo is cut to what the initiator can receive.
  const std::size_t length =
      std::min<std::size_t>(arrived.framed.frame.data.size(),
                            connection.parameters.initiator_max_recv_data_segment_length);
  // A part of a long segment would keep all of it in memory, past any bound on the output.
  const bool is_whole = length == arrived.segment.length;
  wire::Slice echo =
      is_whole ? arrived.segment : wire::copy_of(arrived.framed.frame.data.first(length));
  send(domain, connection, session.window, pdu::NopIn{.initiator_task_tag = pdu.initiator_task_tag},
       std::move(echo));
}

std::optional<Violation> check_ping_answer(const Connection& connection, const pdu::NopOut& pdu) {
  if (pdu.target_transfer_tag == wire::TargetTransferTag::none) return std::nullopt;
  if (connection.ping && connection.ping->tag == pdu.target_transfer_tag) return std::nullopt;
  return Violation{Rule::nop_out_transfer_tag_is_known, 20,
                   std::to_underlying(pdu.target_transfer_tag)};
}

/// Why the request cannot be delivered, if it cannot; else it has been.
///
/// The window moves first, because an answer has to acknowledge what it answers (3.2.2.1), and
/// moves back if the request is refused.
std::optional<Violation> deliver(Domain& domain, Session& session, Connection& connection,
                                 const pdu::InitiatorPdu& pdu, const Arrived& arrived,
                                 std::optional<WriteData> ahead = {}) {
  const auto on_window = [&](bool immediate, auto action) -> std::optional<Violation> {
    if (immediate) return action();
    const CommandWindow before = session.window;
    session.window.deliver();
    auto refused = action();
    if (refused) session.window = before;
    return refused;
  };
  const pdu::Frame& frame = arrived.framed.frame;
  return std::visit(
      Overloaded{
          [&](const pdu::NopOut& nop) {
            return on_window(nop.immediate, [&]() -> std::optional<Violation> {
              if (auto refused = check_ping_answer(connection, nop)) return refused;
              answer_ping(domain, session, connection, nop, arrived);
              return std::nullopt;
            });
          },
          [&](const pdu::ScsiCommand& command) {
            return on_window(command.immediate, [&]() -> std::optional<Violation> {
              begin_task(domain, session, connection, command, arrived, std::move(ahead));
              return std::nullopt;
            });
          },
          [&](const pdu::TaskManagementRequest& request) {
            return on_window(request.immediate, [&]() -> std::optional<Violation> {
              begin_function(domain, session, connection, request);
              return std::nullopt;
            });
          },
          [&](const pdu::TextRequest& request) {
            return on_window(request.immediate, [&] {
              return exchange_text(domain, session, connection, request, frame.data);
            });
          },
          [&](const pdu::LogoutRequest& request) {
            if (session.is_discovery() && request.reason != pdu::LogoutReason::close_session)
              return std::optional{Violation{Rule::discovery_session_is_for_text_and_logout, 1,
                                             std::to_underlying(request.reason)}};
            return on_window(request.immediate, [&]() -> std::optional<Violation> {
              log_out(domain, session, connection, request);
              return std::nullopt;
            });
          },
          [](const auto&) -> std::optional<Violation> { std::unreachable(); },  // carry no CmdSN
      },
      pdu);
}

/// 3.2.2.1: whether the request is to be passed over in silence, and why.
std::optional<Rule> ignored(const Session& session, const Numbering& numbering) {
  if (numbering.immediate) return std::nullopt;
  using enum CommandWindow::Verdict;
  switch (session.window.judge(numbering.cmd_sn)) {
    case outside: return Rule::cmd_sn_is_in_window;
    case repeated: return Rule::cmd_sn_is_new;
    case hold:
    case deliver: break;
  }
  return std::nullopt;
}

void hold(Session& session, Connection& connection, const pdu::InitiatorPdu& pdu,
          const Numbering& numbering, const Arrived& arrived) {
  const pdu::Frame& frame = arrived.framed.frame;
  HeldRequest held{.cmd_sn = numbering.cmd_sn,
                   .initiator_task_tag = numbering.initiator_task_tag,
                   .connection = connection.id};
  held.headers.resize(frame.header.size() + frame.additional_headers.size());
  const auto behind = std::ranges::copy(frame.header, held.headers.begin()).out;
  std::ranges::copy(frame.additional_headers, behind);
  held.data = arrived.segment.empty() ? wire::copy_of(frame.data) : arrived.segment;
  if (const auto* command = std::get_if<pdu::ScsiCommand>(&pdu))
    begin_data(held.written.emplace(), session, *command, held.data.view(), held.data.owner);
  session.held.push_back(std::move(held));
  session.window.hold(numbering.cmd_sn);
}

/// Delivers what was held and is next now.
void deliver_held(Domain& domain, wire::Tsih tsih) {
  for (Session* session = domain.find(tsih); session != nullptr; session = domain.find(tsih)) {
    const auto next =
        std::ranges::find(session->held, session->window.exp_cmd_sn(), &HeldRequest::cmd_sn);
    if (next == session->held.end()) return;
    HeldRequest held = std::move(*next);
    session->held.erase(next);
    Connection* connection = domain.find(held.connection);
    assert(connection != nullptr);  // what it held would have gone with it
    const wire::ByteView headers{held.headers};
    const Arrived arrived{
        .framed = {.frame = {.header = headers.first<pdu::bhs_bytes>(),
                             .additional_headers = headers.subspan(pdu::bhs_bytes),
                             .data = held.data.view()}},
        .segment = held.data};
    const auto pdu = pdu::decode_request(arrived.framed.frame);
    assert(pdu.has_value());  // it was when it came
    if (const auto refused =
            deliver(domain, *session, *connection, *pdu, arrived, std::move(held.written))) {
      session->window.forget(held.cmd_sn);
      refuse(domain, *connection, *session, *refused, arrived.framed.frame);
    }
  }
}

/// Delivers a request with a CmdSN now, later or never.
void receive_numbered(Domain& domain, Session& session, Connection& connection,
                      const pdu::InitiatorPdu& pdu, const Numbering& numbering,
                      const Arrived& arrived) {
  const pdu::Frame& frame = arrived.framed.frame;
  if (const auto refused = check_request(domain, session, pdu, numbering))
    return refuse(domain, connection, session, *refused, frame);
  if (!numbering.immediate && numbering.cmd_sn != session.window.exp_cmd_sn())
    return hold(session, connection, pdu, numbering, arrived);
  const wire::Tsih tsih = session.tsih;
  if (auto broken = deliver(domain, session, connection, pdu, arrived))
    return refuse(domain, connection, session, *broken, frame);
  // Not only a numbered request moves the window: an ABORT TASK can plug a gap in it (10.6.1 b).
  deliver_held(domain, tsih);
}

void receive_pdu(Domain& domain, Session& session, Connection& connection,
                 const pdu::InitiatorPdu& pdu, const Arrived& arrived) {
  const pdu::Frame& frame = arrived.framed.frame;
  const bool intact = arrived.framed.data_intact;
  if (!intact)
    refuse(domain, connection, session, {Rule::data_digest_matches, pdu::bhs_bytes, 0}, frame);
  // 6.7: a Data-Out with a bad digest has been rejected, and its task ends in error all the same.
  if (const auto* data = std::get_if<pdu::DataOut>(&pdu))
    return take_data(domain, session, connection, *data, arrived);
  if (!intact) return;  // discarded: its CmdSN is still missing
  if (std::holds_alternative<pdu::SnackRequest>(pdu))
    return refuse(domain, connection, session, {Rule::snack_needs_recovery_level, 0, 0}, frame);
  receive_numbered(domain, session, connection, pdu, *numbering_of(pdu), arrived);
}

}  // namespace

void receive(Domain& domain, Connection& connection, const Arrived& arrived) {
  Session* session = domain.find(connection.session);
  assert(session != nullptr);
  const pdu::Frame& frame = arrived.framed.frame;
  const auto pdu = pdu::decode_request(frame);
  if (!pdu) return refuse(domain, connection, *session, pdu.error(), frame);
  std::visit([&](const auto& one) { acknowledge(connection, one.exp_stat_sn); }, *pdu);
  const auto numbering = numbering_of(*pdu);
  if (numbering && arrived.framed.data_intact)
    if (const auto rule = ignored(*session, *numbering)) {
      domain.note(connection, {*rule, 24, numbering->cmd_sn.value});
      return continue_functions(domain);
    }
  const auto opcode = std::visit([]<class P>(const P&) { return P::opcode; }, *pdu);
  if (const auto rule = refused_admission(connection, *session, opcode))
    return refuse(domain, connection, *session, {*rule, 0, static_cast<std::uint64_t>(opcode)},
                  frame);
  receive_pdu(domain, *session, connection, *pdu, arrived);
  continue_functions(domain);
}

}  // namespace iscsi::session
