#pragma once

/// `iscsi-trace show`: a captured conversation as text, one line per PDU, or as a page.

#include <string>

namespace conformance {

struct ShowOptions {
  std::string capture;
  bool full = false;
  std::string html;  ///< a file; empty: text
};

/// The exit status.
[[nodiscard]] int show(const ShowOptions& options);

}  // namespace conformance
