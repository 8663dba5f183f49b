#include "conformance/recording/anatomy.hpp"

#include "pdu/frame.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::wire::ByteView;

namespace {

constexpr std::size_t digest_bytes = 4;

bool is_digest_of(ByteView digest, ByteView covered) {
  return iscsi::wire::crc32c(covered) == iscsi::wire::load_digest(digest);
}

}  // namespace

std::uint64_t Anatomy::field(std::string_view name) const {
  const iscsi::pdu::Description* description = pdu();
  if (description == nullptr) return 0;
  const iscsi::pdu::Field* found = iscsi::pdu::find_field(*description, name);
  return found == nullptr || found->place.width > 64 ? 0 : extract(header, found->place);
}

std::optional<Anatomy> dissect(ByteView whole) {
  using iscsi::pdu::bhs_bytes;
  if (whole.size() < bhs_bytes) return std::nullopt;
  const auto lengths = iscsi::pdu::lengths_of(whole.first<bhs_bytes>());
  const std::size_t headers = bhs_bytes + lengths.additional_headers;
  const std::size_t padded = lengths.data + iscsi::wire::padding(lengths.data);
  if (whole.size() < headers + padded) return std::nullopt;
  const std::size_t rest = whole.size() - headers - padded;
  if (rest % digest_bytes != 0 || rest > digest_bytes * (lengths.data == 0 ? 1U : 2U))
    return std::nullopt;
  bool of_header = rest > 0;
  if (rest == digest_bytes && lengths.data > 0)
    of_header = is_digest_of(whole.subspan(headers, digest_bytes), whole.first(headers)) ||
                !is_digest_of(whole.last(digest_bytes), whole.subspan(headers, padded));
  const std::size_t behind = headers + (of_header ? digest_bytes : 0);
  return Anatomy{.header = whole.first(bhs_bytes),
                 .additional_headers = whole.subspan(bhs_bytes, lengths.additional_headers),
                 .header_digest = whole.subspan(headers, behind - headers),
                 .data = whole.subspan(behind, lengths.data),
                 .padding = whole.subspan(behind + lengths.data, padded - lengths.data),
                 .data_digest = whole.subspan(behind + padded)};
}

}  // namespace conformance
