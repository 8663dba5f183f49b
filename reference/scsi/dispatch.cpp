#include "scsi/dispatch.hpp"

#include "scsi/request.hpp"

/// Every command passes the same gate, in the order SAM-4 5.3.3 gives to statuses that compete:
/// a reset's unit attention (29h), RESERVATION CONFLICT, then every other CHECK CONDITION. An
/// ILLEGAL REQUEST may come anywhere among them; one about the LUN or the operation code comes
/// first here, as nothing else can be asked of such a command, and takes no attention with it.
/// `plan` and `execute` use the gate alike, so they can only differ if the device has changed.

namespace scsi {
namespace {

struct Refusal {
  Status status = Status::check_condition;
  Sense sense{};
  bool of_attention = false;  ///< the sense is the next of the nexus's attentions
};
using Admission = std::expected<Request, Refusal>;

std::unexpected<Refusal> refuse(const Sense& sense) {
  return std::unexpected(Refusal{.sense = sense});
}

bool is_reserved_by_another(const Request& request) {
  const auto holder = request.unit->reserved_by;
  if (!holder || *holder == request.command.nexus) return false;
  switch (request.row.under_reservation) {
    case UnderReservation::conflicts: return true;
    case UnderReservation::passes: return false;
    case UnderReservation::passes_if_it_starts: break;
  }
  return request[Field::start] == 0;
}

/// What another nexus, or a reset, has put between this nexus and its command.
std::optional<Refusal> stands_between(const Request& request) {
  const Sense* attention =
      request.row.passes_attention ? nullptr : request.unit->attentions.next(request.command.nexus);
  const bool after_reset =
      attention != nullptr && attention->additional.code == asc::power_on_or_reset.code;
  if (!after_reset && is_reserved_by_another(request))
    return Refusal{.status = Status::reservation_conflict};
  if (attention != nullptr) return Refusal{.sense = *attention, .of_attention = true};
  return std::nullopt;
}

/// What the unit cannot do as it is. There is one if the command needs one.
std::optional<Sense> unable(const Request& request) {
  const Needs needs = request.row.needs;
  if (needs == Needs::started_unit || needs == Needs::writable_unit)
    if (request.unit->stopped) return Sense{SenseKey::not_ready, asc::start_needed};
  if (needs == Needs::writable_unit && request.unit->write_protected())
    return Sense{SenseKey::data_protect, asc::write_protected};
  return std::nullopt;
}

Admission admit(const Device& device, const Command& command, const LogicalUnit* unit) {
  const auto row = find_row(command.cdb);
  const bool needs_no_unit = row && (*row)->needs == Needs::nothing;
  if (unit == nullptr && !needs_no_unit)
    return refuse(illegal_request(asc::logical_unit_not_supported));
  if (!row) return refuse(row.error());

  const Request request{.command = command, .row = **row, .device = device, .unit = unit};
  if (unit != nullptr)
    if (const auto refusal = stands_between(request)) return std::unexpected(*refusal);
  for (const FieldSpec& spec : request.row.layout.fields())
    if (spec.place.load(command.cdb) > spec.greatest)
      return refuse(illegal_request(asc::invalid_field_in_cdb, spec.place.pointer()));
  if (const auto sense = unable(request)) return refuse(*sense);
  return request;
}

Outcome carry_out(Device& device, const Command& command, LogicalUnit* unit,
                  std::span<const std::byte> parameters, std::uint64_t data_out_bytes) {
  const Admission admitted = admit(device, command, unit);
  if (!admitted) {
    if (admitted.error().of_attention) unit->attentions.drop(command.nexus);
    return {.status = admitted.error().status, .sense = admitted.error().sense};
  }
  if (const auto planned = admitted->row.plan(*admitted); !planned) return refused(planned.error());
  return admitted->row.perform({.request = *admitted,
                                .device = device,
                                .unit = unit,
                                .parameters = parameters,
                                .data_out_bytes = data_out_bytes});
}

SenseFormat format_for(const LogicalUnit* unit) {
  return unit != nullptr && unit->mode.descriptor_sense() ? SenseFormat::descriptor
                                                          : SenseFormat::fixed;
}

/// The sense of an operation that failed (SBC-3 4.18); nothing if it did not.
std::optional<Sense> failure(const Operation& operation, const MediumResult& result,
                             std::uint32_t block_bytes) {
  std::optional<std::uint64_t> lba = operation.lba + result.offset / block_bytes;
  if (operation.kind == Operation::Kind::flush) lba.reset();  // a flush cannot tell which block
  switch (result.kind) {
    case MediumResult::Kind::done: break;
    case MediumResult::Kind::miscompare:
      return Sense{SenseKey::miscompare, asc::miscompare_during_verify, false, result.offset};
    case MediumResult::Kind::read_error:
      return Sense{SenseKey::medium_error, asc::unrecovered_read_error, false, lba};
    case MediumResult::Kind::write_error:
      return Sense{SenseKey::medium_error, asc::write_error, false, lba};
    case MediumResult::Kind::no_space:
      return Sense{SenseKey::data_protect, asc::space_allocation_failed, false, lba};
    case MediumResult::Kind::not_ready:
      return Sense{SenseKey::not_ready, asc::manual_intervention_required};
  }
  return std::nullopt;
}

}  // namespace

Transfer plan(const Device& device, const Command& command) {
  const Admission admitted = admit(device, command, device.find(command.lun));
  if (!admitted) return {};
  return admitted->row.plan(*admitted).value_or(Transfer{});
}

Outcome execute(Device& device, const Command& command, std::span<const std::byte> parameters,
                std::uint64_t data_out_bytes) {
  LogicalUnit* unit = device.find(command.lun);
  const SenseFormat format = format_for(unit);
  Outcome outcome = carry_out(device, command, unit, parameters, data_out_bytes);
  outcome.sense_format = format;
  return outcome;
}

Outcome conclude(Device& device, const Command& command, const Operation& operation,
                 const MediumResult& result) {
  LogicalUnit* unit = device.find(command.lun);
  if (unit == nullptr) return refused(illegal_request(asc::logical_unit_not_supported));

  Outcome outcome{.sense_format = format_for(unit)};
  const auto sense = failure(operation, result, unit->configuration.block_bytes);
  if (!sense) {
    if (const auto row = find_row(command.cdb); row && (*row)->finish) (*row)->finish(*unit);
  } else if (operation.immediate) {
    device.raise_deferred_error(command.lun, command.nexus, *sense);
  } else {
    outcome.status = Status::check_condition;
    outcome.sense = *sense;
  }
  return outcome;
}

}  // namespace scsi
