#pragma once

/// How this folder writes down a breach.

#include <cstddef>
#include <cstdint>

#include "rules/rule.hpp"

namespace iscsi::text {

/// `byte` counts from the start of the logical text.
[[nodiscard]] constexpr Violation broken(Rule rule, std::size_t byte, std::uint64_t found) {
  return {.rule = rule, .byte = static_cast<std::uint32_t>(byte), .found = found};
}

/// What was found, where that is a character.
[[nodiscard]] constexpr std::uint64_t code(char c) { return static_cast<unsigned char>(c); }

}  // namespace iscsi::text
