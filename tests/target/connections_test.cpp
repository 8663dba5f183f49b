/// Sessions of two connections (RFC 3720 3.2.1, 3.2.2.1, 3.2.4.1, 5.3.6, 6.5, 10.14): what belongs
/// to the session and what to the connection. The target offers one connection unless it is told
/// otherwise.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using pdu::LogoutOutcome;
using pdu::LogoutReason;

class Connections : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(first.log_in({"MaxConnections=2"}));
    clear_attentions(first);
    second.tsih = first.tsih;
    second.cid = wire::Cid{1};
    ASSERT_TRUE(second.log_in());
    EXPECT_EQ(second.cmd_sn, first.cmd_sn);  // 3.2.2.1: one numbering for the session
    ASSERT_EQ(world.target.session_count(), 1U);
  }
  /// Goes on with the session's numbers on the other connection.
  static void hand_over(const Initiator& from, Initiator& to) {
    to.cmd_sn = from.cmd_sn;
    to.next_tag = from.next_tag;
  }
  std::uint32_t next_sense(Initiator& one) {
    one.send(without_data(one, test_unit_ready));
    Bytes segment;
    const auto response = one.only<pdu::ScsiResponse>(&segment);
    return response.status == 0 ? 0 : sense_in(segment);
  }
  pdu::LogoutRequest logout(Initiator& from, std::uint16_t cid) {
    return {.reason = LogoutReason::close_connection,
            .initiator_task_tag = from.new_tag(),
            .cid = wire::Cid{cid}};
  }

  World world{{.policy = {.max_connections = 2}}};
  Initiator first{world};
  Initiator second{world};
};

TEST_F(Connections, ShareTheirCommandWindow) {
  const auto early = reading(first, 0, 1);
  const Bytes late = first.bytes_of(early);
  hand_over(first, second);
  const auto behind = reading(second, 1, 1);
  second.send(behind);
  second.expect_silence();
  first.put(late);
  EXPECT_EQ(first.only<pdu::DataIn>().initiator_task_tag, early.initiator_task_tag);
  EXPECT_EQ(second.only<pdu::DataIn>().initiator_task_tag, behind.initiator_task_tag);
}

TEST_F(Connections, KeepTheirTasksToThemselves) {
  const auto write = writing(first, 0, 512);
  first.send(write);
  const auto r2t = first.only<pdu::ReadyToTransfer>();
  hand_over(first, second);
  const pdu::DataOut data{.lun = r2t.lun,
                          .initiator_task_tag = write.initiator_task_tag,
                          .target_transfer_tag = r2t.target_transfer_tag};
  const Bytes content = pattern(512 * 512);
  const Bytes bytes = second.bytes_of(data, content);
  second.put(bytes);
  second.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);  // 3.2.4.1
  first.send(data, content);
  EXPECT_EQ(first.only<pdu::ScsiResponse>().status, 0);
}

TEST_F(Connections, KeepTheDataOfHeldCommandsToThemselves) {
  ++first.cmd_sn;
  auto write = writing(first, 0, 8);
  first.send(write, pattern(512));
  const Bytes bytes =
      second.bytes_of(pdu::DataOut{.initiator_task_tag = write.initiator_task_tag}, pattern(512));
  second.put(bytes);
  second.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);
}

TEST_F(Connections, LeaveTheSessionToTheOtherByTheirLogout) {
  world.hold = true;
  first.send(reading(first, 0, 8));
  const auto answer = logout(first, 0);
  first.send(answer);
  EXPECT_EQ(first.only<pdu::LogoutResponse>().response, LogoutOutcome::closed);
  EXPECT_EQ(world.target.disposition(first.id), Disposition::close_when_sent);
  EXPECT_TRUE(second.is_open());
  EXPECT_EQ(world.target.session_count(), 1U);
  world.release_all();  // 10.14: no response is to be expected
  first.expect_silence();
  second.only<pdu::NopIn>();  // of the place that is free again (10.4.11)
  world.hold = false;
  hand_over(first, second);
  EXPECT_EQ(next_sense(second), 0x06477fU);  // 10.14.5
  EXPECT_EQ(next_sense(second), 0U);
}

TEST_F(Connections, AreLoggedOutByEachOther) {
  second.send(logout(second, 0));
  EXPECT_EQ(second.only<pdu::LogoutResponse>().response, LogoutOutcome::closed);
  EXPECT_EQ(world.target.disposition(first.id), Disposition::close_when_sent);
  EXPECT_EQ(world.target.domain().connections.at(first.id).state,
            session::ConnectionState::in_logout);
  first.expect_silence();
  EXPECT_TRUE(second.is_open());
  EXPECT_EQ(next_sense(second), 0U);
}

TEST_F(Connections, CloseTogetherWithTheSession) {
  first.send(pdu::LogoutRequest{.initiator_task_tag = first.new_tag()});
  EXPECT_EQ(first.only<pdu::LogoutResponse>().response, LogoutOutcome::closed);
  // What it has to send is sent before it closes.
  EXPECT_EQ(world.target.disposition(second.id), Disposition::close_when_sent);
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Connections, KeepWhatTheyHoldWhenAnotherFails) {
  const auto missing = without_data(second, test_unit_ready);
  const Bytes late = second.bytes_of(missing);
  const auto held = without_data(second, test_unit_ready);
  second.send(held);
  world.close(first.id);
  second.put(late);
  const auto received = second.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(received[1].as<pdu::ScsiResponse>()->initiator_task_tag, held.initiator_task_tag);
}

TEST_F(Connections, ThatFailLeaveTheSessionToTheOther) {
  world.hold = true;
  first.send(writing(first, 0, 512));  // waits for data
  first.only<pdu::ReadyToTransfer>();
  first.send(reading(first, 0, 8));  // is at the medium
  hand_over(first, second);
  second.send(reading(second, 8, 8));
  ++first.cmd_sn;
  first.cmd_sn = second.cmd_sn + 1;
  first.send(without_data(first, test_unit_ready));  // is held
  world.close(first.id);
  const auto nop = second.only<pdu::NopIn>();  // 10.4.11: of the write's place
  EXPECT_EQ(nop.exp_cmd_sn, second.cmd_sn);
  EXPECT_TRUE(world.target.domain().sessions.begin()->second.held.empty());
  world.release_all();
  const auto received = second.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<pdu::NopIn>(), nullptr);
  EXPECT_NE(received[1].as<pdu::DataIn>(), nullptr);
  world.hold = false;
  EXPECT_EQ(next_sense(second), 0x06477fU);
}

TEST_F(Connections, ThatFailAreReinstatedBesideTheOther) {
  world.close(first.id);
  Initiator again{world};
  again.tsih = second.tsih;
  again.cid = first.cid;
  ASSERT_TRUE(again.log_in());
  EXPECT_EQ(world.target.session_count(), 1U);
  EXPECT_TRUE(second.is_open());
  Initiator third{world};  // MaxConnections are there again
  third.tsih = second.tsih;
  third.cid = wire::Cid{7};
  EXPECT_FALSE(third.log_in());
}

TEST_F(Connections, AllAcknowledgeInFrontOfTheEndOfATaskSet) {
  // 10.6.1: "on all connections of this session".
  hand_over(first, second);
  second.acknowledges = false;
  EXPECT_EQ(next_sense(second), 0U);
  hand_over(second, first);
  first.send(pdu::TaskManagementRequest{.immediate = true,
                                        .function = pdu::TaskManagementFunction::abort_task_set,
                                        .initiator_task_tag = first.new_tag()});
  first.expect_silence();
  const auto ping = second.only<pdu::NopIn>();
  ASSERT_NE(ping.target_transfer_tag, TargetTransferTag::none);
  second.exp_stat_sn = ping.stat_sn;
  second.send(pdu::NopOut{
      .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
  EXPECT_EQ(first.only<pdu::TaskManagementResponse>().response,
            pdu::TaskManagementOutcome::function_complete);
}

TEST_F(Connections, ThatAreGoneNeedNotAcknowledge) {
  second.acknowledges = false;
  EXPECT_EQ(next_sense(second), 0U);
  hand_over(second, first);
  first.send(pdu::TaskManagementRequest{.immediate = true,
                                        .function = pdu::TaskManagementFunction::abort_task_set,
                                        .initiator_task_tag = first.new_tag()});
  first.expect_silence();
  world.close(second.id);
  EXPECT_EQ(first.only<pdu::TaskManagementResponse>().response,
            pdu::TaskManagementOutcome::function_complete);
}

TEST_F(Connections, HaveTheirOwnFunctionsForgottenWithThem) {
  first.send(writing(first, 0, 512));
  first.only<pdu::ReadyToTransfer>();
  hand_over(first, second);
  const auto abort_set = [](Initiator& from) {
    from.send(pdu::TaskManagementRequest{.immediate = true,
                                         .function = pdu::TaskManagementFunction::abort_task_set,
                                         .initiator_task_tag = from.new_tag()});
  };
  abort_set(second);
  hand_over(second, first);
  abort_set(first);
  EXPECT_EQ(world.target.domain().pending_functions, 2U);
  world.close(second.id);
  EXPECT_EQ(world.target.domain().pending_functions, 1U);
  world.close(first.id);
  EXPECT_EQ(world.target.domain().pending_functions, 0U);
}

}  // namespace
}  // namespace iscsi::harness
