#pragma once

/// PDUs and transcripts as text, from the layout tables.

#include <string>

#include "conformance/model/transcript.hpp"

namespace conformance {

/// One line: direction, name, the fields that are not zero.
[[nodiscard]] std::string print_line(const Record& record);

/// The line, and below it the data segment: text keys one by one, other bytes in hexadecimal.
[[nodiscard]] std::string print_record(const Record& record, std::size_t number);

}  // namespace conformance
