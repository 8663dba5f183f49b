#pragma once

/// What can be said of a single value that a target sends, without knowing what was asked: its
/// notation, its length, the names in it (RFC 3720 5.1, 11.1, 12.1).

#include <string_view>
#include <vector>

#include "conformance/model/keys.hpp"
#include "rules/rule.hpp"

namespace conformance {

/// A rule that was looked at, and whether the value keeps it.
struct ValueCheck {
  iscsi::Rule rule;
  bool holds = true;
};

/// Any value of a key that comes from the target, an answer or not.
[[nodiscard]] std::vector<ValueCheck> check_value(std::string_view key, std::string_view value);

/// A value that the target proposes of its own accord.
[[nodiscard]] std::vector<ValueCheck> check_proposal(const KeyRow& key, std::string_view value);

}  // namespace conformance
