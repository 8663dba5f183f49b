/// NOP-Out and NOP-In (RFC 3720 10.18, 10.19), and what becomes of a connection that is silent.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

class Pings : public testing::Test {
 protected:
  void log_in(const std::vector<std::string>& keys = {}) {
    ASSERT_TRUE(initiator.log_in(keys));
    clear_attentions(initiator);
  }
  pdu::NopIn echo_of(const pdu::NopOut& nop, ByteView data, Bytes* echo) {
    initiator.send(nop, data);
    return initiator.only<pdu::NopIn>(echo);
  }
  /// Lets the target ask.
  pdu::NopIn asked() {
    world.wait(limits::ping_after_ms);
    auto ping = initiator.only<pdu::NopIn>();
    EXPECT_NE(ping.target_transfer_tag, TargetTransferTag::none);
    EXPECT_EQ(ping.initiator_task_tag, InitiatorTaskTag::none);
    return ping;
  }

  World world{{.unit_blocks = {64, 64}}};
  Initiator initiator{world};
};

TEST_F(Pings, AreEchoedByteForByte) {
  log_in();
  for (const std::size_t length : {0U, 1U, 2U, 3U, 4U, 4095U, 8191U, 8192U}) {
    const Bytes data = pattern(length);
    Bytes echo;
    const pdu::NopOut nop{.initiator_task_tag = initiator.new_tag()};
    const auto answer = echo_of(nop, data, &echo);
    EXPECT_EQ(answer.initiator_task_tag, nop.initiator_task_tag);
    EXPECT_EQ(answer.target_transfer_tag, TargetTransferTag::none);  // 10.19
    EXPECT_EQ(answer.exp_cmd_sn, initiator.cmd_sn);
    EXPECT_EQ(echo, data);
  }
}

TEST_F(Pings, AreCutToWhatTheInitiatorReceives) {
  log_in({"MaxRecvDataSegmentLength=512"});
  for (const std::size_t length : {511U, 512U, 513U, 8000U, 262144U}) {
    const Bytes data = pattern(length);
    Bytes echo;
    echo_of({.initiator_task_tag = initiator.new_tag()}, data, &echo);
    EXPECT_TRUE(std::ranges::equal(echo, ByteView{data}.first(std::min<std::size_t>(length, 512))));
  }
}

TEST_F(Pings, WithoutATaskTagAreNotAnswered) {
  log_in();
  initiator.send(pdu::NopOut{.immediate = true}, pattern(100));
  initiator.expect_silence();
}

TEST_F(Pings, WithoutATaskTagAreImmediate) {
  log_in();
  initiator.send(pdu::NopOut{});  // 10.18.1, 6.6: inconsistent fields end the session
  initiator.expect_silence();
  EXPECT_FALSE(initiator.is_open());
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Pings, ComeFromTheTargetWhenAConnectionIsSilent) {
  log_in();
  world.wait(limits::ping_after_ms - 1);
  initiator.expect_silence();
  world.wait(1);
  const auto ping = initiator.only<pdu::NopIn>();
  EXPECT_TRUE(scsi::unit_number(std::to_underlying(ping.lun)).has_value());  // 10.19.3
  EXPECT_EQ(ping.stat_sn, initiator.exp_stat_sn);                            // 10.19.2
  world.wait(1000);
  initiator.expect_silence();  // one at a time
}

TEST_F(Pings, OfTheTargetAreAnsweredByTheirTag) {
  log_in();
  const auto ping = asked();
  initiator.send(pdu::NopOut{
      .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
  initiator.expect_silence();
  world.wait(limits::ping_answer_ms - 1);
  EXPECT_TRUE(initiator.is_open());
  static_cast<void>(initiator.take());
}

TEST_F(Pings, OfTheTargetMayBeAnsweredByAPing) {
  log_in();
  const auto ping = asked();
  const pdu::NopOut nop{.immediate = true,
                        .lun = ping.lun,
                        .initiator_task_tag = initiator.new_tag(),
                        .target_transfer_tag = ping.target_transfer_tag};
  Bytes echo;
  EXPECT_EQ(echo_of(nop, hex("010203"), &echo).initiator_task_tag, nop.initiator_task_tag);
  EXPECT_EQ(echo, hex("010203"));
}

TEST_F(Pings, OfTheTargetThatNobodyAnswersEndTheConnection) {
  log_in();
  asked();
  world.wait(limits::ping_answer_ms - 1);
  EXPECT_TRUE(initiator.is_open());
  world.wait(1);
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_now);
  EXPECT_EQ(world.notes(), std::vector<std::string>{"ping-is-answered"});
}

TEST_F(Pings, OfTheTargetWaitForWhatIsQueuedInFrontOfThem) {
  log_in();
  initiator.send(reading(initiator, 0, 64));  // 32 KiB that a slow peer fetches bit by bit
  world.wait(limits::ping_after_ms);
  std::array<ByteView, 1> view{};
  for (int i = 0; i < 10; ++i) {
    world.wait(limits::ping_answer_ms - 1);
    ASSERT_EQ(world.target.gather(initiator.id, view), 1U);
    world.target.sent(initiator.id, 1, world.now);
    EXPECT_TRUE(initiator.is_open());
  }
  world.wait(limits::ping_answer_ms);
  EXPECT_FALSE(initiator.is_open());
}

TEST_F(Pings, OfTheTargetAreNotAnsweredByAnotherTag) {
  log_in();
  const auto ping = asked();
  const Bytes bytes = initiator.bytes_of(pdu::NopOut{
      .immediate = true,
      .lun = ping.lun,
      .target_transfer_tag = TargetTransferTag{std::to_underlying(ping.target_transfer_tag) + 1}});
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);
}

TEST_F(Pings, OfTheInitiatorAreNoAnswers) {
  log_in();
  asked();
  initiator.send(pdu::NopOut{.initiator_task_tag = initiator.new_tag()});
  initiator.only<pdu::NopIn>();
  world.wait(limits::ping_answer_ms);
  EXPECT_FALSE(initiator.is_open());
}

TEST(PingsOfTheTarget, NameAUnitThatIsThere) {
  // 10.19.3: with a transfer tag the LUN is a correct one.
  struct Row {
    std::vector<std::uint64_t> blocks;
    std::vector<std::uint16_t> numbers;
    std::uint64_t lun;
  };
  for (const Row& row : {Row{{64}, {}, 0}, Row{{64, 64}, {5, 6}, 0x0005'0000'0000'0000},
                         Row{{}, {}, 0}}) {  // LUN 0 is addressed even where no unit is (SAM-2 4.9)
    World world{{.unit_blocks = row.blocks, .unit_numbers = row.numbers}};
    Initiator initiator{world};
    ASSERT_TRUE(initiator.log_in());
    world.wait(limits::ping_after_ms);
    EXPECT_EQ(initiator.only<pdu::NopIn>().lun, wire::Lun{row.lun});
  }
}

TEST_F(Pings, OfMuchDataAreEchoedFromTheMemoryThatItCameInto) {
  log_in({"MaxRecvDataSegmentLength=65536"});
  const Bytes data = pattern(32768);
  const Bytes bytes =
      initiator.bytes_of(pdu::NopOut{.initiator_task_tag = initiator.new_tag()}, data);
  initiator.put(ByteView{bytes}.first(48));
  const std::byte* came_into = world.target.space(initiator.id)[0].data();
  initiator.put(ByteView{bytes}.subspan(48));
  std::array<ByteView, 4> views{};
  ASSERT_EQ(world.target.gather(initiator.id, views), 2U);
  EXPECT_EQ(views[1].data(), came_into);
  EXPECT_TRUE(std::ranges::equal(views[1], data));
}

TEST_F(Pings, WithAnUnknownTransferTagAreRejected) {
  log_in();
  for (const auto tag : {InitiatorTaskTag::none, initiator.new_tag()}) {
    const Bytes bytes =
        initiator.bytes_of(pdu::NopOut{.immediate = true,
                                       .initiator_task_tag = tag,
                                       .target_transfer_tag = TargetTransferTag{0x1234'5678}});
    initiator.put(bytes);
    initiator.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);
  }
}

TEST_F(Pings, AreAnsweredOnce) {
  log_in();
  const auto ping = asked();
  const Bytes bytes = initiator.bytes_of(pdu::NopOut{
      .immediate = true, .lun = ping.lun, .target_transfer_tag = ping.target_transfer_tag});
  initiator.put(bytes);
  initiator.expect_silence();
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);
}

TEST_F(Pings, AreNotSentInDiscoverySessions) {
  // 3.3: the answer would have to be rejected. Silence alone ends such a session.
  ASSERT_TRUE(initiator.log_in_for_discovery());
  world.wait(limits::ping_after_ms + limits::ping_answer_ms - 1);
  initiator.expect_silence();
  EXPECT_TRUE(initiator.is_open());
  world.wait(1);
  EXPECT_FALSE(initiator.is_open());
  EXPECT_EQ(world.target.session_count(), 0U);
}

TEST_F(Pings, KeepTheirDataWhileTheyAreHeld) {
  log_in();
  const Bytes data = pattern(9000);
  const auto first = initiator.cmd_sn;
  ++initiator.cmd_sn;
  initiator.send(pdu::NopOut{.initiator_task_tag = initiator.new_tag()}, data);
  initiator.expect_silence();
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = first;
  initiator.send_as_is(filler);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  ASSERT_NE(received[1].as<pdu::NopIn>(), nullptr);
  const Bytes& echo = received[1].data;
  EXPECT_TRUE(std::ranges::equal(echo, ByteView{data}.first(8192)));  // cut to the default
}

}  // namespace
}  // namespace iscsi::harness
