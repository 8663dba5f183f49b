#pragma once

/// Memory that several owners share and that nobody changes once it is shared: data on its way
/// between sockets and media, handed on without a copy.

#include <cstring>
#include <memory>

#include "wire/bytes.hpp"

namespace iscsi::wire {

using SharedBytes = std::shared_ptr<std::byte[]>;

/// A stretch of shared bytes.
struct Slice {
  SharedBytes owner{};
  std::size_t offset = 0;
  std::size_t length = 0;

  [[nodiscard]] bool empty() const { return length == 0; }
  [[nodiscard]] ByteView view() const { return {owner.get() + offset, length}; }
  [[nodiscard]] std::span<std::byte> writable() { return {owner.get() + offset, length}; }
  [[nodiscard]] Slice part(std::size_t from, std::size_t bytes) const {
    return {owner, offset + from, bytes};
  }
};

/// A slice with memory of its own, its contents not set.
[[nodiscard]] inline Slice allocate(std::size_t length) {
  return {std::make_shared_for_overwrite<std::byte[]>(length), 0, length};
}

/// A slice of its own, copied from `bytes`.
[[nodiscard]] inline Slice copy_of(ByteView bytes) {
  if (bytes.empty()) return {};
  Slice slice = allocate(bytes.size());
  std::memcpy(slice.owner.get(), bytes.data(), bytes.size());
  return slice;
}

}  // namespace iscsi::wire
