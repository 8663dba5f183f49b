#pragma once

/// Configurations of a target's login, drawn from the settings. Names and secrets are fixed, so
/// that seeds and dictionaries can know them.

#include <string_view>

#include "login/login.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {

inline constexpr std::string_view target_name = "iqn.2004-04.com.example:disk";
inline constexpr std::string_view moved_name = "iqn.2004-04.com.example:moved";
inline constexpr std::string_view visiting_name = "iqn.2004-04.com.example:visiting";
inline constexpr std::string_view removed_name = "iqn.2004-04.com.example:gone";
inline constexpr std::string_view initiator_name = "iqn.2004-04.com.example:host";
inline constexpr std::string_view other_initiator_name = "iqn.2004-04.com.example:other";
inline constexpr std::string_view account_name = "alice";
inline constexpr std::string_view account_secret = "secret of alice";

/// A name that is one by construction.
[[nodiscard]] login::Name name(std::string_view text);

[[nodiscard]] login::Configuration draw_login_configuration(Settings& settings);

/// Random bytes of an event.
template <class Bytes>
[[nodiscard]] Bytes draw_bytes(Settings& settings) {
  Bytes bytes{};
  for (auto& byte : bytes) byte = static_cast<std::byte>(settings.next());
  return bytes;
}

}  // namespace iscsi::fuzz
