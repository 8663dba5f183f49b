#include "bench.hpp"
#include "commands_by_hand.hpp"

namespace scsi {
namespace {

/// What may stand between a command and its execution, all at once or not.
struct Circumstances {
  bool absent = false;
  enum class Attention { none, reset, other } attention = Attention::none;
  bool reserved_by_other = false;
  bool stopped = false;
  bool write_protected = false;
};

class GateTest : public Bench {
 protected:
  void arrange(const Circumstances& now) {
    device = fresh_;
    unit().stopped = now.stopped;
    unit().configuration.read_only = now.write_protected;
    if (now.reserved_by_other) unit().reserved_by = 2;
    if (now.attention == Circumstances::Attention::reset)
      device.raise_attention(0, 1, {0x29, 0x03});
    if (now.attention == Circumstances::Attention::other)
      device.raise_attention(0, 1, {0x2A, 0x01});
  }
  const Device fresh_ = device;
};

/// The refusal by SAM-4 5.3.3 and 5.14, or nothing if the command is carried out.
std::optional<Outcome> refusal(const KnownCommand& command, const Circumstances& now) {
  using Attention = Circumstances::Attention;
  if (now.absent) {
    if (command.without_unit) return std::nullopt;
    return check(SenseKey::illegal_request, {0x25, 0x00});
  }
  if (now.attention == Attention::reset && !command.under_attention)
    return check(SenseKey::unit_attention, {0x29, 0x03});
  if (now.reserved_by_other && !command.under_reservation) return conflict();
  if (now.attention == Attention::other && !command.under_attention)
    return check(SenseKey::unit_attention, {0x2A, 0x01});
  if (now.stopped && !command.when_stopped) return check(SenseKey::not_ready, {0x04, 0x02});
  if (now.write_protected && command.writes) return check(SenseKey::data_protect, {0x27, 0x00});
  return std::nullopt;
}

TEST_F(GateTest, LetsThroughWhatItShouldAndRefusesTheRestInOrder) {
  using Attention = Circumstances::Attention;
  int carried_out = 0, refused_ones = 0;
  for (const KnownCommand& command : known_commands)
    for (const bool absent : {false, true})
      for (const Attention attention : {Attention::none, Attention::reset, Attention::other})
        for (const bool reserved : {false, true})
          for (const bool stopped : {false, true})
            for (const bool write_protected : {false, true}) {
              const Circumstances now{absent, attention, reserved, stopped, write_protected};
              arrange(now);
              const Device before = device;
              const auto cdb = hex(command.cdb);
              const Command asked{.nexus = 1, .lun = absent ? lun_field(1) : 0, .cdb = cdb};
              const Transfer transfer = plan(device, asked);
              ASSERT_EQ(device, before) << "plan has no effect";
              const Outcome outcome =
                  execute(device, asked, hex(command.parameters), transfer.bytes);
              const auto expected = refusal(command, now);
              SCOPED_TRACE(testing::Message()
                           << command.cdb << " absent " << absent << " attention "
                           << static_cast<int>(attention) << " reserved " << reserved << " stopped "
                           << stopped << " protected " << write_protected);
              if (!expected) {
                ++carried_out;
                EXPECT_EQ(outcome.status, Status::good);
                continue;
              }
              ++refused_ones;
              EXPECT_EQ(outcome, *expected);
              EXPECT_EQ(transfer, no_transfer);
              // A refusal has no effect but that a reported attention is reported no more.
              if (outcome.sense.key == SenseKey::unit_attention) {
                EXPECT_EQ(unit().attentions.next(1), nullptr);
              } else {
                EXPECT_EQ(device, before);
              }
            }
  EXPECT_EQ(carried_out + refused_ones, 32 * 48);
  EXPECT_GT(carried_out, 200);
}

TEST_F(GateTest, KeepsAttentionsForCommandsThatPassThem) {
  device.raise_attention(0, 1, {0x2A, 0x01});
  run("12 00 00 00 60 00");
  run("a0 00 00 00 00 00 00 00 01 00 00 00");
  EXPECT_EQ(run("00 00 00 00 00 00"), check(SenseKey::unit_attention, {0x2A, 0x01}));
}

TEST_F(GateTest, ReportsOneAttentionPerCommand) {
  device.raise_attention(0, 1, {0x2A, 0x01});
  device.raise_attention(0, 1, {0x2A, 0x09});
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 00"), check(SenseKey::unit_attention, {0x2A, 0x01}));
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 00"), check(SenseKey::unit_attention, {0x2A, 0x09}));
  EXPECT_EQ(run("28 00 00 00 00 00 00 00 01 00").status, Status::good);
}

TEST_F(GateTest, AnswersAboutTheLunAndTheOperationCodeFirst) {
  device.raise_attention(0, 1, {0x29, 0x03});
  unit().reserved_by = 2;
  EXPECT_EQ(run("ff"), check(SenseKey::illegal_request, {0x20, 0x00}));
  EXPECT_EQ(run("ff", 1, 1), check(SenseKey::illegal_request, {0x25, 0x00}));
  EXPECT_EQ(run("00 00 00 00 00 00"), check(SenseKey::unit_attention, {0x29, 0x03}));
}

TEST_F(GateTest, RefusesAWrongCdbBeforeItLooksAtTheUnit) {
  unit().stopped = true;
  EXPECT_EQ(run("2a 20 00 00 00 00 00 00 01 00"), bad_cdb(1, 7));
  EXPECT_EQ(run("2a 00 00 00 00 00 00 00 01 00"), check(SenseKey::not_ready, {0x04, 0x02}));
}

TEST_F(GateTest, RefusesNacaInEveryCommand) {
  for (const KnownCommand& command : known_commands) {
    auto cdb = hex(command.cdb);
    cdb.back() = std::byte{0x04};
    const auto at = static_cast<std::uint16_t>(cdb.size() - 1);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(at, 2)) << command.cdb;
  }
}

TEST_F(GateTest, TellsSenseInTheFormOfTheUnit) {
  unit().mode.image()[20 + 2] = std::byte{0x04};
  EXPECT_EQ(run("ff").sense_format, SenseFormat::descriptor);
  EXPECT_EQ(run("ff", 1, 5).sense_format, SenseFormat::fixed);
  EXPECT_EQ(run("ff", 1, 1).sense_format, SenseFormat::fixed) << "no unit, no control page";
  const std::string_view read = "28 00 00 00 00 00 00 00 01 00";
  EXPECT_EQ(
      concluded(read, run(read).operation, {.kind = MediumResult::Kind::read_error}).sense_format,
      SenseFormat::descriptor);
}

TEST_F(GateTest, ConcludesAnOperationOfNoCommandWithoutHarm) {
  const Device before = device;
  EXPECT_EQ(concluded("ff", {}, {}), good());
  EXPECT_EQ(concluded("", {}, {}), good());
  EXPECT_EQ(device, before);
}

TEST_F(GateTest, FindsTheUnitByFlatAddressingToo) {
  const auto cdb = hex("25 00 00 00 00 00 00 00 00 00");
  EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0x4005'0000'0000'0000, .cdb = cdb}),
            good("00 00 00 3f 00 00 10 00"));
  EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0x0105'0000'0000'0000, .cdb = cdb}),
            check(SenseKey::illegal_request, {0x25, 0x00}));
}

/// SAM-4 names the reset conditions and the loss of the nexus; deferred errors are neither.
TEST_F(GateTest, LetsAConflictComeBeforeADeferredError) {
  unit().attentions.raise(
      1, {.key = SenseKey::medium_error, .additional = {0x0C, 0}, .deferred = true});
  unit().reserved_by = 2;
  EXPECT_EQ(run("00 00 00 00 00 00"), conflict());
  unit().reserved_by.reset();
  EXPECT_TRUE(run("00 00 00 00 00 00").sense.deferred);
}

}  // namespace
}  // namespace scsi
