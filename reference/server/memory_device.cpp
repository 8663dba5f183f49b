#include "server/memory_device.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "limits.hpp"

namespace iscsi::server {
namespace {

using scsi::MediumResult;

constexpr MediumResult done{};

/// The part of a run that lies in one chunk.
struct Slice {
  std::uint64_t index;  // of the chunk
  std::size_t start;    // in the chunk
  std::size_t bytes;
};

Slice first_slice(std::uint64_t position, std::size_t bytes) {
  constexpr std::size_t chunk = MemoryDevice::chunk_bytes;
  const auto start = static_cast<std::size_t>(position % chunk);
  return {.index = position / chunk, .start = start, .bytes = std::min(bytes, chunk - start)};
}

/// A run of zeroes equals itself moved by one byte: memcmp knows the fast way through it.
bool all_zero(ByteView bytes) {
  return bytes.empty() || (bytes.front() == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

MemoryDevice::MemoryDevice(std::uint64_t size_bytes, MemoryDeviceOptions options)
    : options_(options), block_count_(size_bytes / options.block_bytes) {
  assert(options.block_bytes <= limits::block_bytes);
  assert(size_bytes != 0 && size_bytes % options.block_bytes == 0);
}

MediumResult MemoryDevice::read(std::uint64_t lba, std::span<std::byte> out) {
  std::uint64_t position = lba * options_.block_bytes;
  while (!out.empty()) {
    const Slice slice = first_slice(position, out.size());
    if (const auto found = chunks_.find(slice.index); found != chunks_.end())
      std::memcpy(out.data(), found->second->data() + slice.start, slice.bytes);
    else
      std::memset(out.data(), 0, slice.bytes);
    position += slice.bytes;
    out = out.subspan(slice.bytes);
  }
  return done;
}

MediumResult MemoryDevice::write(std::uint64_t lba, Pieces data, bool /*durable*/) {
  const std::uint64_t start = lba * options_.block_bytes;
  std::uint64_t position = start;
  for (ByteView piece : data) {
    while (!piece.empty()) {
      const Slice slice = first_slice(position, piece.size());
      if (!store(slice.index, slice.start, piece.first(slice.bytes))) {
        const std::uint64_t whole_blocks = (position - start) / options_.block_bytes;
        return {.kind = MediumResult::Kind::no_space,
                .offset = whole_blocks * options_.block_bytes};
      }
      position += slice.bytes;
      piece = piece.subspan(slice.bytes);
    }
  }
  return done;
}

MediumResult MemoryDevice::flush(std::uint64_t /*lba*/, std::uint64_t /*blocks*/) { return done; }

/// Stores a piece that lies in one chunk. Zeroes in a hole leave the hole, so that copying a sparse
/// image in keeps it sparse.
bool MemoryDevice::store(std::uint64_t index, std::size_t start, ByteView piece) {
  const auto found = chunks_.find(index);
  if (found == chunks_.end() && all_zero(piece)) return true;
  Chunk* const chunk = found != chunks_.end() ? found->second.get() : make_chunk(index);
  if (chunk == nullptr) return false;
  std::memcpy(chunk->data() + start, piece.data(), piece.size());
  return true;
}

/// A new chunk of zeroes, or null if there is no room for it.
MemoryDevice::Chunk* MemoryDevice::make_chunk(std::uint64_t index) {
  if (resident_bytes() + chunk_bytes > options_.resident_bytes) return nullptr;
  try {
    return chunks_.emplace(index, std::make_unique<Chunk>()).first->second.get();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace iscsi::server
