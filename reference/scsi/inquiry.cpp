#include "scsi/commands.hpp"
#include "scsi/identity.hpp"
#include "scsi/vital_product_data.hpp"

/// INQUIRY (SPC-4 6.4), answered to any LUN and whatever else is the matter.

namespace scsi::commands {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::store;

Bytes standard_data(const LogicalUnit* unit) {
  constexpr std::size_t size = 96;
  Bytes data(size);
  const std::span<std::byte> view(data);
  data[0] = peripheral(unit);
  store<1>(data, 2, 0x06);      // VERSION: SPC-4
  store<1>(data, 3, 0x12);      // HISUP, RESPONSE DATA FORMAT 2; no NORMACA
  store<1>(data, 4, size - 5);  // ADDITIONAL LENGTH
  store<1>(data, 7, 0x02);      // CMDQUE
  const UnitConfiguration* about = unit != nullptr ? &unit->configuration : nullptr;
  put_text(view.subspan(8, 8), about != nullptr ? about->vendor : "");
  put_text(view.subspan(16, 16), about != nullptr ? about->product : "");
  put_text(view.subspan(32, 4), about != nullptr ? about->revision : "");
  store<2>(data, 58, 0x00A0);  // VERSION DESCRIPTORS: SAM-5
  store<2>(data, 60, 0x0460);  // SPC-4
  store<2>(data, 62, 0x04C0);  // SBC-3
  if (about != nullptr) store<2>(data, 64, about->transport_standard);
  return data;
}

}  // namespace

Planned plan_inquiry(const Request& request) {
  const bool page_exists = request[Field::evpd] == 1
                               ? has_vital_product_page(request.unit, request[Field::page_code])
                               : request[Field::page_code] == 0;
  if (!page_exists) return std::unexpected(bad_field(request.row, Field::page_code));
  return plan_parameters_in(request);
}

Outcome inquiry(const Action& action) {
  if (action[Field::evpd] == 0) return answered(action, standard_data(action.unit));
  return answered(action, vital_product_page(action.unit, action[Field::page_code]));
}

}  // namespace scsi::commands
