#include "pdu/frame.hpp"

#include <cassert>

#include "wire/crc32c.hpp"

namespace iscsi::pdu {

using wire::ByteView;

namespace {

constexpr std::size_t length_fields_end = 8;

std::size_t digest_bytes(bool used) { return used ? limits::digest_bytes : 0; }

Lengths lengths_in(ByteView header) {
  return {.additional_headers = wire::load<1>(header, 4) * 4, .data = wire::load<3>(header, 5)};
}

}  // namespace

Lengths lengths_of(std::span<const std::byte, bhs_bytes> header) { return lengths_in(header); }

std::variant<Front, Incomplete, Violation> read_front(ByteView stream, const FrameLimits& limits) {
  if (stream.size() < length_fields_end) return Incomplete{bhs_bytes};
  const Lengths lengths = lengths_in(stream);
  // TotalAHSLength says where the header digest lies and has to be believed before that is seen.
  if (lengths.additional_headers > limits.additional_headers)
    return Violation{Rule::additional_headers_within_limit, 4, lengths.additional_headers / 4};
  const std::size_t headers = bhs_bytes + lengths.additional_headers;
  const std::size_t front = headers + digest_bytes(limits.digests.header);
  if (limits.digests.header) {
    if (stream.size() < front) return Incomplete{front};
    const ByteView digest = stream.subspan(headers, limits::digest_bytes);
    if (wire::crc32c(stream.first(headers)) != wire::load_digest(digest))
      return Violation{Rule::header_digest_matches, static_cast<std::uint32_t>(headers),
                       wire::load_big(digest)};
  }
  if (lengths.data > limits.data)
    return Violation{Rule::data_segment_within_limit, 5, lengths.data};
  if (stream.size() < front) return Incomplete{front};
  return Front{.lengths = lengths, .bytes = front};
}

std::size_t bytes_behind_front(const Lengths& lengths, Digests digests) {
  if (lengths.data == 0) return 0;  // 10.2.3: no data, no digest
  return lengths.data + wire::padding(lengths.data) + digest_bytes(digests.data);
}

Framed join_frame(ByteView front, ByteView behind, const Lengths& lengths, Digests digests) {
  assert(front.size() >= bhs_bytes + lengths.additional_headers);
  assert(behind.size() >= bytes_behind_front(lengths, digests));
  const std::size_t padded = lengths.data + wire::padding(lengths.data);
  Framed framed{
      .frame = {.header = front.first<bhs_bytes>(),
                .additional_headers = front.subspan(bhs_bytes, lengths.additional_headers),
                .data = behind.first(lengths.data),
                .padding = behind.subspan(lengths.data, padded - lengths.data)},
      .consumed = front.size() + bytes_behind_front(lengths, digests)};
  if (digests.data && lengths.data > 0)
    framed.data_intact = wire::crc32c(behind.first(padded)) ==
                         wire::load_digest(behind.subspan(padded, limits::digest_bytes));
  return framed;
}

Framing next_frame(ByteView stream, const FrameLimits& limits) {
  const auto read = read_front(stream, limits);
  if (const auto* broken = std::get_if<Violation>(&read)) return *broken;
  if (const auto* incomplete = std::get_if<Incomplete>(&read)) return *incomplete;
  const auto& front = std::get<Front>(read);
  const std::size_t whole = front.bytes + bytes_behind_front(front.lengths, limits.digests);
  if (stream.size() < whole) return Incomplete{whole};
  return join_frame(stream.first(front.bytes), stream.subspan(front.bytes), front.lengths,
                    limits.digests);
}

}  // namespace iscsi::pdu
