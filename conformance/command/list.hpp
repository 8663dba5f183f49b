#pragma once

/// `list` and `explain`: what the suite holds. Both return the exit status.

#include "conformance/command/options.hpp"
#include "conformance/story/library.hpp"

namespace conformance {

[[nodiscard]] int list(const Options& options, const Library& library);
[[nodiscard]] int explain(const Options& options, const Library& library);

}  // namespace conformance
