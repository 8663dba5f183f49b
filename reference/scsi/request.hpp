#pragma once

/// What the command families are written in terms of.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "scsi/command_table.hpp"
#include "scsi/dispatch.hpp"

namespace scsi {

/// A decoded command under consideration.
struct Request {
  const Command& command;
  const CommandRow& row;
  const Device& device;
  const LogicalUnit* unit;  ///< null only for a row that needs nothing

  /// The field's value; zero for a field that this form of the command does not have.
  [[nodiscard]] std::uint64_t operator[](Field field) const {
    const FieldSpec* spec = row.layout.find(field);
    return spec == nullptr ? 0 : spec->place.load(command.cdb);
  }
};

/// The same, admitted: now with the right to change things.
struct Action {
  const Request& request;
  Device& device;
  LogicalUnit* unit;
  std::span<const std::byte> parameters;
  std::uint64_t data_out_bytes;

  [[nodiscard]] std::uint64_t operator[](Field field) const { return request[field]; }
};

[[nodiscard]] constexpr Sense illegal_request(AdditionalSense additional,
                                              std::optional<FieldPointer> field = std::nullopt) {
  return {.key = SenseKey::illegal_request, .additional = additional, .field = field};
}
/// ILLEGAL REQUEST, INVALID FIELD IN CDB (unless told otherwise), pointing at `field`.
[[nodiscard]] Sense bad_field(const CommandRow&, Field field,
                              AdditionalSense additional = asc::invalid_field_in_cdb);

[[nodiscard]] inline Outcome refused(const Sense& sense) {
  return {.status = Status::check_condition, .sense = sense};
}
/// GOOD with parameter data, cut to the ALLOCATION LENGTH (SPC-4 4.2.5.6).
[[nodiscard]] Outcome answered(const Action&, iscsi::wire::Bytes parameters);

/// Plans shared by the families.
using Planned = std::expected<Transfer, Sense>;
[[nodiscard]] Planned plan_nothing(const Request&);         ///< no data at all
[[nodiscard]] Planned plan_parameters_in(const Request&);   ///< up to ALLOCATION LENGTH
[[nodiscard]] Planned plan_parameters_out(const Request&);  ///< PARAMETER LIST LENGTH

}  // namespace scsi
