#pragma once

/// Where a target is, as libiscsi's tools write it:
/// `iscsi://[user%secret@]host[:port]/target-name[/lun][?target_user=…&target_password=…]`.

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/play/settings.hpp"

namespace conformance {

struct TargetUrl {
  std::string host;
  std::string port = "3260";
  std::string target_name;
  std::uint64_t lun = 0;  ///< its number
  std::optional<Secret> initiator;
  std::optional<Secret> target;
};

/// Errors: what was expected.
[[nodiscard]] std::expected<TargetUrl, std::string> parse_url(std::string_view text);

/// The URL without secrets, for reports.
[[nodiscard]] std::string print_url(const TargetUrl& url);

/// A LUN's number as the header's LUN field has it (SAM-2: one level; peripheral addressing below
/// 256, flat space addressing below 16384).
[[nodiscard]] std::uint64_t lun_field(std::uint64_t number);

}  // namespace conformance
