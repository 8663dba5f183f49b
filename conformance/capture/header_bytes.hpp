#pragma once

/// What is read of headers before anybody knows what they are. Private to `capture/`.

#include "wire/bytes.hpp"

namespace conformance {

[[nodiscard]] inline unsigned at(iscsi::wire::ByteView bytes, std::size_t offset) {
  return std::to_integer<unsigned>(bytes[offset]);
}

}  // namespace conformance
