#pragma once

/// What can be said of a single value that a target sends, without knowing what was asked: its
/// notation, its length, the names in it (RFC 3720 5.1, 11.1, 12.1).

#include <array>
#include <span>
#include <string_view>

#include "conformance/model/keys.hpp"
#include "rules/rule.hpp"

namespace conformance {

/// A rule that was looked at, and whether the value keeps it.
struct ValueCheck {
  iscsi::Rule rule{};
  bool holds = true;
};

/// As many as one value may need. Almost every value of every login passes through here: they take
/// no memory of their own.
class ValueChecks {
 public:
  void add(iscsi::Rule rule, bool holds) { checks_.at(count_++) = {rule, holds}; }
  [[nodiscard]] auto begin() const { return added().begin(); }
  [[nodiscard]] auto end() const { return added().end(); }

 private:
  [[nodiscard]] std::span<const ValueCheck> added() const {
    return std::span{checks_}.first(count_);
  }

  std::array<ValueCheck, 8> checks_{};
  std::size_t count_ = 0;
};

/// Any value of a key that comes from the target, an answer or not.
[[nodiscard]] ValueChecks check_value(std::string_view key, std::string_view value);

/// A value that the target proposes of its own accord.
[[nodiscard]] ValueChecks check_proposal(const KeyRow& key, std::string_view value);

}  // namespace conformance
