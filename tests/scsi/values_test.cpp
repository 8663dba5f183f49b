#include "bench.hpp"

/// The values of the dispatcher compare by all of their members: tests, traces and replays rely on
/// equality to see a difference wherever it is.

namespace scsi {
namespace {

template <typename Value>
void expect_all_different(const std::vector<Value>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = 0; j < values.size(); ++j)
      EXPECT_EQ(values[i] == values[j], i == j) << i << " and " << j;
}

TEST(Equality, OfSenseSeesEveryMember) {
  expect_all_different<Sense>({{},
                               {.key = SenseKey::not_ready},
                               {.additional = {0x04, 0x00}},
                               {.additional = {0x00, 0x04}},
                               {.deferred = true},
                               {.information = 0},
                               {.information = 1},
                               {.field = FieldPointer{}},
                               {.field = FieldPointer{.in_cdb = false}},
                               {.field = FieldPointer{.byte = 1}},
                               {.field = FieldPointer{.bit = 0}},
                               {.field = FieldPointer{.bit = 1}}});
}

TEST(Equality, OfOperationsAndResultsSeesEveryMember) {
  expect_all_different<Operation>({{},
                                   {.kind = Operation::Kind::read},
                                   {.durable = true},
                                   {.immediate = true},
                                   {.lba = 1},
                                   {.blocks = 1}});
  expect_all_different<MediumResult>({{}, {.kind = MediumResult::Kind::no_space}, {.offset = 1}});
}

TEST(Equality, OfTransfersAndOutcomesSeesEveryMember) {
  expect_all_different<Transfer>(
      {{}, {.direction = Direction::to_target}, {.payload = Payload::blocks}, {.bytes = 1}});
  expect_all_different<Outcome>({{},
                                 {.status = Status::busy},
                                 {.sense = {.deferred = true}},
                                 {.sense_format = SenseFormat::descriptor},
                                 {.data_in = hex("00")},
                                 {.operation = {.lba = 1}}});
}

TEST(Equality, OfConfigurationsSeesEveryMember) {
  using Designators = std::vector<Designator>;
  expect_all_different<UnitConfiguration>(
      {{},
       {.vendor = "A"},
       {.product = "A"},
       {.revision = "A"},
       {.serial = "A"},
       {.designators = Designators{{}}},
       {.designators = Designators{{.association = Designator::Association::target_port}}},
       {.designators = Designators{{.code_set = Designator::CodeSet::ascii}}},
       {.designators = Designators{{.type = Designator::Type::eui_64}}},
       {.designators = Designators{{.protocol = 0}}},
       {.designators = Designators{{.identifier = hex("00")}}},
       {.block_count = 1},
       {.block_bytes = 4096},
       {.physical_block_exponent = 1},
       {.maximum_transfer_blocks = 1},
       {.read_only = true},
       {.rotational = true},
       {.write_cache = false},
       {.transport_standard = 0}});
}

TEST(Equality, OfUnitsSeesEveryMember) {
  LogicalUnit attentive, changed;
  attentive.attentions.raise(1, unit_attention({0x2A, 0x01}));
  changed.mode = ModePages::defaults(true);
  LogicalUnit attentive_to_another;
  attentive_to_another.attentions.raise(2, unit_attention({0x2A, 0x01}));
  expect_all_different<LogicalUnit>({{},
                                     {.number = 1},
                                     {.configuration = {.block_count = 1}},
                                     {.stopped = true},
                                     {.reserved_by = 0},
                                     attentive,
                                     attentive_to_another,
                                     changed});
}

TEST(Equality, OfDevicesSeesUnitsAndNexusesPresentAndLost) {
  std::vector<Device> devices(5);
  ASSERT_TRUE(devices[1].add_unit(0, {.block_count = 1}).has_value());
  devices[2].nexus_established(1);
  devices[3].nexus_established(2);
  devices[4].nexus_established(1);
  devices[4].nexus_lost(1);
  expect_all_different(devices);
}

}  // namespace
}  // namespace scsi
