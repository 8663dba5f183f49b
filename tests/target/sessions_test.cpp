/// Sessions and connections that come, go, fail and come back (RFC 3720 3.2.3, 5.3.1, 5.3.4, 5.3.5,
/// 6.4, 6.5, 7; docs/decisions/0002).

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using pdu::LoginStatus;

class Sessions : public testing::Test {
 protected:
  explicit Sessions(const Options& options = {}) : world{options} {}
  void log_in() {
    ASSERT_TRUE(initiator.log_in());
    clear_attentions(initiator);
  }
  /// Another connection of the same initiator port.
  Initiator again() {
    Initiator one{world};
    one.cmd_sn = initiator.cmd_sn;
    return one;
  }
  std::uint32_t first_sense(Initiator& one) {
    one.send(without_data(one, test_unit_ready));
    Bytes segment;
    const auto response = one.only<pdu::ScsiResponse>(&segment);
    return response.status == 0 ? 0 : sense_in(segment);
  }
  LoginStatus status(Initiator& one) {
    return one
        .ask_for_login(
            {std::string{"InitiatorName="} + one.name, std::string{"TargetName="} + target_name})
        .status;
  }

  World world;
  Initiator initiator{world};
};

TEST_F(Sessions, BeginByHand) {
  // The bytes of a login by 10.12: T=1, CSG=1, NSG=3, ISID 00023d000001, ITT 1, CmdSN 5.
  const ConnectionId id = world.open();
  Bytes login =
      hex("43870000 00000046 00023d000001 0000 00000001 00000000 00000005 00000000"
          "00000000000000000000000000000000");
  const std::string_view keys{
      "InitiatorName=iqn.2004-04.com.example:h\0TargetName=iqn.2004-04.com.example:disk\0", 80};
  login[7] = static_cast<std::byte>(keys.size());
  const auto text = wire::as_bytes(keys);
  login.insert(login.end(), text.begin(), text.end());
  ASSERT_EQ(world.put(id, login), login.size());
  const Bytes response = world.take(id);
  ASSERT_GE(response.size(), 48U);
  EXPECT_EQ(test::to_hex(ByteView{response}.first(4)), "23870000");
  EXPECT_EQ(wire::load<4>(response, 28), 5U);        // ExpCmdSN
  EXPECT_EQ(wire::load<4>(response, 32), 5U + 127);  // MaxCmdSN
  EXPECT_EQ(wire::load<2>(response, 36), 0U);        // success
  EXPECT_NE(wire::load<2>(response, 14), 0U);        // TSIH
}

TEST_F(Sessions, AreReplacedByALoginOfTheSamePortWithoutTsih) {
  log_in();
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  Initiator second = again();
  ASSERT_TRUE(second.log_in());
  // 5.3.5: tasks end "without further notice", the old connection is closed.
  EXPECT_NE(second.tsih, initiator.tsih);
  EXPECT_EQ(world.target.session_count(), 1U);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_now);
  world.release_all();
  EXPECT_TRUE(world.target.domain().orphans.empty());
  world.close(initiator.id);
  EXPECT_EQ(first_sense(second), 0x062907U);  // I_T nexus loss (5.3.5.1)
  EXPECT_EQ(first_sense(second), 0U);
}

TEST_F(Sessions, OfOtherPortsLiveBesideEachOther) {
  log_in();
  Initiator other_isid{world};
  other_isid.isid = wire::Isid{0x0002'3d00'0002};
  ASSERT_TRUE(other_isid.log_in());
  Initiator other_name{world};
  other_name.name += "2";
  ASSERT_TRUE(other_name.log_in());
  EXPECT_EQ(world.target.session_count(), 3U);
  EXPECT_TRUE(initiator.is_open());
}

TEST_F(Sessions, AreNotJoinedByATsihThatIsNotTheirs) {
  log_in();
  Initiator stranger{world};
  stranger.tsih = wire::Tsih{static_cast<std::uint16_t>(std::to_underlying(initiator.tsih) + 1)};
  EXPECT_EQ(status(stranger), LoginStatus::session_does_not_exist);
  Initiator other_name{world};
  other_name.name += "2";
  other_name.tsih = initiator.tsih;
  EXPECT_EQ(status(other_name), LoginStatus::session_does_not_exist);
  EXPECT_TRUE(initiator.is_open());
}

TEST_F(Sessions, HaveOneConnectionUnlessMoreWereAgreed) {
  log_in();
  Initiator second = again();
  second.tsih = initiator.tsih;
  second.cid = wire::Cid{1};
  EXPECT_EQ(status(second), LoginStatus::too_many_connections);
  EXPECT_TRUE(initiator.is_open());
}

TEST_F(Sessions, GoOnWithAConnectionThatIsReinstated) {
  log_in();
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  ++initiator.cmd_sn;  // and one that is held
  initiator.send(without_data(initiator, test_unit_ready));
  Initiator second = again();
  second.tsih = initiator.tsih;
  const auto expected = initiator.cmd_sn - 2;
  ASSERT_TRUE(second.log_in());
  EXPECT_EQ(second.tsih, initiator.tsih);
  EXPECT_EQ(second.cmd_sn, expected);  // the command window lives on
  EXPECT_EQ(world.target.session_count(), 1U);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_now);
  EXPECT_TRUE(world.target.domain().sessions.begin()->second.held.empty());  // 10.14
  world.release_all();
  second.only<pdu::NopIn>();
  world.close(initiator.id);
  EXPECT_TRUE(second.is_open());
  EXPECT_EQ(first_sense(second), 0x06477fU);  // 6.5: some commands cleared
  EXPECT_EQ(first_sense(second), 0U);
}

TEST_F(Sessions, GoOnWithANewConnectionWhenTheLastHasFailed) {
  log_in();
  const auto expected = initiator.cmd_sn;
  world.close(initiator.id);
  Initiator second = again();
  second.tsih = initiator.tsih;
  second.cid = wire::Cid{1};
  ASSERT_TRUE(second.log_in());  // 5.3.6: "or by adding a connection with a new CID"
  EXPECT_EQ(second.tsih, initiator.tsih);
  EXPECT_EQ(second.cmd_sn, expected);
  world.wait(22'000);
  EXPECT_EQ(world.target.session_count(), 1U);
  Initiator third = again();  // the one that failed has been replaced
  third.tsih = initiator.tsih;
  EXPECT_EQ(status(third), LoginStatus::too_many_connections);
}

TEST_F(Sessions, OutliveTheirConnectionForWaitAndRetain) {
  log_in();
  world.close(initiator.id);
  EXPECT_EQ(world.target.session_count(), 1U);
  world.wait(21'999);  // DefaultTime2Wait 2 s and DefaultTime2Retain 20 s
  EXPECT_EQ(world.target.session_count(), 1U);
  world.wait(1);
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Sessions, GoOnWhenTheirConnectionComesBackInTime) {
  log_in();
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  const auto expected = initiator.cmd_sn;
  world.close(initiator.id);
  world.release_all();
  world.hold = false;
  Initiator second = again();
  second.tsih = initiator.tsih;
  ASSERT_TRUE(second.log_in());
  EXPECT_EQ(second.cmd_sn, expected);
  world.wait(22'000);
  EXPECT_EQ(world.target.session_count(), 1U);
  EXPECT_EQ(first_sense(second), 0x06477fU);
}

TEST_F(Sessions, DoNotTellOfACommandThatHadBeenAborted) {
  log_in();
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  initiator.send(read);
  initiator.send(aborting(initiator, read.initiator_task_tag));
  initiator.only<pdu::TaskManagementResponse>();
  world.close(initiator.id);
  Initiator second = again();
  second.tsih = initiator.tsih;
  ASSERT_TRUE(second.log_in());
  EXPECT_EQ(first_sense(second), 0U);
  world.release_all();
  second.only<pdu::NopIn>();  // 10.4.11: of the place that is free
}

TEST_F(Sessions, ThatBreakOffAreWaitedForByNoFunction) {
  ASSERT_TRUE(initiator.log_in({"HeaderDigest=CRC32C"}));
  clear_attentions(initiator);
  Initiator other{world};
  other.name += "2";
  ASSERT_TRUE(other.log_in());
  initiator.send(writing(initiator, 0, 512));
  initiator.only<pdu::ReadyToTransfer>();
  other.send(pdu::TaskManagementRequest{.immediate = true,
                                        .function = pdu::TaskManagementFunction::clear_task_set,
                                        .initiator_task_tag = other.new_tag()});
  other.expect_silence();
  Bytes bytes = initiator.bytes_of(without_data(initiator, test_unit_ready));
  bytes[20] ^= std::byte{1};  // 6.7: the session ends
  static_cast<void>(world.put(initiator.id, bytes));
  EXPECT_EQ(other.only<pdu::TaskManagementResponse>().response,
            pdu::TaskManagementOutcome::function_complete);
}

TEST_F(Sessions, GiveTheNexusBackWhenTheyAreReplacedAfterAFailure) {
  log_in();
  world.close(initiator.id);
  Initiator second = again();
  ASSERT_TRUE(second.log_in());
  EXPECT_EQ(world.target.session_count(), 1U);
  EXPECT_EQ(first_sense(second), 0x062907U);
}

TEST_F(Sessions, EndWithTheirConnectionWhenNothingIsRetained) {
  ASSERT_TRUE(initiator.log_in({"DefaultTime2Retain=0"}));
  world.close(initiator.id);
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Sessions, OfDiscoveryEndWithTheirConnection) {
  ASSERT_TRUE(initiator.log_in_for_discovery());
  world.close(initiator.id);
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Sessions, ThatEndInTheMiddleOfAPduAreNoted) {
  log_in();
  Bytes bytes = initiator.bytes_of(without_data(initiator, test_unit_ready));
  bytes.resize(20);
  initiator.put(bytes);
  static_cast<void>(world.notes());
  world.close(initiator.id);
  EXPECT_EQ(world.notes(), std::vector<std::string>{"pdu-is-complete"});
}

TEST_F(Sessions, AreNotBegunByAnythingButALogin) {
  // 3.2.3: terminated at once, without an answer.
  for (unsigned opcode = 0; opcode < 64; ++opcode) {
    if (opcode == 3) continue;
    for (const unsigned immediate : {0x00U, 0x40U}) {
      const ConnectionId id = world.open();
      Bytes bytes(48);
      bytes[0] = static_cast<std::byte>(opcode | immediate);
      bytes[1] = std::byte{0x80};
      static_cast<void>(world.put(id, bytes));
      EXPECT_EQ(world.target.disposition(id), Disposition::close_now) << opcode;
      EXPECT_FALSE(world.target.has_output(id)) << opcode;
      world.close(id);
    }
  }
}

TEST_F(Sessions, AreNotBegunByAnythingButALoginInTheMiddleOfOne) {
  // 3.2.3: status 020b, then the end.
  for (unsigned opcode = 0; opcode < 64; ++opcode) {
    if (opcode == 3) continue;
    Initiator one{world};
    one.send_as_is(pdu::LoginRequest{.current_stage = pdu::LoginStage::security_negotiation,
                                     .isid = one.isid,
                                     .initiator_task_tag = one.new_tag()},
                   wire::as_bytes(std::string_view{
                       "InitiatorName=iqn.2004-04.com.example:h\0SessionType=Discovery\0", 62}));
    ASSERT_EQ(one.only<pdu::LoginResponse>().status, LoginStatus::success) << opcode;
    Bytes bytes(48);
    bytes[0] = static_cast<std::byte>(opcode);
    bytes[1] = std::byte{0x80};
    one.put(bytes);
    EXPECT_EQ(one.only<pdu::LoginResponse>().status, LoginStatus::invalid_during_login) << opcode;
    EXPECT_EQ(world.target.disposition(one.id), Disposition::close_when_sent) << opcode;
    world.close(one.id);
  }
}

TEST_F(Sessions, TakeTheirFirstRequestFromTheBytesOfTheirLogin) {
  Initiator one{world};
  Bytes bytes =
      pdu::encode(pdu::LoginRequest{.transit = true,
                                    .current_stage = pdu::LoginStage::operational_negotiation,
                                    .next_stage = pdu::LoginStage::full_feature_phase,
                                    .isid = one.isid,
                                    .initiator_task_tag = one.new_tag(),
                                    .cmd_sn = one.cmd_sn},
                  wire::as_bytes(std::string_view{
                      "InitiatorName=iqn.2004-04.com.example:h\0SessionType=Discovery\0", 62}));
  const Bytes text = one.bytes_of(pdu::TextRequest{.initiator_task_tag = one.new_tag()});
  bytes.insert(bytes.end(), text.begin(), text.end());
  one.put(bytes);
  const auto received = one.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<pdu::LoginResponse>(), nullptr);
  EXPECT_NE(received[1].as<pdu::TextResponse>(), nullptr);
}

TEST_F(Sessions, ThatAreNotLoggedInInTimeAreEnded) {
  Initiator one{world};
  world.wait(limits::login_ms - 1);
  EXPECT_TRUE(one.is_open());
  world.wait(1);
  EXPECT_EQ(world.target.disposition(one.id), Disposition::close_now);
  const auto notes = world.notes();
  EXPECT_NE(std::ranges::find(notes, "login-ends-in-time"), notes.end());
}

TEST_F(Sessions, DoNotBeginWhileTheTargetShutsDown) {
  Initiator late{world};
  world.target.shut_down(world.now, 5);
  Initiator later{world};
  EXPECT_FALSE(late.is_open());
  EXPECT_EQ(status(later), LoginStatus::service_unavailable);
}

TEST_F(Sessions, OfAnUnknownConnectionAreNobodys) {
  const ConnectionId nobody{4711};
  EXPECT_FALSE(world.target.wants_input(nobody));
  EXPECT_FALSE(world.target.has_output(nobody));
  EXPECT_EQ(world.target.disposition(nobody), Disposition::close_now);
  EXPECT_EQ(world.target.initiator_of(nobody), "");
  EXPECT_TRUE(world.take(nobody).empty());
  world.target.sent(nobody, 0, world.now);
  world.target.filled(nobody, 0, world.now);
  world.close(nobody);
}

TEST_F(Sessions, TellWhoseTheyAre) {
  EXPECT_EQ(world.target.initiator_of(initiator.id), "");
  log_in();
  EXPECT_EQ(world.target.initiator_of(initiator.id), initiator_name);
  EXPECT_EQ(world.target.connection_count(), 1U);
}

TEST_F(Sessions, HearOfAMediumThatHasGrown) {
  log_in();
  EXPECT_TRUE(world.target.capacity_changed(0, 10'000));
  EXPECT_FALSE(world.target.capacity_changed(9, 10'000));
  EXPECT_EQ(first_sense(initiator), 0x062a09U);
}

// As many as the bounds allow.

class FewSessions : public Sessions {
 protected:
  FewSessions() : Sessions{{.bounds = {.connections = 4, .sessions = 2}}} {}
};

TEST_F(FewSessions, LeaveNoRoomForMore) {
  log_in();
  Initiator second{world};
  second.isid = wire::Isid{0x0002'3d00'0002};
  ASSERT_TRUE(second.log_in());
  Initiator third{world};
  third.isid = wire::Isid{0x0002'3d00'0003};
  EXPECT_EQ(status(third), LoginStatus::out_of_resources);  // 0302
  EXPECT_EQ(world.target.disposition(third.id), Disposition::close_when_sent);
  world.close(third.id);
  // Who comes back takes no room.
  Initiator replaced = again();
  EXPECT_TRUE(replaced.log_in());
  EXPECT_EQ(world.target.session_count(), 2U);
}

TEST_F(FewSessions, LeaveNoRoomForConnections) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(world.target.accepts_connection());
    static_cast<void>(world.open());
  }
  EXPECT_FALSE(world.target.accepts_connection());
  world.close(initiator.id);
  EXPECT_TRUE(world.target.accepts_connection());
}

TEST_F(FewSessions, AreRememberedWithoutEnd) {
  // Ports come and go; the memory of them is bounded, and the sessions are right all the same.
  for (std::uint64_t i = 0; i < limits::known_nexuses + 10; ++i) {
    Initiator one{world};
    one.isid = wire::Isid{0x0002'3d01'0000ULL + i};
    ASSERT_TRUE(one.log_in());
    one.send(pdu::LogoutRequest{.initiator_task_tag = one.new_tag()});
    one.only<pdu::LogoutResponse>();
    world.close(one.id);
  }
  log_in();
  EXPECT_EQ(first_sense(initiator), 0U);
}

}  // namespace
}  // namespace iscsi::harness
