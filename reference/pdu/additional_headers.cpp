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

std::expected<void, Violation> take(AdditionalHeaders& into, ByteView segment, std::uint32_t byte) {
  const auto length = static_cast<std::size_t>(wire::load<2>(segment, 0));
  const auto type = std::to_integer<std::uint8_t>(segment[2]) & 0x3fU;  // bits 0-1 are reserved
  switch (type) {
    case extended_cdb_type:
      if (length < 2)
        return std::unexpected(Violation{Rule::extended_cdb_length_is_valid, byte, length});
      if (!into.extended_cdb.empty())
        return std::unexpected(Violation{Rule::additional_header_comes_once, byte + 2, type});
      into.extended_cdb = segment.subspan(prefix_bytes, length - 1);
      return {};
    case bidirectional_type:
      if (length != 5)
        return std::unexpected(Violation{Rule::additional_header_fits, byte, length});
      if (into.bidirectional_read_length)
        return std::unexpected(Violation{Rule::additional_header_comes_once, byte + 2, type});
      into.bidirectional_read_length =
          static_cast<std::uint32_t>(wire::load<4>(segment, prefix_bytes));
      return {};
    default:
      return std::unexpected(Violation{Rule::additional_header_type_is_known, byte + 2, type});
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
    const auto byte = static_cast<std::uint32_t>(bhs_bytes + at);
    const ByteView rest = area.subspan(at);
    if (rest.size() < prefix_bytes)
      return std::unexpected(Violation{Rule::additional_header_fits, byte, rest.size()});
    const std::uint64_t length = wire::load<2>(rest, 0);
    if (whole_length(length) > rest.size())
      return std::unexpected(Violation{Rule::additional_header_fits, byte, length});
    if (const auto taken = take(found, rest.first(whole_length(length)), byte); !taken)
      return std::unexpected(taken.error());
    at += whole_length(length);
  }
  return found;
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
