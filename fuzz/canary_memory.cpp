// Holds: nothing. It reads one byte too many for most inputs: a crash only where a sanitizer looks.

#include <cstring>
#include <memory>

#include "support/entry.hpp"
#include "support/require.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  if (size == 0) return 0;
  const auto copy = std::make_unique<std::uint8_t[]>(size);
  std::memcpy(copy.get(), data, size);
  const std::size_t told = copy[0];  // believed, as a length field without a check would be
  std::size_t sum = 0;
  for (std::size_t i = 0; i < told && i <= size; ++i) sum += copy[i];
  require(sum <= 255 * (size + 1), "the sum is of bytes");
  return 0;
}
