#pragma once

/// The vital product data pages of a unit (SPC-4 7.8, SBC-3 6.6).

#include <cstdint>
#include <optional>

#include "scsi/device.hpp"
#include "wire/bytes.hpp"

namespace scsi {

/// Whether there is such a page; of an absent unit there is page 00h alone.
[[nodiscard]] bool has_vital_product_page(const LogicalUnit*, std::uint64_t code);
/// The whole page, which must exist.
[[nodiscard]] iscsi::wire::Bytes vital_product_page(const LogicalUnit*, std::uint64_t code);

}  // namespace scsi
