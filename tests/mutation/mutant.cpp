/// Which mutant runs, and where is written down which ones a program comes past.
///   ISCSI_MUTANT=N             runs mutant N
///   ISCSI_MUTANT_REACHED=FILE  sets byte N of FILE for each mutant N that is reached; FILE exists
///                              and has a byte for every mutant. It is mapped, so that a crash
///                              loses nothing.

#include "mutant.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace mutant {
namespace {

constexpr std::size_t most_mutants = 1U << 20U;
unsigned char nowhere[most_mutants];

unsigned chosen() {
  const char* text = std::getenv("ISCSI_MUTANT");
  return text == nullptr ? 0 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

unsigned char* recorder() {
  const char* path = std::getenv("ISCSI_MUTANT_REACHED");
  if (path == nullptr) return nowhere;
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  struct stat about{};
  if (file < 0 || ::fstat(file, &about) != 0) std::abort();
  const auto size = static_cast<std::size_t>(about.st_size);
  void* place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (place == MAP_FAILED) std::abort();
  ::close(file);
  return static_cast<unsigned char*>(place);
}

/// Tables that are built before main may pass a mutant: until this has run, none is active.
[[gnu::constructor]] void begin() {
  active = chosen();
  reached = recorder();
}

}  // namespace

unsigned active = 0;
unsigned char* reached = nowhere;

}  // namespace mutant
