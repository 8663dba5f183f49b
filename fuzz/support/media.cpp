#include "support/media.hpp"

#include <array>
#include <numeric>

#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

using scsi::MediumResult;
using Kind = scsi::Operation::Kind;

bool takes_data(Kind kind) {
  return kind == Kind::write || kind == Kind::write_and_verify || kind == Kind::write_and_compare ||
         kind == Kind::compare;
}

/// What every owner of a medium relies on.
void check(const scsi::Operation& operation, const scsi::UnitConfiguration& unit,
           server::Pieces data_out, std::span<const std::byte> data_in) {
  require(operation.kind != Kind::none && operation.blocks > 0, "an operation has blocks");
  require(operation.lba < unit.block_count && operation.blocks <= unit.block_count - operation.lba,
          "an operation lies inside the medium");
  const std::uint64_t bytes = operation.blocks * unit.block_bytes;
  const std::size_t given =
      std::accumulate(data_out.begin(), data_out.end(), std::size_t{0},
                      [](std::size_t sum, wire::ByteView piece) { return sum + piece.size(); });
  if (takes_data(operation.kind)) require(given == bytes, "a write has the data of all its blocks");
  if (operation.kind == Kind::compare_one_block)
    require(given == unit.block_bytes, "a comparison with one block has one");
  if (operation.kind == Kind::read)
    require(data_in.size() == bytes, "a read has room for all its blocks");
}

/// One of the failures that this operation can have.
MediumResult failure(const scsi::Operation& operation, const scsi::UnitConfiguration& unit,
                     std::size_t which) {
  using enum MediumResult::Kind;
  constexpr std::array reading{read_error, not_ready};
  constexpr std::array writing{write_error, no_space, not_ready};
  const bool reads = operation.kind == Kind::read || operation.kind == Kind::verify;
  const std::uint64_t block = which % operation.blocks;
  return {.kind = reads ? reading[which % reading.size()] : writing[which % writing.size()],
          .offset = operation.kind == Kind::flush ? 0 : block * unit.block_bytes};
}

/// Made once: three units are two dozen allocations, a tenth of a short conversation's.
std::vector<scsi::UnitConfiguration> make_units() {
  const scsi::UnitConfiguration small{
      .serial = "1", .block_count = 512, .maximum_transfer_blocks = 128};
  const scsi::UnitConfiguration read_only{.serial = "2",
                                          .block_count = 64,
                                          .block_bytes = 4096,
                                          .physical_block_exponent = 2,
                                          .maximum_transfer_blocks = 16,
                                          .read_only = true,
                                          .rotational = true};
  using Name = scsi::Designator;
  const scsi::UnitConfiguration large{
      .serial = "3",
      .designators = {Name{.identifier = wire::Bytes(8)},
                      Name{.association = Name::Association::target_port,
                           .type = Name::Type::relative_target_port,
                           .identifier = wire::Bytes(4)}},
      .block_count = std::uint64_t{5} << 32U,
      .maximum_transfer_blocks = 128,
      .write_cache = false};
  return {small, read_only, large};
}

}  // namespace

const std::vector<scsi::UnitConfiguration>& unit_configurations() {
  static const std::vector<scsi::UnitConfiguration> units = make_units();
  return units;
}

Media::Media(std::size_t failure_in) : failure_in_(failure_in) {
  disks_.reserve(unit_configurations().size());
  for (const scsi::UnitConfiguration& unit : unit_configurations())
    disks_.emplace_back(unit.block_count * unit.block_bytes,
                        server::MemoryDeviceOptions{.block_bytes = unit.block_bytes,
                                                    .read_only = unit.read_only,
                                                    .resident_bytes = 512U << 10U});
}

MediumResult Media::perform(std::uint16_t unit, const scsi::Operation& operation,
                            server::Pieces data_out, std::span<std::byte> data_in) {
  require(unit < disks_.size(), "an operation is for a unit that exists");
  const scsi::UnitConfiguration& configuration = unit_configurations()[unit];
  check(operation, configuration, data_out, data_in);
  ++operations_;
  if (failure_in_ != 0 && operations_ % failure_in_ == 0)
    return failure(operation, configuration, operations_ / failure_in_);
  return server::perform(disks_[unit], operation, data_out, data_in);
}

}  // namespace iscsi::fuzz
