/// Runs a harness on files and on all files of folders, without an engine: the tests' way to replay
/// the corpus, with any compiler.
///   --variants N   every input under N settings instead of one
///   --mutants N    and N mutants of each input, the same ones every time; what breaks a law is
///   left
///                  in the file `mutant`
/// Exit status: 0, or 2 if there was nothing to run; a broken law aborts.

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/entry.hpp"
#include "support/mutator.hpp"
#include "support/settings.hpp"

namespace {

namespace files = std::filesystem;

constexpr std::size_t longest_mutant = 4096;

/// What is running, for the handler of an abort.
iscsi::wire::Bytes& running() {
  static iscsi::wire::Bytes bytes;
  return bytes;
}

extern "C" void leave_mutant(int) {
  if (std::FILE* file = std::fopen("mutant", "wb")) {
    std::fwrite(running().data(), 1, running().size(), file);
    std::fclose(file);
  }
}

/// Stands in for an engine's way with bytes: one byte takes another value, goes, or comes.
std::size_t mutate_bytes(std::uint8_t* data, std::size_t size, std::size_t most) {
  static iscsi::fuzz::Settings chance{std::uint64_t{0}};
  if (size == 0) return 0;
  const std::span<std::uint8_t> bytes{data, std::max(size, most)};
  const std::size_t at = chance.below(size);
  switch (chance.below(4)) {
    case 0: bytes[at] = static_cast<std::uint8_t>(chance.next()); return size;
    case 1: bytes[at] ^= static_cast<std::uint8_t>(1U << chance.below(8)); return size;
    case 2:
      std::ranges::copy(bytes.subspan(at + 1, size - at - 1), bytes.begin() + std::ptrdiff_t(at));
      return size - 1;
    default:
      if (size >= most) return size;
      std::ranges::copy_backward(bytes.subspan(at, size - at),
                                 bytes.begin() + std::ptrdiff_t(size + 1));
      return size + 1;
  }
}

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

iscsi::wire::Bytes read(const files::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(2);
  }
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const iscsi::wire::ByteView bytes = iscsi::wire::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// The input in memory of exactly its size, so that a sanitizer sees one byte too many.
void run(iscsi::wire::ByteView input) {
  std::vector<std::uint8_t> bytes(input.size());
  if (!input.empty()) std::memcpy(bytes.data(), input.data(), input.size());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

/// Each mutant is one of the one before, until the chain begins anew.
void run_mutants(const iscsi::wire::Bytes& input, std::uint64_t count) {
  iscsi::fuzz::Mutator mutator{iscsi::fuzz::Settings{input}, mutate_bytes};
  for (std::uint64_t i = 0; i < count; ++i) {
    running() = mutator.mutate(i % 8 == 0 ? input : running(), longest_mutant);
    run(running());
  }
}

struct Options {
  std::uint64_t variants = 1;
  std::uint64_t mutants = 0;
};

/// Takes the options from the front of `arguments`.
Options take_options(std::span<char*>& arguments) {
  Options options;
  while (arguments.size() >= 2) {
    const std::string_view name = arguments[0];
    const std::string_view number = arguments[1];
    std::uint64_t* const value = name == "--variants"  ? &options.variants
                                 : name == "--mutants" ? &options.mutants
                                                       : nullptr;
    if (value == nullptr) break;
    std::from_chars(number.data(), number.data() + number.size(), *value);
    arguments = arguments.subspan(2);
  }
  return options;
}

}  // namespace

int main(int count, char** values) {
  std::span<char*> arguments = std::span{values, static_cast<std::size_t>(count)}.subspan(1);
  const Options options = take_options(arguments);
  iscsi::fuzz::Settings::replay();
  if (options.mutants != 0) std::signal(SIGABRT, leave_mutant);
  const std::vector<files::path> inputs = inputs_of(arguments);
  for (const files::path& path : inputs) {
    // Named first: whoever reads the output of a crash finds its input in the last line.
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    const iscsi::wire::Bytes input = read(path);
    for (std::uint64_t variant = 0; variant < options.variants; ++variant) {
      iscsi::fuzz::Settings::use_variant(variant);
      running() = input;
      run(input);
      run_mutants(input, options.mutants);
    }
  }
  if (inputs.empty()) std::fprintf(stderr, "nothing to replay\n");
  return inputs.empty() ? 2 : 0;
}
