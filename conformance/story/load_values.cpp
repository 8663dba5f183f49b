#include "conformance/story/load_values.hpp"

#include <algorithm>

namespace conformance {

using iscsi::pdu::Code;
using iscsi::pdu::Description;
using iscsi::pdu::Field;
using iscsi::wire::Bytes;

namespace {

constexpr std::array<Code, 8> statuses{{{0x00, "GOOD"},
                                        {0x02, "CHECK CONDITION"},
                                        {0x04, "CONDITION MET"},
                                        {0x08, "BUSY"},
                                        {0x18, "RESERVATION CONFLICT"},
                                        {0x28, "TASK SET FULL"},
                                        {0x30, "ACA ACTIVE"},
                                        {0x40, "TASK ABORTED"}}};

/// The fields that every header has and no layout table holds (10.2.1).
constexpr std::array<NamedField, 3> framer_fields{
    {{"Opcode", iscsi::pdu::bits(0, 2, 6), {}},
     {"TotalAHSLength", iscsi::pdu::bytes(4, 1), {}},
     {"DataSegmentLength", iscsi::pdu::bytes(5, 3), {}}}};

bool is_scsi_status(const Field& field) { return field.name == "Status" && field.place.width == 8; }

const Code* find_code(std::span<const Code> codes, std::string_view word) {
  const auto found = std::ranges::find(codes, word, &Code::name);
  return found == codes.end() ? nullptr : &*found;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string read_template(const Reader& at, std::string_view text) {
  if (const auto names = names_in(text); !names)
    at.refuse("text with $names (" + names.error() + ")");
  return std::string{text};
}

namespace {

DataRecipe::Part read_part(const Reader& at) {
  if (at.is_text()) {
    const std::string& text = at.text();
    if (text.starts_with("text:")) return DataRecipe::Template{read_template(at, text.substr(5))};
    if (text.starts_with("hex:")) return DataRecipe::Literal{read_hexadecimal(at, text.substr(4))};
    if (text.starts_with('$')) return DataRecipe::Captured{text.substr(1)};
    at.refuse("data that begins with \"text:\", \"hex:\" or \"$\"");
  }
  if (at.get("pattern")) {
    at.allow_only({"pattern", "from", "length"});
    const auto from = at.get("from");
    return DataRecipe::Pattern{.seed = read_expression(at.need("pattern")),
                               .from = from ? read_expression(*from) : Expression{0U},
                               .length = read_expression(at.need("length"))};
  }
  at.allow_only({"fill", "length"});
  return DataRecipe::Fill{.byte = read_expression(at.need("fill")),
                          .length = read_expression(at.need("length"))};
}

}  // namespace

std::span<const Code> scsi_statuses() { return statuses; }

NamedField read_field_name(const Reader& at, const Description& pdu, std::string_view name) {
  std::string names;
  for (const Field& field : pdu.fields) {
    if (field.name.empty()) continue;
    if (field.name == name)
      return {field.name, field.place, is_scsi_status(field) ? scsi_statuses() : field.codes};
    names += std::string{field.name} + ", ";
  }
  for (const NamedField& field : framer_fields) {
    if (field.name == name) return field;
    names += std::string{field.name} + ", ";
  }
  at.refuse("a field of " + std::string{pdu.name} + " (" + names.substr(0, names.size() - 2) + ")");
}

Expression read_expression(const Reader& at, const NamedField& field) {
  if (const auto* number = at.value().as<std::uint64_t>()) return Expression{*number};
  if (const auto* flag = at.value().as<bool>()) return Expression{*flag ? 1U : 0U};
  if (!at.is_text()) at.refuse_kind("a number, true or false, or a string");
  const std::string& text = at.text();
  if (text == "none") return Expression{~std::uint64_t{0}};
  if (const Code* code = find_code(field.codes, text)) return Expression{code->first};
  auto expression = Expression::parse(text);
  if (expression) return *std::move(expression);
  std::string words;
  for (const Code& code : field.codes) words += ", \"" + std::string{code.name} + "\"";
  at.refuse("a number, a $name" + words + " (" + expression.error() + ")");
}

Match read_match(const Reader& at, const NamedField& field) {
  if (!at.is_object()) return {Match::Is{read_expression(at, field)}};
  at.allow_only({"not", "in", "from", "to"});
  if (const auto value = at.get("not")) return {Match::Not{read_expression(*value, field)}};
  if (const auto list = at.get("in")) {
    Match::OneOf one_of;
    for (const Reader& item : list->items()) one_of.values.push_back(read_expression(item, field));
    return {std::move(one_of)};
  }
  return {Match::Between{read_expression(at.need("from"), field),
                         read_expression(at.need("to"), field)}};
}

Bytes read_hexadecimal(const Reader& at, std::string_view digits) {
  Bytes bytes;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ') continue;
    const int value = digit_value(c);
    if (value < 0) at.refuse("hexadecimal digits and spaces");
    if (high >= 0) bytes.push_back(static_cast<std::byte>(high * 16 + value));
    high = high >= 0 ? -1 : value;
  }
  if (high >= 0) at.refuse("an even number of hexadecimal digits");
  return bytes;
}

DataRecipe read_data(const Reader& at) {
  DataRecipe recipe;
  if (!at.is_array()) return {{read_part(at)}};
  for (const Reader& item : at.items()) recipe.parts.push_back(read_part(item));
  return recipe;
}

DataRecipe read_lines(const Reader& at) {
  DataRecipe recipe;
  for (const Reader& line : at.items()) {
    std::string text = read_template(line, line.text());
    text.push_back('\0');
    recipe.parts.emplace_back(DataRecipe::Template{std::move(text)});
  }
  return recipe;
}

CdbRecipe read_cdb(const Reader& at) {
  CdbRecipe recipe;
  if (at.is_text()) {
    if (!at.text().starts_with("hex:")) at.refuse("a named CDB or \"hex:\" and 16 bytes at most");
    const Bytes bytes = read_hexadecimal(at, std::string_view{at.text()}.substr(4));
    if (bytes.size() > recipe.bytes.size()) at.refuse("16 bytes at most");
    std::ranges::copy(bytes, recipe.bytes.begin());
    return recipe;
  }
  const auto members = at.members();
  if (members.size() != 1) at.refuse("one named CDB");
  const auto& [name, fields] = members.front();
  const CommandForm* command = find_command(name);
  if (command == nullptr) {
    std::string names;
    for (const CommandForm& known : scsi_commands()) names += std::string{known.name} + ", ";
    fields.refuse("one of the commands " + names.substr(0, names.size() - 2));
  }
  recipe.bytes[0] = std::byte{command->operation_code};
  recipe.bytes[1] = std::byte{command->service_action.value_or(0)};
  for (const auto& [field_name, value] : fields.members()) {
    const CdbField* field = find_cdb_field(*command, field_name);
    if (field == nullptr) value.refuse("a field of " + name);
    recipe.settings.push_back({*field, read_expression(value)});
  }
  return recipe;
}

}  // namespace conformance
