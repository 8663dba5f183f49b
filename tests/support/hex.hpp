#pragma once

/// Bytes written by hand: `hex("4080 0000")`, with spaces wherever they help the reader.

#include <cctype>
#include <stdexcept>
#include <string>

#include "wire/bytes.hpp"

namespace test {

/// The bytes that `digits` spells; anything but hexadecimal digits and white space is a mistake in
/// the test and throws.
inline iscsi::wire::Bytes hex(std::string_view digits) {
  iscsi::wire::Bytes bytes;
  int high = -1;
  for (const char c : digits) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    const std::size_t value = std::string_view{"0123456789abcdef"}.find(c);
    if (value == std::string_view::npos) throw std::invalid_argument("not a hexadecimal digit");
    if (high < 0) {
      high = static_cast<int>(value);
    } else {
      bytes.push_back(static_cast<std::byte>(static_cast<std::size_t>(high) * 16 + value));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("half a byte");
  return bytes;
}

/// `bytes` with those from `at` on replaced by the ones that `digits` spells.
inline iscsi::wire::Bytes with(iscsi::wire::Bytes bytes, std::size_t at, std::string_view digits) {
  for (const std::byte byte : hex(digits)) bytes.at(at++) = byte;
  return bytes;
}

inline std::string to_hex(iscsi::wire::ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4U];
    text += digits[std::to_integer<std::size_t>(byte) & 0xfU];
  }
  return text;
}

}  // namespace test
