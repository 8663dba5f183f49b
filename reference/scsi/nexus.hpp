#pragma once

/// The name of an I_T nexus, given by whoever owns the sessions: equal names are the same nexus.

#include <cstdint>

namespace scsi {

using NexusId = std::uint64_t;

}  // namespace scsi
