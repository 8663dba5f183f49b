#include "scsi/device.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace scsi {
namespace {

/// How many nexuses that went are remembered, to greet them with I_T NEXUS LOSS. Who is forgotten
/// hears POWER ON, RESET, OR BUS DEVICE RESET instead, which asks the same of an initiator.
constexpr std::size_t remembered_losses = 256;

constexpr std::uint16_t greatest_number = 0x3FFF;  // flat space addressing: 14 bits

bool printable(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

/// Offsets of the medium's bytes stay in an off_t.
bool fits(std::uint64_t blocks, std::uint32_t block_bytes) {
  return blocks > 0 &&
         blocks <= std::uint64_t{std::numeric_limits<std::int64_t>::max()} / block_bytes;
}

std::expected<void, std::string_view> check(const UnitConfiguration& unit) {
  if (!printable(unit.vendor, 0, 8))
    return std::unexpected("vendor: 8 printable characters at most");
  if (!printable(unit.product, 0, 16))
    return std::unexpected("product: 16 printable characters at most");
  if (!printable(unit.revision, 0, 4))
    return std::unexpected("revision: 4 printable characters at most");
  if (!printable(unit.serial, 1, 64))
    return std::unexpected("serial: 1 to 64 printable characters");
  if (unit.block_bytes < 512 || unit.block_bytes > 65536 || !std::has_single_bit(unit.block_bytes))
    return std::unexpected("block size: a power of two from 512 to 65536");
  if (!fits(unit.block_count, unit.block_bytes))
    return std::unexpected("block count: at least one block, below 2^63 bytes");
  if (unit.physical_block_exponent > 15)
    return std::unexpected("physical block exponent: 15 at most");
  if (unit.designators.size() > 16) return std::unexpected("designators: 16 at most");
  for (const Designator& designator : unit.designators)
    if (designator.identifier.empty() || designator.identifier.size() > 252)
      return std::unexpected("designator: 1 to 252 bytes");
  return {};
}

template <typename Units>
auto lookup(Units& units, std::uint64_t lun) -> decltype(units.data()) {
  const auto number = unit_number(lun);
  if (!number) return nullptr;
  const auto unit = std::ranges::lower_bound(units, *number, {}, &LogicalUnit::number);
  return unit == units.end() || unit->number != *number ? nullptr : &*unit;
}

}  // namespace

std::optional<std::uint16_t> unit_number(std::uint64_t lun) {
  if ((lun & 0xFFFF'FFFF'FFFFU) != 0) return std::nullopt;  // a second level
  const auto first = static_cast<std::uint16_t>(lun >> 48U);
  const bool flat = first >> 14U == 1;
  const bool peripheral = first >> 8U == 0;  // method 00b, bus identifier 0
  if (!flat && !peripheral) return std::nullopt;
  return static_cast<std::uint16_t>(first & greatest_number);
}

std::uint64_t lun_field(std::uint16_t number) {
  const std::uint64_t first = number <= 0xFF ? number : 0x4000U | number;
  return first << 48U;
}

std::expected<void, std::string_view> Device::add_unit(std::uint16_t number,
                                                       UnitConfiguration configuration) {
  if (number > greatest_number) return std::unexpected("unit number: 16383 at most");
  const auto place = std::ranges::lower_bound(units_, number, {}, &LogicalUnit::number);
  if (place != units_.end() && place->number == number)
    return std::unexpected("unit number: already in use");
  if (auto checked = check(configuration); !checked) return checked;
  const ModePages mode = ModePages::defaults(configuration.write_cache);
  units_.insert(place, {.number = number, .configuration = std::move(configuration), .mode = mode});
  return {};
}

const LogicalUnit* Device::find(std::uint64_t lun) const { return lookup(units_, lun); }
LogicalUnit* Device::find(std::uint64_t lun) { return lookup(units_, lun); }

void Device::nexus_established(NexusId nexus) {
  const auto place = std::ranges::lower_bound(nexuses_, nexus);
  if (place != nexuses_.end() && *place == nexus) return;
  nexuses_.insert(place, nexus);
  const bool returns = std::erase(lost_, nexus) != 0;
  for (LogicalUnit& unit : units_)
    unit.attentions.raise(nexus,
                          unit_attention(returns ? asc::nexus_loss : asc::power_on_or_reset));
}

void Device::nexus_lost(NexusId nexus) {
  if (std::erase(nexuses_, nexus) == 0) return;
  if (lost_.size() == remembered_losses) lost_.erase(lost_.begin());
  lost_.push_back(nexus);
  for (LogicalUnit& unit : units_) {
    unit.attentions.forget(nexus);
    if (unit.reserved_by == nexus) unit.reserved_by.reset();
  }
}

void Device::reset(LogicalUnit& unit, AdditionalSense told) {
  unit.reserved_by.reset();
  unit.stopped = false;
  unit.mode = ModePages::defaults(unit.configuration.write_cache);
  for (const NexusId nexus : nexuses_) unit.attentions.raise(nexus, unit_attention(told));
}

bool Device::logical_unit_reset(std::uint64_t lun) {
  LogicalUnit* unit = find(lun);
  if (unit == nullptr) return false;
  reset(*unit, asc::logical_unit_reset);
  return true;
}

void Device::target_reset() {
  for (LogicalUnit& unit : units_) reset(unit, asc::bus_reset);
  lost_.clear();  // a reset is what they missed then, and outranks the loss (SAM-4 5.14)
}

void Device::raise(std::uint64_t lun, NexusId nexus, const Sense& sense) {
  LogicalUnit* unit = find(lun);
  if (unit != nullptr && std::ranges::binary_search(nexuses_, nexus))
    unit->attentions.raise(nexus, sense);
}

void Device::raise_attention(std::uint64_t lun, NexusId nexus, AdditionalSense additional) {
  raise(lun, nexus, unit_attention(additional));
}

void Device::raise_deferred_error(std::uint64_t lun, NexusId nexus, Sense sense) {
  sense.deferred = true;
  raise(lun, nexus, sense);
}

void Device::raise_attention_for_others(std::uint64_t lun, NexusId nexus,
                                        AdditionalSense additional) {
  LogicalUnit* unit = find(lun);
  if (unit == nullptr) return;
  for (const NexusId other : nexuses_)
    if (other != nexus) unit->attentions.raise(other, unit_attention(additional));
}

void Device::commands_cleared(std::uint64_t lun, NexusId by) {
  raise_attention_for_others(lun, by, asc::commands_cleared_by_another_initiator);
}

bool Device::capacity_changed(std::uint64_t lun, std::uint64_t blocks) {
  LogicalUnit* unit = find(lun);
  if (unit == nullptr || !fits(blocks, unit->configuration.block_bytes)) return false;
  unit->configuration.block_count = blocks;
  for (const NexusId nexus : nexuses_)
    unit->attentions.raise(nexus, unit_attention(asc::capacity_changed));
  return true;
}

}  // namespace scsi
