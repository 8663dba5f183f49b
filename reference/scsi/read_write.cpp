#include "scsi/commands.hpp"
#include "scsi/medium.hpp"

/// READ, WRITE (SBC-3 5.10 to 5.13, 5.34 to 5.37), WRITE AND VERIFY (5.38 to 5.40). The four CDB
/// lengths differ in where their fields are, which the table knows; READ(6) and WRITE(6) have
/// neither DPO nor FUA, and mean 256 blocks by a TRANSFER LENGTH of zero.

namespace scsi::commands {
namespace {

Planned plan_blocks(const Request& request, Direction direction) {
  const Range wanted = range(request, Field::transfer_length);
  if (const auto sense = bad_range(request, wanted, Field::transfer_length))
    return std::unexpected(*sense);
  return transfer_of(request, direction, wanted.blocks);
}

}  // namespace

Planned plan_read(const Request& request) { return plan_blocks(request, Direction::to_initiator); }
Planned plan_write(const Request& request) { return plan_blocks(request, Direction::to_target); }

Outcome read(const Action& action) {
  const Range wanted = range(action.request, Field::transfer_length);
  return after({.kind = Operation::Kind::read,
                .durable = action[Field::fua] == 1,
                .lba = wanted.lba,
                .blocks = wanted.blocks});
}

Outcome write(const Action& action) {
  const Range wanted = range(action.request, Field::transfer_length);
  return after({.kind = Operation::Kind::write,
                .durable = action[Field::fua] == 1 || !action.unit->mode.write_cache(),
                .lba = wanted.lba,
                .blocks = blocks_arrived(action, wanted.blocks)});
}

/// What is verified is the medium, not a cache above it: the blocks become durable first.
Outcome write_and_verify(const Action& action) {
  const Range wanted = range(action.request, Field::transfer_length);
  return after({.kind = action[Field::bytchk] == 1 ? Operation::Kind::write_and_compare
                                                   : Operation::Kind::write_and_verify,
                .durable = true,
                .lba = wanted.lba,
                .blocks = blocks_arrived(action, wanted.blocks)});
}

}  // namespace scsi::commands
