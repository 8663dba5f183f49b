#pragma once

/// What a replay has to know of a SCSI command: whether it changes anything, which blocks it is
/// about, and how much two targets may differ in their answers to it.

#include <optional>
#include <span>
#include <string>

#include "wire/bytes.hpp"

namespace conformance {

/// How the outcome of a command is compared (docs/replay.md).
enum class Comparison : std::uint8_t {
  blocks,    ///< READ: status, sense key, residual, and every byte where the world is known
  outcome,   ///< status, sense key and residual
  status,    ///< status and sense key
  identity,  ///< INQUIRY, READ CAPACITY: status and sense key; who the unit says it is
  optional,  ///< a target may do without it: that it answers
};

struct CommandRow {
  std::uint8_t operation_code = 0;
  std::string_view name;
  Comparison comparison = Comparison::optional;
  bool changes = true;  ///< something that others see: not sent to a target that is not ours
};

/// Commands that are in no row are optional and change something.
[[nodiscard]] const CommandRow& command_row(std::uint8_t operation_code);

/// The name of a command, or its operation code.
[[nodiscard]] std::string command_name(std::span<const std::byte, 16> cdb);

/// Blocks of the medium.
struct BlockRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  enum class Use : std::uint8_t { read, write, other } use = Use::read;  ///< other: WRITE SAME …
};

/// What a command reads or overwrites; UNMAP's ranges stand in its data. Nothing for commands that
/// leave the medium alone. WRITE SAME of no blocks goes to the end: `count` is then 2^63.
[[nodiscard]] std::vector<BlockRange> blocks_of(std::span<const std::byte, 16> cdb,
                                                iscsi::wire::ByteView data_out);

/// The number of a LUN field in one of the two forms with one level (SAM-3 4.9.5 to 4.9.7).
[[nodiscard]] std::optional<std::uint16_t> unit_number(std::uint64_t lun);

}  // namespace conformance
