#include "scsi/medium.hpp"

#include <algorithm>

namespace scsi {

Range range(const Request& request, Field length) {
  const std::uint64_t blocks = request[length];
  const bool zero_means_256 = request.row.cdb_bytes == 6;
  return {.lba = request[Field::logical_block_address],
          .blocks = blocks == 0 && zero_means_256 ? 256 : blocks};
}

std::optional<Sense> off_the_medium(const Request& request, const Range& range) {
  const std::uint64_t capacity = request.unit->configuration.block_count;
  if (range.lba <= capacity && range.blocks <= capacity - range.lba) return std::nullopt;
  return bad_field(request.row, Field::logical_block_address, asc::lba_out_of_range);
}

std::optional<Sense> bad_range(const Request& request, const Range& range, Field length) {
  if (const auto sense = off_the_medium(request, range)) return sense;
  const std::uint64_t most = request.unit->configuration.maximum_transfer_blocks;
  if (most != 0 && range.blocks > most) return bad_field(request.row, length);
  return std::nullopt;
}

Transfer transfer_of(const Request& request, Direction direction, std::uint64_t blocks) {
  if (blocks == 0) return {};
  return {direction, Payload::blocks, blocks * request.unit->configuration.block_bytes};
}

Outcome after(const Operation& operation) {
  if (operation.blocks == 0) return {};
  return {.operation = operation};
}

std::uint64_t blocks_arrived(const Action& action, std::uint64_t blocks) {
  return std::min(blocks, action.data_out_bytes / action.unit->configuration.block_bytes);
}

}  // namespace scsi
