#include "target/allocations.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {
std::size_t live = 0;
std::size_t calls = 0;
}  // namespace

// Replaced for the whole test program; they count and do nothing else.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++calls;
  live += malloc_usable_size(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  live -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace iscsi::harness {

std::size_t live_bytes() { return live; }
std::size_t allocations() { return calls; }

}  // namespace iscsi::harness
