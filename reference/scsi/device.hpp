#pragma once

/// A SCSI target device as a value (SAM): its logical units, and what each remembers between
/// commands. It holds no block of any medium and no command that is under way.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scsi/attentions.hpp"
#include "scsi/mode_pages.hpp"
#include "scsi/nexus.hpp"
#include "scsi/unit_configuration.hpp"
#include "wire/bytes.hpp"

namespace scsi {

/// One logical unit: what it is, and what the initiators have made of it.
struct LogicalUnit {
  std::uint16_t number = 0;
  UnitConfiguration configuration{};
  ModePages mode{};
  bool stopped = false;                  ///< by START STOP UNIT
  std::optional<NexusId> reserved_by{};  ///< by RESERVE(6)
  Attentions attentions{};

  [[nodiscard]] bool write_protected() const {
    return configuration.read_only || mode.software_write_protect();
  }
  friend bool operator==(const LogicalUnit&, const LogicalUnit&) = default;
};

/// The unit number inside the 8 bytes of a LUN field, read as one big-endian number: peripheral
/// device addressing (00b) on bus 0 and flat space addressing (01b), both of one level (SAM-4 4.7).
/// Every other form names no unit of ours.
[[nodiscard]] std::optional<std::uint16_t> unit_number(std::uint64_t lun);
/// The LUN field that REPORT LUNS tells for a unit: peripheral up to 255, flat above.
[[nodiscard]] std::uint64_t lun_field(std::uint16_t unit_number);

class Device {
 public:
  /// Adds a unit, before any nexus or later. Fails with the reason in words if the number is taken
  /// or above 16383, or the configuration asks for what cannot be told to an initiator.
  [[nodiscard]] std::expected<void, std::string_view> add_unit(std::uint16_t number,
                                                               UnitConfiguration);

  [[nodiscard]] const LogicalUnit* find(std::uint64_t lun) const;
  [[nodiscard]] LogicalUnit* find(std::uint64_t lun);
  [[nodiscard]] bool is_accessible(std::uint64_t lun) const { return find(lun) != nullptr; }
  [[nodiscard]] std::span<const LogicalUnit> units() const { return units_; }  ///< by number

  /// A nexus appears. Each unit owes it one unit attention (SAM-4 5.14): I_T NEXUS LOSS OCCURRED if
  /// it was here before, POWER ON, RESET, OR BUS DEVICE RESET OCCURRED if it was not.
  void nexus_established(NexusId);
  /// A nexus is gone: its reservations and pending attentions go with it (SAM-4 6.3.4).
  void nexus_lost(NexusId);
  /// LOGICAL UNIT RESET: reservation released, mode parameters back to default, started; every
  /// nexus, the one that asked included, gets a unit attention. False: no such unit.
  bool logical_unit_reset(std::uint64_t lun);
  /// The same for all units, with the unit attention of a hard reset. If the reset also ends the
  /// sessions, lose their nexuses first: a reset outranks a loss, so they return to hear of a
  /// reset.
  void target_reset();

  /// One unit attention for one nexus, or for all but one (SAM-4 5.14). Nothing happens if the
  /// unit or the nexus is unknown.
  void raise_attention(std::uint64_t lun, NexusId, AdditionalSense);
  void raise_attention_for_others(std::uint64_t lun, NexusId, AdditionalSense);
  /// An error of a command of `nexus` whose status has gone out already (SPC-4 4.5.7), told with
  /// its next one. Nothing happens if the unit or the nexus is unknown.
  void raise_deferred_error(std::uint64_t lun, NexusId nexus, Sense);
  /// CLEAR TASK SET by `by` has aborted commands of the other nexuses.
  void commands_cleared(std::uint64_t lun, NexusId by);
  /// The medium has grown or shrunk: every nexus is told. False: no such unit, or a bad count.
  bool capacity_changed(std::uint64_t lun, std::uint64_t blocks);

  friend bool operator==(const Device&, const Device&) = default;

 private:
  void reset(LogicalUnit&, AdditionalSense);
  void raise(std::uint64_t lun, NexusId, const Sense&);

  std::vector<LogicalUnit> units_;  ///< by number
  std::vector<NexusId> nexuses_;    ///< in order
  std::vector<NexusId> lost_;       ///< the latest ones, oldest first
};

}  // namespace scsi
