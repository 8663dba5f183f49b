#pragma once

/// The conversation of one case as a ladder of PDUs between two lifelines, in HTML.

#include <string>

#include "conformance/report/results.hpp"

namespace conformance {

/// `index` makes the anchors: record 4 of case 12 is `#c12r4`.
[[nodiscard]] std::string html_ladder(const CaseResult& one, std::size_t index, bool strict);

// A ladder without a case, row by row.

[[nodiscard]] std::string ladder_head();
/// `task`: what the PDU belongs to; empty if to nothing.
[[nodiscard]] std::string ladder_row(const Record& record, std::string_view task);
[[nodiscard]] std::string ladder_end();

}  // namespace conformance
