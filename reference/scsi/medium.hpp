#pragma once

/// What READ, WRITE, VERIFY and the cache commands share: a range of blocks (SBC-3 4.5).

#include <optional>

#include "scsi/request.hpp"

namespace scsi {

struct Range {
  std::uint64_t lba = 0;
  std::uint64_t blocks = 0;
};

/// LOGICAL BLOCK ADDRESS and the named length field. Only the 6-byte commands mean 256 by zero.
[[nodiscard]] Range range(const Request&, Field length);

/// LOGICAL BLOCK ADDRESS OUT OF RANGE if the range ends behind the medium. An empty range may begin
/// at its very end, as SBC-3 compares address plus length with the capacity.
[[nodiscard]] std::optional<Sense> off_the_medium(const Request&, const Range&);
/// The same, and INVALID FIELD IN CDB for a length above MAXIMUM TRANSFER LENGTH (VPD page B0h).
[[nodiscard]] std::optional<Sense> bad_range(const Request&, const Range&, Field length);

/// Blocks that move between initiator and medium; none at all is no transfer.
[[nodiscard]] Transfer transfer_of(const Request&, Direction, std::uint64_t blocks);

/// The outcome whose end is left to an operation, or GOOD at once if it covers no block.
[[nodiscard]] Outcome after(const Operation&);

/// The blocks of a write that can be written: those whose data has come entirely. An initiator may
/// have expected to send less than the CDB says; what it did send is written, as SAM-4 5.4.3 leaves
/// the rest to the transport, which reports the residual.
[[nodiscard]] std::uint64_t blocks_arrived(const Action&, std::uint64_t blocks);

}  // namespace scsi
