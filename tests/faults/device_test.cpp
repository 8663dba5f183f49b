#include <gtest/gtest.h>

#include <cerrno>

#include "faults/served.hpp"
#include "server/media.hpp"

// A full disk and a broken one, at each call that the server makes to it.

namespace iscsi::faults {
namespace {

using server::testing::TemporaryFolder;

enum class Call : std::uint8_t { read, write, durable_write, flush };

/// The system's calls, one of which fails. All are made by the server's thread; the test looks when
/// that has ended.
struct Failing {
  std::size_t number = 0;  ///< from 1; 0: none
  int error = 0;
  std::vector<Call> calls{};
};
Failing failing;

bool fails(Call call) {
  failing.calls.push_back(call);
  if (failing.calls.size() != failing.number) return false;
  errno = failing.error;
  return true;
}

const FileCalls& failing_calls() {
  static constexpr FileCalls calls{
      .read =
          [](int file, void* to, std::size_t bytes, off_t at) {
            return fails(Call::read) ? -1 : quick_calls().read(file, to, bytes, at);
          },
      .write =
          [](int file, const iovec* from, int count, off_t at, int flags) {
            return fails(flags != 0 ? Call::durable_write : Call::write)
                       ? -1
                       : quick_calls().write(file, from, count, at, flags);
          },
      .flush = [](int file) { return fails(Call::flush) ? -1 : quick_calls().flush(file); }};
  return calls;
}

Experience talk(const std::string& path, std::size_t number, int error, Served::End& end) {
  failing = {.number = number, .error = error};
  Served served{path, {.calls = &failing_calls()}};
  Experience experience = converse(served.port());
  end = served.end();
  return experience;
}

constexpr std::uint8_t good = 0x00;
constexpr std::uint8_t check_condition = 0x02;
constexpr std::uint8_t medium_error = 0x3;
constexpr std::uint8_t data_protect = 0x7;

/// What SBC has for it: the sense of the one command whose call failed.
void expect_sense(const Answer& answer, Call call, int error) {
  EXPECT_EQ(answer.status, check_condition) << answer.to;
  if (call == Call::read) {
    EXPECT_EQ(answer.sense_key, medium_error) << answer.to;
    EXPECT_EQ(answer.additional_sense, 0x1100) << answer.to;  // UNRECOVERED READ ERROR
  } else if (error == ENOSPC) {
    EXPECT_EQ(answer.sense_key, data_protect) << answer.to;
    EXPECT_EQ(answer.additional_sense, 0x2707) << answer.to;  // SPACE ALLOCATION FAILED
  } else {
    EXPECT_EQ(answer.sense_key, medium_error) << answer.to;
    EXPECT_EQ(answer.additional_sense, 0x0c00) << answer.to;  // WRITE ERROR
  }
}

bool changes_medium(const std::string& command) {
  return command.starts_with("WRITE") || command == "SYNCHRONIZE CACHE";
}

/// After a failed flush nobody knows what is on the disk: nothing is promised any more.
bool ends_promises(Call call, int error) {
  return call == Call::flush || (call == Call::durable_write && error != ENOSPC);
}

void expect_answers(const Experience& seen, Call call, int error) {
  ASSERT_TRUE(seen.complete);
  bool has_failed = false;
  for (const Answer& answer : seen.answers) {
    if (answer.to == clears_attention) continue;
    if (!has_failed && answer.status != good) {
      has_failed = true;
      expect_sense(answer, call, error);
    } else if (has_failed && ends_promises(call, error) && changes_medium(answer.to)) {
      EXPECT_EQ(answer.status, check_condition) << answer.to << " is acknowledged on a disk that "
                                                << "has lost writes";
    } else if (answer.to != "VERIFY" && answer.to != "WRITE AND VERIFY") {
      EXPECT_EQ(answer.status, good) << answer.to;
    }
  }
  EXPECT_TRUE(has_failed || call == Call::flush) << "nobody was told";
}

class Device : public ::testing::TestWithParam<int> {};

TEST_P(Device, AnErrorOfAnyCallIsAnsweredWithItsSense) {
  const TemporaryFolder folder;
  Served::End end{};
  const Experience sound = talk(folder / "sound", 0, 0, end);
  ASSERT_TRUE(sound.complete);
  for (const Answer& answer : sound.answers)
    ASSERT_TRUE(answer.status == good || answer.to == clears_attention) << answer.to;
  ASSERT_EQ(end, Served::End::orderly);
  const std::vector<Call> calls = failing.calls;
  ASSERT_GE(calls.size(), 9U);
  for (std::size_t number = 1; number <= calls.size(); ++number) {
    SCOPED_TRACE("call " + std::to_string(number));
    const std::string path = folder / std::to_string(number);
    const Experience seen = talk(path, number, GetParam(), end);
    const Call call = calls[number - 1];
    const bool is_last_flush = number == calls.size();
    if (is_last_flush)
      EXPECT_TRUE(seen.complete);
    else
      expect_answers(seen, call, GetParam());
    // The flush at the end fails, or is the one after a failure: the operator is told.
    EXPECT_EQ(end == Served::End::flush_failed, ends_promises(call, GetParam()));
    expect_nothing_lost(path, seen);
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, Device, ::testing::Values(EIO, ENOSPC),
                         [](const auto& one) { return one.param == EIO ? "EIO" : "ENOSPC"; });

}  // namespace
}  // namespace iscsi::faults
