#pragma once

/// The fields of a CDB, by SPC-4's and SBC-3's names, and where a command has them.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>

#include "scsi/sense.hpp"

namespace scsi {

enum class Field : std::uint8_t {
  allocation_length,
  bytchk,
  cmddt,
  control_naca,
  desc,
  dbd,
  dpo,
  evpd,
  extent,
  fua,
  immed,
  llbaa,
  logical_block_address,
  loej,
  no_flush,
  number_of_logical_blocks,
  page_code,
  page_control,
  parameter_list_length,
  pf,
  pmi,
  power_condition,
  prefetch_length,
  protect,
  rctd,
  reporting_options,
  requested_operation_code,
  requested_service_action,
  select_report,
  service_action,
  sp,
  start,
  subpage_code,
  third_party,
  transfer_length,
  verification_length,
};
[[nodiscard]] std::string_view name(Field);

/// Where a field lies: its first byte, its leftmost bit there (7 is leftmost) and its width in
/// bits. A field lies in one byte, or ends at the end of one.
struct Place {
  std::uint8_t byte = 0;
  std::uint8_t bit = 7;
  std::uint8_t width = 8;

  [[nodiscard]] constexpr std::size_t last_byte() const {
    return byte + (7U - bit + width - 1) / 8;
  }
  /// The value in a CDB that reaches to `last_byte`.
  [[nodiscard]] constexpr std::uint64_t load(std::span<const std::byte> cdb) const {
    std::uint64_t value = 0;
    for (std::size_t i = byte; i <= last_byte(); ++i)
      value = value << 8U | std::to_integer<std::uint64_t>(cdb[i]);
    const unsigned after = (bit + 1U + 64U - width) % 8U;  // bits of the last byte to the right
    return value >> after & mask();
  }
  /// Ones in the field's bits.
  constexpr void mark(std::span<std::byte> cdb) const {
    unsigned left = 7U - bit;  // bits before the field, counted from its first byte
    for (unsigned i = 0; i < width; ++i, ++left)
      cdb[byte + left / 8] |= static_cast<std::byte>(0x80U >> left % 8);
  }
  [[nodiscard]] constexpr FieldPointer pointer() const {
    const bool whole_bytes = width % 8 == 0;  // it ends with a byte, so it begins with one
    return {.in_cdb = true,
            .byte = byte,
            .bit = whole_bytes ? std::nullopt : std::optional<std::uint8_t>{bit}};
  }

 private:
  [[nodiscard]] constexpr std::uint64_t mask() const {
    return width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  }
};

/// One field of one command. A value above `greatest` is refused before the command's own rules:
/// mostly it is zero, for a function that this device does not have.
struct FieldSpec {
  Field field{};
  Place place{};
  std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();
};

/// The fields of one command that this device evaluates, in CDB order. Whatever is not listed is
/// reserved or ignored: SPC-4 4.2.1 does not oblige a device server to check it, and this one
/// does not, as initiators do set such bits (the LUN bits of SCSI-2 in byte 1, GROUP NUMBER).
class Layout {
 public:
  static constexpr std::size_t capacity = 8;

  constexpr Layout(std::initializer_list<FieldSpec> fields = {}) {
    for (const FieldSpec& spec : fields) add(spec);
  }
  constexpr void add(const FieldSpec& spec) { specs_[size_++] = spec; }

  [[nodiscard]] constexpr std::span<const FieldSpec> fields() const { return {specs_, size_}; }
  [[nodiscard]] constexpr const FieldSpec* find(Field field) const {
    for (const FieldSpec& spec : fields())
      if (spec.field == field) return &spec;
    return nullptr;
  }

 private:
  FieldSpec specs_[capacity]{};
  std::size_t size_ = 0;
};

}  // namespace scsi
