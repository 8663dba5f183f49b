#include "scsi/commands.hpp"
#include "scsi/medium.hpp"

/// VERIFY (SBC-3 5.29 to 5.31). BYTCHK: 00b reads the medium and compares nothing, 01b compares it
/// with as many blocks from the initiator, 11b each block with the same one, 10b is reserved.

namespace scsi::commands {
namespace {

constexpr std::uint64_t compare_all = 1, reserved_bytchk = 2, compare_one = 3;

std::uint64_t data_out_blocks(const Request& request, std::uint64_t verified) {
  switch (request[Field::bytchk]) {
    case compare_all: return verified;
    case compare_one: return verified == 0 ? 0 : 1;
    default: return 0;
  }
}

Operation::Kind kind(std::uint64_t bytchk) {
  switch (bytchk) {
    case compare_all: return Operation::Kind::compare;
    case compare_one: return Operation::Kind::compare_one_block;
    default: return Operation::Kind::verify;
  }
}

}  // namespace

Planned plan_verify(const Request& request) {
  if (request[Field::bytchk] == reserved_bytchk)
    return std::unexpected(bad_field(request.row, Field::bytchk));
  const Range wanted = range(request, Field::verification_length);
  if (const auto sense = bad_range(request, wanted, Field::verification_length))
    return std::unexpected(*sense);
  return transfer_of(request, Direction::to_target, data_out_blocks(request, wanted.blocks));
}

/// GOOD would say that all the blocks are as the initiator's, so a comparison with less data than
/// the CDB calls for is refused, where a WRITE takes what has come.
Outcome verify(const Action& action) {
  const Range wanted = range(action.request, Field::verification_length);
  const std::uint64_t needed = data_out_blocks(action.request, wanted.blocks);
  if (blocks_arrived(action, needed) < needed)
    return refused(bad_field(action.request.row, Field::verification_length));
  return after({.kind = kind(action[Field::bytchk]), .lba = wanted.lba, .blocks = wanted.blocks});
}

}  // namespace scsi::commands
