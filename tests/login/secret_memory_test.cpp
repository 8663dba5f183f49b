/// Whatever held a secret is overwritten before it is given back.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "login/chap.hpp"

namespace {

std::string_view sought;  // empty: nothing is looked for
bool was_given_back = false;

}  // namespace

// Replaced for the whole test program; memory is looked at on its way back, and that is all.
void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t size) noexcept {
  if (!sought.empty() && memory != nullptr &&
      std::string_view(static_cast<const char*>(memory), size).contains(sought))
    was_given_back = true;
  std::free(memory);
}

namespace iscsi::login::chap {
namespace {

const std::string secret = "alice-secret-0123";

template <class Action>
bool gives_secret_back(Action action) {
  was_given_back = false;
  sought = secret;
  action();
  sought = {};
  return was_given_back;
}

TEST(Secret, IsFoundInMemoryThatWasGivenBackWithIt) {
  EXPECT_TRUE(gives_secret_back([] {
    const wire::ByteView bytes = wire::as_bytes(secret);
    const wire::Bytes copy(bytes.begin(), bytes.end());
    EXPECT_TRUE(equal(copy, bytes));
  }));
}

TEST(Secret, IsLeftBehindByNoResponse) {
  const std::string challenge(16, 'c');
  std::optional<Response> response;
  EXPECT_FALSE(gives_secret_back([&] {
    response = respond(Algorithm::md5, 17, wire::as_bytes(secret), wire::as_bytes(challenge));
  }));
  EXPECT_TRUE(response.has_value());
}

}  // namespace
}  // namespace iscsi::login::chap
