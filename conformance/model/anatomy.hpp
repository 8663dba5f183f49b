#pragma once

/// A whole PDU taken apart by its lengths, and put together again. Nothing is judged and nothing is
/// lost: wrong digests and padding stay what they are.

#include <optional>
#include <utility>

#include "pdu/pdu.hpp"
#include "wire/bytes.hpp"

namespace conformance {

/// Views into the bytes of one PDU.
struct Anatomy {
  iscsi::wire::ByteView header;  ///< 48 bytes
  iscsi::wire::ByteView additional_headers;
  iscsi::wire::ByteView header_digest;  ///< four bytes or none
  iscsi::wire::ByteView data;
  iscsi::wire::ByteView padding;
  iscsi::wire::ByteView data_digest;  ///< four bytes or none

  [[nodiscard]] std::uint8_t opcode() const {
    return std::to_underlying(iscsi::pdu::opcode_of(header));
  }
  [[nodiscard]] const iscsi::pdu::Description* pdu() const {
    return iscsi::pdu::describe(opcode());
  }
  /// The number in a field of that RFC name; 0 for a PDU that does not have it.
  [[nodiscard]] std::uint64_t field(std::string_view name) const;
  [[nodiscard]] std::uint32_t tag() const {
    return static_cast<std::uint32_t>(iscsi::wire::load<4>(header, 16));
  }
};

/// Nothing if the bytes are more or fewer than their own lengths and up to two digests account
/// for. Where one digest can be either, it is the header's if it is right for the header: what is
/// wrong in a PDU that could be read is the digest of its data.
[[nodiscard]] std::optional<Anatomy> dissect(iscsi::wire::ByteView whole);

/// The same of bytes that may be no whole PDU, at least 48: its parts as far as they are there.
[[nodiscard]] Anatomy dissect_beginning(iscsi::wire::ByteView bytes);

}  // namespace conformance
