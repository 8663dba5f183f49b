/// What the domain keeps for its owner, and what it does by a rule's remedy.

#include "session/domain.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <variant>
#include <vector>

#include "session/steps.hpp"

namespace iscsi::session {
namespace {

class TheDomain : public testing::Test {
 protected:
  TheDomain() {
    connection.id = id;
    connection.session = session.tsih = tsih;
    connection.state = ConnectionState::logged_in;
    session.connections.push_back(id);
  }

  static constexpr ConnectionId id{7};
  static constexpr wire::Tsih tsih{3};
  Domain domain;
  Connection& connection = domain.connections[id];
  Session& session = domain.sessions[tsih];
};

TEST_F(TheDomain, ListsAConnectionOnceUntilItsOwnerHasLooked) {
  domain.touch(connection);
  domain.touch(connection);
  EXPECT_EQ(domain.touched, std::vector<ConnectionId>{id});
}

TEST_F(TheDomain, KeepsNoMoreNotesThanItsBound) {
  for (std::size_t i = 0; i < limits::notes + 2; ++i)
    domain.note(connection, {Rule::cmd_sn_is_new, 24, i});
  ASSERT_EQ(domain.notes.size(), limits::notes);
  EXPECT_EQ(domain.notes.back().violation.found, limits::notes - 1);  // the first ones are kept
}

struct Remedied {
  Rule rule;
  std::optional<pdu::RejectReason> reject;
  Disposition disposition = Disposition::open;
};

/// One rule for each kind of remedy.
class Remedies : public TheDomain, public testing::WithParamInterface<Remedied> {};

TEST_P(Remedies, AreDone) {
  const pdu::HeaderBytes header{};
  const pdu::Frame frame{.header = header};
  refuse(domain, connection, session, {GetParam().rule, 0, 0}, frame);
  EXPECT_EQ(domain.notes.size(), 1U);
  EXPECT_EQ(connection.disposition, GetParam().disposition);
  std::array<wire::ByteView, 2> views{};
  const std::size_t used = connection.output.gather(views);
  ASSERT_EQ(used, GetParam().reject ? 2U : 0U);
  if (!GetParam().reject) return;
  const auto sent =
      pdu::decode_response({.header = views[0].first<pdu::bhs_bytes>(), .data = views[1]});
  ASSERT_TRUE(sent.has_value());
  const auto* reject = std::get_if<pdu::Reject>(&*sent);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->reason, *GetParam().reject);
  EXPECT_EQ(views[1].size(), pdu::bhs_bytes);  // 10.17.2: the header that is refused
}

INSTANTIATE_TEST_SUITE_P(
    OfEachKind, Remedies,
    testing::Values(Remedied{Rule::reserved_bits_are_zero, {}}, Remedied{Rule::cmd_sn_is_new, {}},
                    Remedied{Rule::snack_needs_recovery_level, pdu::RejectReason::snack_reject},
                    // A PDU that belongs to no task that could tell.
                    Remedied{Rule::data_sn_counts_up, pdu::RejectReason::invalid_pdu_field},
                    // There is no login any more that could fail.
                    Remedied{Rule::only_login_requests_during_login,
                             pdu::RejectReason::protocol_error},
                    Remedied{Rule::pdu_is_complete, {}, Disposition::close_now},
                    Remedied{Rule::header_digest_matches, {}, Disposition::close_now}));

}  // namespace
}  // namespace iscsi::session
