#pragma once

/// How much memory the program holds: harnesses that link this replace the global allocation
/// functions by ones that count, so that a peer cannot make a target hold more than its bounds say
/// without the harness noticing.

#include <cstddef>

namespace iscsi::fuzz {

/// Bytes allocated by `new` and not yet freed, as the allocator rounds them.
[[nodiscard]] std::size_t live_bytes();
/// The most that `live_bytes` has been since the last call of `forget_peak`.
[[nodiscard]] std::size_t peak_bytes();
void forget_peak();

}  // namespace iscsi::fuzz
