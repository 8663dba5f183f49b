#include "conformance/capture/segment.hpp"

namespace conformance {
namespace {

std::string hexadecimal(unsigned value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned shift = 16; shift > 0;) {
    shift -= 4;
    const unsigned digit = value >> shift & 15U;
    if (digit != 0 || !text.empty() || shift == 0) text += digits[digit];
  }
  return text;
}

/// RFC 5952: the longest run of two or more zero groups becomes `::`.
std::string print_v6(const std::array<std::uint8_t, 16>& address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = unsigned{address[2 * i]} << 8U | unsigned{address[2 * i + 1]};
  std::size_t first = 8;
  std::size_t longest = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > longest) {
      longest = end - i;
      first = i;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == first) {
      text += "::";
      i += longest - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += hexadecimal(groups[i]);
  }
  return text;
}

}  // namespace

std::string Endpoint::print() const {
  if (v6) return "[" + print_v6(address) + "]:" + std::to_string(port);
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(address[i]);
  return text + ":" + std::to_string(port);
}

}  // namespace conformance
