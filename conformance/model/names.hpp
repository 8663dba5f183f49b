#pragma once

/// iSCSI names and addresses as a target tells them (RFC 3720 3.2.6, 12.8, RFC 3980), in the
/// judge's own reading.

#include <cstdint>
#include <optional>
#include <string_view>

#include "conformance/model/values.hpp"

namespace conformance {

/// The rules about the form of a name. Characters beyond ASCII are not judged.
[[nodiscard]] ValueChecks check_iscsi_name(std::string_view name);

/// host[:port][,portal-group-tag].
struct TargetAddress {
  std::string_view host;
  std::optional<std::uint16_t> tag;
};
[[nodiscard]] std::optional<TargetAddress> read_target_address(std::string_view value);

}  // namespace conformance
