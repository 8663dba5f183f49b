#pragma once

/// The names by which an engine calls a harness (libFuzzer's, which AFL++, honggfuzz and the replay
/// program use too).

#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/bytes.hpp"

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed);
std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                      const std::uint8_t* data2, std::size_t size2,
                                      std::uint8_t* out, std::size_t max_out_size,
                                      unsigned int seed);
}

namespace iscsi::fuzz {

[[nodiscard]] inline wire::ByteView bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span{data, size});
}

}  // namespace iscsi::fuzz
