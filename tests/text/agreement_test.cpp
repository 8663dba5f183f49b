/// Two negotiations, an initiator's and a target's, played against each other: whatever the two
/// wish, propose, in whatever order and portions, both end with the same values, and the values
/// obey the RFC. The law is checked against formulas written here, not against the key table.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <set>
#include <type_traits>

#include "text/negotiation.hpp"
#include "text/support.hpp"

namespace iscsi::text {
namespace {

constexpr std::uint32_t longest = 16777215;

const std::vector<Key> negotiable{Key::header_digest,
                                  Key::data_digest,
                                  Key::max_connections,
                                  Key::initial_r2t,
                                  Key::immediate_data,
                                  Key::max_recv_data_segment_length,
                                  Key::max_burst_length,
                                  Key::first_burst_length,
                                  Key::default_time2wait,
                                  Key::default_time2retain,
                                  Key::max_outstanding_r2t,
                                  Key::data_pdu_in_order,
                                  Key::data_sequence_in_order,
                                  Key::error_recovery_level,
                                  Key::if_marker,
                                  Key::of_marker,
                                  Key::if_mark_int,
                                  Key::of_mark_int};

std::uint32_t number(std::uint32_t least, std::uint32_t most) {
  return *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(least, most + 1), rc::gen::just(least),
                         rc::gen::just(most));
}

DigestPolicy digests() {
  DigestPolicy policy{.none = *rc::gen::arbitrary<bool>(), .crc32c = *rc::gen::arbitrary<bool>()};
  if (!policy.none) policy.crc32c = true;
  policy.preferred = *rc::gen::element(Digest::none, Digest::crc32c);
  return policy;
}

Range interval() {
  const std::uint32_t low = number(1, 65535);
  return {.low = low, .high = number(low, 65535)};
}

/// Any policy that keeps to the ranges and to the integrity rules by itself.
Policy any_policy() {
  Policy policy;
  policy.max_recv_data_segment_length = number(512, longest);
  policy.header_digest = digests();
  policy.data_digest = digests();
  policy.max_connections = number(1, 65535);
  policy.initial_r2t = *rc::gen::arbitrary<bool>();
  policy.immediate_data = *rc::gen::arbitrary<bool>();
  policy.max_burst_length = number(512, *rc::gen::element<std::uint32_t>(100000, longest));
  policy.first_burst_length = number(512, policy.max_burst_length);
  policy.default_time2wait = number(0, 3600);
  policy.default_time2retain = number(0, 3600);
  policy.data_pdu_in_order = *rc::gen::arbitrary<bool>();
  policy.data_sequence_in_order = *rc::gen::arbitrary<bool>();
  policy.error_recovery_level = number(0, 2);
  const bool one = policy.data_sequence_in_order && policy.error_recovery_level > 0;
  policy.max_outstanding_r2t = one ? 1 : number(1, 65535);
  policy.if_marker = *rc::gen::arbitrary<bool>();
  policy.of_marker = *rc::gen::arbitrary<bool>();
  policy.if_mark_int = interval();
  policy.of_mark_int = interval();
  return policy;
}

/// A side of the play: its negotiation, and the keys it has yet to bring up.
struct Side {
  Negotiation negotiation;
  std::deque<Key> to_offer;
  std::set<Key> offered;
};

Side side(Role role, const Policy& policy) {
  std::vector<Key> order;
  for (const Key key : negotiable)
    if (*rc::gen::arbitrary<bool>()) order.push_back(key);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
  return {.negotiation = Negotiation{{.role = role}, policy, Parameters{}},
          .to_offer = {order.begin(), order.end()},
          .offered = {}};
}

/// Takes what the other side sent, and writes the answers and a random portion of own proposals.
std::string turn(Side& player, const std::string& heard) {
  const auto received = player.negotiation.receive(pairs_of(heard));
  if (!received) RC_FAIL(std::string{about(received.error().rule).slug});
  RC_ASSERT(received->send_targets == std::nullopt);
  std::vector<Pair> said = received->answers;
  std::size_t portion = *rc::gen::inRange<std::size_t>(0, 8);
  for (; portion > 0 && !player.to_offer.empty(); --portion) {
    const Key key = player.to_offer.front();
    player.to_offer.pop_front();
    if (!player.negotiation.may_offer(key)) continue;
    player.offered.insert(key);
    said.push_back(player.negotiation.offer(key));
  }
  if (player.to_offer.empty()) {
    if (const auto repair = player.negotiation.repair()) {
      player.offered.insert(Key::first_burst_length);
      said.push_back(*repair);
    }
  }
  return encode_pairs(said);
}

struct Outcome {
  Parameters initiators;
  Parameters targets;
  std::set<Key> offered;  // by either side
};

/// Plays until neither side has anything left to say.
Outcome play(Side initiator, Side target) {
  std::string heard;
  std::string transcript;
  for (int exchanges = 0; exchanges < 200; ++exchanges) {
    const std::string request = turn(initiator, heard);
    heard = turn(target, request);
    transcript += "I: " + request + "\nT: " + heard + '\n';
    const bool silence = request.empty() && heard.empty();
    if (silence && initiator.to_offer.empty() && target.to_offer.empty()) break;
  }
  std::ranges::replace(transcript, '\0', ';');
  RC_LOG(transcript);
  RC_ASSERT(heard.empty());
  RC_ASSERT(initiator.negotiation.settled() && target.negotiation.settled());
  const auto initiators = initiator.negotiation.conclude();
  const auto targets = target.negotiation.conclude();
  RC_ASSERT(initiators.has_value());
  RC_ASSERT(targets.has_value());
  std::set<Key> offered = initiator.offered;
  offered.insert(target.offered.begin(), target.offered.end());
  return {*initiators, *targets, std::move(offered)};
}

RC_GTEST_PROP(Agreement, IsTheSameOnBothSides, ()) {
  const Policy wishes_i = any_policy(), wishes_t = any_policy();
  const Outcome outcome = play(side(Role::initiator, wishes_i), side(Role::target, wishes_t));
  RC_ASSERT((outcome.initiators == outcome.targets));
}

// What somebody proposed comes to the result of the two wishes, and anything else to its default.
RC_GTEST_PROP(Agreement, FollowsTheResultFunctionsOrElseTheDefaults, ()) {
  const Policy i = any_policy(), t = any_policy();
  const Outcome outcome = play(side(Role::initiator, i), side(Role::target, t));
  const SessionParameters& session = outcome.targets.session;
  const ConnectionParameters& connection = outcome.targets.connection;
  const auto is = [&outcome]<class T>(Key key, T held, std::type_identity_t<T> expected,
                                      std::type_identity_t<T> standard) {
    RC_ASSERT(held == (outcome.offered.contains(key) ? expected : standard));
  };
  is(Key::max_connections, session.max_connections, std::min(i.max_connections, t.max_connections),
     1);
  is(Key::initial_r2t, session.initial_r2t, i.initial_r2t || t.initial_r2t, true);
  is(Key::immediate_data, session.immediate_data, i.immediate_data && t.immediate_data, true);
  is(Key::max_burst_length, session.max_burst_length,
     std::min(i.max_burst_length, t.max_burst_length), 262144);
  is(Key::default_time2wait, session.default_time2wait,
     std::max(i.default_time2wait, t.default_time2wait), 2);
  is(Key::default_time2retain, session.default_time2retain,
     std::min(i.default_time2retain, t.default_time2retain), 20);
  is(Key::data_pdu_in_order, session.data_pdu_in_order, i.data_pdu_in_order || t.data_pdu_in_order,
     true);
  is(Key::data_sequence_in_order, session.data_sequence_in_order,
     i.data_sequence_in_order || t.data_sequence_in_order, true);
  // An interval that is rejected turns markers off.
  RC_ASSERT((!connection.if_marker || (i.if_marker && t.if_marker)));
  RC_ASSERT((!connection.of_marker || (i.of_marker && t.of_marker)));
  if (!outcome.offered.contains(Key::if_mark_int))
    is(Key::if_marker, connection.if_marker, i.if_marker && t.if_marker, false);
  if (!outcome.offered.contains(Key::of_mark_int))
    is(Key::of_marker, connection.of_marker, i.of_marker && t.of_marker, false);
  RC_ASSERT(connection.initiator_max_recv_data_segment_length == 8192 ||
            connection.initiator_max_recv_data_segment_length == i.max_recv_data_segment_length);
  RC_ASSERT(connection.target_max_recv_data_segment_length == 8192 ||
            connection.target_max_recv_data_segment_length == t.max_recv_data_segment_length);
}

RC_GTEST_PROP(Agreement, StaysWithinRangesAndIntegrity, ()) {
  const Policy i = any_policy(), t = any_policy();
  const Outcome outcome = play(side(Role::initiator, i), side(Role::target, t));
  const SessionParameters& session = outcome.targets.session;
  const ConnectionParameters& connection = outcome.targets.connection;
  const auto within = [](std::uint32_t value, std::uint32_t least, std::uint32_t most) {
    RC_ASSERT((value >= least && value <= most));
  };
  within(session.max_connections, 1, 65535);
  within(session.max_burst_length, 512, longest);
  within(session.first_burst_length, 512, longest);
  within(session.default_time2wait, 0, 3600);
  within(session.default_time2retain, 0, 3600);
  within(session.max_outstanding_r2t, 1, 65535);
  within(session.error_recovery_level, 0, 2);
  within(connection.if_mark_int, 1, 65535);
  within(connection.of_mark_int, 1, 65535);
  within(connection.initiator_max_recv_data_segment_length, 512, longest);
  within(connection.target_max_recv_data_segment_length, 512, longest);
  if (!session.initial_r2t || session.immediate_data)
    RC_ASSERT(session.first_burst_length <= session.max_burst_length);
  if (session.error_recovery_level > 0 && session.data_sequence_in_order)
    RC_ASSERT(session.max_outstanding_r2t == 1U);
  RC_ASSERT(session.error_recovery_level <=
            std::min(i.error_recovery_level, t.error_recovery_level));
  RC_ASSERT(session.first_burst_length <=
            std::max(65536U, std::min(i.first_burst_length, t.first_burst_length)));
  const auto digest = [&outcome](Key key, Digest held, const DigestPolicy& one,
                                 const DigestPolicy& other) {
    const bool both = held == Digest::none ? one.none && other.none : one.crc32c && other.crc32c;
    // Reject leaves the default, None, in force.
    RC_ASSERT((both || held == Digest::none || !outcome.offered.contains(key)));
  };
  digest(Key::header_digest, connection.header_digest, i.header_digest, t.header_digest);
  digest(Key::data_digest, connection.data_digest, i.data_digest, t.data_digest);
}

/// A value of some shape for some key: mostly near the truth, sometimes anything.
std::string any_text() {
  std::string bytes;
  const std::size_t count = *rc::gen::inRange<std::size_t>(0, 12);
  for (std::size_t n = 0; n < count; ++n) {
    const std::string key = *rc::gen::oneOf(
        rc::gen::map(rc::gen::elementOf(negotiable),
                     [](Key k) { return std::string{about(k).name}; }),
        rc::gen::element<std::string>("SessionType", "InitiatorName", "AuthMethod", "SendTargets",
                                      "CHAP_A", "X-a", "TargetAlias"));
    const std::string value =
        *rc::gen::oneOf(rc::gen::element<std::string>("Yes", "No", "None", "CRC32C,None", "Reject",
                                                      "Irrelevant", "NotUnderstood", "Discovery",
                                                      "0x200", "1~65535", "16777216", ""),
                        rc::gen::map(rc::gen::inRange<std::uint64_t>(0, 70000),
                                     [](std::uint64_t v) { return std::to_string(v); }));
    append_pair(bytes, key, value);
  }
  return bytes;
}

// However a peer behaves, what comes into force obeys the rules, and nothing crashes.
RC_GTEST_PROP(Agreement, WithAnyPeerIsLawfulOrThereIsNone, ()) {
  const Phase phase = *rc::gen::element(Phase::security, Phase::operational, Phase::full_feature);
  const Role role = *rc::gen::element(Role::initiator, Role::target);
  Negotiation negotiation{{.role = role, .phase = phase}, any_policy(), Parameters{}};
  const std::size_t exchanges = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t n = 0; n < exchanges; ++n) {
    const std::string bytes = any_text();
    const auto received = negotiation.receive(pairs_of(bytes));
    if (!received) return;
    RC_ASSERT(received->answers.size() <= 12U);
    const Key key = *rc::gen::elementOf(negotiable);
    if (negotiation.may_offer(key)) (void)negotiation.offer(key);
  }
  const auto agreed = negotiation.conclude();
  if (!agreed) return;
  const SessionParameters& session = agreed->session;
  const bool unsolicited = !session.initial_r2t || session.immediate_data;
  RC_ASSERT((session.session_type == SessionType::discovery || !unsolicited ||
             session.first_burst_length <= session.max_burst_length));
  RC_ASSERT((session.error_recovery_level == 0 || !session.data_sequence_in_order ||
             session.max_outstanding_r2t == 1));
}

}  // namespace
}  // namespace iscsi::text
