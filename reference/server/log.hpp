#pragma once

/// Lines for whoever watches the server: to standard error, at a bounded rate, so that a peer that
/// breaks rules on purpose cannot fill a disk.

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/rule.hpp"

namespace iscsi::server {

class Log {
 public:
  /// One line. Beyond `lines_per_second` lines are counted, and the count is told later.
  void line(std::string_view text, std::uint64_t now_ms);

  static constexpr std::uint32_t lines_per_second = 100;

 private:
  std::uint64_t second_ = 0;
  std::uint32_t lines_ = 0;
  std::uint64_t suppressed_ = 0;
};

/// A breach in words: the rule's slug, its section, what it says, and the place and value found.
[[nodiscard]] std::string describe(const Violation& violation);

}  // namespace iscsi::server
