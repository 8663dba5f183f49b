#pragma once

/// The medium behind a logical unit. Deriving from `BlockDevice` is all that a user of the library
/// does to serve something else than memory or a file: four functions and the geometry.
///
/// The caller keeps three promises, so that a device need not check them: every range lies inside
/// `block_count()`, every buffer holds whole blocks in total, and calls come from one thread.
/// The geometry of a device does not change while it is served.

#include <cstddef>
#include <cstdint>
#include <span>

#include "scsi/operation.hpp"
#include "wire/bytes.hpp"

namespace iscsi::server {

using wire::ByteView;

/// Data to be written, in order, as it lies in the PDUs that brought it. A piece may begin and end
/// anywhere: initiators may split their data inside a block.
using Pieces = std::span<const ByteView>;

class BlockDevice {
 public:
  virtual ~BlockDevice() = default;

  /// Bytes in one block: a power of two from 512 to `limits::block_bytes`.
  [[nodiscard]] virtual std::uint32_t block_bytes() const = 0;
  /// Blocks on the medium, at least one.
  [[nodiscard]] virtual std::uint64_t block_count() const = 0;
  /// Whether writes are refused; the logical unit then reports write protection.
  [[nodiscard]] virtual bool read_only() const { return false; }

  /// Fills `out` from block `lba` on. Errors: `read_error`, `not_ready`.
  [[nodiscard]] virtual scsi::MediumResult read(std::uint64_t lba, std::span<std::byte> out) = 0;

  /// Puts the pieces at block `lba` and on. When `durable`, the data outlives a loss of power once
  /// this returns `done`. Errors: `write_error`, `no_space`, `not_ready`; blocks in front of the
  /// reported offset may have been written.
  [[nodiscard]] virtual scsi::MediumResult write(std::uint64_t lba, Pieces data, bool durable) = 0;

  /// Makes earlier writes to these blocks durable; more than these is allowed, less is not.
  /// `blocks` 0 means to the end of the medium. Errors: `write_error`, `no_space`, `not_ready`.
  [[nodiscard]] virtual scsi::MediumResult flush(std::uint64_t lba, std::uint64_t blocks) = 0;

  /// The blocks will be read soon. A hint: doing nothing is right, waiting is not.
  virtual void prefetch(std::uint64_t /*lba*/, std::uint64_t /*blocks*/) {}

 protected:
  BlockDevice() = default;
  BlockDevice(const BlockDevice&) = default;
  BlockDevice(BlockDevice&&) = default;
  BlockDevice& operator=(const BlockDevice&) = default;
  BlockDevice& operator=(BlockDevice&&) = default;
};

}  // namespace iscsi::server
