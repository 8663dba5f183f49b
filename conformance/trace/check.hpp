#pragma once

/// `iscsi-trace check`: which rules either side of captured conversations broke, and where.

#include <array>
#include <string>
#include <vector>

#include "conformance/command/options.hpp"

namespace conformance {

struct CheckOptions {
  std::vector<std::string> captures;
  std::string expect;  ///< a file of findings that are known, with reasons
  bool fix = false;
  bool strict = false;
  std::array<std::string, report_kinds.size()> report_files;
  std::string evidence;  ///< a folder
};

/// The exit status: 0 nothing is broken that was not expected, 1 something is, 2 a file that
/// cannot be read (the others are judged, and what is before the place where one ends) or written,
/// 77 no iSCSI in the files.
[[nodiscard]] int check(const CheckOptions& options);

}  // namespace conformance
