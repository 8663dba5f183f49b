/// Data from the initiator (RFC 3720 3.2.4.2, 10.7, 10.8, 12.10 to 12.19), in every way that can be
/// agreed upon.

#include <algorithm>

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

constexpr std::uint32_t first_burst = 1024;
constexpr std::uint32_t max_burst = 2048;

struct Agreed {
  bool immediate_data = true;
  bool initial_r2t = false;
  bool pdu_in_order = true;
  bool sequence_in_order = true;
  std::uint32_t outstanding = 1;
};

std::string yes_no(bool value) { return value ? "Yes" : "No"; }

Options options_for(const Agreed& agreed) {
  return {.policy = {.initial_r2t = false,
                     .max_burst_length = max_burst,
                     .first_burst_length = first_burst,
                     .max_outstanding_r2t = 8,
                     .data_pdu_in_order = agreed.pdu_in_order,
                     .data_sequence_in_order = agreed.sequence_in_order}};
}

std::vector<std::string> keys_for(const Agreed& agreed) {
  return {"ImmediateData=" + yes_no(agreed.immediate_data),
          "InitialR2T=" + yes_no(agreed.initial_r2t),
          "DataPDUInOrder=" + yes_no(agreed.pdu_in_order),
          "DataSequenceInOrder=" + yes_no(agreed.sequence_in_order),
          "MaxBurstLength=" + std::to_string(max_burst),
          "FirstBurstLength=" + std::to_string(first_burst),
          "MaxOutstandingR2T=" + std::to_string(agreed.outstanding)};
}

/// How an initiator cuts its data.
struct Cut {
  std::uint32_t immediate = 0;  ///< wished, as far as it is allowed
  bool unsolicited = false;     ///< wished, as far as it is allowed
  std::uint32_t pdu = 8192;     ///< bytes in one Data-Out
};

/// One write, played by the book. What the target asks for is checked on the way.
class Write {
 public:
  Write(Initiator& initiator, const Agreed& agreed, const Cut& cut, const pdu::ScsiCommand& command,
        ByteView data)
      : initiator_{initiator}, agreed_{agreed}, cut_{cut}, command_{command}, data_{data} {}

  pdu::ScsiResponse run() {
    const auto expected = command_.expected_data_transfer_length;
    const std::uint32_t burst = std::min(first_burst, expected);
    const std::uint32_t immediate = agreed_.immediate_data ? std::min(cut_.immediate, burst) : 0;
    const bool unsolicited = cut_.unsolicited && !agreed_.initial_r2t && immediate < expected;
    command_.final = !unsolicited;
    initiator_.send(command_, data_.first(immediate));
    if (unsolicited) send_sequence({}, TargetTransferTag::none, immediate, burst - immediate);
    asked_ = unsolicited ? burst : immediate;
    while (true) {
      collect();
      if (response_) return *response_;
      if (open_.empty()) {
        ADD_FAILURE() << "the target neither asks nor answers";
        return {};
      }
      // 12.19: with DataSequenceInOrder=No the last that was asked for may come first.
      const pdu::ReadyToTransfer r2t = agreed_.sequence_in_order ? open_.front() : open_.back();
      agreed_.sequence_in_order ? open_.pop_front() : open_.pop_back();
      send_sequence(r2t.lun, r2t.target_transfer_tag, r2t.buffer_offset,
                    r2t.desired_data_transfer_length);
    }
  }

 private:
  void collect() {
    for (const Received& received : initiator_.take()) {
      if (const auto* response = received.as<pdu::ScsiResponse>()) {
        response_ = *response;
        continue;
      }
      const auto* r2t = received.as<pdu::ReadyToTransfer>();
      ASSERT_NE(r2t, nullptr) << to_text(received);
      EXPECT_EQ(r2t->initiator_task_tag, command_.initiator_task_tag);
      EXPECT_EQ(r2t->lun, command_.lun);
      EXPECT_EQ(r2t->r2t_sn, wire::DataSN{r2ts_++});
      EXPECT_EQ(r2t->buffer_offset, asked_);
      EXPECT_LE(r2t->desired_data_transfer_length, max_burst);
      EXPECT_GT(r2t->desired_data_transfer_length, 0U);
      asked_ += r2t->desired_data_transfer_length;
      EXPECT_LE(asked_, command_.expected_data_transfer_length);
      open_.push_back(*r2t);
      EXPECT_LE(open_.size(), agreed_.outstanding);
    }
    EXPECT_TRUE(!response_ || open_.empty()) << "an answer in front of the data";
  }

  void send_sequence(wire::Lun lun, TargetTransferTag tag, std::uint32_t offset,
                     std::uint32_t length) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pdus;
    for (std::uint32_t at = 0; at < length; at += cut_.pdu)
      pdus.emplace_back(offset + at, std::min(cut_.pdu, length - at));
    // The F bit has to come, even where immediate data has filled the first burst (10.3.1, 10.7.2).
    if (pdus.empty()) pdus.emplace_back(offset, 0);
    if (!agreed_.pdu_in_order) std::ranges::reverse(pdus);
    for (std::uint32_t i = 0; i < pdus.size(); ++i) {
      EXPECT_TRUE(initiator_.is_open());
      initiator_.send(pdu::DataOut{.final = i + 1 == pdus.size(),
                                   .lun = lun,
                                   .initiator_task_tag = command_.initiator_task_tag,
                                   .target_transfer_tag = tag,
                                   .data_sn = {i},
                                   .buffer_offset = pdus[i].first},
                      data_.subspan(pdus[i].first, pdus[i].second));
    }
  }

  Initiator& initiator_;
  Agreed agreed_;
  Cut cut_;
  pdu::ScsiCommand command_;
  ByteView data_;
  std::uint32_t asked_ = 0;
  std::uint32_t r2ts_ = 0;
  std::deque<pdu::ReadyToTransfer> open_{};
  std::optional<pdu::ScsiResponse> response_{};
};

/// A write of `expected` bytes by a command for `blocks`; then what is on the disk.
void write_and_check(Initiator& initiator, const Agreed& agreed, const Cut& cut,
                     std::uint32_t expected, std::uint16_t blocks) {
  SCOPED_TRACE(testing::Message() << "immediate " << agreed.immediate_data << cut.immediate
                                  << " unsolicited " << cut.unsolicited << " initial R2T "
                                  << agreed.initial_r2t << " in order " << agreed.pdu_in_order
                                  << " R2Ts " << agreed.outstanding << " PDU " << cut.pdu
                                  << " expected " << expected << " blocks " << blocks);
  World& world = initiator.world();
  const Bytes before(16 * 512, std::byte{0xee});
  world.fill(100, before);
  const Bytes data = pattern(expected, expected + cut.pdu + 1);
  auto command = writing(initiator, 100, blocks);
  command.expected_data_transfer_length = expected;
  const auto response = Write{initiator, agreed, cut, command, data}.run();

  const std::uint32_t wanted = blocks * 512U;
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.overflow, wanted > expected);
  EXPECT_EQ(response.underflow, wanted < expected);
  EXPECT_EQ(response.residual_count, wanted > expected ? wanted - expected : expected - wanted);
  EXPECT_EQ(response.exp_data_sn, wire::DataSN{0});  // 10.4.8: no Data-In was sent
  EXPECT_EQ(response.exp_cmd_sn, initiator.cmd_sn);
  const std::size_t written = std::min(wanted, expected) / 512 * std::size_t{512};
  Bytes after = before;
  std::ranges::copy(ByteView{data}.first(written), after.begin());
  EXPECT_TRUE(world.on_disk(100, 16) == after);
}

class Writes : public testing::TestWithParam<std::tuple<bool, bool, bool, bool, std::uint32_t>> {};

TEST_P(Writes, ArriveByteForByteHoweverTheyAreCut) {
  const auto [immediate, initial_r2t, pdu_in_order, sequence_in_order, outstanding] = GetParam();
  const Agreed agreed{immediate, initial_r2t, pdu_in_order, sequence_in_order, outstanding};
  World world{options_for(agreed)};
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in(keys_for(agreed)));
  clear_attentions(initiator);
  for (const std::uint32_t expected :
       {0U, 1U, 511U, 512U, first_burst - 1, first_burst, first_burst + 1, max_burst,
        first_burst + 2 * max_burst + 512, 3 * max_burst + 4})
    for (const std::uint32_t wished : {0U, 4U, 512U, 8192U})
      for (const bool unsolicited : {false, true})
        for (const std::uint32_t pdu : {8192U, 516U}) {
          const Cut cut{.immediate = wished, .unsolicited = unsolicited, .pdu = pdu};
          write_and_check(initiator, agreed, cut, expected,
                          static_cast<std::uint16_t>((expected + 511) / 512));
        }
}

TEST_P(Writes, LeaveResidualsToTheByte) {
  const auto [immediate, initial_r2t, pdu_in_order, sequence_in_order, outstanding] = GetParam();
  const Agreed agreed{immediate, initial_r2t, pdu_in_order, sequence_in_order, outstanding};
  World world{options_for(agreed)};
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in(keys_for(agreed)));
  clear_attentions(initiator);
  const Cut cut{.immediate = 512, .unsolicited = true, .pdu = 1024};
  for (const int blocks : {0, 1, 3, 7})
    for (const std::uint32_t expected : {0U, 511U, 512U, 513U, 1536U, 1540U, 3584U, 4096U})
      write_and_check(initiator, agreed, cut, expected, static_cast<std::uint16_t>(blocks));
}

INSTANTIATE_TEST_SUITE_P(AllAgreements, Writes,
                         testing::Combine(testing::Bool(), testing::Bool(), testing::Bool(),
                                          testing::Bool(), testing::Values(1U, 2U, 8U)));

TEST(Write, TakesOddPdusOfAnInitiatorThatCutsByItsOwnLimits) {
  // 10.7.1: "PDUs may be limited in length by the sender capabilities".
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"InitialR2T=Yes"}));
  clear_attentions(initiator);
  const Bytes data = pattern(2848 + 6368);
  const auto command = writing(initiator, 40, 18);
  initiator.send(command);
  const auto r2t = initiator.only<pdu::ReadyToTransfer>();
  pdu::DataOut part{.final = false,
                    .lun = r2t.lun,
                    .initiator_task_tag = command.initiator_task_tag,
                    .target_transfer_tag = r2t.target_transfer_tag};
  initiator.send(part, ByteView{data}.first(2848));
  part.final = true;
  part.data_sn = {1};
  part.buffer_offset = 2848;
  initiator.send(part, ByteView{data}.subspan(2848));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(40, 18), data);
}

class WriteInPieces : public testing::TestWithParam<std::uint32_t> {};

TEST_P(WriteInPieces, CarriesAParameterList) {
  // MODE SELECT(6) of the control page, its list in so many Data-Out PDUs.
  const std::uint32_t pieces = GetParam();
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"InitialR2T=No", "ImmediateData=No"}));
  clear_attentions(initiator);
  const Bytes list = hex("0000 0000 0a0a 0410 0000 0000 0000 0000");  // D_SENSE=1
  pdu::ScsiCommand command{.final = false,
                           .write = true,
                           .initiator_task_tag = initiator.new_tag(),
                           .expected_data_transfer_length = 16,
                           .cdb = cdb("151000001000")};
  initiator.send(command);
  const std::uint32_t bytes = 16 / pieces;
  for (std::uint32_t i = 0; i < pieces; ++i)
    initiator.send(pdu::DataOut{.final = i + 1 == pieces,
                                .initiator_task_tag = command.initiator_task_tag,
                                .data_sn = {i},
                                .buffer_offset = i * bytes},
                   ByteView{list}.subspan(i * bytes, bytes));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  initiator.send(without_data(initiator, cdb("ff0000000000")));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].data.at(2), std::byte{0x72});  // descriptor format from now on
}

INSTANTIATE_TEST_SUITE_P(Few, WriteInPieces, testing::Values(1U, 2U, 4U));

TEST(Write, TakesTheUnsolicitedDataOfACommandThatWaitsForItsTurn) {
  // Data-Out has no CmdSN to wait for: it follows its command (3.2.2.1, 3.2.4.2).
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"InitialR2T=No", "FirstBurstLength=4096"}));
  clear_attentions(initiator);
  auto missing = without_data(initiator, test_unit_ready);
  const Bytes lost = initiator.bytes_of(missing);
  auto command = writing(initiator, 0, 16);
  command.final = false;
  const Bytes data = pattern(8192);
  initiator.send(command, ByteView{data}.first(512));
  for (std::uint32_t i = 0; i < 7; ++i)
    initiator.send(pdu::DataOut{.final = i == 6,
                                .initiator_task_tag = command.initiator_task_tag,
                                .data_sn = {i},
                                .buffer_offset = 512 + i * 512},
                   ByteView{data}.subspan(512 + i * std::size_t{512}, 512));
  initiator.expect_silence();
  initiator.put(lost);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_NE(received[0].as<pdu::ScsiResponse>(), nullptr);
  const auto* r2t = received[1].as<pdu::ReadyToTransfer>();
  ASSERT_NE(r2t, nullptr);
  EXPECT_EQ(r2t->buffer_offset, 4096U);
  initiator.send(pdu::DataOut{.lun = r2t->lun,
                              .initiator_task_tag = command.initiator_task_tag,
                              .target_transfer_tag = r2t->target_transfer_tag,
                              .buffer_offset = 4096},
                 ByteView{data}.subspan(4096));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(0, 16), data);
}

TEST(Write, EndsWithTheFaultOfDataThatCameBeforeItsTurn) {
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"InitialR2T=No", "FirstBurstLength=1024"}));
  clear_attentions(initiator);
  const Bytes lost = initiator.bytes_of(without_data(initiator, test_unit_ready));
  auto command = writing(initiator, 0, 2);
  command.final = false;
  initiator.send(command);
  pdu::DataOut part{.initiator_task_tag = command.initiator_task_tag, .buffer_offset = 4};
  const Bytes bytes = initiator.bytes_of(part, pattern(1020));
  initiator.put(bytes);
  initiator.expect_reject(pdu::RejectReason::invalid_pdu_field, bytes);  // a hole in front of it
  initiator.put(lost);
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(sense_in(received[1].data), 0x0b0c0dU);
}

TEST(Write, WaitsForRoomWhenManyAskForMuch) {
  World world{{.unit_blocks = {65536}}};
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"ImmediateData=No", "InitialR2T=Yes"}));
  clear_attentions(initiator);
  std::vector<pdu::ScsiCommand> commands;
  for (std::uint32_t i = 0; i < 8; ++i) {
    commands.push_back(writing(initiator, i * 4096, 4096));  // 2 MiB
    initiator.send(commands.back());
  }
  const Bytes data = pattern(512 * 4096);
  std::deque<pdu::ReadyToTransfer> open;
  std::size_t ended = 0;
  std::size_t most_open = 0;
  while (ended < commands.size()) {
    for (const Received& received : initiator.take()) {
      if (const auto* r2t = received.as<pdu::ReadyToTransfer>()) open.push_back(*r2t);
      if (const auto* response = received.as<pdu::ScsiResponse>()) {
        EXPECT_EQ(response->status, 0);
        ++ended;
      }
    }
    most_open = std::max(most_open, open.size());
    if (open.empty()) break;
    const auto r2t = open.front();
    open.pop_front();
    initiator.send(pdu::DataOut{.lun = r2t.lun,
                                .initiator_task_tag = r2t.initiator_task_tag,
                                .target_transfer_tag = r2t.target_transfer_tag,
                                .buffer_offset = r2t.buffer_offset},
                   ByteView{data}.subspan(r2t.buffer_offset, r2t.desired_data_transfer_length));
  }
  EXPECT_EQ(ended, commands.size());
  EXPECT_EQ(most_open, limits::solicited_data_bytes / (2U << 20U));
  for (std::uint32_t i = 0; i < 8; ++i) EXPECT_TRUE(world.on_disk(i * 4096, 4096) == data);
}

TEST(Write, ThatIsLongMayStillAskForAllOfItsData) {
  // One task may always proceed (docs/decisions/0003).
  World world{{.unit_blocks = {65536}}};
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"ImmediateData=No", "InitialR2T=Yes"}));
  clear_attentions(initiator);
  initiator.send(writing(initiator, 0, 32768));  // 16 MiB
  EXPECT_EQ(initiator.only<pdu::ReadyToTransfer>().desired_data_transfer_length, 262144U);
}

TEST(Write, IsAnsweredByBusyWhenItsDataWasNotKept) {
  // A unit attention refuses it when it comes, so its data is of no use; but another command is
  // told of the attention first.
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in({"InitialR2T=No"}));
  auto command = writing(initiator, 0, 8);
  command.final = false;
  initiator.send(command);
  initiator.send(without_data(initiator, test_unit_ready));
  const auto received = initiator.take();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(sense_in(received[0].data), 0x062900U);
  initiator.send(pdu::DataOut{.initiator_task_tag = command.initiator_task_tag}, pattern(4096));
  const auto response = initiator.only<pdu::ScsiResponse>();
  EXPECT_EQ(response.status, 0x08);
  EXPECT_TRUE(response.underflow);
  EXPECT_EQ(response.residual_count, 4096U);
  EXPECT_EQ(world.on_disk(0, 8), Bytes(4096));
}

TEST(Write, TellsWhatItTookWhenTheMediumFails) {
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in());
  clear_attentions(initiator);
  world.hold = true;
  initiator.send(writing(initiator, 0, 4), pattern(2048));
  ASSERT_EQ(world.held.size(), 1U);
  world.release(0,
                scsi::MediumResult{.kind = scsi::MediumResult::Kind::write_error, .offset = 512});
  Bytes data;
  const auto response = initiator.only<pdu::ScsiResponse>(&data);
  EXPECT_EQ(response.status, 0x02);
  EXPECT_EQ(sense_in(data), 0x030c00U);
  EXPECT_EQ(wire::load<4>(data, 5), 1U);  // INFORMATION: the block
  // All the bytes expected were transferred (10.4.5).
  EXPECT_FALSE(response.underflow || response.overflow);
}

}  // namespace
}  // namespace iscsi::harness
