#pragma once

/// Executes on a device what the SCSI dispatcher asked for.

#include <span>

#include "server/block_device.hpp"

namespace iscsi::server {

/// Performs `operation`. `data_out` holds exactly the bytes that the operation takes from the
/// initiator (one block for `compare_one_block`), `data_in` has room for exactly those it returns;
/// both are empty for the other kinds. The range lies inside the medium: the dispatcher refuses any
/// other with LOGICAL BLOCK ADDRESS OUT OF RANGE.
///
/// Reads go from the device straight into `data_in`, writes straight from the pieces to the device.
/// Comparing needs a second buffer: `limits::compare_bytes`, however long the transfer.
/// The result's offset counts bytes from the start of the operation.
[[nodiscard]] scsi::MediumResult perform(BlockDevice& device, const scsi::Operation& operation,
                                         Pieces data_out, std::span<std::byte> data_in);

}  // namespace iscsi::server
