#pragma once

/// Captures that are not ours to ship: they lie beside the source tree, or they do not. Their tests
/// are the suite `CapturesOfOthers` of each program, which CTest runs by itself, and calls Skipped
/// where the folder is absent. Whoever runs the program by hand is told by a failure.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace iscsi {

/// Every capture below a folder, by name; the compressed one is fifty times as long as the others.
inline std::vector<std::filesystem::path> captures_below(const std::filesystem::path& folder,
                                                         bool with_compressed = true) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
    const std::string name = entry.path().filename();
    if (name.contains(".pcap") && (with_compressed || !name.ends_with(".gz")))
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

class CapturesOfOthers : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(folder())) << folder() << " is not here";
  }
  static std::filesystem::path folder() { return SOURCE_ROOT "/../shared/traces"; }

  /// All bytes of a file, which has to be there.
  static std::string bytes_of(const std::string& name) {
    std::ifstream file{folder() / name, std::ios::binary};
    if (!file) throw std::runtime_error{name + " is missing"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
};

}  // namespace iscsi
