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

/// Rules that every request with a task tag obeys, before its number is looked at.
std::optional<Violation> check_request(Session& session, const pdu::InitiatorPdu& pdu,
                                       const Numbering& numbering) {
  constexpr std::uint32_t tag_field = 16;
  const InitiatorTaskTag tag = numbering.initiator_task_tag;
  const bool is_nop_out = std::holds_alternative<pdu::NopOut>(pdu);
  if (tag == InitiatorTaskTag::none)
    return is_nop_out ? std::nullopt
                      : std::optional{Violation{Rule::initiator_task_tag_is_not_reserved, tag_field,
                                                std::to_underlying(tag)}};
  if (find_task(session, tag) != nullptr || is_pending_function(session, tag))
    return Violation{Rule::initiator_task_tag_is_free, tag_field, std::to_underlying(tag)};
  if (numbering.immediate && std::holds_alternative<pdu::ScsiCommand>(pdu) &&
      session.immediate_tasks >= limits::immediate_tasks)
    return Violation{Rule::immediate_commands_are_few, 0, session.immediate_tasks};
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
  wire::Slice echo = arrived.segment.empty()
                         ? wire::copy_of(arrived.framed.frame.data.first(length))
                         : arrived.segment.part(0, length);
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
                                 const pdu::InitiatorPdu& pdu, const Arrived& arrived) {
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
              begin_task(domain, session, connection, command, frame, arrived.segment.owner);
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

void hold(Session& session, Connection& connection, const Numbering& numbering,
          const Arrived& arrived) {
  const pdu::Frame& frame = arrived.framed.frame;
  HeldRequest held{.cmd_sn = numbering.cmd_sn,
                   .initiator_task_tag = numbering.initiator_task_tag,
                   .connection = connection.id};
  held.headers.assign(frame.header.begin(), frame.header.end());
  held.headers.insert(held.headers.end(), frame.additional_headers.begin(),
                      frame.additional_headers.end());
  held.data = arrived.segment.empty() ? wire::copy_of(frame.data) : arrived.segment;
  session.held.push_back(std::move(held));
  session.window.hold(numbering.cmd_sn);
}

/// Delivers what was held and is next now.
void deliver_held(Domain& domain, wire::Tsih tsih) {
  for (Session* session = domain.find(tsih); session != nullptr; session = domain.find(tsih)) {
    const auto next =
        std::ranges::find(session->held, session->window.exp_cmd_sn(), &HeldRequest::cmd_sn);
    if (next == session->held.end()) return;
    const HeldRequest held = std::move(*next);
    session->held.erase(next);
    Connection* connection = domain.find(held.connection);
    if (connection == nullptr) {
      session->window.forget(held.cmd_sn);
      continue;
    }
    const wire::ByteView headers{held.headers};
    const Arrived arrived{
        .framed = {.frame = {.header = headers.first<pdu::bhs_bytes>(),
                             .additional_headers = headers.subspan(pdu::bhs_bytes),
                             .data = held.data.view()}},
        .segment = held.data};
    const auto pdu = pdu::decode_request(arrived.framed.frame);
    assert(pdu.has_value());  // it was when it came
    if (const auto refused = deliver(domain, *session, *connection, *pdu, arrived)) {
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
  const auto ignore = [&](Rule rule) {
    domain.note(connection, {rule, 24, numbering.cmd_sn.value});
  };
  if (!numbering.immediate) {
    using enum CommandWindow::Verdict;
    switch (session.window.judge(numbering.cmd_sn)) {
      case outside: return ignore(Rule::cmd_sn_is_in_window);
      case repeated: return ignore(Rule::cmd_sn_is_new);
      case hold:
      case deliver: break;
    }
  }
  auto refused = check_request(session, pdu, numbering);
  if (!refused && numbering.initiator_task_tag != InitiatorTaskTag::none &&
      is_held(session, numbering.initiator_task_tag))
    refused = Violation{Rule::initiator_task_tag_is_free, 16,
                        std::to_underlying(numbering.initiator_task_tag)};
  if (refused) return refuse(domain, connection, session, *refused, frame);
  if (!numbering.immediate && numbering.cmd_sn != session.window.exp_cmd_sn())
    return hold(session, connection, numbering, arrived);
  const wire::Tsih tsih = session.tsih;
  if (auto broken = deliver(domain, session, connection, pdu, arrived))
    return refuse(domain, connection, session, *broken, frame);
  if (!numbering.immediate) deliver_held(domain, tsih);
}

void receive_pdu(Domain& domain, Session& session, Connection& connection,
                 const pdu::InitiatorPdu& pdu, const Arrived& arrived) {
  const pdu::Frame& frame = arrived.framed.frame;
  const bool intact = arrived.framed.data_intact;
  if (!intact)
    refuse(domain, connection, session, {Rule::data_digest_matches, pdu::bhs_bytes, 0}, frame);
  if (const auto* data = std::get_if<pdu::DataOut>(&pdu)) {
    // 6.7: a Data-Out with a bad digest has been rejected, and its task ends in error all the same.
    if (const auto refused = take_data(domain, session, *data, arrived); refused && intact)
      refuse(domain, connection, session, *refused, frame);
    return;
  }
  if (!intact) return;  // discarded: its CmdSN is still missing
  if (std::holds_alternative<pdu::SnackRequest>(pdu))
    return refuse(domain, connection, session, {Rule::snack_needs_recovery_level, 0, 0}, frame);
  const auto numbering = numbering_of(pdu);
  assert(numbering.has_value());
  receive_numbered(domain, session, connection, pdu, *numbering, arrived);
}

}  // namespace

void receive(Domain& domain, Connection& connection, const Arrived& arrived) {
  Session* session = domain.find(connection.session);
  assert(session != nullptr);
  const pdu::Frame& frame = arrived.framed.frame;
  connection.heard_at = domain.now;
  const auto pdu = pdu::decode_request(frame);
  if (!pdu) return refuse(domain, connection, *session, pdu.error(), frame);
  const auto opcode = std::visit([]<class P>(const P&) { return P::opcode; }, *pdu);
  if (const auto rule = refused_admission(connection, *session, opcode))
    return refuse(domain, connection, *session, {*rule, 0, static_cast<std::uint64_t>(opcode)},
                  frame);
  std::visit([&](const auto& one) { acknowledge(connection, one.exp_stat_sn); }, *pdu);
  receive_pdu(domain, *session, connection, *pdu, arrived);
  continue_functions(domain);
}

}  // namespace iscsi::session
