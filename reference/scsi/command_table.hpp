#pragma once

/// The commands of this device, described once (SPC-4, SBC-3). From the table come decoding, the
/// checks that all commands share, REPORT SUPPORTED OPERATION CODES and docs/scsi-commands.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "scsi/dispatch.hpp"
#include "scsi/field.hpp"

namespace scsi {

struct Request;
struct Action;

/// What becomes of a command while another nexus holds the unit by RESERVE(6) (SPC-2 5.5, SBC 5.1).
enum class UnderReservation : std::uint8_t { conflicts, passes, passes_if_it_starts };

/// What a command needs of the unit.
enum class Needs : std::uint8_t {
  nothing,        ///< answered even where there is no unit
  unit,           ///< a unit, be it stopped
  started_unit,   ///< one that has not been stopped
  writable_unit,  ///< a started one that is not write protected
};

struct CommandRow {
  std::uint8_t operation_code = 0;
  std::optional<std::uint8_t> service_action{};
  std::string_view name{};
  std::uint8_t cdb_bytes = 0;
  Layout layout{};
  std::string_view data{};  ///< what moves, in words, for the documentation
  Needs needs = Needs::started_unit;
  bool passes_attention = false;  ///< carried out although a unit attention is pending (SAM-4 5.14)
  UnderReservation under_reservation = UnderReservation::conflicts;

  /// The transfer, or why the command is refused; after the shared checks.
  std::expected<Transfer, Sense> (*plan)(const Request&) = nullptr;
  /// The command itself, after `plan` has agreed.
  Outcome (*perform)(const Action&) = nullptr;
  /// What follows when the operation went well, if anything does.
  void (*finish)(LogicalUnit&) = nullptr;

  /// The bits of the CDB that are evaluated; the operation code and a service action as values.
  [[nodiscard]] std::array<std::byte, 16> usage_map() const;
};

/// By operation code, then service action.
[[nodiscard]] std::span<const CommandRow> command_table();
/// The rows of one operation code: none if it is not implemented, several if it has service
/// actions.
[[nodiscard]] std::span<const CommandRow> rows_of(std::uint8_t operation_code);
/// The row a CDB asks for, or the refusal. A row is only found for a CDB as long as it says.
[[nodiscard]] std::expected<const CommandRow*, Sense> find_row(std::span<const std::byte> cdb);

/// docs/scsi-commands.md.
[[nodiscard]] std::string describe_commands();

}  // namespace scsi
