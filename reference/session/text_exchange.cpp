#include <span>
#include <string>

#include "session/steps.hpp"

namespace iscsi::session {

using wire::TargetTransferTag;

namespace {

/// 10.10.4: the reserved tag begins a new negotiation and forgets the one before; any other goes on
/// with the one that is open.
std::optional<Violation> enter_exchange(Domain& domain, const Session& session,
                                        Connection& connection, const pdu::TextRequest& request) {
  if (request.target_transfer_tag == TargetTransferTag::none) {
    const text::Negotiation::Setting setting{.role = text::Role::target,
                                             .phase = text::Phase::full_feature};
    const text::Parameters agreed{session.parameters, connection.parameters, session.declared};
    connection.text.emplace(
        TextExchange{.initiator_task_tag = request.initiator_task_tag,
                     .negotiation = text::Negotiation{setting, domain.policy, agreed}});
    return std::nullopt;
  }
  if (!connection.text || connection.text->target_transfer_tag != request.target_transfer_tag)
    return Violation{Rule::text_transfer_tag_is_known, 20,
                     std::to_underlying(request.target_transfer_tag)};
  if (connection.text->initiator_task_tag != request.initiator_task_tag)
    return Violation{Rule::text_sequence_keeps_task_tag, 16,
                     std::to_underlying(request.initiator_task_tag)};
  return std::nullopt;
}

/// The answer to SendTargets (appendix D). The address that the question came to is told first: it
/// has just been seen to work.
std::string list_targets(const Domain& domain, const Session& session, const Connection& connection,
                         const text::KeyValue& asked) {
  const auto question = text::decode_send_targets(asked, session.parameters.session_type);
  if (!question) {
    std::string refusal;
    text::append_pair(refusal, asked.key, text::word_reject);
    return refusal;
  }
  // All there are is this one; and only a normal session, which has one, asks for its own.
  if (question->kind == text::TargetQuestion::Kind::named && question->name != domain.target_name)
    return {};
  text::TargetRecord record{.name = domain.target_name, .addresses = {connection.reached_at}};
  for (const text::Address& portal : domain.portals)
    if (portal != connection.reached_at) record.addresses.push_back(portal);
  return text::send_targets_response(std::span{&record, 1});
}

/// Takes a complete logical text and leaves the answer to be sent.
std::optional<Violation> take_text(const Domain& domain, const Session& session,
                                   Connection& connection, std::string_view text) {
  TextExchange& exchange = *connection.text;
  const auto pairs = text::parse(text);
  if (!pairs) return pairs.error();
  if (session.is_discovery())
    for (const text::KeyValue& pair : *pairs)
      if (pair.key != "SendTargets")
        return Violation{Rule::discovery_session_is_for_text_and_logout, pair.byte, 0};
  const auto received = exchange.negotiation.receive(*pairs);
  if (!received) return received.error();
  std::string answer = text::encode_pairs(received->answers);
  if (received->send_targets)
    answer += list_targets(domain, session, connection, *received->send_targets);
  exchange.answer = text::Segmentation{std::move(answer)};
  return std::nullopt;
}

/// Values that were agreed come into force with the last response (5.4).
std::optional<Violation> conclude(Session& session, Connection& connection) {
  auto agreed = connection.text->negotiation.conclude();
  if (!agreed) return agreed.error();
  session.parameters = agreed->session;
  session.declared = std::move(agreed->declared);
  connection.parameters = agreed->connection;
  return std::nullopt;
}

std::optional<Violation> answer(Domain& domain, Session& session, Connection& connection,
                                const pdu::TextRequest& request, wire::ByteView data) {
  TextExchange& exchange = *connection.text;
  if (++exchange.exchanges > limits::text_exchanges)
    return Violation{Rule::negotiation_keys_within_limit, 20, exchange.exchanges};
  if (!exchange.answer.done()) {  // 5.2: the initiator fetches the rest of our text
    if (!data.empty())
      return Violation{Rule::continued_text_is_fetched_without_data, 5, data.size()};
  } else {
    const auto whole = exchange.assembly.add(data, request.continued);
    if (!whole) return whole.error();
    if (*whole)
      if (auto broken = take_text(domain, session, connection, **whole)) return broken;
  }
  const text::Segment segment =
      request.continued
          ? exchange.answer.none()
          : exchange.answer.next(connection.parameters.initiator_max_recv_data_segment_length);
  // A request that is final is not continued (10.10.2), and we propose nothing here that could be
  // waiting for an answer.
  const bool final = request.final && !segment.more;
  wire::Slice bytes = wire::copy_of(wire::as_bytes(segment.text));
  pdu::TextResponse response{
      .final = final, .continued = segment.more, .initiator_task_tag = request.initiator_task_tag};
  if (final) {
    if (auto broken = conclude(session, connection)) return broken;
  } else {
    exchange.target_transfer_tag = connection.new_transfer_tag();
    response.target_transfer_tag = exchange.target_transfer_tag;
  }
  send(domain, connection, session.window, response, std::move(bytes));
  if (final) connection.text.reset();
  return std::nullopt;
}

}  // namespace

Connection* find_text_exchange(Domain& domain, const Session& session, wire::InitiatorTaskTag tag) {
  for (const ConnectionId id : session.connections)
    if (Connection* connection = domain.find(id))
      if (connection->text && connection->text->initiator_task_tag == tag) return connection;
  return nullptr;
}

std::optional<Violation> exchange_text(Domain& domain, Session& session, Connection& connection,
                                       const pdu::TextRequest& request, wire::ByteView data) {
  auto refused = enter_exchange(domain, session, connection, request);
  if (refused) return refused;
  refused = answer(domain, session, connection, request, data);
  // 6.10: a negotiation that fails leaves the values as they were.
  if (refused) connection.text.reset();
  return refused;
}

}  // namespace iscsi::session
