#include "wire/queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace iscsi::wire {
namespace {

std::vector<int> all_of(const Queue<int>& queue) { return {queue.begin(), queue.end()}; }

TEST(Queue, GivesWhatItGotInTheSameOrder) {
  Queue<int> queue;
  EXPECT_TRUE(queue.empty());
  std::vector<int> given;
  // Two come for each that goes, then the rest goes: through every place where it closes up.
  for (int i = 0; i < 100; ++i) {
    queue.push_back(2 * i);
    queue.emplace_back(2 * i + 1);
    given.push_back(queue.front());
    queue.pop_front();
    EXPECT_EQ(queue.size(), static_cast<std::size_t>(i + 1));
  }
  for (; !queue.empty(); queue.pop_front()) given.push_back(queue.front());
  EXPECT_EQ(queue.size(), 0U);
  ASSERT_EQ(given.size(), 200U);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(given[static_cast<std::size_t>(i)], i);
}

TEST(Queue, ShowsThoseThatWait) {
  Queue<int> queue;
  for (int i = 0; i < 5; ++i) queue.push_back(i);
  queue.pop_front();
  queue.pop_front();
  EXPECT_EQ(all_of(queue), (std::vector{2, 3, 4}));
  queue.clear();
  EXPECT_EQ(all_of(queue), std::vector<int>{});
  queue.push_back(7);
  EXPECT_EQ(all_of(queue), std::vector{7});
}

TEST(Queue, IsEmptyWhenItHasBeenMovedFrom) {
  Queue<int> queue;
  for (int i = 0; i < 5; ++i) queue.push_back(i);
  queue.pop_front();
  Queue<int> other{std::move(queue)};
  EXPECT_TRUE(queue.empty());  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(all_of(other), (std::vector{1, 2, 3, 4}));
  queue = std::move(other);
  EXPECT_EQ(other.size(), 0U);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(all_of(queue), (std::vector{1, 2, 3, 4}));
}

TEST(Queue, GivesMemoryBackThatErasedOnesHad) {
  Queue<int> queue;
  for (int i = 0; i < 1000; ++i) queue.push_back(i);
  queue.erase_if([](int one) { return one > 2; });
  EXPECT_LE(queue.capacity(), 64U);
  EXPECT_EQ(all_of(queue), (std::vector{0, 1, 2}));
}

TEST(Queue, ErasesAmongThoseThatWaitAlone) {
  Queue<int> queue;
  for (const int one : {1, 2, 1, 3, 1, 4}) queue.push_back(one);
  queue.pop_front();
  EXPECT_EQ(queue.erase_if([](int one) { return one == 1; }), 2U);
  EXPECT_EQ(all_of(queue), (std::vector{2, 3, 4}));
  EXPECT_EQ(queue.erase_if([](int one) { return one == 1; }), 0U);
  EXPECT_EQ(queue.erase_if([](int) { return true; }), 3U);
  EXPECT_TRUE(queue.empty());
  queue.push_back(5);
  EXPECT_EQ(all_of(queue), std::vector{5});
}

TEST(Queue, LetsGoOfWhatHasGone) {
  Queue<std::shared_ptr<std::string>> queue;
  const auto held = std::make_shared<std::string>("data");
  queue.push_back(held);
  for (int i = 0; i < 9; ++i) queue.push_back({});
  queue.pop_front();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Queue, KeepsALittleMemoryAndGivesMuchBack) {
  Queue<int> queue;
  EXPECT_EQ(queue.capacity(), 0U);
  for (int i = 0; i < 64; ++i) queue.push_back(i);
  while (!queue.empty()) queue.pop_front();
  EXPECT_EQ(queue.capacity(), 64U);
  for (int i = 0; i < 100'000; ++i) queue.push_back(i);
  while (queue.size() > 1000) queue.pop_front();
  EXPECT_LE(queue.capacity(), 8 * queue.size());
  while (!queue.empty()) queue.pop_front();
  EXPECT_LE(queue.capacity(), 64U);
}

}  // namespace
}  // namespace iscsi::wire
