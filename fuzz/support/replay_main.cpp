/// Runs a harness on files and on all files of folders, without an engine: the tests' way to replay
/// the corpus, with any compiler. `--variants N` runs every input under N settings instead of one.
/// Exit status: 0, or 2 if there was nothing to run; a broken law aborts.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "support/entry.hpp"
#include "support/settings.hpp"

namespace {

namespace files = std::filesystem;

std::vector<files::path> inputs_of(std::span<char*> arguments) {
  std::vector<files::path> found;
  for (const char* argument : arguments) {
    const files::path path{argument};
    if (!files::is_directory(path)) {
      found.push_back(path);
      continue;
    }
    for (const auto& entry : files::recursive_directory_iterator(path))
      if (entry.is_regular_file() && entry.path().filename() != "README.md")
        found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

/// The input in memory of exactly its size, so that a sanitizer sees one byte too many.
void run(const files::path& path, unsigned variants) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(2);
  }
  const std::vector<char> text{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::uint8_t> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  for (unsigned variant = 0; variant < variants; ++variant) {
    iscsi::fuzz::Settings::use_variant(variant);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

}  // namespace

int main(int count, char** values) {
  std::span<char*> arguments = std::span{values, static_cast<std::size_t>(count)}.subspan(1);
  unsigned variants = 1;
  if (arguments.size() >= 2 && std::string_view{arguments[0]} == "--variants") {
    const std::string_view number = arguments[1];
    std::from_chars(number.data(), number.data() + number.size(), variants);
    arguments = arguments.subspan(2);
  }
  const std::vector<files::path> inputs = inputs_of(arguments);
  for (const files::path& path : inputs) {
    // Named first: whoever reads the output of a crash finds its input in the last line.
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    run(path, variants);
  }
  if (inputs.empty()) std::fprintf(stderr, "nothing to replay\n");
  return inputs.empty() ? 2 : 0;
}
