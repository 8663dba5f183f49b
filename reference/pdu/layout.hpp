#pragma once

/// The layout table: one description of a PDU's 384 header bits, from which everything else comes.
///
/// Each PDU struct has a constexpr `layout()`: entries in wire order that cover every bit of the
/// basic header segment exactly once (`static_assert(tiled_bits<P>() == bhs_bits)`), but for the
/// bits that all PDUs share and the framer owns: the opcode, TotalAHSLength, DataSegmentLength.
/// Decode, encode, audit, printing, JSON, damage for negative tests, fuzz mutators and the box
/// diagrams in docs/pdus.md read this table and nothing else. Rules that tie several fields
/// together are a second array, `checks()`.
///
/// Places are written as the RFC draws them: byte numbers from the start of the header, bit 0 the
/// leftmost of its byte.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "rules/rule.hpp"
#include "wire/bytes.hpp"
#include "wire/numbers.hpp"

namespace iscsi::pdu {

inline constexpr std::size_t bhs_bytes = 48;
inline constexpr std::size_t bhs_bits = bhs_bytes * 8;

/// A run of bits: inside one byte, or whole bytes.
struct Place {
  std::uint16_t byte = 0;
  std::uint16_t bit = 0;    ///< first bit inside `byte`, 0 the leftmost
  std::uint16_t width = 0;  ///< in bits

  [[nodiscard]] constexpr std::size_t first_bit() const { return byte * 8U + bit; }
  [[nodiscard]] constexpr std::uint16_t last_byte() const {
    return static_cast<std::uint16_t>(byte + (bit + width - 1) / 8);
  }
  [[nodiscard]] constexpr bool whole_bytes() const { return bit == 0 && width % 8 == 0; }
  friend constexpr bool operator==(const Place&, const Place&) = default;
};

constexpr Place bits(std::uint16_t byte, std::uint16_t first, std::uint16_t count = 1) {
  return {.byte = byte, .bit = first, .width = count};
}
constexpr Place bytes(std::uint16_t byte, std::uint16_t count) {
  return {.byte = byte, .bit = 0, .width = static_cast<std::uint16_t>(count * 8)};
}

/// The number at `place`, at most 64 bits wide.
[[nodiscard]] constexpr std::uint64_t extract(wire::ByteView header, Place place) {
  if (place.whole_bytes()) return wire::load_big(header.subspan(place.byte, place.width / 8U));
  const auto byte = std::to_integer<std::uint64_t>(header[place.byte]);
  return byte >> (8U - place.bit - place.width) & ((1U << place.width) - 1U);
}

constexpr void insert(std::span<std::byte> header, Place place, std::uint64_t value) {
  if (place.whole_bytes()) {
    wire::store_big(header.subspan(place.byte, place.width / 8U), value);
    return;
  }
  const unsigned shift = 8U - place.bit - place.width;
  const auto mask = static_cast<std::uint8_t>(((1U << place.width) - 1U) << shift);
  const auto placed = static_cast<std::uint8_t>(value << shift);
  header[place.byte] =
      (header[place.byte] & ~std::byte{mask}) | (std::byte{placed} & std::byte{mask});
}

/// A row of a code table (10.3.1's task attributes, 10.17.1's reasons …), or a run of codes.
struct Code {
  std::uint64_t first;
  std::string_view name;
  std::uint64_t last = first;
};

enum class EntryKind : std::uint8_t {
  field,     ///< a number of at most 64 bits
  opaque,    ///< bytes taken as they are (the CDB)
  fixed,     ///< the layout prints a value
  reserved,  ///< zero when sent, ignored when received
};

/// What a table says of one run of bits, free of the PDU's type: for tools that work on bytes.
struct Field {
  EntryKind kind = EntryKind::reserved;
  std::string_view name{};
  Place place{};
  std::uint64_t value = 0;        ///< fixed: what the layout prints
  std::span<const Code> codes{};  ///< the closed set of values, if there is one
  /// Broken by a value outside `codes`, or by another than the fixed one.
  Rule rule = Rule::reserved_bits_are_zero;
  bool conditional = false;  ///< exists only if an earlier field says so, else reserved

  [[nodiscard]] constexpr bool allows(std::uint64_t number) const {
    if (codes.empty()) return true;
    for (const Code& code : codes)
      if (number >= code.first && number <= code.last) return true;
    return false;
  }
};

/// A `Field` bound to a member of the PDU struct `P`.
template <class P>
struct Entry : Field {
  std::uint64_t (*get)(const P&) = nullptr;
  void (*set)(P&, std::uint64_t) = nullptr;
  std::span<std::byte> (*view)(P&) = nullptr;  ///< opaque only
  bool (*exists)(const P&) = nullptr;          ///< conditional only

  /// The field exists only where `predicate` holds; elsewhere its bits are reserved.
  [[nodiscard]] constexpr Entry when(bool (*predicate)(const P&)) const {
    Entry entry = *this;
    entry.exists = predicate;
    entry.conditional = true;
    return entry;
  }
  /// Any other value than the table's is reserved, and `broken` names the breach.
  [[nodiscard]] constexpr Entry one_of(std::span<const Code> table,
                                       Rule broken = Rule::reserved_values_are_not_sent) const {
    Entry entry = *this;
    entry.codes = table;
    entry.rule = broken;
    return entry;
  }
};

/// The lengths that stand in every header (10.2.1.5, 10.2.1.6), in bytes and without padding.
struct Lengths {
  std::size_t additional_headers = 0;  ///< TotalAHSLength times four
  std::size_t data = 0;                ///< DataSegmentLength

  friend constexpr bool operator==(const Lengths&, const Lengths&) = default;
};

/// A rule that ties fields together; `byte` is where a reader should look.
template <class P>
struct Check {
  Rule rule;
  std::uint32_t byte;
  bool (*holds)(const P&, const Lengths&);
};

/// Whether a data segment may follow (10.2.1.6).
enum class DataSegment : std::uint8_t { none, allowed };

template <class T>
constexpr std::uint64_t to_number(T value) {
  if constexpr (std::is_enum_v<T>)
    return static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(value));
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::uint64_t>(value);
  else
    return value.value;  // a Serial
}

template <class T>
constexpr T from_number(std::uint64_t number) {
  if constexpr (std::is_same_v<T, bool>)
    return number != 0;
  else if constexpr (std::is_enum_v<T>)
    return static_cast<T>(static_cast<std::underlying_type_t<T>>(number));
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(number);
  else
    return T{static_cast<std::uint32_t>(number)};  // a Serial
}

template <class>
struct MemberOf;
template <class P, class T>
struct MemberOf<T P::*> {
  using Object = P;
  using Type = T;
};

/// A numeric field: `field<&NopOut::cmd_sn>("CmdSN", bytes(24, 4))`.
template <auto Member>
constexpr auto field(std::string_view name, Place place) {
  using P = typename MemberOf<decltype(Member)>::Object;
  using T = typename MemberOf<decltype(Member)>::Type;
  Entry<P> entry;
  entry.kind = EntryKind::field;
  entry.name = name;
  entry.place = place;
  entry.get = [](const P& pdu) { return to_number(pdu.*Member); };
  entry.set = [](P& pdu, std::uint64_t number) { pdu.*Member = from_number<T>(number); };
  return entry;
}

/// A field of bytes, taken as they are.
template <auto Member>
constexpr auto opaque(std::string_view name, Place place) {
  using P = typename MemberOf<decltype(Member)>::Object;
  Entry<P> entry;
  entry.kind = EntryKind::opaque;
  entry.name = name;
  entry.place = place;
  entry.view = [](P& pdu) { return std::span<std::byte>{pdu.*Member}; };
  return entry;
}

/// Bits with a printed value; another one is a format error (6.6).
template <class P>
constexpr Entry<P> fixed(std::string_view name, Place place, std::uint64_t value,
                         Rule rule = Rule::fixed_bits_have_their_value) {
  Entry<P> entry;
  entry.kind = EntryKind::fixed;
  entry.name = name;
  entry.place = place;
  entry.value = value;
  entry.rule = rule;
  return entry;
}

template <class P>
constexpr Entry<P> reserved(Place place) {
  Entry<P> entry;
  entry.place = place;
  return entry;
}

/// Every layout leaves these to the framer: bits 2-7 of byte 0 and bytes 4-7.
constexpr bool belongs_to_framer(std::size_t bit) {
  return (bit >= 2 && bit < 8) || (bit >= 32 && bit < 64);
}

/// How many header bits `P`'s layout covers in order and without overlap, the framer's included;
/// anything but `bhs_bits` is the number of the first bit that is wrong.
template <class P>
consteval std::size_t tiled_bits() {
  std::size_t at = 0;
  const auto pass_framer = [&at] {
    while (at < bhs_bits && belongs_to_framer(at)) ++at;
  };
  for (const auto& entry : P::layout()) {
    pass_framer();
    if (entry.place.first_bit() != at) return at;
    const bool sane = entry.place.whole_bytes() || entry.place.bit + entry.place.width <= 8;
    if (!sane || entry.place.width == 0) return at;
    at += entry.place.width;
  }
  pass_framer();
  return at;
}

}  // namespace iscsi::pdu
