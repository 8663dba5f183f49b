/// What a peer can make the target hold (docs/decisions/0003): measured in bytes allocated.

#include "target/allocations.hpp"
#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

/// How much more is held than when this was made.
class Growth {
 public:
  [[nodiscard]] std::size_t bytes() const {
    const std::size_t now = live_bytes();
    return now > start_ ? now - start_ : 0;
  }

 private:
  std::size_t start_ = live_bytes();
};

std::size_t queued(const World& world, ConnectionId id) {
  return world.target.domain().connections.at(id).output.queued();
}

class Bounds : public testing::Test {
 protected:
  void log_in(const std::vector<std::string>& keys = {}) {
    ASSERT_TRUE(initiator.log_in(keys));
    clear_attentions(initiator);
  }
  /// Sends the same bytes again and again, and never reads; stops when they are not taken any more.
  template <class Next>
  void flood(Next next, std::size_t most = 200'000) {
    for (std::size_t i = 0; i < most; ++i) {
      const Bytes bytes = next();
      if (world.put(initiator.id, bytes) != bytes.size()) return;
    }
    FAIL() << "the target never stopped reading";
  }

  World world{
      {.policy = {.max_burst_length = 4 * mib, .max_outstanding_r2t = 8}, .unit_blocks = {65536}}};
  Initiator initiator{world};
};

TEST_F(Bounds, OfTheOutputHoldWhenNobodyReadsEchoes) {
  log_in();
  const Growth growth;
  const Bytes data(8 * kib);
  const pdu::NopOut nop{.immediate = true, .initiator_task_tag = InitiatorTaskTag{1}};
  flood([&] { return initiator.bytes_of(nop, data); });
  EXPECT_LE(queued(world, initiator.id), limits::queued_output_bytes + 8 * kib + 48);
  EXPECT_LE(growth.bytes(), 2 * limits::queued_output_bytes);
}

TEST_F(Bounds, OfTheOutputEndWhatIsTakenByCopying) {
  log_in();
  const Bytes echo = initiator.bytes_of(
      pdu::NopOut{.immediate = true, .initiator_task_tag = InitiatorTaskTag{1}}, Bytes(8 * kib));
  Bytes stream;
  while (stream.size() < limits::queued_output_bytes + mib)
    stream.insert(stream.end(), echo.begin(), echo.end());
  const std::size_t taken = world.target.receive(initiator.id, stream, world.now);
  EXPECT_GE(taken, limits::queued_output_bytes);
  ASSERT_LT(taken, stream.size());
  EXPECT_FALSE(world.take(initiator.id).empty());
  const ByteView rest = ByteView{stream}.subspan(taken);
  EXPECT_EQ(world.target.receive(initiator.id, rest, world.now), rest.size());
}

TEST_F(Bounds, OfTheOutputHoldWhenNobodyReadsEmptyEchoes) {
  log_in();
  const Growth growth;
  const pdu::NopOut nop{.immediate = true, .initiator_task_tag = InitiatorTaskTag{1}};
  const Bytes one = initiator.bytes_of(nop);
  flood([&] { return one; });
  EXPECT_LE(growth.bytes(), 4 * limits::queued_output_bytes);
}

TEST_F(Bounds, OfTheOutputCountWhatAnEchoThatIsCutKeepsInMemory) {
  // The initiator takes 512 bytes at a time, the target 256 KiB: the echo is cut (10.19).
  log_in({"MaxRecvDataSegmentLength=512"});
  const Growth growth;
  const Bytes data(256 * kib);
  const pdu::NopOut nop{.immediate = true, .initiator_task_tag = InitiatorTaskTag{1}};
  const Bytes one = initiator.bytes_of(nop, data);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(world.put(initiator.id, one), one.size());
  EXPECT_LE(growth.bytes(), 1 * mib);
}

TEST_F(Bounds, OfTheOutputHoldWhenNobodyReadsRejects) {
  log_in();
  const Growth growth;
  const Bytes one = initiator.bytes_of(pdu::SnackRequest{.type = pdu::SnackType::status});
  flood([&] { return one; });
  EXPECT_LE(growth.bytes(), 4 * limits::queued_output_bytes);
}

TEST_F(Bounds, OfTheOutputHoldWhenNobodyReadsTexts) {
  log_in();
  const Growth growth;
  std::string keys;
  for (int i = 0; i < 200; ++i) keys += "K" + std::to_string(i) + "=" + '\0';
  flood([&] {
    return initiator.bytes_of(
        pdu::TextRequest{.immediate = true, .initiator_task_tag = InitiatorTaskTag{1}},
        wire::as_bytes(keys));
  });
  EXPECT_LE(growth.bytes(), 3 * limits::queued_output_bytes);
}

TEST_F(Bounds, OfReadsHoldForAWindowFullOfLongOnes) {
  log_in();
  const Growth growth;
  const auto all = [&] {
    std::size_t held = queued(world, initiator.id);
    for (const auto& operation : world.held) held += operation.request.data_in.size();
    return held;
  };
  Bytes bytes;
  for (int i = 0; i < 128; ++i) {
    const Bytes one = initiator.bytes_of(reading(initiator, 0, 8192));  // 4 MiB
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  world.hold = true;
  ASSERT_EQ(world.put(initiator.id, bytes), bytes.size());
  EXPECT_LE(all(), limits::queued_output_bytes + limits::transfer_bytes);
  world.release_all();
  EXPECT_LE(all(), limits::queued_output_bytes + limits::transfer_bytes + 64 * kib);
  EXPECT_LE(growth.bytes(), limits::queued_output_bytes + 2 * limits::transfer_bytes);
  world.hold = false;
  EXPECT_EQ(std::ranges::count_if(initiator.take(),
                                  [](const Received& one) {
                                    const auto* data = one.as<pdu::DataIn>();
                                    return data != nullptr && data->has_status;
                                  }),
            128);
}

TEST_F(Bounds, OfReadsCountWhatStaysInMemoryOfALongReadThatIsCut) {
  log_in();
  const Growth growth;
  for (int i = 0; i < 100; ++i) {
    auto read = reading(initiator, 0, 8192);
    read.expected_data_transfer_length = 512;  // and nobody reads even those
    initiator.send(read);
  }
  EXPECT_LE(growth.bytes(), 2 * limits::transfer_bytes);
}

TEST_F(Bounds, OfWritesHoldForDataInTheSmallestPieces) {
  log_in();
  auto write = writing(initiator, 0, 8192);
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  const Growth growth;
  const Bytes data = pattern(64 * kib);
  for (std::uint32_t i = 0; i < data.size(); ++i)
    initiator.send(pdu::DataOut{.final = false,
                                .lun = r2t.lun,
                                .initiator_task_tag = write.initiator_task_tag,
                                .target_transfer_tag = r2t.target_transfer_tag,
                                .data_sn = {i},
                                .buffer_offset = r2t.buffer_offset + i},
                   ByteView{data}.subspan(i, 1));
  EXPECT_LE(growth.bytes(), 4 * data.size());
}

TEST_F(Bounds, OfTasksHoldWhenManyHaveEnded) {
  log_in();
  const auto pass = [this](int commands) {
    for (int i = 0; i < commands; ++i) {
      initiator.send(without_data(initiator, test_unit_ready));
      static_cast<void>(initiator.take());
    }
  };
  pass(10);
  const Growth growth;
  pass(2000);
  EXPECT_LE(growth.bytes(), 4 * kib);
}

TEST_F(Bounds, OfWritesCountNoDataOfThoseThatHaveEnded) {
  log_in();
  const Growth growth;
  const Bytes data(64 * kib);
  world.hold = true;
  for (int i = 0; i < 32; ++i) initiator.send(writing(initiator, 0, 128), data);
  EXPECT_GE(growth.bytes(), 32 * data.size());
  world.release_all();
  static_cast<void>(initiator.take());
  EXPECT_LE(growth.bytes(), 2 * data.size());
}

TEST_F(Bounds, OfHeldRequestsAreThoseOfTheWindow) {
  log_in();
  const Growth growth;
  initiator.cmd_sn = initiator.cmd_sn + 1;  // nothing can be delivered
  const Bytes data(64 * kib);
  for (int i = 0; i < 300; ++i) initiator.send(writing(initiator, 0, 128), data);
  initiator.expect_silence();
  EXPECT_LE(growth.bytes(), 127 * 66 * kib);
}

TEST_F(Bounds, OfHeldRequestsAreNotEscapedByPluggingTheirNumbers) {
  log_in();
  const Growth growth;
  const Bytes data(64 * kib);
  const auto plug = [&](wire::CmdSN number) {
    initiator.send(aborting(initiator, InitiatorTaskTag{0x7777'7777}, number));
  };
  for (int i = 0; i < 300; ++i) {
    ++initiator.cmd_sn;                                // one that never comes,
    initiator.send(writing(initiator, 0, 128), data);  // one that is held behind it,
    plug(initiator.cmd_sn - 1);  // and both numbers named as if neither had come
    plug(initiator.cmd_sn - 2);
    static_cast<void>(initiator.take());
  }
  EXPECT_LE(growth.bytes(), 4 * 66 * kib);
}

TEST_F(Bounds, OfPendingFunctionsHold) {
  log_in();
  initiator.cmd_sn = initiator.cmd_sn + 1;
  const Growth growth;
  for (int i = 0; i < 10'000; ++i) {
    initiator.send(
        pdu::TaskManagementRequest{.immediate = true,
                                   .function = pdu::TaskManagementFunction::abort_task_set,
                                   .initiator_task_tag = initiator.new_tag()});
    static_cast<void>(initiator.take());
    static_cast<void>(world.notes());
  }
  EXPECT_LE(growth.bytes(), 32 * kib);
}

TEST(BoundsBeforeLogin, AreAFewKilobytesForAnIdleConnection) {
  World world;
  std::vector<ConnectionId> ids;
  ids.reserve(1000);
  const Growth growth;
  for (int i = 0; i < 1000; ++i) ids.push_back(world.open());
  EXPECT_LE(growth.bytes() / 1000, 4 * kib);
}

TEST(BoundsBeforeLogin, AreAFewKilobytesForAHalfSentPdu) {
  // 48 bytes that announce the most that is taken, and all of it but the last byte.
  const Bytes header =
      hex("4387 0000 00 002000 0002 3d00 0001 0000 0000 0001 0000 0000 0000 0001 0000 0000"
          "0000 0000 0000 0000 0000 0000 0000 0000");
  ASSERT_EQ(header.size(), 48U);
  World world;
  const Growth growth;
  constexpr int connections = 100;
  for (int i = 0; i < connections; ++i) {
    const ConnectionId id = world.open();
    ASSERT_EQ(world.put(id, header), header.size());
    ASSERT_EQ(world.put(id, Bytes(8191)), 8191U);
  }
  EXPECT_LE(growth.bytes() / connections, 20 * kib);
}

TEST_F(Bounds, OfOnePeerThatNeverReadsAreNotFeltByAnother) {
  log_in();
  const pdu::NopOut nop{.immediate = true, .initiator_task_tag = InitiatorTaskTag{1}};
  const Bytes data(8 * kib);
  flood([&] { return initiator.bytes_of(nop, data); });
  Initiator other{world};
  other.name += "2";
  ASSERT_TRUE(other.log_in());
  clear_attentions(other);
  const Bytes content = pattern(8 * kib);
  for (std::uint32_t i = 0; i < 20; ++i) {
    other.send(writing(other, i * 16, 16), content);
    EXPECT_EQ(other.only<pdu::ScsiResponse>().status, 0);
    Bytes read;
    other.send(reading(other, i * 16, 16));
    EXPECT_TRUE(other.only<pdu::DataIn>(&read).has_status);
    EXPECT_EQ(read, content);
  }
  EXPECT_FALSE(world.target.wants_input(initiator.id));
}

TEST(BoundsBeforeLogin, AreThoseOfOneTextForALoginThatNeverEnds) {
  World world;
  const Bytes text(8 * kib, std::byte{'x'});
  const Growth growth;
  Initiator initiator{world};
  const pdu::LoginRequest request{.continued = true,
                                  .current_stage = pdu::LoginStage::security_negotiation,
                                  .isid = initiator.isid,
                                  .initiator_task_tag = InitiatorTaskTag{1}};
  std::size_t sent = 0;
  for (; initiator.is_open(); sent += text.size()) {
    ASSERT_LE(sent, limits::negotiation_text_bytes);
    initiator.send_as_is(request, text);
    static_cast<void>(initiator.take());
    EXPECT_LE(growth.bytes(), 3 * limits::negotiation_text_bytes);
  }
  world.close(initiator.id);
  EXPECT_LE(growth.bytes(), 4 * kib);
}

TEST(BoundsBeforeLogin, LetOneMoreInitiatorWorkBesideAThousandIdleOnes) {
  World world;
  for (int i = 0; i < 1000; ++i) {
    const ConnectionId id = world.open();
    if (i % 2 == 0) {
      EXPECT_EQ(world.put(id, hex("4387 0000 00")), 5U);
    }
  }
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in());
  clear_attentions(initiator);
  const Bytes content = pattern(8 * kib);
  initiator.send(writing(initiator, 0, 16), content);
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(0, 16), content);
  EXPECT_TRUE(world.target.accepts_connection());
}

}  // namespace
}  // namespace iscsi::harness
