#include "faults/pieces.hpp"

#include <gtest/gtest.h>

#include "faults/served.hpp"
#include "server/media.hpp"
#include "wire/bytes.hpp"

// Short reads and writes of the server's sockets, at every boundary between two bytes.

namespace iscsi::faults {
namespace {

using server::testing::TemporaryFolder;

/// TSIH names the session: the one thing that differs from conversation to conversation.
void forget_session(std::vector<Bytes>& pdus) {
  for (Bytes& pdu : pdus)
    if (wire::load<1>(pdu, 0) == 0x23) wire::store<2>(pdu, 14, 0);  // Login Response
}

class Pieces : public ::testing::Test {
 protected:
  // The first time, the initiator is told that the unit is new; then every conversation is the
  // same.
  void SetUp() override { ASSERT_TRUE(talk({}).complete); }
  void TearDown() override { cut({}); }
  Experience talk(const Cuts& cuts) {
    cut(cuts);
    Experience experience = converse(served_.port());
    forget_session(experience.pdus);
    return experience;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "disk";
  Served served_{path_, {}};
};

TEST_F(Pieces, OfAnyLengthMakeNoDifference) {
  const Experience whole = talk({});
  ASSERT_TRUE(whole.complete);
  const std::size_t read = bytes_read();
  const std::size_t written = bytes_written();
  ASSERT_GT(read, 2000U);
  ASSERT_GT(written, 2000U);
  // Each boundary is a cut in one of these conversations.
  constexpr std::size_t period = 61;
  for (std::size_t at = 0; at < period; ++at) {
    const Experience reads = talk({.read_at = at, .period = period});
    ASSERT_EQ(reads.pdus, whole.pdus) << "reads that ended behind byte " << at << ", and on";
    const Experience writes = talk({.write_at = at, .period = period});
    ASSERT_EQ(writes.pdus, whole.pdus) << "writes that ended behind byte " << at << ", and on";
  }
  for (const std::size_t most : std::initializer_list<std::size_t>{1, 2, 3, 47, 48, 49, 511}) {
    const Experience cut = talk({.most = most});
    ASSERT_EQ(cut.pdus, whole.pdus) << "pieces of " << most;
  }
  expect_nothing_lost(path_, whole);
}

TEST_F(Pieces, AConnectionThatBreaksAnywhereLosesNothingThatWasAcknowledged) {
  const Experience whole = talk({});
  const std::size_t read = bytes_read();
  const std::size_t written = bytes_written();
  const auto expect_beginning = [&](const Experience& seen) {
    EXPECT_FALSE(seen.hung);
    ASSERT_LE(seen.pdus.size(), whole.pdus.size());
    for (std::size_t i = 0; i < seen.pdus.size(); ++i) EXPECT_EQ(seen.pdus[i], whole.pdus[i]);
    expect_nothing_lost(path_, seen);
  };
  for (std::size_t at = 0; at < read && !HasFailure(); ++at)
    expect_beginning(talk({.read_at = at, .breaks = true}));
  for (std::size_t at = 0; at < written && !HasFailure(); ++at)
    expect_beginning(talk({.write_at = at, .breaks = true}));
  cut({});
  EXPECT_TRUE(talk({}).complete) << "the server serves on";
}

}  // namespace
}  // namespace iscsi::faults
