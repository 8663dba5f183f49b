#pragma once

/// What the test program holds in memory, counted by its own operator new.

#include <cstddef>

namespace iscsi::harness {

/// Bytes that were allocated and not freed.
[[nodiscard]] std::size_t live_bytes();
/// Calls of operator new so far.
[[nodiscard]] std::size_t allocations();

}  // namespace iscsi::harness
