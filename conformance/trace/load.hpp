#pragma once

/// A file that a command is given: a recording, or a capture that becomes one.

#include <expected>
#include <string>

#include "conformance/recording/recording.hpp"

namespace conformance {

/// Errors: the file, the place, and what was expected there.
[[nodiscard]] std::expected<Recording, std::string> load_any(const std::string& path);

}  // namespace conformance
