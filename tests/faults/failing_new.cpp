#include "faults/failing_new.hpp"

#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

namespace {

struct Countdown {
  std::size_t made = 0;
  std::size_t fails = 0;
};
constinit thread_local Countdown countdown;

void* allocate(std::size_t bytes) {
  ++countdown.made;
  return countdown.made == countdown.fails ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}

void* allocate_or_throw(std::size_t bytes) {
  void* const memory = allocate(bytes);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

void* crypto_malloc(std::size_t bytes, const char*, int) { return allocate(bytes); }
void* crypto_realloc(void* memory, std::size_t bytes, const char*, int) {
  ++countdown.made;
  return countdown.made == countdown.fails ? nullptr : std::realloc(memory, bytes);
}
void crypto_free(void* memory, const char*, int) { std::free(memory); }

// Before libcrypto has allocated anything, or it would not take them.
const bool crypto_is_ours =
    CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1;

}  // namespace

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace iscsi::faults {

void fail_allocation(std::size_t number) {
  if (!crypto_is_ours) std::abort();  // the tests would be about less than they say
  countdown = {.fails = number};
}
std::size_t allocations() { return countdown.made; }

}  // namespace iscsi::faults
