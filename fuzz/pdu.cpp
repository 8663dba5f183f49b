// Holds: the decoder refuses a PDU exactly if the audit lists a breach that is more than a note;
// what it accepts is encoded as it was, but for reserved bits; decoding that again changes nothing.

#include <algorithm>
#include <span>
#include <variant>
#include <vector>

#include "pdu/additional_headers.hpp"
#include "pdu/codec.hpp"
#include "support/entry.hpp"
#include "support/pdu_stream.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

using pdu::Frame;

bool is_only_noted(const Violation& violation) {
  return about(violation.rule).remedy.kind == Remedy::Kind::audit_only;
}

Frame frame_of(const InputPdu& pdu) {
  return {.header = pdu.header, .additional_headers = pdu.additional_headers, .data = pdu.data};
}

/// Header bits that may come back as zeros: those that the layout reserves, always or sometimes.
pdu::HeaderBytes reservable_bits(const pdu::Description& description) {
  pdu::HeaderBytes mask{};
  for (const pdu::Field& field : description.fields)
    if (field.kind == pdu::EntryKind::reserved || field.conditional)
      for (std::size_t bit = field.place.first_bit();
           bit < field.place.first_bit() + field.place.width; ++bit)
        mask[bit / 8] |= static_cast<std::byte>(0x80U >> bit % 8);
  return mask;
}

void check_header(const InputPdu& pdu, const pdu::HeaderBytes& encoded, bool reserved_bits_used) {
  if (!reserved_bits_used)
    return require(encoded == pdu.header, "a header without reserved bits is encoded as it was");
  const pdu::HeaderBytes reservable = reservable_bits(*pdu::describe(pdu.opcode()));
  for (std::size_t i = 0; i < pdu::bhs_bytes; ++i) {
    const std::byte changed = encoded[i] ^ pdu.header[i];
    require((changed & ~reservable[i]) == std::byte{}, "only reserved bits are changed");
    require((changed & encoded[i]) == std::byte{}, "and they become zeros");
  }
}

void check_additional_headers(const InputPdu& pdu) {
  const auto headers = pdu::decode_additional_headers(pdu.additional_headers);
  if (!headers) return;
  const wire::Bytes area = pdu::encode_additional_headers(*headers);
  const auto again = pdu::decode_additional_headers(area);
  require(again.has_value() && std::ranges::equal(again->extended_cdb, headers->extended_cdb) &&
              again->bidirectional_read_length == headers->bidirectional_read_length,
          "additional headers are read as they were written");
  require(pdu::audit_additional_headers(area).empty(), "and written without a breach");
  if (area.empty()) return;
  // The shortest has eight bytes: one of these leaves less of it than AHSLength and AHSType.
  for (const std::size_t cut : {1U, 5U})
    require(!pdu::decode_additional_headers(wire::ByteView{area}.first(area.size() - cut)),
            "and not read where they are cut");
}

template <class Decode>
void check_decoder(const InputPdu& pdu, std::span<const Violation> breaches, Decode decode) {
  const auto decoded = decode(frame_of(pdu));
  const bool sound = std::ranges::all_of(breaches, is_only_noted);
  require(decoded.has_value() == sound, "the decoder refuses what the audit finds wrong");
  if (!decoded) {
    require(!is_only_noted(decoded.error()), "no PDU is refused for what is only noted");
    require(std::ranges::find(breaches, decoded.error()) != breaches.end(),
            "the audit lists the reason of a refusal");
    return;
  }
  const bool reserved_bits_used = std::ranges::any_of(breaches, [](const Violation& breach) {
    return breach.rule == Rule::reserved_bits_are_zero && breach.byte < pdu::bhs_bytes;
  });
  InputPdu encoded = pdu;
  encoded.header = pdu::encode_header(*decoded, frame_of(pdu).lengths());
  check_header(pdu, encoded.header, reserved_bits_used);
  const auto again = decode(frame_of(encoded));
  require(again.has_value() && *again == *decoded, "decoding what was encoded changes nothing");
}

/// An operation code that is no request is refused as one, and the reverse.
template <class Decode>
void check_wrong_direction(const InputPdu& pdu, Decode decode) {
  require(!decode(frame_of(pdu)).has_value(), "the other side's PDUs are refused");
}

/// What the tables say of fields to those who only have bytes.
void check_fields(const InputPdu& pdu, std::span<const Violation> breaches,
                  const pdu::Description& description) {
  for (const pdu::Field& field : description.fields) {
    if (field.kind != pdu::EntryKind::field || field.conditional) continue;
    if (field.allows(pdu.field(field.place))) continue;
    const bool is_told = std::ranges::any_of(breaches, [&](const Violation& breach) {
      return breach.rule == field.rule && breach.byte == field.place.byte;
    });
    require(is_told, "a value that a field does not allow is told");
  }
}

/// What the table says does not depend on the input: once is enough.
bool check_table() {
  for (const pdu::Description& description : pdu::descriptions()) {
    for (const pdu::Field& field : description.fields)
      require(field.name.empty() || pdu::find_field(description, field.name) == &field,
              "a field is found by its name");
    require(pdu::find_field(description, "") == nullptr, "what has no name is not found");
    if (pdu::carries_text(description.opcode))
      require(description.name.starts_with("Login ") || description.name.starts_with("Text "),
              "text is in logins and text negotiations");
  }
  return true;
}

void check(const InputPdu& pdu) {
  const pdu::Description* description = pdu::describe(pdu.opcode());
  require(pdu::describe(pdu.opcode() | 0x40U) == nullptr, "an operation code has six bits");
  const bool from_target = pdu::is_from_target(pdu::Opcode{pdu.opcode()});
  if (description == nullptr || from_target) check_wrong_direction(pdu, pdu::decode_request);
  if (description == nullptr || !from_target) check_wrong_direction(pdu, pdu::decode_response);
  if (description == nullptr) return;
  const std::vector<Violation> breaches = pdu::audit(frame_of(pdu));
  if (from_target)
    check_decoder(pdu, breaches, pdu::decode_response);
  else
    check_decoder(pdu, breaches, pdu::decode_request);
  check_additional_headers(pdu);
  check_fields(pdu, breaches, *description);
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  [[maybe_unused]] static const bool table_is_right = check_table();
  for (const InputPdu& pdu : split(bytes_of(data, size), 64)) check(pdu);
  return 0;
}
