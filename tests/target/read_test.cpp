/// Data to the initiator (RFC 3720 10.4, 10.7): how it is cut, how it ends, what is told about it.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

/// What came of one command.
struct End {
  Bytes data{};
  std::size_t pdus = 0;
  bool collapsed = false;  ///< the status came with the data
  pdu::ScsiResponse response{};
  Bytes segment{};  ///< of the response
};

class Reads : public testing::Test {
 protected:
  void log_in(const std::vector<std::string>& keys = {}, std::size_t blocks = 1024) {
    ASSERT_TRUE(initiator.log_in(keys));
    clear_attentions(initiator);
    content = pattern(blocks * 512);
    world.fill(0, content);
  }

  /// Runs a command that sends no data, and checks the Data-In PDUs by the agreed limits.
  End run(const pdu::ScsiCommand& command, std::uint32_t most, std::uint32_t burst,
          ByteView additional_headers = {}) {
    initiator.send(command, {}, additional_headers);
    End end;
    std::size_t in_sequence = 0;
    bool open = false;
    bool ended = false;
    for (const Received& received : initiator.take()) {
      if (const auto* response = received.as<pdu::ScsiResponse>()) {
        EXPECT_EQ(response->initiator_task_tag, command.initiator_task_tag);
        end.response = *response;
        end.segment = received.data;
        EXPECT_EQ(received.data.empty(), response->status != 0x02);  // 10.4.7: sense data
        if (!command.read || !command.write) {
          EXPECT_FALSE(response->bidirectional_overflow || response->bidirectional_underflow);
          EXPECT_EQ(response->bidirectional_residual_count, 0U);
        }
        EXPECT_EQ(response->exp_data_sn.value, end.pdus);
        continue;
      }
      const auto* data = received.as<pdu::DataIn>();
      EXPECT_NE(data, nullptr) << to_text(received);
      if (data == nullptr) continue;
      EXPECT_EQ(data->initiator_task_tag, command.initiator_task_tag);
      EXPECT_EQ(data->target_transfer_tag, TargetTransferTag::none);
      EXPECT_EQ(data->data_sn.value, end.pdus++);
      EXPECT_EQ(data->buffer_offset, end.data.size());
      EXPECT_FALSE(received.data.empty());
      EXPECT_LE(received.data.size(), most);
      EXPECT_TRUE(data->final || received.data.size() % 4 == 0);  // 10.7.7
      in_sequence += received.data.size();
      EXPECT_LE(in_sequence, burst);  // 10.7.1
      EXPECT_FALSE(ended) << "a sequence that could have been longer";
      open = !data->final;
      ended = data->final && in_sequence < burst;
      if (data->final) in_sequence = 0;
      end.data.insert(end.data.end(), received.data.begin(), received.data.end());
      EXPECT_FALSE(end.collapsed) << "data behind the status";
      if (data->has_status) {
        end.collapsed = true;
        end.response = {.overflow = data->overflow,
                        .underflow = data->underflow,
                        .status = data->status,
                        .residual_count = data->residual_count};
      }
    }
    EXPECT_FALSE(open) << "the last Data-In has no F bit";
    return end;
  }
  End run(const pdu::ScsiCommand& command) { return run(command, 8192, 262144); }

  World world;
  Initiator initiator{world};
  Bytes content{};
};

TEST_F(Reads, AreCutByWhatTheInitiatorReceivesAndByTheBurst) {
  for (const std::uint32_t most : {512U, 513U, 1000U, 8192U, 262144U, 16777215U})
    for (const std::uint32_t burst : {512U, 1022U, 4096U, 10000U, 262144U}) {
      World fresh{{.policy = {.max_burst_length = burst, .first_burst_length = 512}}};
      Initiator one{fresh};
      ASSERT_TRUE(one.log_in({"MaxRecvDataSegmentLength=" + std::to_string(most),
                              "MaxBurstLength=" + std::to_string(burst), "FirstBurstLength=512"}));
      clear_attentions(one);
      content = pattern(1024 * 512);
      fresh.fill(0, content);
      std::swap(initiator, one);
      for (const std::uint32_t blocks : {1U, 2U, 16U, 17U, 1024U}) {
        SCOPED_TRACE(testing::Message() << most << " " << burst << " " << blocks);
        const End end = run(reading(initiator, 0, static_cast<std::uint16_t>(blocks)), most, burst);
        EXPECT_TRUE(end.collapsed);
        EXPECT_EQ(end.response.status, 0);
        EXPECT_TRUE(
            std::ranges::equal(end.data, ByteView{content}.first(std::size_t{blocks} * 512)));
        EXPECT_FALSE(end.response.overflow || end.response.underflow);
      }
      std::swap(initiator, one);
    }
}

TEST_F(Reads, HaveResidualsToTheByte) {
  log_in();
  for (const std::uint32_t blocks : {0U, 1U, 3U})
    for (const std::uint32_t expected : {0U, 1U, 511U, 512U, 513U, 1535U, 1536U, 1540U, 9000U}) {
      SCOPED_TRACE(testing::Message() << blocks << " " << expected);
      auto command = reading(initiator, 0, static_cast<std::uint16_t>(blocks));
      command.expected_data_transfer_length = expected;
      const End end = run(command);
      const std::uint32_t wanted = blocks * 512;
      EXPECT_EQ(end.data.size(), std::min(wanted, expected));
      EXPECT_EQ(end.collapsed, std::min(wanted, expected) > 0);
      EXPECT_EQ(end.response.status, 0);
      EXPECT_EQ(end.response.overflow, wanted > expected);
      EXPECT_EQ(end.response.underflow, wanted < expected);
      EXPECT_EQ(end.response.residual_count,
                wanted > expected ? wanted - expected : expected - wanted);
    }
}

TEST_F(Reads, OfParametersHaveResidualsToo) {
  log_in();
  pdu::ScsiCommand inquiry{.read = true,
                           .initiator_task_tag = initiator.new_tag(),
                           .expected_data_transfer_length = 255,
                           .cdb = cdb("12000000ff00")};
  const End whole = run(inquiry);
  ASSERT_LT(whole.data.size(), 255U);
  EXPECT_EQ(whole.response.residual_count, 255 - whole.data.size());
  EXPECT_TRUE(whole.response.underflow);
  inquiry.initiator_task_tag = initiator.new_tag();
  inquiry.expected_data_transfer_length = 5;  // less than what there is to tell
  const End part = run(inquiry);
  EXPECT_TRUE(std::ranges::equal(part.data, ByteView{whole.data}.first(5)));
  EXPECT_TRUE(part.response.overflow);
  EXPECT_EQ(part.response.residual_count, whole.data.size() - 5);
}

TEST_F(Reads, WithoutTheReadBitMoveNothing) {
  // R and W are both 0, so nothing is expected (10.3.1); the command has its data all the same.
  log_in();
  auto command = reading(initiator, 0, 1);
  command.read = false;
  command.expected_data_transfer_length = 0;
  const End end = run(command);
  EXPECT_TRUE(end.data.empty());
  EXPECT_EQ(end.response.status, 0);
  EXPECT_TRUE(end.response.overflow);
  EXPECT_EQ(end.response.residual_count, 512U);
}

TEST_F(Reads, WithTheWriteBitMoveNothingEitherWay) {
  log_in({"ImmediateData=Yes", "InitialR2T=Yes"});
  auto command = reading(initiator, 0, 1);
  command.read = false;
  command.write = true;
  const End end = run(command);
  EXPECT_TRUE(end.data.empty());
  EXPECT_EQ(end.response.status, 0);
  EXPECT_TRUE(end.response.underflow);
  EXPECT_EQ(end.response.residual_count, 512U);
}

TEST_F(Reads, AreNotMadeOfWritesByTheirBits) {
  log_in();
  auto command = writing(initiator, 0, 1);
  command.write = false;
  command.read = true;
  const End end = run(command);
  EXPECT_TRUE(end.data.empty());
  EXPECT_TRUE(end.response.underflow);
  EXPECT_EQ(end.response.residual_count, 512U);
  EXPECT_TRUE(world.on_disk(0, 1) == Bytes(content.begin(), content.begin() + 512));
}

TEST_F(Reads, ThatAreBidirectionalEndInAResponseWithBothResiduals) {
  log_in();
  auto command = reading(initiator, 0, 3);
  command.write = true;
  command.expected_data_transfer_length = 100;  // to the target, which wants nothing
  // 10.2.2.4: 1000 bytes to the initiator
  const End end = run(command, 8192, 262144, hex("0005 02 00 000003e8"));
  EXPECT_FALSE(end.collapsed);  // 10.7.3
  EXPECT_EQ(end.data.size(), 1000U);
  EXPECT_EQ(end.response.status, 0);
  EXPECT_TRUE(end.response.bidirectional_overflow);
  EXPECT_EQ(end.response.bidirectional_residual_count, 536U);
  EXPECT_TRUE(end.response.underflow);
  EXPECT_EQ(end.response.residual_count, 100U);
  EXPECT_EQ(end.response.exp_data_sn.value, 1U);
}

TEST_F(Reads, ThatAreBidirectionalTellWhatIsMissingOfTheirExpectation) {
  log_in();
  auto command = reading(initiator, 0, 1);
  command.write = true;
  command.expected_data_transfer_length = 0;
  const End end = run(command, 8192, 262144, hex("0005 02 00 000003e8"));  // 10.2.2.4: 1000 bytes
  EXPECT_EQ(end.data.size(), 512U);
  EXPECT_FALSE(end.response.bidirectional_overflow);
  EXPECT_TRUE(end.response.bidirectional_underflow);  // 10.4.1
  EXPECT_EQ(end.response.bidirectional_residual_count, 488U);
  EXPECT_FALSE(end.response.overflow || end.response.underflow);
}

TEST_F(Reads, ThatAreHeldKeepTheirAdditionalHeaders) {
  log_in();
  const auto first = initiator.cmd_sn;
  ++initiator.cmd_sn;
  auto command = reading(initiator, 0, 3);
  command.write = true;
  command.expected_data_transfer_length = 0;
  initiator.send(command, {}, hex("0005 02 00 000003e8"));
  initiator.expect_silence();
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = first;
  initiator.send_as_is(filler);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 3U);
  EXPECT_EQ(received[1].data, Bytes(content.begin(), content.begin() + 1000));
  ASSERT_NE(received[2].as<pdu::ScsiResponse>(), nullptr);
  EXPECT_EQ(received[2].as<pdu::ScsiResponse>()->bidirectional_residual_count, 536U);
}

TEST_F(Reads, ThatAreBidirectionalSayHowMuchTheyExpect) {
  log_in();
  auto command = reading(initiator, 0, 1);
  command.write = true;
  const Bytes bytes = initiator.bytes_of(command);
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);  // 10.3.4
  EXPECT_TRUE(initiator.is_open());
}

TEST_F(Reads, AreNotSentAgain) {
  log_in();
  initiator.send(reading(initiator, 0, 1));
  initiator.only<pdu::DataIn>();
  using enum pdu::SnackType;
  for (const auto& snack : std::to_array<pdu::SnackRequest>(
           {{.type = data_or_r2t, .initiator_task_tag = InitiatorTaskTag{1}},
            {.type = status},
            {.type = data_ack, .transfer_or_snack_tag = 1},
            {.type = r_data,
             .initiator_task_tag = InitiatorTaskTag{1},
             .transfer_or_snack_tag = 1}})) {
    const Bytes bytes = initiator.bytes_of(snack);
    initiator.put(bytes);
    initiator.expect_reject(pdu::RejectReason::snack_reject, bytes);  // 10.16
  }
}

TEST_F(Reads, ThatFailEndInAResponseWithSenseData) {
  log_in();
  const End end = run(reading(initiator, 8191, 2));  // one block too far
  EXPECT_FALSE(end.collapsed);
  EXPECT_TRUE(end.data.empty());
  EXPECT_EQ(end.response.status, 0x02);
  EXPECT_EQ(sense_in(end.segment), 0x052100U);
  EXPECT_TRUE(end.response.underflow);
  EXPECT_EQ(end.response.residual_count, 1024U);
}

TEST_F(Reads, ThatTheMediumFailsEndInAResponseWithSenseData) {
  log_in();
  world.hold = true;
  initiator.send(reading(initiator, 0, 4));
  world.release(0, scsi::MediumResult{.kind = scsi::MediumResult::Kind::read_error, .offset = 512});
  Bytes segment;
  const auto response = initiator.only<pdu::ScsiResponse>(&segment);
  EXPECT_EQ(response.status, 0x02);
  EXPECT_EQ(sense_in(segment), 0x031100U);
  EXPECT_EQ(response.residual_count, 2048U);
}

TEST_F(Reads, CarryTheirConditionMetInAResponse) {
  log_in();
  const End end = run(without_data(initiator, cdb("34000000000000000800")));  // PRE-FETCH(10)
  EXPECT_FALSE(end.collapsed);
  EXPECT_TRUE(end.response.status == 0x00 || end.response.status == 0x04);
}

TEST_F(Reads, AreSealedByTheDigestsThatWereAgreed) {
  // The harness checks the digests of every PDU; sizes with all paddings.
  for (const bool header : {false, true})
    for (const bool data : {false, true}) {
      World fresh;
      Initiator one{fresh};
      ASSERT_TRUE(one.log_in({header ? "HeaderDigest=CRC32C" : "HeaderDigest=None",
                              data ? "DataDigest=CRC32C" : "DataDigest=None",
                              "MaxRecvDataSegmentLength=4096"}));
      EXPECT_EQ(one.digests, (pdu::Digests{header, data}));
      clear_attentions(one);
      fresh.fill(0, pattern(32 * 512));
      std::swap(initiator, one);
      for (const std::uint32_t expected : {1U, 2U, 3U, 4U, 511U, 4097U, 8191U, 16384U}) {
        auto command = reading(initiator, 0, 32);
        command.expected_data_transfer_length = expected;
        EXPECT_EQ(run(command, 4096, 262144).data.size(), expected);
      }
      initiator.send(writing(initiator, 64, 1), pattern(512));  // and ours are taken
      EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
      std::swap(initiator, one);
    }
}

TEST_F(Reads, WithALongCdbAreRefusedByTheDispatcherAndNotBefore) {
  // 10.2.2.3: the seventeenth byte and on in an AHS. READ(10) has no use for them.
  log_in();
  auto command = reading(initiator, 0, 1);
  const End end = run(command, 8192, 262144, hex("0005 01 00 00000000"));
  EXPECT_EQ(end.response.status, 0);
  EXPECT_EQ(end.data.size(), 512U);
}

TEST_F(Reads, WithALongCdbLeaveNothingOfItToTheNextCommand) {
  log_in();
  EXPECT_EQ(run(reading(initiator, 0, 1), 8192, 262144, hex("0005 01 00 00000000")).data.size(),
            512U);
  const End end = run(without_data(initiator, test_unit_ready));
  EXPECT_TRUE(end.data.empty());
  EXPECT_FALSE(end.response.overflow || end.response.underflow);
  EXPECT_EQ(end.response.residual_count, 0U);
}

TEST_F(Reads, GoOutFromTheMemoryThatTheMediumHasFilled) {
  log_in();
  world.hold = true;
  initiator.send(reading(initiator, 0, 4));
  ASSERT_EQ(world.held.size(), 1U);
  const std::byte* filled = world.held.front().request.data_in.data();
  world.release();
  std::array<ByteView, 4> views{};
  ASSERT_EQ(world.target.gather(initiator.id, views), 2U);
  EXPECT_EQ(views[1].data(), filled);
}

TEST_F(Reads, GoOnWithTheSegmentLengthThatIsDeclaredAnew) {
  log_in({"MaxRecvDataSegmentLength=4096"});
  EXPECT_EQ(run(reading(initiator, 0, 16), 4096, 262144).pdus, 2U);
  initiator.send(pdu::TextRequest{.initiator_task_tag = initiator.new_tag()},
                 wire::as_bytes(std::string_view{"MaxRecvDataSegmentLength=1024\0", 30}));
  EXPECT_TRUE(initiator.only<pdu::TextResponse>().final);
  EXPECT_EQ(run(reading(initiator, 0, 16), 1024, 262144).pdus, 8U);
}

}  // namespace
}  // namespace iscsi::harness
