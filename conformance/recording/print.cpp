#include <algorithm>

#include "conformance/model/anatomy.hpp"
#include "conformance/recording/payload.hpp"
#include "conformance/recording/recording.hpp"
#include "conformance/recording/words.hpp"
#include "conformance/story/data.hpp"
#include "text/grammar.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::pdu::EntryKind;
using iscsi::pdu::Field;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using iscsi::wire::no_tag;
using json::Array;
using json::Object;
using json::Value;

namespace {

/// The command by name and fields, if that gives the very bytes.
std::optional<Value> named_cdb(ByteView cdb) {
  for (const CommandForm& form : scsi_commands()) {
    if (std::byte{form.operation_code} != cdb[0]) continue;
    std::array<std::byte, 16> again{std::byte{form.operation_code},
                                    std::byte{form.service_action.value_or(0)}};
    Object fields;
    for (const CdbField& field : form.fields) {
      if (field.name.empty()) continue;
      const std::uint64_t value = iscsi::wire::load_big(cdb.subspan(field.byte, field.bytes));
      iscsi::wire::store_big(std::span{again}.subspan(field.byte, field.bytes), value);
      if (value != 0) fields.push_back({std::string{field.name}, json::number(value)});
    }
    if (std::ranges::equal(again, cdb))
      return json::object({{std::string{form.name}, json::object(std::move(fields))}});
  }
  return std::nullopt;
}

Value print_cdb(ByteView cdb) {
  if (auto named = named_cdb(cdb)) return *std::move(named);
  std::size_t length = cdb.size();
  while (length > 1 && cdb[length - 1] == std::byte{0}) --length;
  return json::text(literal(cdb.first(length)));
}

/// The fields that are not zero, and in `again` the header that they make.
Object print_fields(const Anatomy& parts, Bytes& again) {
  Object fields;
  for (const Field& field : parts.pdu()->fields) {
    if (field.kind == EntryKind::fixed) insert(again, field.place, field.value);
    if (field.kind == EntryKind::opaque) {
      const ByteView bytes = parts.header.subspan(field.place.byte, field.place.width / 8U);
      std::ranges::copy(bytes, again.begin() + field.place.byte);
      if (std::ranges::any_of(bytes, [](std::byte byte) { return byte != std::byte{0}; }))
        fields.push_back({std::string{field.name}, print_cdb(bytes)});
    }
    if (field.kind != EntryKind::field) continue;
    const std::uint64_t value = extract(parts.header, field.place);
    if (value == 0) continue;
    insert(again, field.place, value);
    const bool none = field.name.ends_with("Tag") && value == no_tag;
    fields.push_back({std::string{field.name}, none ? json::text("none") : json::number(value)});
  }
  return fields;
}

Value bits_of(std::size_t byte, ByteView header) {
  return json::object(
      {{"bits", json::array({json::number(byte), json::number(0), json::number(8)})},
       {"is", json::number(std::to_integer<std::uint64_t>(header[byte]))}});
}

void print_digest(Array& but, ByteView digest, ByteView covered, std::string_view name) {
  if (digest.empty() || iscsi::wire::crc32c(covered) == iscsi::wire::load_digest(digest)) return;
  but.push_back(json::object({{"digest", json::text(name)}, {"is", json::text(literal(digest))}}));
}

/// What the layout tables have no word for.
Array print_rest(const Anatomy& parts, const Bytes& again, ByteView whole) {
  Array but;
  for (std::size_t i = 0; i < again.size(); ++i)
    if ((i < 4 || i > 7) && again[i] != parts.header[i]) but.push_back(bits_of(i, parts.header));
  if (std::ranges::any_of(parts.padding, [](std::byte byte) { return byte != std::byte{0}; }))
    but.push_back(json::object({{"padding", json::text(literal(parts.padding))}}));
  const std::size_t headers = parts.header.size() + parts.additional_headers.size();
  print_digest(but, parts.header_digest, whole.first(headers), "header");
  if (!parts.data_digest.empty())
    print_digest(but, parts.data_digest,
                 whole.subspan(headers + parts.header_digest.size(),
                               parts.data.size() + parts.padding.size()),
                 "data");
  return but;
}

/// The data as `key=value` lines, if it is nothing else.
std::optional<Array> lines_of(const Anatomy& parts) {
  using iscsi::pdu::Opcode;
  const auto opcode = static_cast<Opcode>(parts.opcode());
  if (opcode != Opcode::login_request && opcode != Opcode::login_response &&
      opcode != Opcode::text_request && opcode != Opcode::text_response)
    return std::nullopt;
  std::string_view text = iscsi::wire::as_text(parts.data);
  if (text.empty() || text.back() != '\0' || !iscsi::text::is_utf8(text)) return std::nullopt;
  Array lines;
  for (; !text.empty(); text.remove_prefix(text.find('\0') + 1))
    lines.push_back(json::text(text.substr(0, text.find('\0'))));
  return lines;
}

class Printer {
 public:
  Value print(const Record& record) {
    Object step;
    const std::optional<Anatomy> parts = is_pdu(record) ? dissect(record.bytes) : std::nullopt;
    if (parts && parts->pdu() != nullptr) {
      print_pdu(step, record, *parts);
    } else {
      Object what;
      if (!record.bytes.empty()) what.push_back({"bytes", json::text(literal(record.bytes))});
      step.push_back({std::string{word_for(record.kind)}, json::object(std::move(what))});
    }
    print_circumstances(step, record);
    ++number_;
    return json::object(std::move(step));
  }

 private:
  static bool is_pdu(const Record& record) {
    return record.kind == Record::Kind::sent || record.kind == Record::Kind::received;
  }

  void print_pdu(Object& step, const Record& record, const Anatomy& parts) {
    Bytes again(parts.header.size());
    again[0] = std::byte{parts.opcode()};
    Object what;
    what.push_back({std::string{parts.pdu()->name}, json::object(print_fields(parts, again))});
    if (!parts.additional_headers.empty())
      what.push_back({"ahs", json::text(literal(parts.additional_headers))});
    if (auto lines = lines_of(parts))
      what.push_back({"text", json::array(*std::move(lines))});
    else if (!parts.data.empty())
      what.push_back({"data", payload_.write(parts.data, number_)});
    Array digests;
    if (!parts.header_digest.empty()) digests.push_back(json::text("header"));
    if (!parts.data_digest.empty()) digests.push_back(json::text("data"));
    if (!digests.empty()) what.push_back({"digests", json::array(std::move(digests))});
    step.push_back({std::string{word_for(record.kind)}, json::object(std::move(what))});
    Array but = print_rest(parts, again, record.bytes);
    if (!but.empty()) step.push_back({"but", json::array(std::move(but))});
  }

  static void print_circumstances(Object& step, const Record& record) {
    if (record.violation)
      step.push_back(
          {"because", json::object({{"rule", json::text(iscsi::about(record.violation->rule).slug)},
                                    {"byte", json::number(record.violation->byte)},
                                    {"found", json::number(record.violation->found)}})});
    Array holes;
    for (const Hole& hole : record.holes)
      holes.push_back(json::array({json::number(hole.offset), json::number(hole.length)}));
    if (!holes.empty()) step.push_back({"missing", json::array(std::move(holes))});
    if (record.damaged) step.push_back({"damaged", json::boolean(true)});
    if (record.midway) step.push_back({"midway", json::boolean(true)});
    if (record.connection != 0) step.push_back({"on", json::number(record.connection)});
    step.push_back({"at", json::number(record.at_us)});
    if (record.packet != 0) step.push_back({"packet", json::number(record.packet)});
  }

  PayloadWriter payload_;
  std::size_t number_ = 0;
};

void print_member(std::string& out, std::string_view name, const Value& value) {
  out += "  \"" + std::string{name} + "\": " + json::print_line(value) + ",\n";
}

void print_secret(std::string& out, std::string_view name, const std::optional<Secret>& secret) {
  if (!secret) return;
  print_member(
      out, name,
      json::object({{"name", json::text(secret->name)}, {"secret", json::text(secret->secret)}}));
}

}  // namespace

std::string print_recording(const Recording& recording) {
  std::string out = "{\n";
  print_member(out, "version", json::number(recording_version));
  print_member(out, "claim", json::text(recording.claim));
  print_member(out, "origin", json::text(name_of(recording.origin)));
  print_member(out, "source", json::text(recording.source));
  print_member(out, "initiator", json::text(recording.initiator));
  print_member(out, "target", json::text(recording.target));
  if (!recording.note.empty()) print_member(out, "note", json::text(recording.note));
  print_secret(out, "secret", recording.secret);
  print_secret(out, "target-secret", recording.target_secret);
  Array doubts;
  for (const Doubt& doubt : recording.doubtful)
    doubts.push_back(json::object(
        {{"record", json::number(doubt.record)}, {"because", json::text(doubt.because)}}));
  if (!doubts.empty()) print_member(out, "doubtful", json::array(std::move(doubts)));
  Array connections;
  for (const Endpoints& ends : recording.connections)
    connections.push_back(json::object(
        {{"initiator", json::text(ends.initiator)}, {"target", json::text(ends.target)}}));
  print_member(out, "connections", json::array(std::move(connections)));
  out += "  \"recorded\": [";
  Printer printer;
  for (std::size_t i = 0; i < recording.transcript.size(); ++i)
    out +=
        (i == 0 ? "\n    " : ",\n    ") + json::print_line(printer.print(recording.transcript[i]));
  out += "\n  ]\n}\n";
  return out;
}

}  // namespace conformance
