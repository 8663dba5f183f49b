/// Clocks that jump (docs/decisions/0041): the owner's time goes back, falls to zero, leaps ahead.

#include <limits>

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

constexpr Moment last_moment = std::numeric_limits<Moment>::max();

class Clocks : public testing::Test {
 protected:
  void log_in() {
    ASSERT_TRUE(initiator.log_in({"InitialR2T=Yes", "ImmediateData=No"}));
    clear_attentions(initiator);
  }
  /// What the owner's clock says from now on.
  void jump_to(Moment now) {
    world.now = now;
    world.target.elapsed(now);
    world.pump();
  }
  pdu::ReadyToTransfer begin_write(std::uint32_t lba) {
    initiator.send(pdu::ScsiCommand{.write = true,
                                    .attribute = pdu::TaskAttribute::simple,
                                    .initiator_task_tag = initiator.new_tag(),
                                    .expected_data_transfer_length = 512,
                                    .cdb = write_10(lba, 1)});
    return initiator.only<pdu::ReadyToTransfer>();
  }
  void give(const pdu::ReadyToTransfer& wanted, ByteView data) {
    initiator.send(pdu::DataOut{.initiator_task_tag = wanted.initiator_task_tag,
                                .target_transfer_tag = wanted.target_transfer_tag},
                   data);
  }

  World world{};
  Initiator initiator{world};
};

TEST_F(Clocks, ThatGoBackMakeNobodyLate) {
  log_in();
  const auto wanted = begin_write(7);
  for (const Moment now : {world.now - 1, Moment{1}, Moment{0}}) {
    jump_to(now);
    EXPECT_TRUE(initiator.is_open()) << now;
    initiator.expect_silence();
  }
  const Bytes data = pattern(512);
  give(wanted, data);
  EXPECT_EQ(initiator.only<pdu::ScsiResponse>().status, 0);
  EXPECT_EQ(world.on_disk(7, 1), data);
}

TEST_F(Clocks, ThatGoBackDuringALoginDoNotEndIt) {
  jump_to(0);
  EXPECT_TRUE(initiator.log_in());
}

TEST_F(Clocks, ThatWentBackCountFromWhereTheyWere) {
  log_in();
  const Moment heard = world.now;
  jump_to(0);
  jump_to(heard + limits::ping_after_ms - 1);
  initiator.expect_silence();
  jump_to(heard + limits::ping_after_ms);
  EXPECT_NE(initiator.only<pdu::NopIn>().target_transfer_tag, TargetTransferTag::none);
}

TEST_F(Clocks, ThatLeapAskASilentInitiatorBeforeGivingItUp) {
  for (const Moment leap : {Moment{1} << 31U, Moment{1} << 32U, Moment{1} << 62U}) {
    World own;
    Initiator silent{own};
    ASSERT_TRUE(silent.log_in());
    own.wait(leap);
    EXPECT_TRUE(silent.is_open()) << leap;
    silent.only<pdu::NopIn>();
    own.wait(leap);
    EXPECT_FALSE(silent.is_open()) << leap;
  }
}

TEST_F(Clocks, ThatLeapEndALoginThatIsNotDone) {
  jump_to(last_moment);
  EXPECT_FALSE(initiator.is_open());
}

/// Wherever the clock stands while a write is on its way: it is acknowledged and on the disk, or
/// its connection has ended.
TEST_F(Clocks, NeverLoseWhatIsAcknowledged) {
  constexpr std::array<Moment, 7> moments{
      0, 1, 999, 1U << 31U, Moment{1} << 32U, Moment{1} << 63U, last_moment};
  for (const Moment first : moments)
    for (const Moment second : moments)
      for (const Moment third : moments) {
        World own;
        Initiator writer{own};
        ASSERT_TRUE(writer.log_in({"InitialR2T=Yes", "ImmediateData=No"}));
        clear_attentions(writer);
        const auto jump = [&own](Moment now) {
          own.now = now;
          own.target.elapsed(now);
          own.pump();
        };
        jump(first);
        if (!writer.is_open()) continue;
        static_cast<void>(writer.take());  // a ping, perhaps
        writer.send(pdu::ScsiCommand{.write = true,
                                     .attribute = pdu::TaskAttribute::simple,
                                     .initiator_task_tag = writer.new_tag(),
                                     .expected_data_transfer_length = 512,
                                     .cdb = write_10(3, 1)});
        const auto wanted = writer.only<pdu::ReadyToTransfer>();
        jump(second);
        if (!writer.is_open()) continue;
        static_cast<void>(writer.take());
        own.hold = true;
        const Bytes data = pattern(512);
        writer.send(pdu::DataOut{.initiator_task_tag = wanted.initiator_task_tag,
                                 .target_transfer_tag = wanted.target_transfer_tag},
                    data);
        jump(third);
        own.release_all();
        EXPECT_EQ(own.on_disk(3, 1), data);
        if (writer.is_open()) {
          bool acknowledged = false;
          for (const Received& one : writer.take())
            if (const auto* response = one.as<pdu::ScsiResponse>())
              acknowledged = response->status == 0;
          EXPECT_TRUE(acknowledged) << first << ' ' << second << ' ' << third;
        }
      }
}

}  // namespace
}  // namespace iscsi::harness
