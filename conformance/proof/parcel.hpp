#pragma once

/// A PDU on its way between the judge and a target, taken apart so that one thing about it can be
/// changed. Lengths, padding and digests are made anew when it goes on: they are right unless they
/// are what was changed.

#include <optional>
#include <string>
#include <string_view>

#include "pdu/codec.hpp"

namespace conformance::proof {

enum class Way : std::uint8_t { to_target, to_initiator };

struct Parcel {
  iscsi::pdu::HeaderBytes header{};
  iscsi::wire::Bytes additional_headers{};
  iscsi::wire::Bytes data{};

  std::byte padding{};                  ///< each byte of it
  bool spoilt_header_digest = false;    ///< where there is one
  bool spoilt_data_digest = false;      ///< where there is one
  std::optional<std::uint64_t> told{};  ///< DataSegmentLength, if it is not that of the data
  std::optional<std::size_t> kept{};    ///< bytes of the whole that go on
  bool keeps_stat_sn = false;           ///< its StatSN is the fault
  bool forged = false;                  ///< no target sent it: its numbers are to be filled in
  bool unsealed = false;                ///< goes without the digests it ought to have

  [[nodiscard]] iscsi::pdu::Opcode opcode() const;
  [[nodiscard]] std::uint64_t bits(iscsi::pdu::Place place) const;
  void set_bits(iscsi::pdu::Place place, std::uint64_t value);

  /// A field by its RFC name, the framer's included; 0 where the PDU has no such field.
  [[nodiscard]] std::uint64_t field(std::string_view name) const;
  /// Does nothing where the PDU has no such field.
  void set(std::string_view name, std::uint64_t value);

  /// The data as text: pairs of key and value, with their null bytes.
  [[nodiscard]] std::string_view text() const;
  void set_text(std::string_view text);
};

/// The one PDU that `bytes` are, wrong digests included; nothing if they are none, or not just one.
[[nodiscard]] std::optional<Parcel> open_parcel(iscsi::wire::ByteView bytes,
                                                iscsi::pdu::Digests digests);
[[nodiscard]] Parcel open_parcel(const iscsi::pdu::Frame& frame);

/// The bytes of a parcel.
[[nodiscard]] iscsi::wire::Bytes seal(const Parcel& parcel, iscsi::pdu::Digests digests);

/// Whether the PDU uses up a StatSN (RFC 3720 10.7.3, 10.8.3, 10.19.2), and whether it shows one.
[[nodiscard]] bool uses_stat_sn(const Parcel& parcel);
[[nodiscard]] bool shows_stat_sn(const Parcel& parcel);

}  // namespace conformance::proof
