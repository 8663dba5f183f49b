#pragma once

/// `iscsi-trace convert`: a capture as a recording in JSON, and a recording as a capture.

#include <optional>
#include <string>
#include <vector>

namespace conformance {

struct ConvertOptions {
  std::string from;
  std::string to;  ///< .json or .pcapng
  bool facts = false;
  bool anonymise = false;
  std::string records;  ///< FIRST:LAST, counted from 0
  // What the file is told to be; empty: as it was.
  std::string claim;
  std::string source;
  std::string initiator;
  std::string target;
  std::string note;
  std::string origin;
  std::vector<std::string> doubtful;  ///< RECORD:REASON
  std::string secret;                 ///< user%secret
  std::string target_secret;          ///< user%secret
};

/// The exit status.
[[nodiscard]] int convert(const ConvertOptions& options);

}  // namespace conformance
