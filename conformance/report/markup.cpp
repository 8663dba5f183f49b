#include "conformance/report/markup.hpp"

#include <array>
#include <cstdint>

namespace conformance {
namespace {

/// The bytes that the UTF-8 character at the front of `text` takes (RFC 3629), and none for what is
/// no character: overlong forms, surrogates, non-characters that XML leaves out.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return lead == '\t' || lead == '\n' || (lead >= 0x20 && lead != 0x7f) ? 1 : 0;
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return 0;
  std::uint32_t point = lead & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
    point = point << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  const bool control = point < 0xa0 || (point & 0xfffeU) == 0xfffeU;
  return point < least.at(bytes) || point > 0x10ffff || surrogate || control ? 0 : bytes;
}

template <class Append>
void for_each_character(std::string_view text, std::string& out, Append append) {
  constexpr std::string_view digits = "0123456789abcdef";
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      const auto byte = static_cast<unsigned char>(text.front());
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
      text.remove_prefix(1);
    } else {
      append(text.substr(0, bytes));
      text.remove_prefix(bytes);
    }
  }
}

std::string_view reference_to(char c) {
  switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for_each_character(text, out, [&](std::string_view character) { out += character; });
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for_each_character(text, out, [&](std::string_view character) {
    const std::string_view reference = reference_to(character.front());
    out += reference.empty() ? character : reference;
  });
  return out;
}

}  // namespace conformance
