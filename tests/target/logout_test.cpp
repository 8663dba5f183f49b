/// Logout (RFC 3720 10.14, 10.15), and the target's own wish to end (10.9.1).

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using pdu::LogoutOutcome;
using pdu::LogoutReason;
using pdu::LogoutRequest;
using pdu::LogoutResponse;

class Logouts : public testing::Test {
 protected:
  void SetUp() override {
    initiator.cid = wire::Cid{7};
    ASSERT_TRUE(initiator.log_in());
    clear_attentions(initiator);
  }
  LogoutRequest logout(LogoutReason reason, std::uint16_t cid = 0) {
    return {.reason = reason, .initiator_task_tag = initiator.new_tag(), .cid = wire::Cid{cid}};
  }

  /// By 7.1.1.
  session::ConnectionState state(const Initiator& one) const {
    return world.target.domain().connections.at(one.id).state;
  }

  World world;
  Initiator initiator{world};
};

TEST_F(Logouts, CloseTheSession) {
  const auto request = logout(LogoutReason::close_session);
  initiator.send(request);
  const auto response = initiator.only<LogoutResponse>();
  EXPECT_EQ(response.response, LogoutOutcome::closed);
  EXPECT_EQ(response.initiator_task_tag, request.initiator_task_tag);
  EXPECT_EQ(response.exp_cmd_sn, initiator.cmd_sn);
  EXPECT_EQ(state(initiator), session::ConnectionState::in_logout);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_when_sent);
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Logouts, CloseTheOnlyConnectionAndWithItTheSession) {
  initiator.send(logout(LogoutReason::close_connection, 7));
  EXPECT_EQ(initiator.only<LogoutResponse>().response, LogoutOutcome::closed);
  EXPECT_EQ(state(initiator), session::ConnectionState::in_logout);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_when_sent);
  EXPECT_EQ(world.target.session_count(), 0U);  // 5.3.5
}

TEST_F(Logouts, OfAnUnknownConnectionChangeNothing) {
  initiator.send(logout(LogoutReason::close_connection, 8));
  EXPECT_EQ(initiator.only<LogoutResponse>().response, LogoutOutcome::cid_not_found);
  EXPECT_TRUE(initiator.is_open());
  initiator.send(without_data(initiator, test_unit_ready));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
}

TEST_F(Logouts, ForRecoveryAreNotSupportedAtLevelZero) {
  initiator.send(logout(LogoutReason::remove_for_recovery, 7));
  const auto response = initiator.only<LogoutResponse>();
  EXPECT_EQ(response.response, LogoutOutcome::recovery_not_supported);
  EXPECT_EQ(response.time2wait, 0);
  EXPECT_EQ(response.time2retain, 0);
}

TEST_F(Logouts, EndTheFunctionsThatWait) {
  initiator.send(writing(initiator, 0, 512));
  initiator.only<pdu::ReadyToTransfer>();
  initiator.send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task_set,
                                            .initiator_task_tag = initiator.new_tag()});
  initiator.expect_silence();
  initiator.send(logout(LogoutReason::close_session));
  EXPECT_EQ(initiator.only<LogoutResponse>().response, LogoutOutcome::closed);
  EXPECT_EQ(world.target.domain().pending_functions, 0U);
}

TEST_F(Logouts, WaitForTheRequestsInFrontOfThemUnlessTheyAreImmediate) {
  ++initiator.cmd_sn;
  initiator.send(logout(LogoutReason::close_session));
  initiator.expect_silence();
  EXPECT_EQ(world.target.session_count(), 1U);
  auto now = logout(LogoutReason::close_session);
  now.immediate = true;
  initiator.send(now);
  EXPECT_EQ(initiator.only<LogoutResponse>().initiator_task_tag, now.initiator_task_tag);
}

TEST_F(Logouts, EndAllThatRunsAndNothingIsServedBehindThem) {
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  Bytes bytes = initiator.bytes_of(logout(LogoutReason::close_session));
  const Bytes late = initiator.bytes_of(without_data(initiator, test_unit_ready));
  bytes.insert(bytes.end(), late.begin(), late.end());
  static_cast<void>(world.put(initiator.id, bytes));
  world.release_all();
  EXPECT_EQ(initiator.only<LogoutResponse>().response, LogoutOutcome::closed);
  EXPECT_FALSE(world.target.wants_input(initiator.id));
}

TEST_F(Logouts, ThatAreHeldAreServedInTheirTurn) {
  const auto first = initiator.cmd_sn;
  ++initiator.cmd_sn;
  initiator.send(logout(LogoutReason::close_session));
  initiator.send(without_data(initiator, test_unit_ready));  // behind it: never
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = first;
  initiator.send_as_is(filler);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<pdu::ScsiResponse>(), nullptr);
  EXPECT_NE(received[1].as<LogoutResponse>(), nullptr);
}

TEST_F(Logouts, WhoseResponseIsNotFetchedEndAllTheSame) {
  initiator.send(logout(LogoutReason::close_session));
  world.wait(0);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_when_sent);
  world.wait(limits::closing_ms);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_now);
}

// The target asks for it (10.9.1, event 1).

TEST_F(Logouts, AreNoReasonToRefuseACommandThatCrossedTheRequest) {
  const auto before = initiator.bytes_of(without_data(initiator, test_unit_ready));
  world.target.shut_down(world.now, 5);
  initiator.put(before);
  auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<pdu::AsyncMessage>(), nullptr);
  EXPECT_NE(received[1].as<pdu::ScsiResponse>(), nullptr);
  // Its ExpStatSN says that it has the request: from now on commands are refused.
  const Bytes after = initiator.bytes_of(without_data(initiator, test_unit_ready));
  initiator.put(after);
  initiator.expect_reject(pdu::RejectReason::waiting_for_logout, after);
}

TEST_F(Logouts, AreAskedForWhenTheTargetShutsDown) {
  world.target.shut_down(world.now, 5);
  const auto message = initiator.only<pdu::AsyncMessage>();
  EXPECT_EQ(message.event, pdu::AsyncEvent::logout_request);
  EXPECT_EQ(message.parameter3, 5);
  const auto number = initiator.cmd_sn;
  const Bytes bytes = initiator.bytes_of(without_data(initiator, test_unit_ready));
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::waiting_for_logout, bytes);
  initiator.cmd_sn = number;
  Bytes echo;
  initiator.send(pdu::NopOut{.initiator_task_tag = initiator.new_tag()}, hex("aa"));
  initiator.only<pdu::NopIn>(&echo);
  EXPECT_EQ(echo, hex("aa"));
  initiator.send(logout(LogoutReason::close_session));
  EXPECT_EQ(initiator.only<LogoutResponse>().response, LogoutOutcome::closed);
}

TEST_F(Logouts, AreWaitedForByTasksThatRun) {
  const auto write = writing(initiator, 0, 512);
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  world.target.shut_down(world.now, 5);
  initiator.only<pdu::AsyncMessage>();
  const Bytes data = pattern(512 * 512);
  initiator.send(pdu::DataOut{.lun = r2t.lun,
                              .initiator_task_tag = write.initiator_task_tag,
                              .target_transfer_tag = r2t.target_transfer_tag},
                 data);
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  EXPECT_TRUE(world.on_disk(0, 512) == data);
}

TEST_F(Logouts, DoNotLoudlyRefuseDuplicatesWhileTheyAreWaitedFor) {
  const Bytes bytes = initiator.bytes_of(without_data(initiator, test_unit_ready));
  initiator.put(bytes);
  initiator.only<pdu::ScsiResponse>();
  world.target.shut_down(world.now, 5);
  initiator.only<pdu::AsyncMessage>();
  initiator.put(bytes);  // 3.2.2.1: silently ignored
  initiator.expect_silence();
}

TEST_F(Logouts, ThatDoNotComeAreReplacedByTheEnd) {
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  world.target.shut_down(world.now, 5);
  initiator.only<pdu::AsyncMessage>();
  world.wait(4999);
  initiator.expect_silence();
  world.wait(1);
  const auto message = initiator.only<pdu::AsyncMessage>();
  EXPECT_EQ(message.event, pdu::AsyncEvent::drop_connection);
  EXPECT_EQ(message.parameter1, 7);  // the CID
  EXPECT_EQ(message.parameter3, 0);  // Time2Retain: the commands end
  EXPECT_EQ(world.target.session_count(), 0U);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_when_sent);
  world.release_all();
  initiator.expect_silence();  // "no other responses should be expected"
}

TEST_F(Logouts, OfNobodyAreWaitedForInLoginAndDiscovery) {
  Initiator connected{world};
  Initiator discovery{world};
  discovery.isid = wire::Isid{0x0002'3d00'0009};
  ASSERT_TRUE(discovery.log_in_for_discovery());
  world.target.shut_down(world.now, 5);
  EXPECT_FALSE(connected.is_open());
  EXPECT_FALSE(discovery.is_open());
  initiator.only<pdu::AsyncMessage>();
}

TEST_F(Logouts, AreAskedForOnce) {
  world.target.shut_down(world.now, 5);
  initiator.only<pdu::AsyncMessage>();
  world.target.shut_down(world.now, 9);
  initiator.expect_silence();
}

}  // namespace
}  // namespace iscsi::harness
