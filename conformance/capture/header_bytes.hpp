#pragma once

/// What is read of headers before anybody knows what they are. Private to `capture/`.

#include "pdu/opcode.hpp"
#include "wire/bytes.hpp"

namespace conformance {

[[nodiscard]] inline unsigned at(iscsi::wire::ByteView bytes, std::size_t offset) {
  return std::to_integer<unsigned>(bytes[offset]);
}

[[nodiscard]] inline iscsi::pdu::Opcode opcode_of(iscsi::wire::ByteView header) {
  return static_cast<iscsi::pdu::Opcode>(at(header, 0) & 0x3fU);
}

}  // namespace conformance
