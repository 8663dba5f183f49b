#pragma once

/// A disk in memory that costs nothing until it is written.
///
/// The medium is cut into chunks of 64 KiB; a hash table holds those that were written with
/// anything but zeroes, all others read as zeroes. So the cost follows what is stored, never the
/// size promised: at most about 64 bytes of index for each chunk, and none for a 10 TB hole.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>

#include "server/block_device.hpp"

namespace iscsi::server {

struct MemoryDeviceOptions {
  std::uint32_t block_bytes = 512;
  bool read_only = false;
  /// How much may be stored. A write that needs more ends with `no_space`, like a full thin disk.
  std::uint64_t resident_bytes = std::numeric_limits<std::uint64_t>::max();
};

class MemoryDevice final : public BlockDevice {
 public:
  static constexpr std::size_t chunk_bytes = 64U << 10U;

  /// `size_bytes`: a multiple of the block size, not zero.
  explicit MemoryDevice(std::uint64_t size_bytes, MemoryDeviceOptions options = {});

  [[nodiscard]] std::uint32_t block_bytes() const override { return options_.block_bytes; }
  [[nodiscard]] std::uint64_t block_count() const override { return block_count_; }
  [[nodiscard]] bool read_only() const override { return options_.read_only; }

  [[nodiscard]] scsi::MediumResult read(std::uint64_t lba, std::span<std::byte> out) override;
  [[nodiscard]] scsi::MediumResult write(std::uint64_t lba, Pieces data, bool durable) override;
  /// Memory is as durable as it gets.
  [[nodiscard]] scsi::MediumResult flush(std::uint64_t lba, std::uint64_t blocks) override;

  /// Bytes of the chunks that exist now.
  [[nodiscard]] std::uint64_t resident_bytes() const { return chunks_.size() * chunk_bytes; }

 private:
  using Chunk = std::array<std::byte, chunk_bytes>;

  bool store(std::uint64_t index, std::size_t start, ByteView piece);
  Chunk* make_chunk(std::uint64_t index);

  MemoryDeviceOptions options_;
  std::uint64_t block_count_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Chunk>> chunks_;
};

}  // namespace iscsi::server
