/// What the owner of a medium may rely on (domain.hpp): the memory of a request stays where it is
/// until the request is finished, whatever becomes of the task, the connection and the session.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

TEST(Medium, IsAskedForNothingByASessionThatHasEndedInTheSameBytes) {
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in());
  clear_attentions(initiator);
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

TEST(Medium, KeepsTheMemoryOfItsRequestsWhenTheirSessionEnds) {
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in());
  clear_attentions(initiator);
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

TEST(Medium, KeepsTheMemoryOfItsRequestsWhenTheirTaskIsAborted) {
  World world;
  Initiator initiator{world};
  ASSERT_TRUE(initiator.log_in());
  clear_attentions(initiator);
  world.hold = true;
  const auto read = reading(initiator, 0, 8);
  const auto ref_cmd_sn = initiator.cmd_sn;
  initiator.send(read);
  initiator.send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = initiator.new_tag(),
                                            .referenced_task_tag = read.initiator_task_tag,
                                            .ref_cmd_sn = ref_cmd_sn});
  EXPECT_EQ(initiator.only<pdu::TaskManagementResponse>().response,
            pdu::TaskManagementOutcome::function_complete);
  world.release();
}

}  // namespace
}  // namespace iscsi::harness
