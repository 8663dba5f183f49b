#pragma once

/// Bytes to PDU and back, driven by the layout tables.
///
/// Two duties are kept apart (RFC 3720 10, preamble: a sender zeroes reserved bits, a receiver
/// looks past them). `decode` refuses what a receiver has to refuse and accepts the rest; `audit`
/// lists everything that a sender should not have done. `encode` is total and does not judge, so
/// that a tester can send a wrong PDU in the right layout.

#include <array>
#include <expected>
#include <vector>

#include "pdu/frame.hpp"
#include "pdu/pdu.hpp"

namespace iscsi::pdu {

using HeaderBytes = std::array<std::byte, bhs_bytes>;

/// What a target must check of a PDU from an initiator. Errors: the first rule broken whose remedy
/// is more than a note; `Violation::byte` counts from the start of the header.
[[nodiscard]] std::expected<InitiatorPdu, Violation> decode_request(const Frame& frame);

/// The same of a PDU from a target.
[[nodiscard]] std::expected<TargetPdu, Violation> decode_response(const Frame& frame);

/// Every rule about the form of a single PDU that its sender broke, in the order of the bytes.
[[nodiscard]] std::vector<Violation> audit(const Frame& frame);

/// The basic header of `pdu` in front of segments of these lengths (bytes, unpadded).
[[nodiscard]] HeaderBytes encode_header(const InitiatorPdu& pdu, const Lengths& lengths);
[[nodiscard]] HeaderBytes encode_header(const TargetPdu& pdu, const Lengths& lengths);

template <class P>
[[nodiscard]] HeaderBytes encode_header(const P& pdu, const Lengths& lengths);

/// Appends a whole PDU to `stream`: header, additional headers (padded by their own rules), data,
/// padding, digests.
void append(wire::Bytes& stream, const HeaderBytes& header, wire::ByteView additional_headers,
            wire::ByteView data, Digests digests);

/// A whole PDU as bytes: `encode(NopOut{…}, data)`.
template <class P>
[[nodiscard]] wire::Bytes encode(const P& pdu, wire::ByteView data = {}, Digests digests = {},
                                 wire::ByteView additional_headers = {}) {
  wire::Bytes stream;
  append(stream,
         encode_header(pdu, {.additional_headers = additional_headers.size(), .data = data.size()}),
         additional_headers, data, digests);
  return stream;
}

}  // namespace iscsi::pdu
