#pragma once

/// Pairs as they were heard, each word as it was spelt.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

struct HeardPair {
  std::string key;
  std::string value;
};

/// The value of the first pair with that key, or null.
[[nodiscard]] inline const std::string* value_of(const std::vector<HeardPair>& pairs,
                                                 std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &HeardPair::key);
  return found == pairs.end() ? nullptr : &found->value;
}
[[nodiscard]] inline bool says(const std::vector<HeardPair>& pairs, std::string_view key) {
  return value_of(pairs, key) != nullptr;
}

}  // namespace conformance
