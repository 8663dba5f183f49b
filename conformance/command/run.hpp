#pragma once

/// `run`: acts the chosen cases out against a target, and concludes.

#include "conformance/command/options.hpp"
#include "conformance/story/library.hpp"

namespace conformance {

/// The exit status.
[[nodiscard]] int run(const Options& options, const Library& library);

}  // namespace conformance
