#include <gtest/gtest.h>

#include <cstdio>
#include <new>
#include <string>

#include "faults/failing_new.hpp"
#include "faults/served.hpp"
#include "server/media.hpp"

// The server path with each of its allocations failing in turn (decision 0040): the server ends, in
// good order and with a name for it, or does without; what was acknowledged is in the file.

namespace iscsi::faults {
namespace {

using server::testing::TemporaryFolder;

/// One conversation with one allocation failing. Returns how the server ended.
Served::End run(const std::string& path, bool with_chap, std::size_t failing,
                std::size_t& allocations) {
  Served served{path, {.with_chap = with_chap, .failing_allocation = failing}};
  const Experience experience = converse(served.port(), with_chap);
  const Served::End end = served.end();
  allocations = served.allocations();
  EXPECT_FALSE(experience.hung) << "allocation " << failing;
  expect_nothing_lost(path, experience);
  return end;
}

void fail_each(bool with_chap) {
  const TemporaryFolder folder;
  std::size_t all = 0;
  // The first conversation sets libcrypto up for good, which is not a server's path.
  ASSERT_EQ(run(folder / "first", with_chap, 0, all), Served::End::orderly);
  ASSERT_EQ(run(folder / "disk", with_chap, 0, all), Served::End::orderly);
  ASSERT_GT(all, 100U);
  std::size_t ended = 0;
  for (std::size_t failing = 1; failing <= all; ++failing) {
    SCOPED_TRACE("allocation " + std::to_string(failing));
    std::size_t ignored = 0;
    const std::string path = folder / ("disk" + std::to_string(failing));
    const Served::End end = run(path, with_chap, failing, ignored);
    EXPECT_NE(end, Served::End::flush_failed);
    EXPECT_NE(end, Served::End::other_exception);
    ended += end == Served::End::orderly ? 0 : 1;
    if (::testing::Test::HasFailure()) return;
  }
  std::printf("%zu allocations, %zu of them end the server\n", all, ended);
  EXPECT_GT(ended, all / 2);
}

TEST(Allocations, EachThatFailsEndsTheServerAndLosesNothing) { fail_each(false); }
TEST(Allocations, InAnAuthenticatedLoginToo) { fail_each(true); }

TEST(Allocations, FailWhenTheyAreTold) {
  // Called by name: a new-expression may be left out by the compiler.
  fail_allocation(2);
  void* const first = ::operator new(1);
  EXPECT_THROW(::operator delete(::operator new(1)), std::bad_alloc);
  void* const third = ::operator new(1);
  fail_allocation(0);
  ::operator delete(first);
  ::operator delete(third);
}

}  // namespace
}  // namespace iscsi::faults
