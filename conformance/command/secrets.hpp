#pragma once

/// CHAP secrets from elsewhere than the command line, which every user of the machine can read.

#include <expected>
#include <string>

#include "conformance/play/url.hpp"

namespace conformance {

/// Puts the secrets of `file`, or without one those of the environment, into a URL that has none.
/// A file holds the line `user%secret`, and for mutual authentication a second one for the target.
/// Errors: what is wrong, in words and without the secret.
[[nodiscard]] std::expected<void, std::string> add_secrets(TargetUrl& url, const std::string& file);

}  // namespace conformance
