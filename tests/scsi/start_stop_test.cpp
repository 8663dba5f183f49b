#include "bench.hpp"

namespace scsi {
namespace {

using StartStopTest = Bench;

constexpr std::string_view test_unit_ready = "00 00 00 00 00 00", start = "1b 00 00 00 01 00",
                           stop = "1b 00 00 00 00 00", stop_at_once = "1b 01 00 00 00 00",
                           stop_without_flush = "1b 00 00 00 04 00";
const Outcome not_started = check(SenseKey::not_ready, {0x04, 0x02});

TEST_F(StartStopTest, StopsAfterAFlush) {
  const Outcome outcome = run(stop);
  EXPECT_EQ(outcome, good(Operation{.kind = Operation::Kind::flush, .blocks = 1000}));
  EXPECT_EQ(run(test_unit_ready), good()) << "not yet";
  EXPECT_EQ(concluded(stop, outcome.operation, {}), good());
  EXPECT_EQ(run(test_unit_ready), not_started);
  EXPECT_EQ(run(test_unit_ready, 2), not_started);
  EXPECT_EQ(run(test_unit_ready, 1, 5), good()) << "the other unit turns on";
}

TEST_F(StartStopTest, DoesNotStopIfTheFlushFails) {
  const Outcome outcome = run(stop);
  EXPECT_EQ(concluded(stop, outcome.operation, {.kind = MediumResult::Kind::write_error}),
            check(SenseKey::medium_error, {0x0C, 0x00}));
  EXPECT_EQ(run(test_unit_ready), good());
}

TEST_F(StartStopTest, StopsWithoutFlushIfToldSo) {
  EXPECT_EQ(run(stop_without_flush), good());
  EXPECT_EQ(run(test_unit_ready), not_started);
}

TEST_F(StartStopTest, AtOnceStopsWhenTheFlushIsDone) {
  const Outcome outcome = run(stop_at_once);
  EXPECT_EQ(outcome,
            good(Operation{.kind = Operation::Kind::flush, .immediate = true, .blocks = 1000}));
  EXPECT_EQ(concluded(stop_at_once, outcome.operation, {}), good());
  EXPECT_EQ(run(test_unit_ready), not_started);
}

TEST_F(StartStopTest, StartsAgain) {
  run(stop_without_flush);
  EXPECT_EQ(run(start), good());
  EXPECT_EQ(run(test_unit_ready), good());
  EXPECT_EQ(run(start), good()) << "as often as one likes";
  EXPECT_EQ(planned(start), no_transfer);
  EXPECT_EQ(planned(stop), no_transfer);
}

TEST_F(StartStopTest, HasNoPowerConditionsAndNothingToEject) {
  for (unsigned condition = 1; condition < 16; ++condition) {
    auto cdb = hex(start);
    cdb[4] = static_cast<std::byte>(condition << 4U | 1U);
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}), bad_cdb(4, 7)) << condition;
  }
  EXPECT_EQ(run("1b 00 00 00 02 00"), bad_cdb(4, 1));
  EXPECT_EQ(run("1b 00 00 00 03 00"), bad_cdb(4, 1));
}

}  // namespace
}  // namespace scsi
