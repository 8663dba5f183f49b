#pragma once

#include "conformance/story/reader.hpp"
#include "conformance/story/story.hpp"

namespace conformance {

/// Reads one element of a story's `steps`. Private to `story/`.
[[nodiscard]] Step read_step(const Reader& at);

}  // namespace conformance
