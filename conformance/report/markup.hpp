#pragma once

/// Text of any origin, made fit for a document. What a target sends ends up in every report: it may
/// hold markup, control characters, and bytes that are no UTF-8.

#include <string>
#include <string_view>

namespace conformance {

/// Valid UTF-8 without control characters but tab and line feed; every other byte as `\x9f`.
[[nodiscard]] std::string printable(std::string_view text);

/// `printable`, and the five characters of XML's and HTML's markup as references.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace conformance
