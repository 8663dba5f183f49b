#pragma once

/// Framing (RFC 3720 10.2): where one PDU ends in a stream of bytes, and whether its digests hold.
/// Nothing here looks behind byte 7 of a header.

#include <array>
#include <span>
#include <variant>

#include "limits.hpp"
#include "pdu/layout.hpp"
#include "rules/rule.hpp"
#include "wire/bytes.hpp"

namespace iscsi::pdu {

/// Which of the two digests a connection uses (12.1); neither before full feature phase.
struct Digests {
  bool header = false;
  bool data = false;

  friend constexpr bool operator==(const Digests&, const Digests&) = default;
};

/// What a receiver is willing to hold, in bytes, and how PDUs are sealed.
struct FrameLimits {
  std::size_t additional_headers = limits::additional_headers_bytes;
  std::size_t data = limits::login_data_segment_bytes;  ///< our MaxRecvDataSegmentLength
  Digests digests{};
};

/// One PDU as views into the caller's bytes; digests and padding are no part of the segments.
struct Frame {
  std::span<const std::byte, bhs_bytes> header;
  wire::ByteView additional_headers{};  ///< all AHS with their padding
  wire::ByteView data{};                ///< DataSegmentLength bytes
  wire::ByteView padding{};             ///< behind the data, up to three bytes

  [[nodiscard]] Lengths lengths() const {
    return {.additional_headers = additional_headers.size(), .data = data.size()};
  }
};

struct Framed {
  Frame frame;
  std::size_t consumed = 0;  ///< bytes of the stream that the PDU took
  bool data_intact = true;   ///< false: the data digest does not match (6.7)
};

/// At least so many bytes are needed, counted from the start of the PDU.
struct Incomplete {
  std::size_t bytes_needed = 0;
};

using Framing = std::variant<Framed, Incomplete, Violation>;

/// Everything in front of the data segment: once it is here, the rest has a known length.
struct Front {
  Lengths lengths{};
  std::size_t bytes = 0;  ///< basic header, additional headers and header digest
};

/// TotalAHSLength and DataSegmentLength of a header, in bytes (10.2.1.5, 10.2.1.6).
[[nodiscard]] Lengths lengths_of(std::span<const std::byte, bhs_bytes> header);

/// Reads the front of the PDU that `stream` begins with. Errors: a length beyond `limits`, which
/// is seen as soon as the eight bytes are there that tell it; a header digest that does not match,
/// after which the stream cannot be trusted any more (6.7). Where headers have a digest,
/// DataSegmentLength is believed, and held against its limit, only behind a digest that matches.
[[nodiscard]] std::variant<Front, Incomplete, Violation> read_front(wire::ByteView stream,
                                                                    const FrameLimits& limits);

/// The bytes behind the front: data segment, padding, data digest.
[[nodiscard]] std::size_t bytes_behind_front(const Lengths& lengths, Digests digests);

/// Reads the whole PDU that `stream` begins with.
[[nodiscard]] Framing next_frame(wire::ByteView stream, const FrameLimits& limits);

/// As `next_frame`, where front and the bytes behind it lie in two places and both are complete.
[[nodiscard]] Framed join_frame(wire::ByteView front, wire::ByteView behind, const Lengths& lengths,
                                Digests digests);

}  // namespace iscsi::pdu
