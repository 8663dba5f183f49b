#include "pdu/pdus_page.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace test {

using namespace iscsi;       // NOLINT: the page is about the codec's tables
using namespace iscsi::pdu;  // NOLINT

namespace {

constexpr std::size_t bits_a_row = 32;
constexpr std::size_t columns = 2 * bits_a_row + 1;

std::string hexadecimal(std::uint64_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, value >>= 4U)
    *at = "0123456789abcdef"[value & 0xfU];
  return "0x" + text;
}

/// A run of bits with one owner, as it is to be drawn.
struct Box {
  std::size_t first_bit;
  std::size_t width;
  std::string text;  ///< nothing: reserved
};

/// A conditional field says that it may be reserved, as well as there is room for it.
std::string caption(const Field& field) {
  const std::size_t room =
      2 * std::min<std::size_t>(field.place.width,
                                bits_a_row - field.place.first_bit() % bits_a_row) -
      1;
  std::string name{field.name};
  if (!field.conditional) return name;
  for (const std::string_view mark : {" or reserved", " or rsvd", "?"})
    if (name.size() + mark.size() <= room) return name.append(mark);
  return name;
}

std::string caption_of_fixed(const Field& field) {
  return field.place.width < 8 ? std::to_string(field.value)
                               : hexadecimal(field.value, field.place.width / 4);
}

/// The layout's boxes and those that every header has, in the order of their bits.
std::vector<Box> boxes_of(const Description& description) {
  std::vector<Box> boxes{{2, 6, hexadecimal(static_cast<std::uint64_t>(description.opcode), 2)},
                         {32, 8, "TotalAHSLength"},
                         {40, 24, "DataSegmentLength"}};
  for (const Field& field : description.fields) {
    std::string text;
    if (field.kind == EntryKind::fixed) text = caption_of_fixed(field);
    if (field.kind == EntryKind::field || field.kind == EntryKind::opaque) text = caption(field);
    boxes.push_back({field.place.first_bit(), field.place.width, text});
  }
  std::ranges::sort(boxes, {}, &Box::first_bit);
  return boxes;
}

/// Writes the part of `box` that lies in the row of bits from `row` on into `line`.
void draw_box(const Box& box, std::size_t row, std::string& line) {
  const std::size_t from = std::max(box.first_bit, row);
  const std::size_t to = std::min(box.first_bit + box.width, row + bits_a_row);
  const std::size_t left = 2 * (from - row);
  const std::size_t right = 2 * (to - row);
  line[left] = line[right] = '|';
  if (box.text.empty()) {
    for (std::size_t column = left + 1; column < right; column += 2) line[column] = '.';
  } else if (from == box.first_bit) {
    const std::size_t room = right - left - 1;
    const std::size_t indent = box.text.size() + 2 <= room ? 1 : 0;
    line.replace(left + 1 + indent, box.text.size(), box.text);
  }
}

/// The rule above the row that begins at bit `row`: open where a box goes on from the row before.
std::string draw_rule(const std::vector<Box>& boxes, std::size_t row) {
  std::string line(columns, '-');
  for (const Box& box : boxes) {
    if (box.first_bit >= row || box.first_bit + box.width <= row) continue;
    const std::size_t left = 2 * (std::max(box.first_bit, row - bits_a_row) - (row - bits_a_row));
    const std::size_t right = 2 * std::min(box.first_bit + box.width - row, bits_a_row);
    for (std::size_t column = left + 1; column < right; ++column) line[column] = ' ';
  }
  for (std::size_t column = 0; column < columns; column += 16) {
    const bool open = line[column] == ' ';
    if (!open) line[column] = '+';
  }
  return line;
}

std::string number_of(std::size_t byte) {
  const std::string number = std::to_string(byte);
  return std::string(2 - number.size(), ' ') + number;
}

/// The alternatives of a sum, one after the other, as `use(P{})`.
template <class Sum, class Use>
void for_each_pdu(Use use) {
  [&use]<std::size_t... I>(std::index_sequence<I...>) {
    (use(std::variant_alternative_t<I, Sum>{}), ...);
  }(std::make_index_sequence<std::variant_size_v<Sum>>{});
}

/// The rules that tie fields of this PDU together, in the order of the table.
std::vector<Rule> rules_between_fields(Opcode opcode) {
  std::vector<Rule> rules;
  const auto add = [&]<class P>(const P&) {
    if (P::opcode != opcode) return;
    for (const Check<P>& check : P::checks()) rules.push_back(check.rule);
  };
  for_each_pdu<InitiatorPdu>(add);
  for_each_pdu<TargetPdu>(add);
  return rules;
}

/// The table of `field`, unless a field before it has printed the same one.
std::string render_codes(const Description& one, const Field& field) {
  const auto shares = [&field](const Field& other) {
    return other.codes.data() == field.codes.data() && other.rule == field.rule;
  };
  if (field.codes.empty() || &*std::ranges::find_if(one.fields, shares) != &field) return {};
  std::string names;
  for (const Field& other : one.fields)
    if (shares(other)) names += (names.empty() ? "" : ", ") + std::string{other.name};
  const int digits = field.place.width > 8 ? 4 : 2;
  std::string text = "\n| " + names + " | |\n|---|---|\n";
  for (const Code& code : field.codes) {
    text += "| " + hexadecimal(code.first, digits);
    if (code.last != code.first) text += " to " + hexadecimal(code.last, digits);
    text += " | " + std::string{code.name} + " |\n";
  }
  return text + "\nOther values break `" + std::string{about(field.rule).slug} + "`.\n";
}

std::string render_pdu(const Description& one) {
  std::string text =
      "\n## " + std::string{one.name} + "\n\nSection " + std::string{one.section} +
      (is_from_target(one.opcode) ? ", sent by the target; " : ", sent by the initiator; ") +
      (one.data_segment == DataSegment::none ? "no data segment" : "a data segment may follow") +
      ".\n\n```\n" + draw_header(one) + "```\n";
  std::string conditional;
  for (const Field& field : one.fields)
    if (field.conditional)
      conditional += (conditional.empty() ? "" : ", ") + std::string{field.name};
  if (!conditional.empty())
    text += "\nReserved unless other fields call for them: " + conditional + ".\n";
  for (const Field& field : one.fields)
    if (field.kind == EntryKind::fixed)
      text += "\n" + std::string{field.name} + " is printed as " + caption_of_fixed(field) +
              "; another value breaks `" + std::string{about(field.rule).slug} + "`.\n";
  for (const Field& field : one.fields) text += render_codes(one, field);
  const auto rules = rules_between_fields(one.opcode);
  if (!rules.empty()) text += "\nRules between the fields:\n\n";
  for (const Rule rule : rules)
    text += "- `" + std::string{about(rule).slug} + "` (" + std::string{about(rule).section} +
            "): " + std::string{about(rule).says} + ".\n";
  return text;
}

constexpr std::string_view preface =
    R"(# The eighteen PDUs

Printed from the layout tables in `reference/pdu/`; a test fails when the two differ and tells how
to print this page anew. It is here to be held beside RFC 3720 section 10: a person who does that
checks the one thing that no test of the tables can, the tables themselves.

One row is 32 bits, bit 0 the leftmost. A dot is a reserved bit: zero when sent, looked past when
received. "or reserved" (short: `?`, or nothing where there is no room) marks a field that exists
only where other fields call for it. Digests and data segments, drawn by the RFC below each header,
follow the same rules for all PDUs (10.2.3, 10.2.4) and are left out.
)";

}  // namespace

std::string draw_header(const Description& description) {
  std::string text =
      "Byte/     0       |       1       |       2       |       3       |\n"
      "  /               |               |               |               |\n"
      "  |0 1 2 3 4 5 6 7|0 1 2 3 4 5 6 7|0 1 2 3 4 5 6 7|0 1 2 3 4 5 6 7|\n";
  const std::vector<Box> boxes = boxes_of(description);
  for (std::size_t row = 0; row < bhs_bits; row += bits_a_row) {
    std::string line(columns, ' ');
    for (const Box& box : boxes)
      if (box.first_bit < row + bits_a_row && box.first_bit + box.width > row)
        draw_box(box, row, line);
    text += "  " + draw_rule(boxes, row) + "\n" + number_of(row / 8) + line + "\n";
  }
  return text + "  " + draw_rule(boxes, bhs_bits) + "\n48\n";
}

std::string render_pdus_page() {
  std::string page{preface};
  for (const Description& one : descriptions()) page += render_pdu(one);
  return page;
}

}  // namespace test
