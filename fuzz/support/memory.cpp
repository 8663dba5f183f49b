#include "support/memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sizes_are_exact = true;
#elif defined(__has_feature)
constexpr bool sizes_are_exact = __has_feature(address_sanitizer);
#else
constexpr bool sizes_are_exact = false;
#endif

/// How large a block is that was asked for with that size. AddressSanitizer makes it no larger, and
/// to ask for it would be a search through its chunks.
std::size_t size_of(void* memory, std::size_t asked) {
  return sizes_are_exact ? std::max<std::size_t>(asked, 1) : malloc_usable_size(memory);
}

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
  count(size_of(memory, bytes));
  return memory;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc{};
  count(size_of(memory, bytes));
  return memory;
}

void release(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  counters.live.fetch_sub(bytes, std::memory_order_relaxed);
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): below delete
}

/// Of a block whose size is not told.
void release(void* memory) noexcept { release(memory, malloc_usable_size(memory)); }

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
void operator delete(void* memory, std::size_t bytes) noexcept {
  release(memory, size_of(memory, bytes));
}
void operator delete[](void* memory, std::size_t bytes) noexcept {
  release(memory, size_of(memory, bytes));
}
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t bytes, std::align_val_t) noexcept {
  release(memory, size_of(memory, bytes));
}
void operator delete[](void* memory, std::size_t bytes, std::align_val_t) noexcept {
  release(memory, size_of(memory, bytes));
}

namespace iscsi::fuzz {

std::size_t live_bytes() { return counters.live.load(std::memory_order_relaxed); }
std::size_t peak_bytes() { return counters.peak.load(std::memory_order_relaxed); }
void forget_peak() { counters.peak.store(live_bytes(), std::memory_order_relaxed); }

}  // namespace iscsi::fuzz
