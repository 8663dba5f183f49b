#include "login/sessions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace iscsi::login {
namespace {

constexpr wire::Isid isid{0x4000'0137'0000};
constexpr wire::Isid other_isid{0x4000'0137'0001};
constexpr wire::Tsih tsih{77};
constexpr wire::Tsih other_tsih{78};
constexpr wire::Tsih new_tsih{79};

constexpr std::array<wire::Cid, 2> connections{wire::Cid{1}, wire::Cid{2}};

/// The initiator "iqn.a" has a session of two connections, and another under another ISID.
std::vector<ExistingSession> existing() {
  ExistingSession session{.initiator_name = "iqn.a",
                          .isid = isid,
                          .tsih = tsih,
                          .portal_group_tag = 1,
                          .connections = connections};
  session.parameters.max_connections = 4;
  ExistingSession other = session;
  other.isid = other_isid;
  other.tsih = other_tsih;
  return {session, other};
}

Claim claim() {
  return {.initiator_name = "iqn.a", .isid = isid, .cid = wire::Cid{9}, .portal_group_tag = 1};
}

void expect_action(const Claim& c, SessionAction action, wire::Tsih session) {
  const auto sessions = existing();
  const auto placement = place(c, sessions);
  ASSERT_TRUE(placement.has_value()) << about(placement.error().rule).slug;
  EXPECT_EQ(placement->action, action);
  EXPECT_EQ(placement->session ? placement->session->tsih : wire::Tsih::none, session);
}

void expect_fault(const Claim& c, const std::vector<ExistingSession>& sessions,
                  const Violation& violation) {
  const auto placement = place(c, sessions);
  ASSERT_FALSE(placement.has_value());
  EXPECT_EQ(placement.error(), violation) << about(placement.error().rule).slug;
}

/// The six rows of RFC 3720 5.3.1, in its order, each with every CID that "any" stands for.
TEST(SessionTable, Row1NewIsidAndNonZeroTsihFails) {
  for (const wire::Tsih named : {tsih, other_tsih, new_tsih})
    for (const wire::Cid cid : {wire::Cid{1}, wire::Cid{9}}) {
      Claim c = claim();
      c.isid = wire::Isid{0x1234};
      c.tsih = named;
      c.cid = cid;
      expect_fault(c, existing(),
                   {Rule::session_to_join_exists, 14, static_cast<std::uint64_t>(named)});
    }
}

TEST(SessionTable, Row2NewIsidAndZeroTsihIsANewSession) {
  for (const wire::Cid cid : {wire::Cid{1}, wire::Cid{9}}) {
    Claim c = claim();
    c.isid = wire::Isid{0x1234};
    c.cid = cid;
    expect_action(c, SessionAction::new_session, wire::Tsih::none);
  }
}

TEST(SessionTable, Row3ExistingIsidAndZeroTsihReinstatesTheSession) {
  for (const wire::Cid cid : {wire::Cid{1}, wire::Cid{9}}) {
    Claim c = claim();
    c.cid = cid;
    expect_action(c, SessionAction::session_reinstatement, tsih);
  }
}

TEST(SessionTable, Row4ExistingSessionAndNewCidAddsAConnection) {
  Claim c = claim();
  c.tsih = tsih;
  expect_action(c, SessionAction::new_connection, tsih);
}

TEST(SessionTable, Row5ExistingSessionAndCidReinstatesTheConnection) {
  for (const wire::Cid cid : connections) {
    Claim c = claim();
    c.tsih = tsih;
    c.cid = cid;
    expect_action(c, SessionAction::connection_reinstatement, tsih);
  }
}

TEST(SessionTable, Row6ExistingIsidAndAnotherTsihFails) {
  for (const wire::Tsih named : {other_tsih, new_tsih})
    for (const wire::Cid cid : {wire::Cid{1}, wire::Cid{9}}) {
      Claim c = claim();
      c.tsih = named;
      c.cid = cid;
      expect_fault(c, existing(),
                   {Rule::session_to_join_exists, 14, static_cast<std::uint64_t>(named)});
    }
}

TEST(SessionTable, IsKeptPerInitiator) {
  Claim c = claim();
  c.initiator_name = "iqn.b";
  expect_action(c, SessionAction::new_session, wire::Tsih::none);
  c.tsih = tsih;  // somebody else's
  expect_fault(c, existing(), {Rule::session_to_join_exists, 14, 77});
}

TEST(SessionTable, IsKeptPerPortalGroup) {
  Claim c = claim();
  c.portal_group_tag = 2;
  expect_action(c, SessionAction::new_session, wire::Tsih::none);
  // The session is there, but the connection would end in another portal group (D).
  c.tsih = tsih;
  expect_fault(c, existing(), {Rule::session_stays_in_portal_group, 14, 77});
  c.tsih = new_tsih;
  expect_fault(c, existing(), {Rule::session_to_join_exists, 14, 79});
}

TEST(SessionTable, KeepsDiscoveryWithoutATargetApart) {
  auto sessions = existing();
  Claim c = claim();
  c.target_named = false;
  EXPECT_EQ(place(c, sessions)->action, SessionAction::new_session);
  c.tsih = tsih;
  expect_fault(c, sessions, {Rule::session_to_join_exists, 14, 77});

  sessions.push_back({.initiator_name = "iqn.a",
                      .isid = isid,
                      .tsih = new_tsih,
                      .portal_group_tag = 1,
                      .target_named = false,
                      .connections = connections});
  c.tsih = wire::Tsih::none;
  EXPECT_EQ(place(c, sessions)->action, SessionAction::session_reinstatement);
  EXPECT_EQ(place(c, sessions)->session->tsih, new_tsih);
  c.target_named = true;
  EXPECT_EQ(place(c, sessions)->session->tsih, tsih);
}

TEST(SessionTable, AddsNoConnectionBeyondMaxConnections) {
  auto sessions = existing();
  Claim c = claim();
  c.tsih = tsih;
  sessions[0].parameters.max_connections = 3;
  EXPECT_EQ(place(c, sessions)->action, SessionAction::new_connection);
  for (const std::uint32_t limit : {2U, 1U}) {
    sessions[0].parameters.max_connections = limit;
    expect_fault(c, sessions, {Rule::session_has_room_for_connection, 20, 9});
    // Reinstating one of its connections stays possible (5.3.4).
    c.cid = wire::Cid{2};
    EXPECT_EQ(place(c, sessions)->action, SessionAction::connection_reinstatement);
    c.cid = wire::Cid{9};
  }
}

TEST(SessionTable, IsEmptyAtFirst) {
  EXPECT_EQ(place(claim(), {})->action, SessionAction::new_session);
  Claim c = claim();
  c.tsih = tsih;
  expect_fault(c, {}, {Rule::session_to_join_exists, 14, 77});
}

}  // namespace
}  // namespace iscsi::login
