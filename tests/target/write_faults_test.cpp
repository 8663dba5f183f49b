/// Data-Out that breaks a rule (RFC 3720 6.3, 6.7, 6.8, 10.4.2, 10.4.7.2, 10.17): what the PDU is
/// answered, how the command ends, and that the session goes on.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

constexpr std::uint32_t crc_error = 0x0b4705;
constexpr std::uint32_t unexpected_data = 0x0b0c0c;
constexpr std::uint32_t wrong_amount = 0x0b0c0d;

class WriteFaults : public testing::Test {
 protected:
  void log_in(const std::vector<std::string>& keys) {
    ASSERT_TRUE(initiator.log_in(keys));
    clear_attentions(initiator);
  }
  /// A write of two bursts of 1024 bytes, the first one asked for.
  void begin() {
    log_in({"InitialR2T=Yes", "ImmediateData=No", "MaxBurstLength=1024", "FirstBurstLength=1024"});
    command = writing(initiator, 0, 4);
    initiator.send(command);
    r2t = initiator.only<pdu::ReadyToTransfer>();
    ASSERT_EQ(r2t.desired_data_transfer_length, 1024U);
  }
  /// An answer to the R2T.
  pdu::DataOut answer(std::uint32_t sn, std::uint32_t offset, bool final) const {
    return {.final = final,
            .lun = r2t.lun,
            .initiator_task_tag = command.initiator_task_tag,
            .target_transfer_tag = r2t.target_transfer_tag,
            .data_sn = {sn},
            .buffer_offset = r2t.buffer_offset + offset};
  }
  Bytes refused(pdu::RejectReason reason, const Bytes& bytes) {
    initiator.put(bytes);
    initiator.expect_reject(reason, bytes);
    return bytes;
  }
  void expect_sense(std::uint32_t sense) {
    Bytes data;
    const auto response = initiator.only<pdu::ScsiResponse>(&data);
    EXPECT_EQ(response.initiator_task_tag, command.initiator_task_tag);
    EXPECT_EQ(response.status, 0x02);
    EXPECT_EQ(sense_in(data), sense);
    expect_session_goes_on();
  }
  void expect_session_goes_on() {
    initiator.send(without_data(initiator, test_unit_ready));
    EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
    EXPECT_EQ(world.on_disk(0, 16), Bytes(16 * 512));
  }
  /// The write comes to its end as if nothing had been.
  void expect_success() {
    initiator.send(answer(0, 0, true), data_);
    r2t = initiator.only<pdu::ReadyToTransfer>();
    initiator.send(answer(0, 0, true), data_);
    EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  }
  /// Bytes with the last one spoilt: the data digest.
  static Bytes spoilt(Bytes bytes) {
    bytes.back() ^= std::byte{0x01};
    return bytes;
  }

  World world;
  Initiator initiator{world};
  pdu::ScsiCommand command{};
  pdu::ReadyToTransfer r2t{};
  Bytes data_ = pattern(1024);
};

// PDUs that belong to no sequence: refused, and the task knows nothing of it (6.3).

TEST_F(WriteFaults, OfAnUnknownTransferTagEndNothing) {
  begin();
  auto pdu = answer(0, 0, true);
  pdu.target_transfer_tag = TargetTransferTag{0x4711'4711};
  refused(pdu::RejectReason::invalid_pdu_field, initiator.bytes_of(pdu, data_));
  expect_success();
}

TEST_F(WriteFaults, OfAnUnknownTaskTagEndNothing) {
  begin();
  auto pdu = answer(0, 0, true);
  pdu.initiator_task_tag = InitiatorTaskTag{0x4711'4711};
  refused(pdu::RejectReason::invalid_pdu_field, initiator.bytes_of(pdu, data_));
  expect_success();
}

TEST_F(WriteFaults, OfAnotherUnitEndNothing) {
  begin();
  auto pdu = answer(0, 0, true);
  pdu.lun = wire::Lun{scsi::lun_field(1)};  // 10.7.4
  refused(pdu::RejectReason::invalid_pdu_field, initiator.bytes_of(pdu, data_));
  expect_success();
}

TEST_F(WriteFaults, BehindTheEndOfTheTaskEndNothing) {
  begin();
  const auto late = answer(0, 0, true);
  expect_success();
  refused(pdu::RejectReason::invalid_pdu_field, initiator.bytes_of(late, data_));
}

TEST_F(WriteFaults, ForACommandThatHasAllItsDataEndNothing) {
  // While it waits for another, and while the medium is at work.
  log_in({});
  world.hold = true;
  auto before = writing(initiator, 32, 1);
  before.attribute = pdu::TaskAttribute::ordered;
  initiator.send(before, ByteView{data_}.first(512));
  command = writing(initiator, 40, 1);
  initiator.send(command, ByteView{data_}.first(512));
  const pdu::DataOut more{.initiator_task_tag = command.initiator_task_tag};
  for (int i = 0; i < 2; ++i) {
    refused(pdu::RejectReason::invalid_pdu_field,
            initiator.bytes_of(more, ByteView{data_}.last(512)));
    ASSERT_EQ(world.held.size(), 1U);
    world.release();
    EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  }
  EXPECT_EQ(world.on_disk(40, 1), Bytes(data_.begin(), data_.begin() + 512));
}

TEST_F(WriteFaults, ForARequestThatIsHeldAndNoCommandEndNothing) {
  log_in({});
  const auto first = initiator.cmd_sn;
  ++initiator.cmd_sn;
  const pdu::NopOut held{.initiator_task_tag = initiator.new_tag()};
  initiator.send(held);
  refused(pdu::RejectReason::invalid_pdu_field,
          initiator.bytes_of(pdu::DataOut{.initiator_task_tag = held.initiator_task_tag}, data_));
  auto filler = without_data(initiator, test_unit_ready);
  filler.cmd_sn = first;
  initiator.send_as_is(filler);
  EXPECT_EQ(initiator.take().size(), 2U);
}

// Faults in a sequence: the command ends with them, after the last F that is due (10.4.2).

TEST_F(WriteFaults, InTheNumberOfAPduAreMissingPdus) {
  begin();
  initiator.send(answer(1, 0, false), ByteView{data_}.first(512));  // 6.8: 0 was lost
  initiator.expect_silence();
  initiator.send(answer(2, 512, true), ByteView{data_}.first(512));
  expect_sense(crc_error);
}

TEST_F(WriteFaults, InTheOffsetAreRefusedAndEndTheCommand) {
  begin();
  refused(pdu::RejectReason::invalid_pdu_field,
          initiator.bytes_of(answer(0, 4, false), ByteView{data_}.first(512)));
  initiator.expect_silence();
  initiator.send(answer(1, 516, true), ByteView{data_}.first(508));
  expect_sense(wrong_amount);
}

TEST_F(WriteFaults, ThatRunPastTheSequenceAreRefusedAndEndTheCommand) {
  begin();
  refused(pdu::RejectReason::invalid_pdu_field,
          initiator.bytes_of(answer(0, 512, false), ByteView{data_}.first(1024)));
  initiator.send(answer(1, 0, true), data_);
  expect_sense(wrong_amount);
}

TEST_F(WriteFaults, ThatBeginInFrontOfTheSequenceAreRefusedAndEndTheCommand) {
  begin();
  initiator.send(answer(0, 0, true), data_);
  r2t = initiator.only<pdu::ReadyToTransfer>();
  ASSERT_EQ(r2t.buffer_offset, 1024U);
  auto pdu = answer(0, 0, true);
  pdu.buffer_offset = 0;
  initiator.send(pdu, data_);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  ASSERT_NE(received[0].as<pdu::Reject>(), nullptr);
  EXPECT_EQ(received[0].as<pdu::Reject>()->reason, pdu::RejectReason::invalid_pdu_field);
  ASSERT_NE(received[1].as<pdu::ScsiResponse>(), nullptr);
  EXPECT_EQ(sense_in(received[1].data), wrong_amount);
}

TEST_F(WriteFaults, ThatBringTooLittleEndTheCommand) {
  begin();
  initiator.send(answer(0, 0, true), ByteView{data_}.first(1020));
  expect_sense(wrong_amount);
}

TEST_F(WriteFaults, ThatBringTooLittleTellHowMuchIsMissing) {
  begin();
  initiator.send(answer(0, 0, true), ByteView{data_}.first(1020));
  const auto response = initiator.only<pdu::ScsiResponse>();
  EXPECT_TRUE(response.underflow);  // 10.4.1: of the bytes expected, so many were not transferred
  EXPECT_EQ(response.residual_count, 2048U - 1020U);
}

TEST_F(WriteFaults, AreNotedOnce) {
  begin();
  initiator.send(answer(1, 0, false), ByteView{data_}.first(512));  // 6.8: 0 was lost
  initiator.send(answer(2, 512, false), ByteView{data_}.first(256));
  initiator.send(answer(3, 768, true), ByteView{data_}.first(256));
  EXPECT_EQ(world.notes(), std::vector<std::string>{"data-sn-counts-up"});
}

TEST_F(WriteFaults, ThatBringNothingAtAllEndTheCommand) {
  begin();
  initiator.send(answer(0, 0, true));
  expect_sense(wrong_amount);
}

TEST_F(WriteFaults, ThatNeverEndLeaveTheCommandOpen) {
  begin();
  initiator.send(answer(0, 0, false), data_);
  initiator.expect_silence();  // 10.4.2: the answer waits for F
  initiator.send(answer(1, 1024, true));
  r2t = initiator.only<pdu::ReadyToTransfer>();
  EXPECT_EQ(r2t.buffer_offset, 1024U);
}

TEST_F(WriteFaults, DoNotMakeWhatFollowsThemWrong) {
  begin();
  refused(pdu::RejectReason::invalid_pdu_field,
          initiator.bytes_of(answer(0, 8, false), ByteView{data_}.first(256)));
  initiator.send(answer(1, 264, false), ByteView{data_}.first(256));
  initiator.send(answer(2, 520, false), ByteView{data_}.first(256));
  initiator.expect_silence();  // one refusal is enough
  initiator.send(answer(3, 776, true), ByteView{data_}.first(248));
  expect_sense(wrong_amount);
}

TEST_F(WriteFaults, WaitForTheDataOfAllR2tsThatAreOpen) {
  World wide{
      {.policy = {.max_burst_length = 1024, .first_burst_length = 1024, .max_outstanding_r2t = 2}}};
  Initiator other{wide};
  ASSERT_TRUE(other.log_in({"InitialR2T=Yes", "ImmediateData=No", "MaxBurstLength=1024",
                            "FirstBurstLength=1024", "MaxOutstandingR2T=2"}));
  clear_attentions(other);
  command = writing(other, 0, 8);
  other.send(command);
  const auto received = other.take();
  ASSERT_EQ(received.size(), 2U);
  r2t = *received[0].as<pdu::ReadyToTransfer>();
  other.send(answer(0, 0, true), ByteView{data_}.first(512));  // too little
  other.expect_silence();                                      // and nothing more is asked for
  r2t = *received[1].as<pdu::ReadyToTransfer>();
  other.send(answer(0, 0, true), data_);
  Bytes segment;
  EXPECT_EQ(other.only<pdu::ScsiResponse>(&segment).status, 0x02);
  EXPECT_EQ(sense_in(segment), wrong_amount);
}

// Unsolicited data.

TEST_F(WriteFaults, OfImmediateDataThatWasNotAgreedEndTheCommand) {
  log_in({"InitialR2T=Yes", "ImmediateData=No"});
  command = writing(initiator, 0, 1);
  initiator.send(command, ByteView{data_}.first(512));
  expect_sense(unexpected_data);  // 12.11
}

TEST_F(WriteFaults, OfImmediateDataBeyondTheFirstBurstEndTheCommand) {
  log_in({"MaxBurstLength=1024", "FirstBurstLength=512"});
  command = writing(initiator, 0, 4);
  initiator.send(command, data_);
  expect_sense(unexpected_data);  // 3.2.4.2
}

TEST_F(WriteFaults, OfImmediateDataBeyondTheCommandEndIt) {
  log_in({});
  command = writing(initiator, 0, 1);
  initiator.send(command, data_);
  expect_sense(wrong_amount);
}

TEST_F(WriteFaults, OfDataForACommandThatDoesNotWriteEndIt) {
  log_in({});
  command = reading(initiator, 0, 1);
  initiator.send(command, ByteView{data_}.first(512));
  expect_sense(unexpected_data);
}

TEST_F(WriteFaults, OfUnsolicitedDataThatWasNotAgreedEndTheCommandAfterItsEnd) {
  log_in({"InitialR2T=Yes", "ImmediateData=Yes"});
  command = writing(initiator, 0, 4);
  command.final = false;
  initiator.send(command);
  initiator.expect_silence();
  initiator.send(pdu::DataOut{.final = false, .initiator_task_tag = command.initiator_task_tag},
                 data_);
  initiator.expect_silence();
  initiator.send(
      pdu::DataOut{
          .initiator_task_tag = command.initiator_task_tag, .data_sn = {1}, .buffer_offset = 1024},
      data_);
  expect_sense(unexpected_data);
}

TEST_F(WriteFaults, OfUnsolicitedDataAfterAFinalCommandEndIt) {
  begin();
  initiator.send(pdu::DataOut{.initiator_task_tag = command.initiator_task_tag}, data_);
  initiator.expect_silence();  // the R2T's data is still due
  initiator.send(answer(0, 0, true), data_);
  expect_sense(unexpected_data);
}

TEST_F(WriteFaults, OfUnsolicitedDataBeyondTheFirstBurstEndTheCommand) {
  log_in({"InitialR2T=No", "MaxBurstLength=1024", "FirstBurstLength=512"});
  command = writing(initiator, 0, 4);
  command.final = false;
  initiator.send(command, ByteView{data_}.first(256));
  initiator.send(
      pdu::DataOut{
          .final = false, .initiator_task_tag = command.initiator_task_tag, .buffer_offset = 256},
      ByteView{data_}.first(512));
  initiator.expect_silence();
  initiator.send(pdu::DataOut{
      .initiator_task_tag = command.initiator_task_tag, .data_sn = {1}, .buffer_offset = 768});
  expect_sense(unexpected_data);
}

TEST_F(WriteFaults, OfUnsolicitedDataThatDoesNotFillTheFirstBurstEndTheCommand) {
  log_in({"InitialR2T=No", "MaxBurstLength=1024", "FirstBurstLength=1024"});
  command = writing(initiator, 0, 4);
  command.final = false;
  initiator.send(command);
  initiator.send(pdu::DataOut{.initiator_task_tag = command.initiator_task_tag},
                 ByteView{data_}.first(1020));
  expect_sense(wrong_amount);  // 10.4.7.2
}

// Data digests (6.7).

TEST_F(WriteFaults, OfTheDigestOfSolicitedDataAreRejectedAndEndTheCommand) {
  log_in({"InitialR2T=Yes", "ImmediateData=No", "DataDigest=CRC32C"});
  command = writing(initiator, 0, 4);
  initiator.send(command);
  r2t = initiator.only<pdu::ReadyToTransfer>();
  refused(pdu::RejectReason::data_digest_error,
          spoilt(initiator.bytes_of(answer(0, 0, false), ByteView{data_}.first(512))));
  initiator.send(answer(1, 512, false), ByteView{data_}.first(512));
  initiator.expect_silence();  // 6.7 b): it waits for all the data
  initiator.send(answer(2, 1024, true), data_);
  expect_sense(crc_error);
}

TEST_F(WriteFaults, OfTheDigestOfTheLastDataPduAreToldAtOnce) {
  log_in({"InitialR2T=Yes", "ImmediateData=No", "DataDigest=CRC32C"});
  command = writing(initiator, 0, 2);
  initiator.send(command);
  r2t = initiator.only<pdu::ReadyToTransfer>();
  initiator.put(spoilt(initiator.bytes_of(answer(0, 0, true), data_)));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  ASSERT_NE(received[0].as<pdu::Reject>(), nullptr);
  EXPECT_EQ(received[0].as<pdu::Reject>()->reason, pdu::RejectReason::data_digest_error);
  EXPECT_EQ(sense_in(received[1].data), crc_error);
  expect_session_goes_on();
}

TEST_F(WriteFaults, OfTheDigestOfUnsolicitedDataAreRejectedAndEndTheCommand) {
  log_in({"InitialR2T=No", "ImmediateData=No", "DataDigest=CRC32C", "HeaderDigest=CRC32C"});
  command = writing(initiator, 0, 4);
  command.final = false;
  initiator.send(command);
  refused(
      pdu::RejectReason::data_digest_error,
      spoilt(initiator.bytes_of(
          pdu::DataOut{.final = false, .initiator_task_tag = command.initiator_task_tag}, data_)));
  initiator.send(
      pdu::DataOut{
          .initiator_task_tag = command.initiator_task_tag, .data_sn = {1}, .buffer_offset = 1024},
      data_);
  expect_sense(crc_error);
}

TEST_F(WriteFaults, OfTheDigestOfImmediateDataUndoTheCommand) {
  log_in({"DataDigest=CRC32C"});
  command = writing(initiator, 0, 2);
  const auto number = initiator.cmd_sn;
  const Bytes bytes = initiator.bytes_of(command, data_);
  initiator.put(spoilt(bytes));
  const auto reject = initiator.only<pdu::Reject>();
  EXPECT_EQ(reject.reason, pdu::RejectReason::data_digest_error);
  EXPECT_EQ(reject.exp_cmd_sn, number);  // 6.3: not considered received
  initiator.put(bytes);                  // 6.2.1: the same again, with the same numbers
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(0, 2), data_);
}

TEST_F(WriteFaults, OfADigestForAnUnknownTaskAreOneReject) {
  log_in({"DataDigest=CRC32C"});
  refused(pdu::RejectReason::data_digest_error,
          spoilt(initiator.bytes_of(pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{0x99}},
                                    data_)));
  expect_session_goes_on();
}

TEST_F(WriteFaults, OfTheHeaderDigestEndTheSession) {
  log_in({"HeaderDigest=CRC32C"});
  Bytes bytes = initiator.bytes_of(without_data(initiator, test_unit_ready));
  bytes[20] ^= std::byte{0x80};
  static_cast<void>(world.put(initiator.id, bytes));
  initiator.expect_silence();
  EXPECT_EQ(world.target.disposition(initiator.id), Disposition::close_now);
  EXPECT_EQ(world.target.session_count(), 0U);
  EXPECT_EQ(world.notes(), std::vector<std::string>{"header-digest-matches"});
}

}  // namespace
}  // namespace iscsi::harness
