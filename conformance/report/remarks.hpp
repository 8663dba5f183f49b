#pragma once

/// What is to be said about the PDUs of a case, for every report that shows them.

#include <vector>

#include "conformance/report/results.hpp"

namespace conformance {

struct Remark {
  std::optional<std::size_t> record;  ///< in the transcript; none: about the case as a whole
  std::optional<std::uint32_t> byte;  ///< in that PDU, if one is to blame
  std::optional<iscsi::Rule> rule;    ///< the one that was broken
  Verdict verdict = Verdict::fail;
  std::string what;  ///< found and expected, in words
};

/// What the monitor found and what the story judged, in the order of the records; what is about the
/// case as a whole comes last. A breach that both saw is told once.
[[nodiscard]] std::vector<Remark> remarks_of(const CaseResult& one, bool strict);

/// In one line: rule, section, byte, and what was found.
[[nodiscard]] std::string print_remark(const Remark& remark);

}  // namespace conformance
