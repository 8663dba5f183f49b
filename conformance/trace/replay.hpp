#pragma once

/// `iscsi-trace replay`: recorded initiators, acted out again.

#include <string>
#include <vector>

#include "conformance/command/options.hpp"

namespace conformance {

struct ReplayOptions {
  std::vector<std::string> files;  ///< captures and recordings; empty: all that are shipped
  Options run;                     ///< the target, patience, expectations and reports
  bool allow_writes = false;
  bool timing = false;
};

/// The exit status.
[[nodiscard]] int replay(const ReplayOptions& options);

}  // namespace conformance
