#pragma once

/// Captures that are not ours to ship: they lie beside the source tree, or they do not. Their tests
/// are the suite `CapturesOfOthers` of each program, which CTest runs by itself: where the folder
/// is absent it says Skipped, and where it is there a file that is missing is a failure.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace iscsi {

class CapturesOfOthers : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder())) GTEST_SKIP() << "THE CAPTURES ARE NOT HERE";
  }
  static std::filesystem::path folder() { return SOURCE_ROOT "/../shared/traces"; }

  /// All bytes of a file.
  static std::string bytes_of(const std::string& name) {
    std::ifstream file{folder() / name, std::ios::binary};
    EXPECT_TRUE(file) << name << " is missing";
    return {std::istreambuf_iterator<char>{file}, {}};
  }
};

}  // namespace iscsi
