#include "scsi/device.hpp"

#include "bench.hpp"

namespace scsi {
namespace {

TEST(LogicalUnitNumber, IsDecodedFromPeripheralAndFlatAddressingAlone) {
  for (std::uint64_t first = 0; first < 0x10000; ++first) {
    const std::uint64_t lun = first << 48U;
    std::optional<std::uint16_t> expected;
    if (first < 0x100) expected = static_cast<std::uint16_t>(first);
    if (first >= 0x4000 && first < 0x8000) expected = static_cast<std::uint16_t>(first - 0x4000);
    ASSERT_EQ(unit_number(lun), expected) << std::hex << lun;
  }
}

TEST(LogicalUnitNumber, HasNoSecondLevel) {
  for (unsigned bit = 0; bit < 48; ++bit) {
    EXPECT_EQ(unit_number(std::uint64_t{1} << bit), std::nullopt) << bit;
    EXPECT_EQ(unit_number(0x4001'0000'0000'0000U | std::uint64_t{1} << bit), std::nullopt) << bit;
  }
}

TEST(LogicalUnitNumber, IsToldAsPeripheralUpTo255) {
  EXPECT_EQ(lun_field(0), 0U);
  EXPECT_EQ(lun_field(255), 0x00FF'0000'0000'0000U);
  EXPECT_EQ(lun_field(256), 0x4100'0000'0000'0000U);
  EXPECT_EQ(lun_field(0x3FFF), 0x7FFF'0000'0000'0000U);
  for (std::uint16_t number = 0; number < 0x4000; ++number)
    ASSERT_EQ(unit_number(lun_field(number)), number);
}

struct Refused {
  UnitConfiguration configuration;
  std::string_view word;  ///< in the reason
};

TEST(Unit, IsRefusedIfItCannotBeDescribedToAnInitiator) {
  const UnitConfiguration fine{.block_count = 1};
  const auto with = [&](auto change) {
    UnitConfiguration configuration = fine;
    change(configuration);
    return configuration;
  };
  const Refused cases[] = {
      {with([](auto& c) { c.vendor = "NINECHARS"; }), "vendor"},
      {with([](auto& c) { c.vendor = "A\x1F"; }), "vendor"},
      {with([](auto& c) { c.vendor = "A\x7F"; }), "vendor"},
      {with([](auto& c) { c.product = "SEVENTEEN LETTERS"; }), "product"},
      {with([](auto& c) { c.revision = "1.0.0"; }), "revision"},
      {with([](auto& c) { c.serial = ""; }), "serial"},
      {with([](auto& c) { c.serial = std::string(65, 'x'); }), "serial"},
      {with([](auto& c) { c.serial = "\xC3\xA9"; }), "serial"},
      {with([](auto& c) { c.block_bytes = 256; }), "block size"},
      {with([](auto& c) { c.block_bytes = 520; }), "block size"},
      {with([](auto& c) { c.block_bytes = 131072; }), "block size"},
      {with([](auto& c) { c.block_count = 0; }), "block count"},
      {with([](auto& c) { c.block_count = std::uint64_t{1} << 54U; }), "block count"},
      {with([](auto& c) { c.physical_block_exponent = 16; }), "exponent"},
      {with([](auto& c) { c.designators.resize(17, {.identifier = hex("00")}); }), "designators"},
      {with([](auto& c) { c.designators.resize(1); }), "designator"},
      {with([](auto& c) { c.designators.resize(1, {.identifier = iscsi::wire::Bytes(253)}); }),
       "designator"},
  };
  Device device;
  for (const Refused& refused : cases) {
    const auto added = device.add_unit(0, refused.configuration);
    ASSERT_FALSE(added.has_value()) << refused.word;
    EXPECT_EQ(added.error().substr(0, added.error().find(':')).find(refused.word) !=
                  std::string_view::npos,
              true)
        << added.error();
  }
  EXPECT_TRUE(device.units().empty());
  EXPECT_TRUE(device.add_unit(0, fine).has_value());
}

TEST(Unit, NeedsNoVendorProductOrRevision) {
  Device device;
  const UnitConfiguration nameless{.vendor = "", .product = "", .revision = "", .block_count = 1};
  EXPECT_TRUE(device.add_unit(0, nameless).has_value());
}

TEST(Unit, MayHaveTextsOfEveryPrintableCharacterUpToTheirFields) {
  Device device;
  const UnitConfiguration full{
      .vendor = " ABCDEF~", .product = "SIXTEEN LETTERS.", .revision = "1.23", .block_count = 1};
  EXPECT_TRUE(device.add_unit(0, full).has_value());
}

TEST(Unit, MayBeAsLargeAsItsBytesCanBeCounted) {
  Device device;
  EXPECT_TRUE(device
                  .add_unit(0, {.serial = std::string(64, 'x'),
                                .block_count = (std::uint64_t{1} << 54U) - 1})
                  .has_value());
  EXPECT_TRUE(device
                  .add_unit(1, {.designators = {16, {.identifier = iscsi::wire::Bytes(252)}},
                                .block_count = 1,
                                .block_bytes = 65536,
                                .physical_block_exponent = 15})
                  .has_value());
}

TEST(Unit, HasANumberOfItsOwn) {
  Device device;
  EXPECT_TRUE(device.add_unit(7, {.block_count = 1}).has_value());
  EXPECT_FALSE(device.add_unit(7, {.block_count = 1}).has_value());
  EXPECT_FALSE(device.add_unit(0x4000, {.block_count = 1}).has_value());
  EXPECT_TRUE(device.add_unit(0x3FFF, {.block_count = 2}).has_value());
  EXPECT_TRUE(device.add_unit(0, {.block_count = 3}).has_value());
  ASSERT_EQ(device.units().size(), 3U);
  EXPECT_EQ(device.units()[0].number, 0);
  EXPECT_EQ(device.units()[1].number, 7);
  EXPECT_EQ(device.units()[2].number, 0x3FFF);
  EXPECT_TRUE(device.is_accessible(0x0007'0000'0000'0000));
  EXPECT_TRUE(device.is_accessible(0x4007'0000'0000'0000));
  EXPECT_TRUE(device.is_accessible(0x7FFF'0000'0000'0000));
  EXPECT_FALSE(device.is_accessible(0x0008'0000'0000'0000));
  EXPECT_FALSE(device.is_accessible(0xC101'0000'0000'0000));
}

using DeviceTest = Bench;
constexpr std::string_view test_unit_ready = "00 00 00 00 00 00";

Outcome attention(std::uint8_t code, std::uint8_t qualifier) {
  return check(SenseKey::unit_attention, {code, qualifier});
}

TEST_F(DeviceTest, GreetsANewNexusWithPowerOnOncePerUnit) {
  device.nexus_established(3);
  EXPECT_EQ(run(test_unit_ready, 3, 0), attention(0x29, 0x00));
  EXPECT_EQ(run(test_unit_ready, 3, 0), good());
  EXPECT_EQ(run(test_unit_ready, 3, 5), attention(0x29, 0x00));
  EXPECT_EQ(run(test_unit_ready, 3, 5), good());
  EXPECT_EQ(run(test_unit_ready, 1, 0), good());
}

TEST_F(DeviceTest, GreetsAReturningNexusWithNexusLoss) {
  device.nexus_lost(1);
  device.nexus_established(1);
  EXPECT_EQ(run(test_unit_ready), attention(0x29, 0x07));
  EXPECT_EQ(run(test_unit_ready), good());
  device.nexus_established(1);  // it never went
  EXPECT_EQ(run(test_unit_ready), good());
}

TEST_F(DeviceTest, ForgetsLossesOfLongAgo) {
  device.nexus_lost(1);
  for (NexusId nexus = 100; nexus < 100 + 255; ++nexus) {
    device.nexus_established(nexus);
    device.nexus_lost(nexus);
  }
  const Device remembers = device;
  device.nexus_established(1);
  EXPECT_EQ(run(test_unit_ready), attention(0x29, 0x07));
  device = remembers;
  device.nexus_established(1000);
  device.nexus_lost(1000);
  device.nexus_established(1);
  EXPECT_EQ(run(test_unit_ready), attention(0x29, 0x00));
}

TEST_F(DeviceTest, LosingAnUnknownNexusChangesNothing) {
  const Device before = device;
  device.nexus_lost(77);
  EXPECT_EQ(device, before);
}

TEST_F(DeviceTest, ReleasesTheReservationsOfALostNexus) {
  EXPECT_EQ(run("16 00 00 00 00 00", 1), good());
  EXPECT_EQ(run(test_unit_ready, 2), conflict());
  device.nexus_lost(2);
  EXPECT_EQ(unit().reserved_by, NexusId{1});
  device.nexus_established(2);
  quiet();
  device.nexus_lost(1);
  EXPECT_EQ(run(test_unit_ready, 2), good());
}

TEST_F(DeviceTest, ForgetsThePendingAttentionsOfALostNexus) {
  device.raise_attention(0, 1, {0x47, 0x7F});
  device.nexus_lost(1);
  EXPECT_EQ(unit().attentions, Attentions{});
  device.nexus_established(1);
  EXPECT_EQ(run(test_unit_ready), attention(0x29, 0x07));
  EXPECT_EQ(run(test_unit_ready), good());
}

TEST_F(DeviceTest, ALogicalUnitResetUndoesWhatCommandsHaveDone) {
  unit().reserved_by = 2;
  unit().stopped = true;
  unit().mode.image()[20 + 2] = std::byte{0x04};  // D_SENSE of the control page
  const Device before = device;
  ASSERT_TRUE(device.logical_unit_reset(0));
  EXPECT_EQ(run(test_unit_ready, 1), attention(0x29, 0x03));
  EXPECT_EQ(run(test_unit_ready, 2), attention(0x29, 0x03));
  EXPECT_EQ(run(test_unit_ready, 1), good());
  EXPECT_EQ(unit().reserved_by, std::nullopt);
  EXPECT_EQ(unit().mode, ModePages::defaults(true));
  EXPECT_EQ(unit(5), *before.find(lun_field(5))) << "the other unit was not reset";
}

TEST_F(DeviceTest, ALogicalUnitResetOfAnAbsentUnitIsNoticed) {
  const Device before = device;
  EXPECT_FALSE(device.logical_unit_reset(lun_field(1)));
  EXPECT_EQ(device, before);
}

TEST_F(DeviceTest, ATargetResetReachesEveryUnit) {
  unit(0).reserved_by = 1;
  unit(5).stopped = true;
  device.target_reset();
  for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{5}})
    for (const NexusId nexus : {NexusId{1}, NexusId{2}}) {
      EXPECT_EQ(run(test_unit_ready, nexus, number), attention(0x29, 0x02));
      EXPECT_EQ(run(test_unit_ready, nexus, number), good());
    }
}

TEST_F(DeviceTest, ANexusLostBeforeATargetResetHearsOfTheReset) {
  device.nexus_lost(1);
  device.target_reset();
  device.nexus_established(1);
  EXPECT_EQ(run(test_unit_ready), attention(0x29, 0x00));
}

TEST_F(DeviceTest, RaisesOneAttentionForOneNexus) {
  device.raise_attention(0, 1, {0x47, 0x7F});
  EXPECT_EQ(run(test_unit_ready, 2), good());
  EXPECT_EQ(run(test_unit_ready, 1, 5), good());
  EXPECT_EQ(run(test_unit_ready, 1), attention(0x47, 0x7F));
  EXPECT_EQ(run(test_unit_ready, 1), good());
}

TEST_F(DeviceTest, RaisesNothingForWhatItDoesNotKnow) {
  const Device before = device;
  device.raise_attention(0, 9, {0x47, 0x7F});
  device.raise_attention(lun_field(1), 1, {0x47, 0x7F});
  device.raise_attention_for_others(lun_field(1), 1, {0x47, 0x7F});
  EXPECT_EQ(device, before);
}

TEST_F(DeviceTest, ClearedCommandsAreToldToTheOthers) {
  device.commands_cleared(0, 1);
  EXPECT_EQ(run(test_unit_ready, 1), good());
  EXPECT_EQ(run(test_unit_ready, 2), attention(0x2F, 0x00));
}

TEST_F(DeviceTest, AChangedCapacityIsToldToAllAndHolds) {
  ASSERT_TRUE(device.capacity_changed(0, 500));
  EXPECT_EQ(run(test_unit_ready, 1), attention(0x2A, 0x09));
  EXPECT_EQ(run(test_unit_ready, 2), attention(0x2A, 0x09));
  EXPECT_EQ(run("25 00 00 00 00 00 00 00 00 00"), good("00 00 01 f3 00 00 02 00"));
  EXPECT_EQ(run("28 00 00 00 01 f4 00 00 01 00").sense.additional, (AdditionalSense{0x21, 0x00}));
}

TEST_F(DeviceTest, ACapacityThatCannotBeIsRefused) {
  const Device before = device;
  EXPECT_FALSE(device.capacity_changed(lun_field(1), 10));
  EXPECT_FALSE(device.capacity_changed(0, 0));
  EXPECT_FALSE(device.capacity_changed(0, std::uint64_t{1} << 54U));
  EXPECT_EQ(device, before);
}

}  // namespace
}  // namespace scsi
