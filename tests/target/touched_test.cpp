/// The owner is told of every connection that has output, or is to be closed (`take_touched`): it
/// looks at no other.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

using Ids = std::set<ConnectionId>;

class Touched : public testing::Test {
 protected:
  Touched() {
    EXPECT_TRUE(initiator.log_in({"MaxConnections=2"}));
    clear_attentions(initiator);
    other.name += "2";
    EXPECT_TRUE(other.log_in());
    clear_attentions(other);
    static_cast<void>(world.touched());
  }

  World world{{.policy = {.max_connections = 2}}};
  Initiator initiator{world};
  Initiator other{world};
};

TEST_F(Touched, AreThoseThatHaveOutput) {
  initiator.send(without_data(initiator, test_unit_ready));
  EXPECT_EQ(world.touched(), Ids{initiator.id});
  initiator.only<pdu::ScsiResponse>();
  EXPECT_EQ(world.touched(), Ids{});
}

TEST_F(Touched, AreThoseOfAllSessionsThatEnd) {
  initiator.send(
      pdu::TaskManagementRequest{.immediate = true,
                                 .function = pdu::TaskManagementFunction::target_cold_reset,
                                 .initiator_task_tag = initiator.new_tag()});
  EXPECT_EQ(world.touched(), (Ids{initiator.id, other.id}));
}

TEST_F(Touched, AreThoseThatAreDropped) {
  world.wait(limits::ping_after_ms);
  initiator.only<pdu::NopIn>();
  other.only<pdu::NopIn>();
  static_cast<void>(world.touched());
  world.wait(limits::ping_answer_ms);  // and nobody answers
  EXPECT_EQ(world.touched(), (Ids{initiator.id, other.id}));
}

TEST_F(Touched, AreThoseThatAreLoggedOutByAnother) {
  Initiator second{world};
  second.tsih = initiator.tsih;
  second.cid = wire::Cid{1};
  ASSERT_TRUE(second.log_in());
  static_cast<void>(world.touched());
  second.send(pdu::LogoutRequest{.reason = pdu::LogoutReason::close_connection,
                                 .initiator_task_tag = second.new_tag(),
                                 .cid = initiator.cid});
  EXPECT_EQ(world.touched(), (Ids{initiator.id, second.id}));
}

}  // namespace
}  // namespace iscsi::harness
