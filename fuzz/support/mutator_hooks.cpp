/// The mutator as libFuzzer calls it, for the harnesses whose inputs are PDUs.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "support/entry.hpp"
#include "support/mutator.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

std::size_t give(const iscsi::wire::Bytes& bytes, std::uint8_t* out, std::size_t most) {
  const std::size_t size = std::min(bytes.size(), most);
  if (size > 0) std::memcpy(out, bytes.data(), size);
  return size;
}

/// For `fuzz/worth`, which compares: with FUZZ_BLIND in the environment the engine changes bytes.
bool is_blind() {
  static const bool blind = std::getenv("FUZZ_BLIND") != nullptr;
  return blind;
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed) {
  using namespace iscsi::fuzz;
  if (is_blind()) return LLVMFuzzerMutate(data, size, max_size);
  Mutator mutator{Settings{std::uint64_t{seed}}, LLVMFuzzerMutate};
  return give(mutator.mutate(bytes_of(data, size), max_size), data, max_size);
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                      const std::uint8_t* data2, std::size_t size2,
                                      std::uint8_t* out, std::size_t max_out_size,
                                      unsigned int seed) {
  using namespace iscsi::fuzz;
  if (is_blind()) return 0;  // it crosses by itself
  Mutator mutator{Settings{std::uint64_t{seed}}, LLVMFuzzerMutate};
  return give(mutator.cross(bytes_of(data1, size1), bytes_of(data2, size2), max_out_size), out,
              max_out_size);
}
