#include "conformance/model/anatomy.hpp"

#include <algorithm>

#include "limits.hpp"
#include "pdu/frame.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::limits::digest_bytes;
using iscsi::wire::ByteView;

namespace {

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
    of_header = is_digest_of(whole.subspan(headers, digest_bytes), whole.first(headers));
  const std::size_t behind = headers + (of_header ? digest_bytes : 0);
  return Anatomy{.header = whole.first(bhs_bytes),
                 .additional_headers = whole.subspan(bhs_bytes, lengths.additional_headers),
                 .header_digest = whole.subspan(headers, behind - headers),
                 .data = whole.subspan(behind, lengths.data),
                 .padding = whole.subspan(behind + lengths.data, padded - lengths.data),
                 .data_digest = whole.subspan(behind + padded)};
}

Anatomy dissect_beginning(ByteView bytes) {
  using iscsi::pdu::bhs_bytes;
  if (const auto whole = dissect(bytes)) return *whole;
  auto take = [rest = bytes](std::size_t count) mutable {
    const ByteView part = rest.first(std::min(rest.size(), count));
    rest = rest.subspan(part.size());
    return part;
  };
  const auto lengths = iscsi::pdu::lengths_of(bytes.first<bhs_bytes>());
  const std::size_t headers = bhs_bytes + lengths.additional_headers;
  // A header that its digest contradicts is kept up to its digest.
  const bool has_digest =
      bytes.size() == headers + digest_bytes ||
      (bytes.size() > headers + digest_bytes &&
       is_digest_of(bytes.subspan(headers, digest_bytes), bytes.first(headers)));
  Anatomy anatomy;
  anatomy.header = take(bhs_bytes);
  anatomy.additional_headers = take(lengths.additional_headers);
  anatomy.header_digest = take(has_digest ? digest_bytes : 0);
  anatomy.data = take(lengths.data);
  anatomy.padding = take(iscsi::wire::padding(lengths.data));
  anatomy.data_digest = take(digest_bytes);
  return anatomy;
}

}  // namespace conformance
