#include "conformance/report/print.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "pdu/codec.hpp"
#include "text/grammar.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::ByteView;

namespace {

constexpr std::size_t most_bytes_shown = 512;
constexpr std::size_t bytes_per_line = 16;

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string{digits.data(), end};
}

std::string value_text(const Field& field, std::uint64_t value) {
  for (const Code& code : field.codes)
    if (value >= code.first && value <= code.last)
      return std::to_string(value) + " (" + std::string{code.name} + ")";
  return value < 10 ? std::to_string(value) : hexadecimal(value);
}

std::string opaque_text(ByteView bytes) { return iscsi::text::encode_hexadecimal(bytes).substr(2); }

std::string fields_text(ByteView header, const Description& pdu) {
  std::string text;
  for (const Field& field : pdu.fields) {
    if (field.name.empty()) continue;
    if (field.kind == EntryKind::opaque) {
      const ByteView bytes = header.subspan(field.place.byte, field.place.width / 8U);
      text += " " + std::string{field.name} + "=" + opaque_text(bytes);
      continue;
    }
    const std::uint64_t value = extract(header, field.place);
    const bool telling = value != 0 || !field.codes.empty();
    if (telling && !(field.kind == EntryKind::fixed && value == field.value))
      text += " " + std::string{field.name} + "=" + value_text(field, value);
  }
  return text;
}

std::string pdu_text(ByteView bytes) {
  if (bytes.size() < bhs_bytes) return std::to_string(bytes.size()) + " bytes";
  const auto opcode = static_cast<std::uint8_t>(extract(bytes, bits(0, 2, 6)));
  const Description* pdu = describe(opcode);
  std::string text = pdu == nullptr ? "operation code " + hexadecimal(opcode)
                                    : std::string{pdu->name} + fields_text(bytes, *pdu);
  const std::uint64_t data = extract(bytes, iscsi::pdu::bytes(5, 3));
  if (data != 0) text += " DataSegmentLength=" + std::to_string(data);
  return text;
}

/// Where the data segment lies; digests before it shift it by four bytes.
ByteView data_of(ByteView bytes) {
  if (bytes.size() < bhs_bytes) return {};
  const std::size_t length = extract(bytes, iscsi::pdu::bytes(5, 3));
  const std::size_t headers = bhs_bytes + extract(bytes, iscsi::pdu::bytes(4, 1)) * 4;
  const std::size_t padded = length + iscsi::wire::padding(length);
  const bool header_digest =
      bytes.size() >= headers + padded + 8 || (length == 0 && bytes.size() >= headers + 4);
  const std::size_t start = headers + (header_digest ? 4 : 0);
  if (length == 0 || start >= bytes.size()) return {};
  return bytes.subspan(start, std::min(length, bytes.size() - start));
}

void append_hexadecimal(std::string& out, ByteView data) {
  const ByteView shown = data.first(std::min(data.size(), most_bytes_shown));
  for (std::size_t at = 0; at < shown.size(); at += bytes_per_line) {
    const ByteView line = shown.subspan(at, std::min(bytes_per_line, shown.size() - at));
    out += "        " + opaque_text(line) + "\n";
  }
  if (shown.size() < data.size())
    out += "        and " + std::to_string(data.size() - shown.size()) + " bytes more\n";
}

bool carries_text(ByteView bytes) {
  const auto opcode = static_cast<Opcode>(extract(bytes, bits(0, 2, 6)));
  return opcode == Opcode::login_request || opcode == Opcode::login_response ||
         opcode == Opcode::text_request || opcode == Opcode::text_response;
}

}  // namespace

std::string print_line(const Record& record) {
  const std::string connection = " " + std::to_string(record.connection) + " ";
  switch (record.kind) {
    case Record::Kind::opened: return "--" + connection + "connection opened";
    case Record::Kind::sent:
      return "->" + connection + pdu_text(record.bytes) + (record.damaged ? " [spoilt]" : "");
    case Record::Kind::received: return "<-" + connection + pdu_text(record.bytes);
    case Record::Kind::unreadable:
      return "<-" + connection + "not readable: " +
             std::string{record.violation ? iscsi::about(record.violation->rule).slug : ""} + " " +
             pdu_text(record.bytes);
    case Record::Kind::ended: return "--" + connection + "the target ended the connection";
    case Record::Kind::broken: return "--" + connection + "the target reset the connection";
    case Record::Kind::left: return "--" + connection + "the initiator ended the connection";
  }
  return {};
}

std::string print_record(const Record& record, std::size_t number) {
  std::string out = std::to_string(number) + "  " + std::to_string(record.at_us) + " us  " +
                    print_line(record) + "\n";
  if (record.bytes.size() < bhs_bytes) return out;
  const ByteView data = data_of(record.bytes);
  if (carries_text(record.bytes)) {
    if (const auto pairs = iscsi::text::split(iscsi::wire::as_text(data))) {
      for (const auto& pair : *pairs)
        out += "        " + std::string{pair.key} + "=" + std::string{pair.value} + "\n";
      return out;
    }
  }
  append_hexadecimal(out, data);
  return out;
}

}  // namespace conformance
