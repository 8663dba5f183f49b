#include "server/log.hpp"

#include <cstdio>

namespace iscsi::server {
namespace {

void write_line(std::string text) {
  for (char& character : text)  // what a peer chose must not break the line, or the terminal
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) character = '?';
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string hexadecimal(std::uint64_t number) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[number & 0xfU]);
    number >>= 4U;
  } while (number != 0);
  return "0x" + digits;
}

}  // namespace

void Log::line(std::string_view text, std::uint64_t now_ms) {
  if (const std::uint64_t second = now_ms / 1000; second != second_) {
    second_ = second;
    lines_ = 0;
    if (suppressed_ != 0) write_line(std::to_string(suppressed_) + " more lines were left out");
    suppressed_ = 0;
  }
  if (lines_ == lines_per_second) {
    ++suppressed_;
    return;
  }
  ++lines_;
  write_line(std::string{text});
}

std::string describe(const Violation& violation) {
  const RuleInfo& rule = about(violation.rule);
  std::string text{rule.slug};
  text += " (RFC 3720 ";
  text += rule.section;
  text += "): ";
  text += rule.says;
  text += "; byte " + std::to_string(violation.byte) + ", found " + hexadecimal(violation.found);
  return text;
}

}  // namespace iscsi::server
