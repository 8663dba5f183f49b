#pragma once

/// What a command does to the medium, as a value (SBC). The dispatcher never touches a block: it
/// returns one of these, whoever owns the device performs it and reports a `MediumResult`.

#include <cstdint>

namespace scsi {

struct Operation {
  enum class Kind : std::uint8_t {
    none,               ///< nothing: the outcome is final as it stands
    read,               ///< blocks into the data-in buffer
    write,              ///< blocks from the data-out buffer
    write_and_verify,   ///< write, then read the blocks back and discard them
    write_and_compare,  ///< write, then read back and compare with the same data
    verify,             ///< read the blocks and discard them
    compare,            ///< read the blocks and compare them with the data-out buffer
    compare_one_block,  ///< the data-out buffer is one block: compare each block with it
    prefetch,           ///< a hint: the blocks will be read soon
    flush,              ///< put the blocks on stable storage
  };
  Kind kind = Kind::none;
  bool durable = false;    ///< on stable storage (write), or read from there, before the status
  bool immediate = false;  ///< the outcome's status need not wait for the operation (`conclude`)
  std::uint64_t lba = 0;
  std::uint64_t blocks = 0;  ///< at least one, and all of them on the medium; none: zero

  friend bool operator==(const Operation&, const Operation&) = default;
};

/// How a medium operation ended. `offset` counts bytes from the start of the operation.
struct MediumResult {
  enum class Kind : std::uint8_t {
    done,
    miscompare,   ///< `offset`: the first byte that differs
    read_error,   ///< `offset`: the first byte of the block that could not be read
    write_error,  ///< `offset`: the first byte of the block that could not be written
    no_space,     ///< the backing store is full (ENOSPC)
    not_ready,    ///< the medium is gone
  };
  Kind kind = Kind::done;
  std::uint64_t offset = 0;

  friend bool operator==(const MediumResult&, const MediumResult&) = default;
};

}  // namespace scsi
