/// CmdSN and task tags (RFC 3720 3.2.2.1, 6.2.1, 6.3, 10.2.1.8) as a session keeps them.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

class Numbering : public testing::Test {
 protected:
  Numbering() {
    EXPECT_TRUE(initiator.log_in());
    clear_attentions(initiator);
  }
  pdu::ScsiCommand numbered(wire::CmdSN number) {
    auto command = without_data(initiator, test_unit_ready);
    command.cmd_sn = number;
    return command;
  }
  std::vector<InitiatorTaskTag> answered() {
    std::vector<InitiatorTaskTag> tags;
    for (const Received& received : initiator.take()) {
      const auto* response = received.as<pdu::ScsiResponse>();
      EXPECT_NE(response, nullptr) << to_text(received);
      if (response != nullptr) tags.push_back(response->initiator_task_tag);
    }
    return tags;
  }

  World world;
  Initiator initiator{world};
};

TEST_F(Numbering, DeliversInTheOrderOfTheNumbersWhateverTheOrderOfArrival) {
  const auto first = initiator.cmd_sn;
  std::vector<InitiatorTaskTag> tags;
  std::vector<pdu::ScsiCommand> commands;
  for (std::uint32_t i = 0; i < 6; ++i) {
    commands.push_back(numbered(first + i));
    tags.push_back(commands.back().initiator_task_tag);
  }
  for (const std::size_t i : {3U, 1U, 5U, 2U, 4U}) initiator.send_as_is(commands[i]);
  initiator.expect_silence();
  initiator.send_as_is(commands[0]);
  EXPECT_EQ(answered(), tags);
}

TEST_F(Numbering, HoldsTheDataOfACommandToo) {
  const auto first = initiator.cmd_sn;
  initiator.cmd_sn = first + 1;
  const Bytes data = pattern(512);
  Bytes bytes = initiator.bytes_of(writing(initiator, 5, 1), data);
  initiator.put(bytes);
  const Bytes filler(32 * 1024 / 48 * 48);  // so that the buffer is used again
  initiator.send_as_is(pdu::NopOut{.immediate = true}, ByteView{filler}.first(8000));
  initiator.expect_silence();
  initiator.send_as_is(numbered(first));
  EXPECT_EQ(answered().size(), 2U);
  EXPECT_EQ(world.on_disk(5, 1), data);
}

TEST_F(Numbering, IgnoresNumbersOutsideTheWindowInSilence) {
  const auto first = initiator.cmd_sn;
  for (const std::uint32_t distance : {128U, 129U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU}) {
    initiator.send_as_is(numbered(first + distance));
    initiator.expect_silence();
    EXPECT_EQ(world.notes(), std::vector<std::string>{"cmd-sn-is-in-window"});
  }
}

TEST_F(Numbering, ADamagedRequestOutsideTheWindowIsRejected) {
  // The digest is looked at in front of the number (session/engine.hpp; 6.7).
  World sealed;
  Initiator one{sealed};
  ASSERT_TRUE(one.log_in({"DataDigest=CRC32C"}));
  Bytes bytes =
      pdu::encode(pdu::NopOut{.initiator_task_tag = one.new_tag(), .cmd_sn = one.cmd_sn + 500},
                  pattern(8), one.digests);
  bytes.back() ^= std::byte{1};
  one.put(bytes);
  one.expect_reject(pdu::RejectReason::data_digest_error, bytes);
}

/// Decision 0023.
TEST_F(Numbering, AMalformedCommandOutsideTheWindowIsRejected) {
  const auto first = initiator.cmd_sn;
  pdu::TaskManagementRequest request{.initiator_task_tag = initiator.new_tag(),
                                     .cmd_sn = first + 0xffff'ffffU};
  Bytes bytes = initiator.bytes_of(request);
  bytes[1] = std::byte{0x8f};  // a function that 10.5.1 reserves
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::protocol_error, bytes);
  initiator.send_as_is(numbered(first));  // the window has not moved
  EXPECT_EQ(answered().size(), 1U);
}

TEST_F(Numbering, IgnoresANumberThatIsHeldAlready) {
  const auto first = initiator.cmd_sn;
  initiator.send_as_is(numbered(first + 2));
  initiator.send_as_is(numbered(first + 2));
  initiator.expect_silence();
  EXPECT_EQ(world.notes(), std::vector<std::string>{"cmd-sn-is-new"});
  initiator.send_as_is(numbered(first));
  initiator.send_as_is(numbered(first + 1));
  EXPECT_EQ(answered().size(), 3U);
}

TEST_F(Numbering, ClosesTheWindowAtItsSizeAndOpensItWithTheResponses) {
  world.hold = true;
  const auto first = initiator.cmd_sn;
  for (std::uint32_t i = 0; i < 128; ++i) initiator.send(reading(initiator, 0, 1));
  initiator.send(reading(initiator, 0, 1));  // one too many
  initiator.expect_silence();
  EXPECT_EQ(world.notes(), std::vector<std::string>{"cmd-sn-is-in-window"});
  EXPECT_EQ(world.held.size(), 128U);
  for (std::uint32_t i = 0; i < 128; ++i) {
    world.release();
    const auto data = initiator.only<pdu::DataIn>();
    EXPECT_EQ(data.exp_cmd_sn, first + 128);
    EXPECT_EQ(data.max_cmd_sn, first + 128 + i);
  }
}

TEST_F(Numbering, WrapsAround) {
  World other;
  Initiator one{other};
  one.cmd_sn = wire::CmdSN{0xffff'fff0};
  ASSERT_TRUE(one.log_in());
  EXPECT_EQ(one.cmd_sn.value, 0xffff'fff0U);  // 10.12.8
  clear_attentions(one);
  for (int i = 0; i < 40; ++i) {
    one.send(without_data(one, test_unit_ready));
    EXPECT_EQ(one.only<pdu::ScsiResponse>().exp_cmd_sn, one.cmd_sn);
  }
  EXPECT_EQ(one.cmd_sn.value, 0xffff'fff0U + 41U);
}

TEST_F(Numbering, UsesNoNumberForImmediateRequests) {
  const auto first = initiator.cmd_sn;
  auto command = without_data(initiator, test_unit_ready);
  command.immediate = true;
  for (const std::uint32_t distance : {0U, 5U, 500U}) {  // "may lie outside"
    command.cmd_sn = first + distance;
    command.initiator_task_tag = initiator.new_tag();
    initiator.send_as_is(command);
    EXPECT_EQ(initiator.only<pdu::ScsiResponse>().exp_cmd_sn, first);
  }
}

TEST_F(Numbering, TakesImmediateRequestsWhenTheWindowIsClosed) {
  world.hold = true;
  for (std::uint32_t i = 0; i < 128; ++i) initiator.send(reading(initiator, 0, 1));
  pdu::NopOut nop{.immediate = true, .initiator_task_tag = initiator.new_tag()};
  initiator.send(nop);
  const auto answer = initiator.only<pdu::NopIn>();
  EXPECT_EQ(answer.max_cmd_sn, answer.exp_cmd_sn - 1);
  initiator.send(
      pdu::TaskManagementRequest{.immediate = true,
                                 .function = pdu::TaskManagementFunction::logical_unit_reset,
                                 .initiator_task_tag = initiator.new_tag()});
  initiator.only<pdu::TaskManagementResponse>();
  world.release_all();
}

TEST_F(Numbering, RejectsImmediateCommandsBeyondItsRoom) {
  world.hold = true;
  auto command = reading(initiator, 0, 1);
  command.immediate = true;
  for (std::size_t i = 0; i < limits::immediate_tasks; ++i) {
    command.initiator_task_tag = initiator.new_tag();
    initiator.send(command);
  }
  command.initiator_task_tag = initiator.new_tag();
  const Bytes bytes = initiator.bytes_of(command);
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::immediate_command_reject, bytes);
  // Room is wanted neither by what does not stay nor by what has a place in the window.
  initiator.send(pdu::NopOut{.immediate = true, .initiator_task_tag = initiator.new_tag()});
  initiator.only<pdu::NopIn>();
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.only<pdu::ScsiResponse>();
  world.release();
  initiator.only<pdu::DataIn>();
  initiator.put(bytes);  // 10.17.1: it can be sent again
  EXPECT_EQ(world.held.size(), limits::immediate_tasks);
}

TEST_F(Numbering, LeavesAGapWhereARequestIsRejected) {
  const auto number = initiator.cmd_sn;
  auto bad = without_data(initiator, test_unit_ready);
  bad.initiator_task_tag = InitiatorTaskTag::none;
  const Bytes bytes = initiator.bytes_of(bad);
  initiator.put(bytes);
  Bytes header;
  const auto reject = initiator.only<pdu::Reject>(&header);
  EXPECT_EQ(reject.reason, pdu::RejectReason::invalid_pdu_field);
  EXPECT_EQ(reject.exp_cmd_sn, number);
  initiator.send(without_data(initiator, test_unit_ready));
  initiator.expect_silence();  // the gap has to be filled first
  initiator.send_as_is(numbered(number));
  EXPECT_EQ(answered().size(), 2U);
}

TEST_F(Numbering, LeavesAGapWhereAHeldRequestIsRejectedInItsTurn) {
  const auto first = initiator.cmd_sn;
  // A NOP-Out that answers a ping which nobody sent: seen only when it is delivered.
  pdu::NopOut nop{.initiator_task_tag = initiator.new_tag(),
                  .target_transfer_tag = TargetTransferTag{0x4711},
                  .cmd_sn = first + 1};
  initiator.send_as_is(nop);
  initiator.send_as_is(numbered(first + 2));
  initiator.expect_silence();
  initiator.send_as_is(numbered(first));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<pdu::ScsiResponse>(), nullptr);
  ASSERT_NE(received[1].as<pdu::Reject>(), nullptr);
  EXPECT_EQ(received[1].as<pdu::Reject>()->exp_cmd_sn, first + 1);
  initiator.send_as_is(numbered(first + 1));
  EXPECT_EQ(answered().size(), 2U);
}

TEST_F(Numbering, RejectsATagThatIsInUse) {
  world.hold = true;
  const auto read = reading(initiator, 0, 1);
  initiator.send(read);
  const auto rejected = [&](auto pdu) {
    pdu.initiator_task_tag = read.initiator_task_tag;
    const Bytes bytes = initiator.bytes_of(pdu);
    initiator.put(bytes);
    initiator.expect_reject(pdu::RejectReason::task_in_progress, bytes);
    if (!pdu.immediate) initiator.cmd_sn = initiator.cmd_sn - 1;
  };
  rejected(without_data(initiator, test_unit_ready));
  rejected(pdu::NopOut{.immediate = true});
  rejected(pdu::NopOut{});
  rejected(pdu::TextRequest{});
  rejected(pdu::LogoutRequest{.immediate = true});
  rejected(pdu::TaskManagementRequest{.immediate = true,
                                      .function = pdu::TaskManagementFunction::logical_unit_reset});
  world.release();
  initiator.only<pdu::DataIn>();
  auto again = without_data(initiator, test_unit_ready);
  again.initiator_task_tag = read.initiator_task_tag;  // free again
  initiator.send(again);
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
}

TEST_F(Numbering, TakesTheTagOfATaskThatIsAbortedAgain) {
  // 10.2.1.8: its tag is free with the answer, although the medium is still at work.
  world.hold = true;
  const auto read = reading(initiator, 0, 1);
  initiator.send(read);
  initiator.send(aborting(initiator, read.initiator_task_tag));
  initiator.only<pdu::TaskManagementResponse>();
  auto again = without_data(initiator, test_unit_ready);
  again.initiator_task_tag = read.initiator_task_tag;
  initiator.send(again);
  EXPECT_EQ(answered(), std::vector{read.initiator_task_tag});
  world.release();
}

TEST_F(Numbering, RejectsTheTagOfARequestThatIsHeld) {
  const auto first = initiator.cmd_sn;
  const auto held = numbered(first + 1);
  initiator.send_as_is(held);
  pdu::NopOut nop{.immediate = true, .initiator_task_tag = held.initiator_task_tag};
  const Bytes bytes = initiator.bytes_of(nop);
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::task_in_progress, bytes);
}

TEST_F(Numbering, RejectsTheTagOfAFunctionThatWaits) {
  initiator.send(writing(initiator, 0, 512));
  initiator.only<pdu::ReadyToTransfer>();
  const pdu::TaskManagementRequest function{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task_set,
                                            .initiator_task_tag = initiator.new_tag()};
  initiator.send(function);
  const Bytes bytes = initiator.bytes_of(
      pdu::NopOut{.immediate = true, .initiator_task_tag = function.initiator_task_tag});
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::task_in_progress, bytes);
}

TEST_F(Numbering, RejectsTheTagOfATextNegotiation) {
  initiator.send(pdu::TextRequest{.final = false, .initiator_task_tag = InitiatorTaskTag{0x77}});
  initiator.only<pdu::TextResponse>();
  auto command = without_data(initiator, test_unit_ready);
  command.initiator_task_tag = InitiatorTaskTag{0x77};
  const Bytes bytes = initiator.bytes_of(command);
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::task_in_progress, bytes);
}

TEST_F(Numbering, TakesARetryOfACommandInProgressForADuplicate) {
  // 6.2.1: "the duplicate commands are silently ignored"
  world.hold = true;
  const auto read = reading(initiator, 0, 1);
  const Bytes bytes = initiator.bytes_of(read);
  initiator.put(bytes);
  initiator.put(bytes);
  initiator.expect_silence();
  world.release();
  initiator.only<pdu::DataIn>();
  EXPECT_TRUE(world.held.empty());
}

TEST_F(Numbering, PassesOverAcknowledgementsOfWhatWasNeverSent) {
  auto command = without_data(initiator, test_unit_ready);
  command.cmd_sn = initiator.cmd_sn;
  command.exp_stat_sn = initiator.exp_stat_sn + 1000;
  initiator.send_as_is(command);
  EXPECT_EQ(answered().size(), 1U);
  const auto& connection = world.target.domain().connections.at(initiator.id);
  EXPECT_TRUE(connection.exp_stat_sn.precedes_or_is(connection.stat_sn));
}

}  // namespace
}  // namespace iscsi::harness
