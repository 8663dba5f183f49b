#include "scsi/commands.hpp"

namespace scsi::commands {

/// SPC-4 6.47. The gate has said whatever stands in the way.
Outcome test_unit_ready(const Action&) { return {}; }

}  // namespace scsi::commands
