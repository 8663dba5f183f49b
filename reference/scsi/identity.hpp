#pragma once

/// What standard INQUIRY data and the vital product data pages have in common.

#include <cstddef>
#include <span>
#include <string_view>

#include "scsi/device.hpp"

namespace scsi {

/// PERIPHERAL QUALIFIER and DEVICE TYPE: a direct access device, or none at this LUN (SPC-4 6.4.2).
[[nodiscard]] constexpr std::byte peripheral(const LogicalUnit* unit) {
  return unit != nullptr ? std::byte{0x00} : std::byte{0x7F};
}

/// Writes `text` left-aligned, the rest filled with spaces (SPC-4 4.3.1).
inline void put_text(std::span<std::byte> to, std::string_view text) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = static_cast<std::byte>(i < text.size() ? text[i] : ' ');
}

}  // namespace scsi
