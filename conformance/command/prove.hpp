#pragma once

/// `prove`: shows that each rule which the suite claims to judge can come out broken.

#include "conformance/command/options.hpp"
#include "conformance/story/library.hpp"

namespace conformance {

/// The exit status: 0 if every saboteur was found out, and every rule claimed has one.
[[nodiscard]] int prove(const Options& options, const Library& library);

}  // namespace conformance
