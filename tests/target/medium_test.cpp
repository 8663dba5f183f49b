/// What the owner of a medium may rely on (domain.hpp): the memory of a request stays where it is
/// until the request is finished, whatever becomes of the task, the connection and the session.

#include "target/allocations.hpp"
#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

class Medium : public testing::Test {
 protected:
  Medium() {
    EXPECT_TRUE(initiator.log_in());
    clear_attentions(initiator);
  }

  World world;
  Initiator initiator{world};
};

TEST_F(Medium, IsAskedForNothingByASessionThatHasEndedInTheSameBytes) {
  Bytes bytes = initiator.bytes_of(reading(initiator, 0, 8));
  const Bytes write = initiator.bytes_of(writing(initiator, 8, 1), pattern(512));
  const Bytes logout = initiator.bytes_of(
      pdu::LogoutRequest{.immediate = true, .initiator_task_tag = initiator.new_tag()});
  bytes.insert(bytes.end(), write.begin(), write.end());
  bytes.insert(bytes.end(), logout.begin(), logout.end());
  initiator.put(bytes);
  // 10.14: "close the session" ends all commands; the answer is the last thing to come.
  EXPECT_EQ(initiator.only<pdu::LogoutResponse>().response, pdu::LogoutOutcome::closed);
  EXPECT_EQ(world.on_disk(8, 1), Bytes(512));
}

TEST_F(Medium, KeepsTheMemoryOfItsRequestsWhenTheirSessionEnds) {
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  initiator.send(writing(initiator, 8, 1), pattern(512));
  ASSERT_EQ(world.held.size(), 2U);
  initiator.send(pdu::LogoutRequest{.initiator_task_tag = initiator.new_tag()});
  EXPECT_EQ(world.target.session_count(), 0U);
  world.release_all();  // writes into the memory of the first and reads that of the second
  initiator.only<pdu::LogoutResponse>();
  EXPECT_TRUE(world.target.domain().orphans.empty());
}

TEST_F(Medium, KeepsTheMemoryOfItsRequestsWhenTheirTaskIsAborted) {
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  initiator.send(read);
  initiator.send(aborting(initiator, read.initiator_task_tag));
  EXPECT_EQ(initiator.only<pdu::TaskManagementResponse>().response,
            pdu::TaskManagementOutcome::function_complete);
  world.release();
}

TEST_F(Medium, MayTellItsResultTwice) {
  // engine.hpp: what it tells of a task that has ended is passed over.
  world.hold = true;
  initiator.send(reading(initiator, 0, 8));
  const MediumRequest request = world.held.front().request;
  world.release();
  world.target.finished(request, {}, world.now);
  world.pump();
  initiator.only<pdu::DataIn>();
}

/// A medium that is slow to ask for its work, and writes that were sent without being asked for.
class SlowMedium : public testing::Test {
 protected:
  SlowMedium() {
    EXPECT_TRUE(initiator.log_in({"InitialR2T=No", "ImmediateData=Yes", "MaxConnections=2"}));
    clear_attentions(initiator);
    second.tsih = initiator.tsih;
    second.cid = wire::Cid{1};
    EXPECT_TRUE(second.log_in());
    other.name += "2";
    EXPECT_TRUE(other.log_in());
    for (const Initiator* one : {&initiator, &second, &other})
      static_cast<void>(world.target.space(one->id));  // so that all have their buffers
  }
  /// A write whose data comes in pieces of so many bytes, all in one go: none of them is asked for,
  /// and none has memory of its own.
  Bytes in_pieces(const pdu::ScsiCommand& like, ByteView data, std::uint32_t bytes) {
    pdu::ScsiCommand command = like;
    command.final = false;
    Bytes all = initiator.bytes_of(command);
    for (std::uint32_t at = 0, i = 0; at < data.size(); at += bytes, ++i) {
      const auto part = data.subspan(at, std::min<std::size_t>(bytes, data.size() - at));
      const Bytes pdu =
          initiator.bytes_of(pdu::DataOut{.final = at + part.size() == data.size(),
                                          .initiator_task_tag = command.initiator_task_tag,
                                          .data_sn = {i},
                                          .buffer_offset = at},
                             part);
      all.insert(all.end(), pdu.begin(), pdu.end());
    }
    return all;
  }
  /// What `space` allocates.
  std::size_t copies(const Initiator& one) {
    const std::size_t before = allocations();
    static_cast<void>(world.target.space(one.id));
    return allocations() - before;
  }

  World world{{.policy = {.max_connections = 2}}};
  Initiator initiator{world};
  Initiator second{world};
  Initiator other{world};
};

TEST_F(SlowMedium, FindsDataInItsPlaceThatHasBeenCopiedMeanwhile) {
  for (const std::uint32_t bytes : {512U, 16U}) {  // as many pieces as there were, and fewer
    world.idle = true;
    const Bytes data = pattern(2048, bytes);
    initiator.put(in_pieces(writing(initiator, 0, 4), data, bytes));
    initiator.put(initiator.bytes_of(pdu::NopOut{.immediate = true}, Bytes(8000)));
    world.idle = false;
    world.pump();
    EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
    EXPECT_EQ(world.on_disk(0, 4), data);
    EXPECT_EQ(world.on_disk(4, 4), Bytes(2048));
  }
}

TEST_F(SlowMedium, HasDataCopiedOnlyWhenTheMemoryThatItCameIntoIsWanted) {
  world.idle = true;
  initiator.put(in_pieces(writing(initiator, 0, 1), pattern(512), 512));
  EXPECT_EQ(copies(other), 0U);
  EXPECT_EQ(copies(second), 0U);
  EXPECT_GT(copies(initiator), 0U);
  world.idle = false;
  world.pump();
  initiator.only<pdu::ScsiResponse>();
}

TEST_F(SlowMedium, HasNoDataCopiedThatItHasTaken) {
  world.hold = true;
  initiator.put(in_pieces(writing(initiator, 0, 1), pattern(512), 512));
  ASSERT_EQ(world.held.size(), 1U);
  EXPECT_EQ(copies(initiator), 0U);
  world.release();
}

TEST_F(SlowMedium, HasDataThatStillComesCopiedOnlyForItsOwnConnection) {
  auto command = writing(initiator, 0, 2);
  command.final = false;
  initiator.send(command, pattern(512));
  EXPECT_EQ(copies(second), 0U);
  EXPECT_GT(copies(initiator), 0U);
  initiator.send(
      pdu::DataOut{.initiator_task_tag = command.initiator_task_tag, .buffer_offset = 512},
      pattern(512));
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
}

TEST_F(SlowMedium, HasDataThatIsHeldCopiedOnlyForItsOwnConnection) {
  const Bytes late = initiator.bytes_of(without_data(initiator, test_unit_ready));
  initiator.put(in_pieces(writing(initiator, 0, 1), pattern(512), 512));
  EXPECT_EQ(copies(second), 0U);
  EXPECT_GT(copies(initiator), 0U);
  initiator.put(late);
  EXPECT_EQ(initiator.take().size(), 2U);
}

TEST_F(SlowMedium, IsGivenNoEmptyPieces) {
  world.idle = true;
  auto command = writing(initiator, 0, 2);
  command.expected_data_transfer_length = 516;  // one block, and four bytes that fill none
  initiator.put(in_pieces(command, pattern(516), 256));
  const auto request = world.target.next_medium_request();
  ASSERT_TRUE(request.has_value());
  ASSERT_EQ(request->data_out.size(), 2U);
  for (const ByteView piece : request->data_out) EXPECT_EQ(piece.size(), 256U);
  EXPECT_TRUE(request->data_in.empty());  // nor memory that nothing is read into
  world.target.finished(*request, {}, world.now);
  world.idle = false;
  world.pump();
  initiator.only<pdu::ScsiResponse>();
}

TEST_F(SlowMedium, IsGivenMuchDataInTheMemoryThatItCameInto) {
  for (const bool held : {false, true}) {
    SCOPED_TRACE(held);
    const Bytes late = initiator.bytes_of(without_data(initiator, test_unit_ready));
    if (!held) {
      initiator.put(late);
      initiator.only<pdu::ScsiResponse>();
    }
    world.idle = true;
    const Bytes bytes = initiator.bytes_of(writing(initiator, 0, 64), pattern(32768));
    initiator.put(ByteView{bytes}.first(48));
    const std::byte* came_into = world.target.space(initiator.id)[0].data();
    initiator.put(ByteView{bytes}.subspan(48));
    if (held) initiator.put(late);
    const auto request = world.target.next_medium_request();
    ASSERT_TRUE(request.has_value());
    ASSERT_EQ(request->data_out.size(), 1U);
    EXPECT_EQ(request->data_out[0].data(), came_into);
    world.target.finished(*request, {}, world.now);
    world.idle = false;
    world.pump();
    static_cast<void>(initiator.take());
  }
}

}  // namespace
}  // namespace iscsi::harness
