#pragma once

/// The form of inputs that are text: one logical text behind the other, with an empty pair (a null
/// byte where a key should begin) between two of them. One captured data segment is such an input.

#include <algorithm>
#include <string_view>
#include <vector>

#include "wire/bytes.hpp"

namespace iscsi::fuzz {

[[nodiscard]] inline std::vector<std::string_view> split_texts(wire::ByteView input) {
  std::vector<std::string_view> texts;
  const std::string_view all = wire::as_text(input);
  for (std::size_t begin = 0; begin < all.size();) {
    // The null that ends a text's last pair belongs to it, the one behind separates.
    const std::size_t ends = std::min(all.find(std::string_view{"\0\0", 2}, begin), all.size());
    const std::size_t end = std::min(ends + 1, all.size());
    texts.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return texts;
}

}  // namespace iscsi::fuzz
