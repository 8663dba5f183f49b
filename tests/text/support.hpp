#pragma once

/// What the tests of this folder share. Texts are written out by hand, as 5.1 shows them, with `;`
/// for the null byte: `text("A=1;B=2;")`.

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.hpp"
#include "text/grammar.hpp"

namespace iscsi {

inline void PrintTo(const Violation& violation, std::ostream* out) {
  *out << about(violation.rule).slug << " at byte " << violation.byte << ", found "
       << violation.found;
}

}  // namespace iscsi

namespace iscsi::text {

inline void PrintTo(const KeyValue& pair, std::ostream* out) {
  *out << pair.key << '=' << pair.value << " at byte " << pair.byte;
}
inline void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.key << '=' << pair.value; }

inline std::string text(std::string_view readable) {
  std::string bytes{readable};
  std::ranges::replace(bytes, ';', '\0');
  return bytes;
}

/// The pairs of a text that is well-formed; they point into `bytes`.
inline std::vector<KeyValue> pairs_of(std::string_view bytes) {
  auto pairs = parse(bytes);
  EXPECT_TRUE(pairs.has_value()) << testing::PrintToString(pairs.error());
  return pairs.value_or(std::vector<KeyValue>{});
}

/// Answers in the notation of `text`.
inline std::string readable(const std::vector<Pair>& pairs) {
  std::string line;
  for (const Pair& pair : pairs) line += pair.key + '=' + pair.value + ';';
  return line;
}

inline std::string hex_of(wire::ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string line;
  for (const std::byte byte : bytes) {
    line += digits[std::to_integer<unsigned>(byte) >> 4U];
    line += digits[std::to_integer<unsigned>(byte) & 15U];
  }
  return line;
}

}  // namespace iscsi::text
