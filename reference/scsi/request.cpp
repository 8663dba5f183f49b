#include "scsi/request.hpp"

#include <algorithm>
#include <utility>

namespace scsi {

Sense bad_field(const CommandRow& row, Field field, AdditionalSense additional) {
  return illegal_request(additional, row.layout.find(field)->place.pointer());
}

Outcome answered(const Action& action, iscsi::wire::Bytes parameters) {
  parameters.resize(std::min<std::uint64_t>(parameters.size(), action[Field::allocation_length]));
  return {.data_in = std::move(parameters)};
}

Planned plan_nothing(const Request&) { return Transfer{}; }

Planned plan_parameters_in(const Request& request) {
  const std::uint64_t bytes = request[Field::allocation_length];
  if (bytes == 0) return Transfer{};
  return Transfer{Direction::to_initiator, Payload::parameters, bytes};
}

Planned plan_parameters_out(const Request& request) {
  const std::uint64_t bytes = request[Field::parameter_list_length];
  if (bytes == 0) return Transfer{};
  return Transfer{Direction::to_target, Payload::parameters, bytes};
}

}  // namespace scsi
