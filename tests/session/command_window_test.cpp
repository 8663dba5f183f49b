/// The command window (RFC 3720 3.2.2.1): every sequence of events on small windows, against a
/// model that counts without end, and so knows nothing of wrapping numbers.

#include "session/command_window.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

namespace iscsi::session {
namespace {

using wire::CmdSN;
using Verdict = CommandWindow::Verdict;

/// Numbers are counted from the first command on; `window` sees them from `first` on.
struct Pair {
  std::uint32_t first;
  std::uint32_t size;
  CommandWindow window{CmdSN{first}, size};
  std::int64_t exp = 0;
  std::int64_t occupied = 0;
  std::map<std::int64_t, bool> ahead{};  ///< by number: whether it was skipped
  std::int64_t last_max = -1;

  [[nodiscard]] CmdSN number(std::int64_t count) const {
    return CmdSN{first + static_cast<std::uint32_t>(count)};
  }
  [[nodiscard]] std::int64_t max() const { return exp + size - occupied - 1; }

  [[nodiscard]] Verdict judge(std::int64_t count) const {
    if (count < exp || count > max()) return Verdict::outside;
    if (ahead.contains(count)) return Verdict::repeated;
    return count == exp ? Verdict::deliver : Verdict::hold;
  }
  void pass_skipped() {
    while (!ahead.empty() && ahead.begin()->first == exp && ahead.begin()->second) {
      ahead.erase(ahead.begin());
      ++exp;
    }
  }
  void deliver_next() {
    window.deliver();
    window.occupy();
    ahead.erase(exp);
    ++exp;
    ++occupied;
    pass_skipped();
  }

  /// A request with this number comes; if `refused`, it is rejected when its turn comes (6.3).
  void arrive(std::int64_t count, bool refused) {
    const Verdict verdict = judge(count);
    ASSERT_EQ(window.judge(number(count)), verdict);
    if (verdict == Verdict::hold) {
      window.hold(number(count));
      ahead[count] = false;
    }
    if (verdict != Verdict::deliver || refused) return;
    deliver_next();
    while (ahead.contains(exp)) deliver_next();  // those behind it that are held
  }
  /// ABORT TASK names the number.
  void skip(std::int64_t count) {
    if (count < exp || count > max()) return;
    window.skip(number(count));
    ahead.try_emplace(count, true);
    pass_skipped();
    while (ahead.contains(exp)) deliver_next();
  }
  /// A held request is gone: its connection failed.
  void forget(std::int64_t count) {
    const auto found = ahead.find(count);
    if (found == ahead.end() || found->second) return;
    window.forget(number(count));
    ahead.erase(found);
  }
  void finish() {
    if (occupied == 0) return;
    window.release();
    --occupied;
  }

  void check() {
    ASSERT_EQ(window.exp_cmd_sn(), number(exp));
    ASSERT_EQ(window.max_cmd_sn(), number(max()));
    ASSERT_GE(max(), exp - 1);  // "MUST NOT transmit a MaxCmdSN that is less than ExpCmdSN-1"
    ASSERT_GE(max(), last_max) << "MaxCmdSN went back";
    ASSERT_LE(ahead.size(), size);
    last_max = max();
    for (std::int64_t count = exp - 2; count <= exp + size + 1; ++count) {
      ASSERT_EQ(window.judge(number(count)), judge(count)) << count - exp;
      ASSERT_EQ(window.contains(number(count)), count >= exp && count <= max());
    }
  }
};

/// All sequences of `depth` events after `pair`.
void explore(const Pair& pair, int depth) {
  if (depth == 0 || testing::Test::HasFatalFailure()) return;
  const auto after = [&](auto event) {
    Pair next = pair;
    event(next);
    next.check();
    explore(next, depth - 1);
  };
  after([](Pair& next) { next.finish(); });
  for (std::int64_t count = pair.exp; count <= pair.exp + pair.size; ++count) {
    after([count](Pair& next) { next.arrive(count, false); });
    after([count](Pair& next) { next.skip(count); });
    after([count](Pair& next) { next.forget(count); });
  }
  after([&pair](Pair& next) { next.arrive(pair.exp, true); });
  after([&pair](Pair& next) { next.arrive(pair.exp - 1, false); });
}

TEST(CommandWindow, DoesWhatAnEndlessCounterWouldDoWhateverComes) {
  for (const std::uint32_t first : {0U, 1U, 0x7fff'fffeU, 0xffff'fffdU, 0xffff'ffffU})
    for (const std::uint32_t size : {1U, 2U, 3U}) {
      Pair pair{.first = first, .size = size};
      pair.check();
      explore(pair, size == 1 ? 5 : 4);
      ASSERT_FALSE(HasFatalFailure()) << first << " " << size;
    }
}

TEST(CommandWindow, RefusesNumbersOnTheFarSideOfTheCircle) {
  const CommandWindow window{CmdSN{100}, 4};
  for (const std::uint32_t distance : {0x7fff'ffffU, 0x8000'0000U, 0x8000'0001U, 0xffff'ffffU})
    EXPECT_EQ(window.judge(CmdSN{100} + distance), Verdict::outside) << distance;
}

TEST(CommandWindow, ClosesWhenAllItsPlacesAreTaken) {
  CommandWindow window{CmdSN{7}, 2};
  window.deliver();
  window.occupy();
  EXPECT_EQ(window.max_cmd_sn(), CmdSN{8});  // as before: the place is taken, the number moved on
  window.deliver();
  window.occupy();
  EXPECT_EQ(window.max_cmd_sn(), window.exp_cmd_sn() - 1);
  EXPECT_EQ(window.judge(window.exp_cmd_sn()), Verdict::outside);
  window.release();
  EXPECT_EQ(window.judge(window.exp_cmd_sn()), Verdict::deliver);
}

}  // namespace
}  // namespace iscsi::session
