#include "conformance/proof/parcel.hpp"

#include <algorithm>

#include "wire/crc32c.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using iscsi::wire::no_tag;

namespace {

std::optional<Place> place_of(const Parcel& parcel, std::string_view name) {
  if (name == "Opcode") return iscsi::pdu::bits(0, 2, 6);
  if (name == "TotalAHSLength") return iscsi::pdu::bytes(4, 1);
  if (name == "DataSegmentLength") return iscsi::pdu::bytes(5, 3);
  const Description* pdu = describe(static_cast<std::uint8_t>(parcel.opcode()));
  const Field* field = pdu == nullptr ? nullptr : find_field(*pdu, name);
  if (field == nullptr || field->place.width > 64) return std::nullopt;
  return field->place;
}

void append_digest(Bytes& stream, std::size_t from, bool spoilt) {
  std::array<std::byte, iscsi::limits::digest_bytes> digest{};
  iscsi::wire::store_digest(
      digest, iscsi::wire::crc32c(ByteView{stream}.subspan(from)) ^ (spoilt ? 1U : 0U));
  stream.insert(stream.end(), digest.begin(), digest.end());
}

}  // namespace

Opcode Parcel::opcode() const { return static_cast<Opcode>(bits(iscsi::pdu::bits(0, 2, 6))); }
std::uint64_t Parcel::bits(Place place) const { return extract(header, place); }
void Parcel::set_bits(Place place, std::uint64_t value) { insert(header, place, value); }

std::uint64_t Parcel::field(std::string_view name) const {
  if (name == "DataSegmentLength") return data.size();
  const auto place = place_of(*this, name);
  return place ? bits(*place) : 0;
}

void Parcel::set(std::string_view name, std::uint64_t value) {
  if (name == "DataSegmentLength") told = value;
  if (name == "StatSN") keeps_stat_sn = true;
  if (const auto place = place_of(*this, name)) set_bits(*place, value);
}

std::string_view Parcel::text() const { return iscsi::wire::as_text(data); }
void Parcel::set_text(std::string_view text) {
  const ByteView bytes = iscsi::wire::as_bytes(text);
  data.assign(bytes.begin(), bytes.end());
}

Parcel open_parcel(const Frame& frame) {
  Parcel parcel{
      .additional_headers = {frame.additional_headers.begin(), frame.additional_headers.end()},
      .data = {frame.data.begin(), frame.data.end()}};
  std::ranges::copy(frame.header, parcel.header.begin());
  return parcel;
}

std::optional<Parcel> open_parcel(ByteView bytes, Digests digests) {
  const FrameLimits limits{.data = iscsi::limits::data_segment_bytes, .digests = digests};
  auto framing = next_frame(bytes, limits);
  Bytes mended;
  const auto* broken = std::get_if<iscsi::Violation>(&framing);
  const bool wrong_header = broken != nullptr && broken->rule == iscsi::Rule::header_digest_matches;
  if (wrong_header) {
    mended.assign(bytes.begin(), bytes.end());
    const std::size_t covered = bhs_bytes + lengths_of(bytes.first<bhs_bytes>()).additional_headers;
    iscsi::wire::store_digest(
        std::span{mended}.subspan(covered).first<iscsi::limits::digest_bytes>(),
        iscsi::wire::crc32c(bytes.first(covered)));
    framing = next_frame(mended, limits);
  }
  const auto* framed = std::get_if<Framed>(&framing);
  if (framed == nullptr || framed->consumed != bytes.size()) return std::nullopt;
  Parcel parcel = open_parcel(framed->frame);
  parcel.spoilt_header_digest = wrong_header;
  parcel.spoilt_data_digest = !framed->data_intact;
  return parcel;
}

Bytes seal(const Parcel& parcel, Digests digests) {
  HeaderBytes header = parcel.header;
  insert(header, iscsi::pdu::bytes(4, 1), parcel.additional_headers.size() / 4);
  insert(header, iscsi::pdu::bytes(5, 3), parcel.told.value_or(parcel.data.size()));
  Bytes stream{header.begin(), header.end()};
  stream.insert(stream.end(), parcel.additional_headers.begin(), parcel.additional_headers.end());
  if (digests.header && !parcel.unsealed) append_digest(stream, 0, parcel.spoilt_header_digest);
  if (!parcel.data.empty()) {
    const std::size_t from = stream.size();
    stream.insert(stream.end(), parcel.data.begin(), parcel.data.end());
    stream.resize(stream.size() + iscsi::wire::padding(parcel.data.size()), parcel.padding);
    if (digests.data && !parcel.unsealed) append_digest(stream, from, parcel.spoilt_data_digest);
  }
  if (parcel.kept && *parcel.kept < stream.size()) stream.resize(*parcel.kept);
  return stream;
}

bool uses_stat_sn(const Parcel& parcel) {
  switch (parcel.opcode()) {
    case Opcode::ready_to_transfer: return false;
    case Opcode::nop_in: return parcel.field("InitiatorTaskTag") != no_tag;
    case Opcode::data_in: return parcel.field("S") != 0;
    default: return is_from_target(parcel.opcode());
  }
}

bool shows_stat_sn(const Parcel& parcel) {
  return is_from_target(parcel.opcode()) &&
         (parcel.opcode() != Opcode::data_in || parcel.field("S") != 0);
}

}  // namespace conformance::proof
