#include "conformance/report/print.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "conformance/model/anatomy.hpp"
#include "conformance/report/markup.hpp"
#include "pdu/codec.hpp"
#include "text/grammar.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::ByteView;

namespace {

constexpr std::size_t most_bytes_shown = 512;
constexpr std::size_t bytes_per_line = 16;

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

void append_hexadecimal(std::string& out, ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    out += digits[std::to_integer<unsigned>(byte) >> 4U];
    out += digits[std::to_integer<unsigned>(byte) & 15U];
  }
}

/// Tags, numbers of the numbering schemes and codes, as protocol analysers write them.
void append_as_code(std::string& out, std::uint64_t value) {
  if (value >= 10) out += "0x";
  append_number(out, value, 16);
}

/// What is counted in bytes, PDUs or seconds.
bool is_quantity(std::string_view name) {
  constexpr auto ends =
      std::to_array<std::string_view>({"Length", "Offset", "Count", "Time2Wait", "Time2Retain"});
  return std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); });
}

/// `value` is that of `field` in `header`, if it is a number.
void append_value(std::string& out, const Field& field, ByteView header, std::uint64_t value) {
  if (field.kind == EntryKind::opaque)
    return append_hexadecimal(out, header.subspan(field.place.byte, field.place.width / 8U));
  for (const Code& code : field.codes)
    if (value >= code.first && value <= code.last) {
      append_as_code(out, value);
      ((out += " (") += code.name) += ')';
      return;
    }
  if (is_quantity(field.name))
    append_number(out, value);
  else
    append_as_code(out, value);
}

bool is_pdu(const Record& record) {
  return record.kind == Record::Kind::sent || record.kind == Record::Kind::received ||
         is_unreadable(record);
}

/// Calls `take` with every field that is to be shown, and with its value, if that is a number.
template <class Take>
void for_each_shown(ByteView header, const Description* pdu, Fields fields, Take take) {
  if (pdu == nullptr) return;
  for (const Field& field : pdu->fields) {
    if (field.name.empty()) continue;
    const bool opaque = field.kind == EntryKind::opaque;
    const std::uint64_t value = opaque ? 0 : extract(header, field.place);
    const bool telling = opaque || ((value != 0 || !field.codes.empty()) &&
                                    (field.kind != EntryKind::fixed || value != field.value));
    if (telling || fields == Fields::all) take(field, value);
  }
}

std::uint64_t data_length(ByteView header) { return extract(header, iscsi::pdu::bytes(5, 3)); }

std::vector<ShownField> fields_of(ByteView header, const Description* pdu, Fields fields) {
  std::vector<ShownField> shown;
  for_each_shown(header, pdu, fields, [&](const Field& field, std::uint64_t value) {
    std::string text;
    append_value(text, field, header, value);
    shown.push_back(
        {std::string{field.name}, std::move(text), field.place.byte, field.place.last_byte()});
  });
  if (const std::uint64_t data = data_length(header); data != 0)
    shown.push_back({"DataSegmentLength", std::to_string(data), 5, 7});
  return shown;
}

/// What a byte behind the basic header segment belongs to; empty if to nothing.
std::string part_behind_header(ByteView bytes, std::uint32_t byte) {
  const Anatomy anatomy = dissect_beginning(bytes);
  const std::array<std::pair<ByteView, std::string_view>, 5> parts{
      {{anatomy.additional_headers, "additional header segments"},
       {anatomy.header_digest, "header digest"},
       {anatomy.data, "data segment, byte "},
       {anatomy.padding, "padding"},
       {anatomy.data_digest, "data digest"}}};
  for (const auto& [part, name] : parts) {
    const auto start = static_cast<std::size_t>(part.data() - bytes.data());
    if (part.empty() || byte < start || byte >= start + part.size()) continue;
    return std::string{name} + (name.ends_with(' ') ? std::to_string(byte - start) : "");
  }
  return {};
}

void append_data(std::string& out, ByteView data) {
  const ByteView shown = data.first(std::min(data.size(), most_bytes_shown));
  for (std::size_t at = 0; at < shown.size(); at += bytes_per_line) {
    const ByteView line = shown.subspan(at, std::min(bytes_per_line, shown.size() - at));
    out += "        ";
    append_hexadecimal(out, line);
    out += '\n';
  }
  if (shown.size() < data.size())
    out += "        and " + std::to_string(data.size() - shown.size()) + " bytes more\n";
}

void append_name(std::string& out, const Description* pdu, std::uint8_t opcode) {
  if (pdu != nullptr) {
    out += pdu->name;
  } else {
    out += "operation code 0x";
    append_number(out, opcode, 16);
  }
}

/// The name, and the fields that say something, without making them values first: captures have
/// millions of PDUs.
void append_pdu(std::string& out, const Record& record, std::string_view task) {
  const ByteView header = record.bytes;
  if (header.size() < bhs_bytes) {
    append_number(out, header.size());
    out += " bytes";
    return;
  }
  const std::uint8_t opcode = std::to_underlying(opcode_of(header));
  const Description* pdu = describe(opcode);
  append_name(out, pdu, opcode);
  if (!task.empty()) ((out += " [") += task) += ']';
  for_each_shown(header, pdu, Fields::telling, [&](const Field& field, std::uint64_t value) {
    ((out += ' ') += field.name) += '=';
    append_value(out, field, header, value);
  });
  if (const std::uint64_t data = data_length(header); data != 0) {
    out += " DataSegmentLength=";
    append_number(out, data);
  }
}

void append_line(std::string& out, const Record& record, std::string_view task) {
  using Kind = Record::Kind;
  const bool from_initiator = record.kind == Kind::sent || record.kind == Kind::unreadable_sent;
  out += !is_pdu(record) ? "-- " : from_initiator ? "-> " : "<- ";
  append_number(out, record.connection);
  out += ' ';
  if (!is_pdu(record)) {
    out += event_text(record);
    return;
  }
  if (is_unreadable(record)) {
    out += "not readable: ";
    if (record.violation) out += iscsi::about(record.violation->rule).slug;
    out += ' ';
  }
  append_pdu(out, record, task);
  if (record.kind == Kind::sent && record.damaged) out += " [spoilt]";
}

}  // namespace

ShownPdu show(const Record& record, Fields fields) {
  const ByteView bytes = record.bytes;
  ShownPdu shown;
  if (bytes.size() < bhs_bytes) {
    shown.name = std::to_string(bytes.size()) + " bytes";
    return shown;
  }
  const std::uint8_t opcode = std::to_underlying(opcode_of(bytes));
  const Description* pdu = describe(opcode);
  append_name(shown.name, pdu, opcode);
  shown.fields = fields_of(bytes, pdu, fields);
  shown.data = dissect_beginning(bytes).data;
  if (!carries_text(opcode_of(bytes))) return shown;
  const auto start = static_cast<std::size_t>(shown.data.data() - bytes.data());
  if (const auto pairs = iscsi::text::split(iscsi::wire::as_text(shown.data)))
    for (const auto& pair : *pairs) {
      const auto first = static_cast<std::uint32_t>(start + pair.byte);
      const auto bytes_shown = static_cast<std::uint32_t>(pair.key.size() + pair.value.size() + 1);
      shown.text.push_back(
          {printable(pair.key), printable(pair.value), first, first + bytes_shown - 1});
    }
  return shown;
}

Stretch stretch_at(const Record& record, std::uint32_t byte) {
  const ByteView bytes = record.bytes;
  Stretch alone{.name = {}, .first_byte = byte, .last_byte = byte};
  if (bytes.size() < bhs_bytes) return alone;
  if (byte == 0) return {"operation code", 0, 0};
  if (byte == 4) return {"TotalAHSLength", 4, 4};
  if (byte >= 5 && byte <= 7) return {"DataSegmentLength", 5, 7};
  if (byte < bhs_bytes) {
    const Description* pdu = describe(opcode_of(bytes));
    if (pdu == nullptr) return alone;
    // Fields that share the byte are a place of several names: the byte itself is the place.
    const Field* only = nullptr;
    std::size_t sharing = 0;
    for (const Field& field : pdu->fields)
      if (field.place.byte <= byte && byte <= field.place.last_byte()) {
        only = &field;
        ++sharing;
      }
    if (sharing != 1 || only == nullptr) return alone;
    const std::string_view name = only->name.empty() ? "reserved" : only->name;
    return {std::string{name}, only->place.byte, only->place.last_byte()};
  }
  const ShownPdu shown = show(record);
  for (const ShownField& key : shown.text)
    if (byte >= key.first_byte && byte <= key.last_byte)
      return {key.name, key.first_byte, key.last_byte};
  return {part_behind_header(bytes, byte), byte, byte};
}

std::string print_place(const Record& record, std::optional<std::uint32_t> byte) {
  if (!byte) return {};
  const Stretch stretch = stretch_at(record, *byte);
  return ", byte " + std::to_string(*byte) +
         (stretch.name.empty() ? "" : " (" + stretch.name + ")");
}

std::string title_of(const Record& record) {
  return is_pdu(record) ? show(record).name : std::string{event_text(record)};
}

std::string_view event_text(const Record& record) {
  if (record.kind == Record::Kind::left && record.midway)
    return "the connection is over, its end is not in the capture";
  switch (record.kind) {
    case Record::Kind::opened: return "connection opened";
    case Record::Kind::ended: return "the target ended the connection";
    case Record::Kind::broken: return "the target reset the connection";
    case Record::Kind::left: return "the initiator ended the connection";
    case Record::Kind::left_by_reset: return "the initiator reset the connection";
    case Record::Kind::lost: return "bytes of the target are missing";
    case Record::Kind::lost_sent: return "bytes of the initiator are missing";
    case Record::Kind::sent:
    case Record::Kind::received:
    case Record::Kind::unreadable:
    case Record::Kind::unreadable_sent: break;
  }
  return {};
}

std::string print_line(const Record& record, std::string_view task) {
  std::string line;
  append_line(line, record, task);
  return line;
}

void append_packet_line(std::string& out, const Record& record, std::string_view task) {
  append_number(out, record.at_us / 1'000'000);
  out += '.';
  const std::size_t digits = out.size();
  append_number(out, record.at_us % 1'000'000 + 1'000'000);
  out.erase(digits, 1);
  if (record.packet != 0) {
    out += " #";
    append_number(out, record.packet);
  }
  out += ' ';
  append_line(out, record, task);
  if (record.midway && record.kind == Record::Kind::opened) out += ", before the capture began";
  if (!record.holes.empty()) out += " [not whole]";
}

void append_details(std::string& out, const Record& record) {
  if (record.bytes.size() < bhs_bytes) return;
  const ShownPdu pdu = show(record, Fields::all);
  for (const ShownField& field : pdu.fields) {
    const std::string bytes =
        field.first_byte == field.last_byte
            ? std::to_string(field.first_byte)
            : std::to_string(field.first_byte) + "-" + std::to_string(field.last_byte);
    out += "    " + bytes + std::string(bytes.size() < 8 ? 8 - bytes.size() : 1, ' ') +
           field.print() + "\n";
  }
  for (const ShownField& key : pdu.text) out += "        " + key.print() + "\n";
  if (pdu.text.empty()) append_data(out, pdu.data);
  for (const Hole& hole : record.holes)
    out += "        bytes " + std::to_string(hole.offset) + "-" +
           std::to_string(std::uint64_t{hole.offset} + hole.length - 1) +
           " are not in the capture\n";
}

std::string print_record(const Record& record, std::size_t number) {
  std::string out = std::to_string(number) + "  " + std::to_string(record.at_us) + " us  " +
                    print_line(record) + "\n";
  if (record.bytes.size() < bhs_bytes) return out;
  const ShownPdu pdu = show(record);
  for (const ShownField& key : pdu.text) out += "        " + key.print() + "\n";
  if (pdu.text.empty()) append_data(out, pdu.data);
  return out;
}

}  // namespace conformance
