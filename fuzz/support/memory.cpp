#include "support/memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

// An engine's own threads allocate as well.
struct Counters {
  std::atomic<std::size_t> live{0};
  std::atomic<std::size_t> peak{0};
};
constinit Counters counters;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): of new

void count(std::size_t bytes) {
  const std::size_t live = counters.live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (live > counters.peak.load(std::memory_order_relaxed))
    counters.peak.store(live, std::memory_order_relaxed);
}

void* allocate(std::size_t bytes) {
  void* const memory = std::malloc(bytes);  // NOLINT(cppcoreguidelines-no-malloc): below new
  if (memory == nullptr) throw std::bad_alloc{};
  count(malloc_usable_size(memory));
  return memory;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc{};
  count(malloc_usable_size(memory));
  return memory;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  counters.live.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): below delete
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
// ASan's own would take memory that `release` is not to give back, as std::stable_sort's.
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept try {
  return allocate(bytes);
} catch (const std::bad_alloc&) {
  return nullptr;
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return operator new(bytes, std::nothrow);
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace iscsi::fuzz {

std::size_t live_bytes() { return counters.live.load(std::memory_order_relaxed); }
std::size_t peak_bytes() { return counters.peak.load(std::memory_order_relaxed); }
void forget_peak() { counters.peak.store(live_bytes(), std::memory_order_relaxed); }

}  // namespace iscsi::fuzz
