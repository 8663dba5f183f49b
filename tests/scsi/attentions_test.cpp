#include "scsi/attentions.hpp"

#include "bench.hpp"

namespace scsi {
namespace {

constexpr Sense mode_changed = unit_attention({0x2A, 0x01});
constexpr Sense capacity = unit_attention({0x2A, 0x09});
constexpr Sense reset = unit_attention({0x29, 0x03});

std::vector<Sense> take_all(Attentions& attentions, NexusId nexus) {
  std::vector<Sense> all;
  while (const Sense* next = attentions.next(nexus)) {
    all.push_back(*next);
    attentions.drop(nexus);
  }
  return all;
}

TEST(Attentions, AreEmptyAtFirst) {
  Attentions attentions;
  EXPECT_EQ(attentions.next(1), nullptr);
  attentions.drop(1);
  attentions.forget(1);
  EXPECT_EQ(attentions, Attentions{});
}

TEST(Attentions, AreToldInTheOrderTheyCame) {
  Attentions attentions;
  attentions.raise(1, mode_changed);
  attentions.raise(1, capacity);
  EXPECT_EQ(take_all(attentions, 1), (std::vector{mode_changed, capacity}));
}

TEST(Attentions, OfOneNexusAreNotAnothers) {
  Attentions attentions;
  attentions.raise(2, capacity);
  attentions.raise(1, mode_changed);
  attentions.raise(3, reset);
  EXPECT_EQ(attentions.next(4), nullptr);
  attentions.drop(0);
  attentions.drop(4);
  EXPECT_EQ(take_all(attentions, 2), std::vector{capacity});
  attentions.forget(3);
  EXPECT_EQ(attentions.next(3), nullptr);
  EXPECT_EQ(take_all(attentions, 1), std::vector{mode_changed});
}

TEST(Attentions, AreQueuedOnceEach) {
  Attentions attentions;
  for (int i = 0; i < 3; ++i) attentions.raise(1, capacity);
  EXPECT_EQ(take_all(attentions, 1), std::vector{capacity});
}

TEST(Attentions, BeforeAResetAreVoid) {
  Attentions attentions;
  attentions.raise(1, mode_changed);
  attentions.raise(1, reset);
  attentions.raise(1, capacity);
  EXPECT_EQ(take_all(attentions, 1), (std::vector{reset, capacity}));
}

TEST(Attentions, BeyondTheDepthAreLostAndTheFirstOnesKept) {
  Attentions attentions;
  std::vector<Sense> kept;
  for (std::uint8_t i = 0; i < 100; ++i) {
    attentions.raise(1, unit_attention({0x3F, i}));
    if (i < Attentions::depth) kept.push_back(unit_attention({0x3F, i}));
  }
  EXPECT_EQ(take_all(attentions, 1), kept);
}

}  // namespace
}  // namespace scsi
