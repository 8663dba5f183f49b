#pragma once

/// The SCSI commands that stories name, reports describe and recordings compare: one table, in the
/// judge's own reading of SPC-4, SBC-3, MMC-6 and SMC-3. Commands of device types that the
/// reference does not serve are in it, because captures hold them.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/bytes.hpp"

namespace conformance {

/// The 16 bytes of the header's field.
using Cdb = std::span<const std::byte, 16>;

/// A field of a command descriptor block.
struct CdbField {
  std::string_view name;
  std::uint8_t byte = 0;
  std::uint8_t bytes = 1;
};

/// How much two targets may differ in their answers (docs/replay.md).
enum class Comparison : std::uint8_t {
  optional,  ///< a target may do without it: that it answers
  blocks,    ///< READ: status, sense key, residual, and every byte where the world is known
  outcome,   ///< status, sense key and residual
  status,    ///< status and sense key
  identity,  ///< INQUIRY, READ CAPACITY: status and sense key; who the unit says it is
};

struct CommandForm {
  std::uint8_t operation_code = 0;
  std::string_view name;  ///< as the SCSI standards spell it: "READ(10)"
  std::array<CdbField, 4> fields{};
  Comparison comparison = Comparison::optional;
  bool changes = true;  ///< something that others see: not sent to a target that is not ours
  std::optional<std::uint8_t> service_action{};  ///< in byte 1, of commands that share a code
};

[[nodiscard]] std::span<const CommandForm> scsi_commands();
[[nodiscard]] const CommandForm* find_command(std::string_view name);
/// The command of a CDB. One that is not known has an empty name, is optional and changes
/// something.
[[nodiscard]] const CommandForm& command_of(Cdb cdb);
[[nodiscard]] const CdbField* find_cdb_field(const CommandForm& command, std::string_view name);

/// `READ(10)`, `operation code c1h`.
[[nodiscard]] std::string command_name(Cdb cdb);
/// `READ(10) LBA 2048, 8 blocks`, `INQUIRY page 83h, 255 bytes`.
[[nodiscard]] std::string describe_cdb(Cdb cdb);

/// Blocks of the medium.
struct BlockRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  enum class Use : std::uint8_t { read, write, other } use = Use::read;  ///< other: WRITE SAME …
};

/// What a command reads or overwrites; UNMAP's ranges stand in its data. Nothing for commands that
/// leave the medium alone. WRITE SAME of no blocks goes to the end: `count` is then 2^63.
[[nodiscard]] std::vector<BlockRange> blocks_of(Cdb cdb, iscsi::wire::ByteView data_out);

}  // namespace conformance
