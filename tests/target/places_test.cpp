/// What a refusal says: the rule, the byte of the PDU, and the value that was found there.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using pdu::TextRequest;
using pdu::TextResponse;

class Places : public testing::Test {
 protected:
  void log_in(const std::vector<std::string>& keys = {}) { ASSERT_TRUE(initiator.log_in(keys)); }
  template <class P>
  void expect(const Violation& violation, const P& request, std::string_view data = {}) {
    const auto number = initiator.cmd_sn;
    initiator.send(request, wire::as_bytes(data));
    static_cast<void>(initiator.take());
    initiator.cmd_sn = number;  // 6.3: a refused one has used none up
    EXPECT_EQ(world.take_violation(), violation) << about(violation.rule).slug;
  }
  /// The transfer tag of a text exchange that is open.
  TargetTransferTag open_exchange(InitiatorTaskTag tag, std::string_view text) {
    initiator.send(TextRequest{.final = false, .initiator_task_tag = tag}, wire::as_bytes(text));
    return initiator.only<TextResponse>().target_transfer_tag;
  }

  World world;
  Initiator initiator{world};
};

TEST_F(Places, OfTagsThatNobodyGaveOut) {
  log_in();
  expect({Rule::nop_out_transfer_tag_is_known, 20, 0x1234},
         pdu::NopOut{.immediate = true,
                     .initiator_task_tag = InitiatorTaskTag::none,
                     .target_transfer_tag = TargetTransferTag{0x1234}});
  expect({Rule::text_transfer_tag_is_known, 20, 0x1234},
         TextRequest{.initiator_task_tag = initiator.new_tag(),
                     .target_transfer_tag = TargetTransferTag{0x1234}});
  expect({Rule::initiator_task_tag_is_not_reserved, 16, 0xffff'ffff},
         TextRequest{.initiator_task_tag = InitiatorTaskTag::none});
}

TEST_F(Places, OfATextExchange) {
  log_in();
  const auto tag = initiator.new_tag();
  const auto given = open_exchange(tag, {});
  const auto other = initiator.new_tag();
  expect({Rule::text_sequence_keeps_task_tag, 16, std::to_underlying(other)},
         TextRequest{.initiator_task_tag = other, .target_transfer_tag = given});
  const auto wrong = TargetTransferTag{std::to_underlying(given) + 1};
  expect({Rule::text_transfer_tag_is_known, 20, std::to_underlying(wrong)},
         TextRequest{.initiator_task_tag = tag, .target_transfer_tag = wrong});
}

TEST_F(Places, OfDataWhereTheRestOfAnAnswerIsFetched) {
  log_in({"MaxRecvDataSegmentLength=512"});
  std::string many;
  for (int key = 0; key < 40; ++key) many += "X-com.example.k" + std::to_string(key) + "=1" + '\0';
  const auto tag = initiator.new_tag();
  const auto given = open_exchange(tag, many);
  expect({Rule::continued_text_is_fetched_without_data, 5, 3},
         TextRequest{.initiator_task_tag = tag, .target_transfer_tag = given}, "a=b");
}

TEST_F(Places, OfAnExchangeThatNeverEnds) {
  log_in();
  const auto tag = initiator.new_tag();
  auto given = open_exchange(tag, {});
  for (std::uint32_t exchange = 1; exchange < limits::text_exchanges; ++exchange) {
    initiator.send(
        TextRequest{.final = false, .initiator_task_tag = tag, .target_transfer_tag = given});
    given = initiator.only<TextResponse>().target_transfer_tag;
  }
  expect({Rule::negotiation_keys_within_limit, 20, limits::text_exchanges + 1},
         TextRequest{.final = false, .initiator_task_tag = tag, .target_transfer_tag = given});
}

TEST_F(Places, OfDataThatBelongsToNoTask) {
  log_in();
  clear_attentions(initiator);
  const auto write = writing(initiator, 0, 512);
  initiator.send(write);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  expect({Rule::data_out_has_known_task, 16, 0x4711},
         pdu::DataOut{.initiator_task_tag = InitiatorTaskTag{0x4711}});
  expect({Rule::data_out_repeats_lun, 8, 0x0001'0000'0000'0000},  // SAM-2 4.9.6: unit 1
         pdu::DataOut{.lun = wire::Lun{0x0001'0000'0000'0000},
                      .initiator_task_tag = write.initiator_task_tag,
                      .target_transfer_tag = r2t.target_transfer_tag});
}

TEST_F(Places, OfDataThatComesWithARead) {
  log_in();
  clear_attentions(initiator);
  initiator.send(reading(initiator, 0, 1), wire::as_bytes("data"));
  EXPECT_EQ(world.take_violation(), (Violation{Rule::data_comes_with_write_only, 5, 4}));
}

TEST_F(Places, OfImmediateCommandsThatAreTooMany) {
  log_in();
  clear_attentions(initiator);
  world.hold = true;
  for (std::size_t i = 0; i < limits::immediate_tasks; ++i) {
    auto read = reading(initiator, 0, 1);
    read.immediate = true;
    initiator.send(read);
  }
  auto more = without_data(initiator, test_unit_ready);
  more.immediate = true;
  expect({Rule::immediate_commands_are_few, 0, limits::immediate_tasks}, more);
}

TEST_F(Places, OfNumbersAndDigests) {
  log_in({"DataDigest=CRC32C"});
  initiator.digests.data = true;
  initiator.send_as_is(
      pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{7}, .cmd_sn = initiator.cmd_sn + 0xffffU});
  EXPECT_EQ(world.take_violation(),
            (Violation{Rule::cmd_sn_is_in_window, 24, (initiator.cmd_sn + 0xffffU).value}));
  Bytes spoilt = initiator.bytes_of(pdu::NopOut{.initiator_task_tag = InitiatorTaskTag{8}},
                                    wire::as_bytes("data"));
  spoilt.back() ^= std::byte{1};
  initiator.put(spoilt);
  static_cast<void>(initiator.take());
  EXPECT_EQ(world.take_violation(), (Violation{Rule::data_digest_matches, 48, 0}));
}

TEST_F(Places, OfWhatNeedsARecoveryLevel) {
  log_in();
  expect({Rule::snack_needs_recovery_level, 0, 0},
         pdu::SnackRequest{.type = pdu::SnackType::status});
}

TEST_F(Places, OfWhatADiscoverySessionIsNotFor) {
  ASSERT_TRUE(initiator.log_in_for_discovery());
  expect({Rule::discovery_session_is_for_text_and_logout, 1, 1},
         pdu::LogoutRequest{.reason = pdu::LogoutReason::close_connection,
                            .initiator_task_tag = initiator.new_tag()});
  expect({Rule::discovery_session_is_for_text_and_logout, 0, 0x00},
         pdu::NopOut{.initiator_task_tag = initiator.new_tag()});
  const std::string_view two{"SendTargets=All\0MaxRecvDataSegmentLength=512\0", 45};
  expect({Rule::discovery_session_is_for_text_and_logout, 16, 0},
         TextRequest{.initiator_task_tag = initiator.new_tag()}, two);
}

}  // namespace
}  // namespace iscsi::harness
