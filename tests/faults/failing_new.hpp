#pragma once

/// Memory that runs out on demand: this program's `operator new`, and libcrypto's allocations, can
/// fail in one thread while the others, the initiator's among them, have all they want.

#include <cstddef>

namespace iscsi::faults {

/// The allocation of this number from now on, in this thread, fails, and only that one; 0: none.
void fail_allocation(std::size_t number);
/// Allocations of this thread since the last `fail_allocation`.
[[nodiscard]] std::size_t allocations();

}  // namespace iscsi::faults
