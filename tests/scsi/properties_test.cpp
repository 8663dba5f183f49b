#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "bench.hpp"
#include "commands_by_hand.hpp"

/// Laws of the dispatcher over random commands to a device in a random state.

namespace scsi {
namespace {

constexpr std::uint64_t block_count = 1000;
constexpr std::uint32_t most_blocks = 600;

/// What a test case is made from.
struct Case {
  Device device;
  iscsi::wire::Bytes cdb;
  iscsi::wire::Bytes parameters{};
  std::uint64_t data_out_bytes = 0;
  std::uint64_t lun = 0;

  [[nodiscard]] Command command() const { return {.nexus = 1, .lun = lun, .cdb = cdb}; }
};

/// Evenly from `least` to below `beyond`, where RapidCheck alone would begin with small numbers.
template <typename Number>
Number between(Number least, Number beyond) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(least, beyond));
}
bool one_in(int n) { return between(0, n) == 0; }
std::byte any_byte() { return static_cast<std::byte>(between(0, 256)); }

Device any_device() {
  Device device;
  const auto added = device.add_unit(
      0,
      {.block_count = block_count, .maximum_transfer_blocks = most_blocks, .read_only = one_in(8)});
  RC_ASSERT(added.has_value());
  device.nexus_established(2);
  if (one_in(8)) device.nexus_established(1);
  LogicalUnit& unit = *device.find(0);
  if (one_in(8)) unit.reserved_by = between<NexusId>(1, 3);
  unit.stopped = one_in(8);
  if (one_in(4)) unit.mode.image()[20 + 2] = std::byte{0x04};
  if (one_in(4)) unit.mode.image()[2] = std::byte{0};
  return device;
}

/// A known command's CDB with up to three bytes changed, by halves to small numbers; now and then
/// any bytes.
iscsi::wire::Bytes any_cdb() {
  if (one_in(16)) return *rc::gen::container<iscsi::wire::Bytes>(rc::gen::exec(any_byte));
  const auto index = between<std::size_t>(0, std::size(known_commands));
  auto cdb = hex(known_commands[index].cdb);
  for (int changes = between(0, 4); changes > 0; --changes) {
    const auto at = between<std::size_t>(1, cdb.size());
    cdb[at] = one_in(2) ? any_byte() : static_cast<std::byte>(between(0, 5));
  }
  return cdb;
}

Case any_case() {
  Case now{.device = any_device(), .cdb = any_cdb()};
  now.lun = one_in(10) ? *rc::gen::arbitrary<std::uint64_t>() : 0;
  const Transfer transfer = plan(now.device, now.command());
  now.data_out_bytes = transfer.bytes;
  if (transfer.direction == Direction::to_target && one_in(3))
    now.data_out_bytes = between<std::uint64_t>(0, transfer.bytes + 2000);
  if (transfer.direction == Direction::to_target && transfer.payload == Payload::parameters) {
    now.parameters.resize(std::min<std::uint64_t>(transfer.bytes, 65535));
    if (one_in(2)) now.parameters = hex("00 00 00 00 0a 0a 04 10 00 00 00 00 00 00 00 00");
    for (std::byte& byte : now.parameters)
      if (one_in(16)) byte = any_byte();
  }
  return now;
}

/// RapidCheck tries a property a hundred times: each time with as many cases as this.
constexpr int batch = 25;

Outcome run(Case& now) {
  return execute(now.device, now.command(), now.parameters, now.data_out_bytes);
}

void never_leaves_the_medium(Case now) {
  const Outcome outcome = run(now);
  const Operation& operation = outcome.operation;
  if (operation.kind == Operation::Kind::none) {
    RC_ASSERT((operation == Operation{}));
    return;
  }
  RC_ASSERT(operation.blocks > 0U);
  RC_ASSERT(operation.blocks <= block_count);
  RC_ASSERT(operation.lba <= block_count - operation.blocks);
  if (operation.kind != Operation::Kind::flush && operation.kind != Operation::Kind::prefetch)
    RC_ASSERT(operation.blocks <= most_blocks);
}

void moves_what_it_planned(Case now) {
  const Transfer planned = plan(now.device, now.command());
  const Outcome outcome = run(now);
  const std::uint64_t moved = outcome.operation.blocks * 512;
  using Kind = Operation::Kind;
  RC_ASSERT((planned.bytes == 0) == (planned.direction == Direction::none));
  RC_ASSERT((planned.payload == Payload::none) == (planned.direction == Direction::none));
  if (planned.direction != Direction::to_initiator || planned.payload != Payload::parameters)
    RC_ASSERT(outcome.data_in.empty());
  RC_ASSERT(outcome.data_in.size() <= planned.bytes);
  switch (outcome.operation.kind) {
    case Kind::read: RC_ASSERT((planned == blocks_in(moved))); break;
    case Kind::write:
    case Kind::write_and_verify:
    case Kind::write_and_compare:
      RC_ASSERT((planned == blocks_out(planned.bytes)));
      RC_ASSERT(moved == std::min(planned.bytes, now.data_out_bytes / 512 * 512));
      break;
    case Kind::compare: RC_ASSERT((planned == blocks_out(moved))); break;
    case Kind::compare_one_block: RC_ASSERT((planned == blocks_out(512))); break;
    case Kind::verify:
    case Kind::prefetch: RC_ASSERT((planned == no_transfer)); break;
    case Kind::flush:
    case Kind::none: break;  // MODE SELECT may flush; parameters move without an operation
  }
}

void refuses_without_effect(Case now) {
  const Device before = now.device;
  const Outcome outcome = run(now);
  if (outcome.status == Status::good) {
    RC_ASSERT((outcome.sense == Sense{}));
    return;
  }
  RC_ASSERT(outcome.data_in.empty());
  RC_ASSERT(outcome.operation.kind == Operation::Kind::none);
  RC_ASSERT((outcome.sense.key == SenseKey::no_sense) ==
            (outcome.status == Status::reservation_conflict));
  if (outcome.sense.key != SenseKey::unit_attention) RC_ASSERT(now.device == before);
}

void is_deterministic(Case now) {
  Case again = now;
  const Outcome first = run(now), second = run(again);
  RC_ASSERT((first == second));
  RC_ASSERT(now.device == again.device);
}

/// ALLOCATION LENGTH where SPC-4 and SBC-3 have it, read here without the table.
std::optional<std::uint64_t> allocation_length(const iscsi::wire::Bytes& cdb) {
  switch (std::to_integer<unsigned>(cdb[0])) {
    case 0x03:
    case 0x1A: return iscsi::wire::load<1>(cdb, 4);
    case 0x12: return iscsi::wire::load<2>(cdb, 3);
    case 0x5A: return iscsi::wire::load<2>(cdb, 7);
    case 0x9E: return iscsi::wire::load<4>(cdb, 10);
    case 0xA0:
    case 0xA3: return iscsi::wire::load<4>(cdb, 6);
    case 0x25: return 8;
    default: return std::nullopt;
  }
}

void respects_the_allocation_length(Case now) {
  const Outcome outcome = run(now);
  if (outcome.data_in.empty()) return;
  const auto most = allocation_length(now.cdb);
  RC_ASSERT(most.has_value());
  RC_ASSERT(outcome.data_in.size() <= *most);
}

void concludes_whatever_the_medium_says(Case now) {
  const Outcome started = run(now);
  if (started.operation.kind == Operation::Kind::none) return;
  using Kind = MediumResult::Kind;
  const MediumResult result{
      .kind = *rc::gen::element(Kind::done, Kind::miscompare, Kind::read_error, Kind::write_error,
                                Kind::no_space, Kind::not_ready),
      .offset = between<std::uint64_t>(0, started.operation.blocks * 512)};
  const Outcome ended = conclude(now.device, now.command(), started.operation, result);
  RC_ASSERT(ended.operation.kind == Operation::Kind::none);
  RC_ASSERT(ended.data_in.empty());
  if (started.operation.immediate) RC_ASSERT(ended.status == started.status);
  const bool well = result.kind == Kind::done;
  if (!started.operation.immediate) RC_ASSERT((ended.status == Status::check_condition) == !well);
  RC_ASSERT((ended.status == Status::check_condition) == (ended.sense.key != SenseKey::no_sense));
}

void encodes_every_sense_in_its_format(Case now) {
  const Outcome outcome = run(now);
  const auto encoded = encode(outcome.sense, outcome.sense_format);
  const auto view = encoded.view();
  const bool is_fixed = outcome.sense_format == SenseFormat::fixed;
  RC_ASSERT((view[0] & std::byte{0x7F}) == (is_fixed ? std::byte{0x70} : std::byte{0x72}));
  RC_ASSERT(std::to_integer<std::size_t>(view[7]) + 8 == view.size());
  RC_ASSERT((view[is_fixed ? 2 : 1] == static_cast<std::byte>(outcome.sense.key)));
}

RC_GTEST_PROP(Dispatcher, NeverLeavesTheMedium, ()) {
  for (int i = 0; i < batch; ++i) never_leaves_the_medium(any_case());
}
RC_GTEST_PROP(Dispatcher, MovesWhatItPlanned, ()) {
  for (int i = 0; i < batch; ++i) moves_what_it_planned(any_case());
}
RC_GTEST_PROP(Dispatcher, RefusesWithoutEffect, ()) {
  for (int i = 0; i < batch; ++i) refuses_without_effect(any_case());
}
RC_GTEST_PROP(Dispatcher, IsDeterministic, ()) {
  for (int i = 0; i < batch; ++i) is_deterministic(any_case());
}
RC_GTEST_PROP(Dispatcher, RespectsTheAllocationLength, ()) {
  for (int i = 0; i < batch; ++i) respects_the_allocation_length(any_case());
}
RC_GTEST_PROP(Dispatcher, ConcludesWhateverTheMediumSays, ()) {
  for (int i = 0; i < batch; ++i) concludes_whatever_the_medium_says(any_case());
}
RC_GTEST_PROP(Dispatcher, EncodesEverySenseInItsFormat, ()) {
  for (int i = 0; i < batch; ++i) encodes_every_sense_in_its_format(any_case());
}

/// The laws above would hold of a dispatcher that refuses everything; ours does not.
TEST(Dispatcher, CarriesOutEnoughOfThem) {
  rc::Random random(20040401);
  int operations = 0, parameters = 0, refusals = 0;
  for (int i = 0; i < 400; ++i) {
    Case now = rc::gen::exec(any_case)(random.split(), rc::kNominalSize).value();
    const Outcome outcome = run(now);
    operations += outcome.operation.kind != Operation::Kind::none ? 1 : 0;
    parameters += outcome.data_in.empty() ? 0 : 1;
    refusals += outcome.status == Status::check_condition ? 1 : 0;
  }
  EXPECT_GT(operations, 40);
  EXPECT_GT(parameters, 40);
  EXPECT_GT(refusals, 40);
}

}  // namespace
}  // namespace scsi
