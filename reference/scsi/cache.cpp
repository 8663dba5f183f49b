#include "scsi/commands.hpp"
#include "scsi/medium.hpp"

/// PRE-FETCH (SBC-3 5.8, 5.9) and SYNCHRONIZE CACHE (5.27, 5.28): a length of zero means up to the
/// end of the medium. With IMMED the status is final before the work begins; an error it then meets
/// is told as a deferred one.

namespace scsi::commands {
namespace {

Planned plan_range(const Request& request, Field length) {
  if (const auto sense = off_the_medium(request, range(request, length)))
    return std::unexpected(*sense);
  return Transfer{};
}

Operation operation(const Action& action, Operation::Kind kind, Field length) {
  Range wanted = range(action.request, length);
  if (wanted.blocks == 0) wanted.blocks = action.unit->configuration.block_count - wanted.lba;
  return {.kind = kind,
          .immediate = action[Field::immed] == 1,
          .lba = wanted.lba,
          .blocks = wanted.blocks};
}

}  // namespace

Planned plan_prefetch(const Request& request) {
  return plan_range(request, Field::prefetch_length);
}
Planned plan_synchronize_cache(const Request& request) {
  return plan_range(request, Field::number_of_logical_blocks);
}

/// CONDITION MET would promise that all of the blocks are in the cache. The cache is the medium
/// owner's, which takes this command as a hint; GOOD promises nothing (SBC-3 5.8).
Outcome prefetch(const Action& action) {
  return after(operation(action, Operation::Kind::prefetch, Field::prefetch_length));
}

Outcome synchronize_cache(const Action& action) {
  return after(operation(action, Operation::Kind::flush, Field::number_of_logical_blocks));
}

}  // namespace scsi::commands
