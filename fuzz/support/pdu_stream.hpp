#pragma once

/// The form that most harnesses' inputs have: PDUs one behind the other, without digests, as an
/// initiator sends them. Captured streams are inputs as they are, a seed of one harness is a seed
/// of the others, and one mutator knows them all.

#include <utility>
#include <vector>

#include "pdu/codec.hpp"
#include "wire/bytes.hpp"

namespace iscsi::fuzz {

/// A PDU of an input. `data` is what is there, never padding; the lengths in `header` are in tune
/// with the segments.
struct InputPdu {
  pdu::HeaderBytes header{};
  wire::Bytes additional_headers;  ///< whole words
  wire::Bytes data;

  [[nodiscard]] std::uint8_t opcode() const { return std::to_underlying(pdu::opcode_of(header)); }
  [[nodiscard]] std::uint64_t field(pdu::Place place) const { return pdu::extract(header, place); }
  void set_field(pdu::Place place, std::uint64_t value) { pdu::insert(header, place, value); }
  /// Writes the lengths of the segments into the header.
  void repair_lengths();
  /// Repeats the data until there are so many bytes of it, if there is any: a long segment has
  /// memory of its own, and an input needs not have that many bytes.
  void swell(std::size_t bytes);

  friend bool operator==(const InputPdu&, const InputPdu&) = default;
};

/// Equal bytes. (libstdc++ 12 compares spans byte by byte, which sanitizers make slow.)
[[nodiscard]] inline bool same_bytes(wire::ByteView one, wire::ByteView other) {
  return wire::as_text(one) == wire::as_text(other);
}

// Fields that all requests have in the same place (RFC 3720 10.2.1, 10.3 and after).
inline constexpr pdu::Place immediate_place = pdu::bits(0, 1);
inline constexpr pdu::Place final_place = pdu::bits(1, 0);
inline constexpr pdu::Place lun_place = pdu::bytes(8, 8);
inline constexpr pdu::Place task_tag_place = pdu::bytes(16, 4);
inline constexpr pdu::Place transfer_tag_place = pdu::bytes(20, 4);
inline constexpr pdu::Place cmd_sn_place = pdu::bytes(24, 4);
inline constexpr pdu::Place exp_stat_sn_place = pdu::bytes(28, 4);
// Of Data-Out (10.7).
inline constexpr pdu::Place data_sn_place = pdu::bytes(36, 4);
inline constexpr pdu::Place buffer_offset_place = pdu::bytes(40, 4);

/// Reads an input with goodwill: a header that ends early is filled up with zeros, a segment longer
/// than what is left is cut. At most `most` PDUs; what follows them is not looked at.
[[nodiscard]] std::vector<InputPdu> split(wire::ByteView input, std::size_t most = 256);

/// The bytes of these PDUs, padded as on the wire.
[[nodiscard]] wire::Bytes join(const std::vector<InputPdu>& pdus, pdu::Digests digests = {});

}  // namespace iscsi::fuzz
