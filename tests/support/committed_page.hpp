#pragma once

/// Pages under docs/ that are printed from tables: the test holds the committed file against what
/// the tables print today, and writes it anew when asked to.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace test {

/// `path` counts from the root of the source tree. With ISCSI_UPDATE_DOCS set in the environment
/// the file is written instead.
inline void expect_committed(const std::string& path, const std::string& rendered) {
  const std::string file = std::string{SOURCE_ROOT} + '/' + path;
  if (std::getenv("ISCSI_UPDATE_DOCS") != nullptr) {
    std::ofstream{file, std::ios::binary} << rendered;
    return;
  }
  std::ifstream in{file, std::ios::binary};
  const std::string committed{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_TRUE(committed == rendered)
      << path << " is not what the tables print. To bring it up to date:\n  ISCSI_UPDATE_DOCS=1 "
      << std::filesystem::read_symlink("/proc/self/exe").string() << " --gtest_filter="
      << testing::UnitTest::GetInstance()->current_test_info()->test_suite_name() << '.'
      << testing::UnitTest::GetInstance()->current_test_info()->name();
}

}  // namespace test
