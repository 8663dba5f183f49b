#pragma once

/// Hexadecimal digits for tests, written apart from `text/grammar.hpp`: a test does not ask the
/// code it tests.

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/bytes.hpp"

namespace iscsi::login {

inline wire::Bytes bytes_of(std::string_view digits) {
  wire::Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(
        static_cast<std::byte>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return bytes;
}

inline std::string hexadecimal(wire::ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4U];
    text += digits[std::to_integer<std::size_t>(byte) & 15U];
  }
  return text;
}

}  // namespace iscsi::login
