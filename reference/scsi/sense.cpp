#include "scsi/sense.hpp"

#include <limits>

#include "wire/bytes.hpp"

namespace scsi {
namespace {

using iscsi::wire::store;

/// SENSE KEY SPECIFIC for ILLEGAL REQUEST (SPC-4 4.5.2.4.2): SKSV, C/D, BPV, bit; then the byte.
void put_field(std::span<std::byte> to, const FieldPointer& field) {
  std::uint8_t first = 0x80;
  if (field.in_cdb) first |= 0x40;
  if (field.bit) first |= static_cast<std::uint8_t>(0x08 | *field.bit);
  store<1>(to, 0, first);
  store<2>(to, 1, field.byte);
}

/// SPC-4 4.5.3.
std::size_t encode_fixed(std::span<std::byte> to, const Sense& sense) {
  constexpr std::size_t size = 18;
  store<1>(to, 0, sense.deferred ? 0x71 : 0x70);
  if (sense.information && *sense.information <= std::numeric_limits<std::uint32_t>::max()) {
    to[0] |= std::byte{0x80};  // VALID
    store<4>(to, 3, *sense.information);
  }
  store<1>(to, 2, static_cast<std::uint8_t>(sense.key));
  store<1>(to, 7, size - 8);
  store<1>(to, 12, sense.additional.code);
  store<1>(to, 13, sense.additional.qualifier);
  if (sense.field) put_field(to.subspan(15, 3), *sense.field);
  return size;
}

/// SPC-4 4.5.2: an information descriptor and a sense key specific one, where there is something.
std::size_t encode_descriptors(std::span<std::byte> to, const Sense& sense) {
  store<1>(to, 0, sense.deferred ? 0x73 : 0x72);
  store<1>(to, 1, static_cast<std::uint8_t>(sense.key));
  store<1>(to, 2, sense.additional.code);
  store<1>(to, 3, sense.additional.qualifier);
  std::size_t end = 8;
  if (sense.information) {
    store<4>(to, end, 0x000A8000);  // type 00h, 10 bytes follow, VALID
    store<8>(to, end + 4, *sense.information);
    end += 12;
  }
  if (sense.field) {
    store<2>(to, end, 0x0206);  // type 02h, 6 bytes follow
    put_field(to.subspan(end + 4, 3), *sense.field);
    end += 8;
  }
  store<1>(to, 7, end - 8);
  return end;
}

}  // namespace

SenseBytes encode(const Sense& sense, SenseFormat format) {
  SenseBytes encoded;
  encoded.size_ = format == SenseFormat::fixed ? encode_fixed(encoded.bytes_, sense)
                                               : encode_descriptors(encoded.bytes_, sense);
  return encoded;
}

}  // namespace scsi
