#include "pdu/additional_headers.hpp"

#include <algorithm>

#include "pdu/layout.hpp"

namespace iscsi::pdu {

using wire::ByteView;

namespace {

constexpr std::size_t prefix_bytes = 4;  // AHSLength, AHSType and one specific byte
constexpr std::uint8_t extended_cdb_type = 1;
constexpr std::uint8_t bidirectional_type = 2;

/// AHSLength leaves out itself and AHSType, and counts the specific byte beside them.
constexpr std::size_t whole_length(std::uint64_t ahs_length) {
  const auto effective = static_cast<std::size_t>(ahs_length) + 3;
  return effective + wire::padding(effective);
}

/// One AHS, its padding included.
struct Segment {
  ByteView bytes;
  std::size_t length;  ///< AHSLength
  std::uint32_t byte;  ///< where it begins, counted from the start of the PDU

  /// AHSType without its two reserved bits.
  [[nodiscard]] std::uint8_t type() const {
    return static_cast<std::uint8_t>(extract(bytes, bits(2, 2, 6)));
  }
};

/// The AHS that begins at `at`; an error if it runs past the area.
std::expected<Segment, Violation> segment_at(ByteView area, std::size_t at) {
  const auto byte = static_cast<std::uint32_t>(bhs_bytes + at);
  const ByteView rest = area.subspan(at);
  if (rest.size() < prefix_bytes)
    return std::unexpected(Violation{Rule::additional_header_fits, byte, rest.size()});
  const auto length = static_cast<std::size_t>(wire::load<2>(rest, 0));
  if (whole_length(length) > rest.size())
    return std::unexpected(Violation{Rule::additional_header_fits, byte, length});
  return Segment{.bytes = rest.first(whole_length(length)), .length = length, .byte = byte};
}

std::expected<void, Violation> take(AdditionalHeaders& into, const Segment& segment) {
  const std::uint8_t type = segment.type();
  const auto broken = [](Rule rule, std::uint32_t byte, std::uint64_t found) {
    return std::unexpected(Violation{rule, byte, found});
  };
  switch (type) {
    case extended_cdb_type:
      if (segment.length < 2)
        return broken(Rule::extended_cdb_length_is_valid, segment.byte, segment.length);
      if (!into.extended_cdb.empty())
        return broken(Rule::additional_header_comes_once, segment.byte + 2, type);
      into.extended_cdb = segment.bytes.subspan(prefix_bytes, segment.length - 1);
      return {};
    case bidirectional_type:
      if (segment.length != 5)
        return broken(Rule::bidirectional_length_has_four_bytes, segment.byte, segment.length);
      if (into.bidirectional_read_length)
        return broken(Rule::additional_header_comes_once, segment.byte + 2, type);
      into.bidirectional_read_length =
          static_cast<std::uint32_t>(wire::load<4>(segment.bytes, prefix_bytes));
      return {};
    default: return broken(Rule::additional_header_type_is_known, segment.byte + 2, type);
  }
}

void append_segment(wire::Bytes& area, std::uint8_t type, ByteView content) {
  const std::size_t start = area.size();
  area.resize(start + whole_length(content.size() + 1));
  wire::store<2>(area, start, content.size() + 1);
  area[start + 2] = std::byte{type};
  std::ranges::copy(content, area.begin() + static_cast<std::ptrdiff_t>(start + prefix_bytes));
}

}  // namespace

std::expected<AdditionalHeaders, Violation> decode_additional_headers(ByteView area) {
  AdditionalHeaders found;
  for (std::size_t at = 0; at < area.size();) {
    const auto segment = segment_at(area, at);
    if (!segment) return std::unexpected(segment.error());
    if (const auto taken = take(found, *segment); !taken) return std::unexpected(taken.error());
    at += segment->bytes.size();
  }
  return found;
}

std::vector<Violation> audit_additional_headers(ByteView area) {
  std::vector<Violation> breaches;
  for (std::size_t at = 0; at < area.size();) {
    const auto segment = segment_at(area, at);
    if (!segment) break;  // the decoder's business
    const ByteView bytes = segment->bytes;
    if (const auto found = extract(bytes, bits(2, 0, 2)); found != 0)
      breaches.push_back({Rule::reserved_bits_are_zero, segment->byte + 2, found});
    const std::uint8_t type = segment->type();
    const bool known = type == extended_cdb_type || type == bidirectional_type;
    if (known && segment->length > 0)
      if (const auto found = wire::load<1>(bytes, 3); found != 0)
        breaches.push_back({Rule::reserved_bits_are_zero, segment->byte + 3, found});
    for (std::size_t i = segment->length + 3; i < bytes.size(); ++i)
      if (const auto found = wire::load<1>(bytes, i); found != 0)
        breaches.push_back(
            {Rule::padding_is_zero, segment->byte + static_cast<std::uint32_t>(i), found});
    at += bytes.size();
  }
  return breaches;
}

wire::Bytes encode_additional_headers(const AdditionalHeaders& headers) {
  wire::Bytes area;
  if (!headers.extended_cdb.empty()) append_segment(area, extended_cdb_type, headers.extended_cdb);
  if (headers.bidirectional_read_length) {
    std::array<std::byte, 4> length{};
    wire::store_big(length, *headers.bidirectional_read_length);
    append_segment(area, bidirectional_type, length);
  }
  return area;
}

}  // namespace iscsi::pdu
