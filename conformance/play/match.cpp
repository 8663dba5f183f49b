#include "conformance/play/match.hpp"

#include <algorithm>
#include <charconv>

#include "text/grammar.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string{digits.data(), end};
}

std::string shown(std::uint64_t value) {
  return value < 10 ? std::to_string(value)
                    : std::to_string(value) + " (" + hexadecimal(value) + ")";
}

MatchResult mismatch(std::string what, std::uint32_t byte) {
  return std::unexpected(Mismatch{.what = std::move(what), .byte = byte});
}
MatchResult fault(std::string what) { return std::unexpected(StoryFault{std::move(what)}); }

/// Holds conditions on numbers, and remembers what they bind.
class NumberJudge {
 public:
  NumberJudge(const Variables& known, Variables& bound) : known_{known}, bound_{bound} {}

  /// `mask` has the width of the field: a story's `-1` is all ones.
  MatchResult hold(std::string_view name, const Match& match, std::uint64_t found,
                   std::uint64_t mask, std::uint32_t byte) {
    if (const auto* is = std::get_if<Match::Is>(&match.what)) {
      const std::string* sole = is->value.sole_name();
      if (sole != nullptr && !known_.contains(*sole) && !bound_.contains(*sole)) {
        bound_.emplace(*sole, found);
        return {};
      }
      return compare(name, is->value, found, mask, byte, true);
    }
    if (const auto* unlike = std::get_if<Match::Not>(&match.what))
      return compare(name, unlike->value, found, mask, byte, false);
    if (const auto* between = std::get_if<Match::Between>(&match.what)) {
      const auto from = evaluate(between->from);
      const auto to = evaluate(between->to);
      if (!from) return fault(from.error());
      if (!to) return fault(to.error());
      if (found >= *from && found <= *to) return {};
      return mismatch(std::string{name} + " is " + shown(found) + ", expected " + shown(*from) +
                          " to " + shown(*to),
                      byte);
    }
    std::string list;
    for (const Expression& value : std::get<Match::OneOf>(match.what).values) {
      const auto wanted = evaluate(value);
      if (!wanted) return fault(wanted.error());
      if ((*wanted & mask) == found) return {};
      list += (list.empty() ? "" : " or ") + shown(*wanted & mask);
    }
    return mismatch(std::string{name} + " is " + shown(found) + ", expected " + list, byte);
  }

 private:
  [[nodiscard]] std::expected<std::uint64_t, std::string> evaluate(
      const Expression& expression) const {
    Variables all = bound_;
    all.insert(known_.begin(), known_.end());
    return expression.evaluate(all);
  }
  [[nodiscard]] MatchResult compare(std::string_view name, const Expression& expression,
                                    std::uint64_t found, std::uint64_t mask, std::uint32_t byte,
                                    bool equal) const {
    const auto wanted = evaluate(expression);
    if (!wanted) return fault(wanted.error());
    if (((*wanted & mask) == found) == equal) return {};
    return mismatch(std::string{name} + " is " + shown(found) + ", expected " +
                        (equal ? "" : "anything but ") + shown(*wanted & mask),
                    byte);
  }

  const Variables& known_;
  Variables& bound_;
};

constexpr std::uint64_t mask_of(unsigned bits_wide) {
  return bits_wide >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits_wide) - 1;
}

struct FoundField {
  std::uint64_t value = 0;
  std::uint32_t byte = 0;
  unsigned width = 64;
};

/// Sense key, ASC and ASCQ of the sense data in a SCSI Response (10.4.7; SPC-3's two formats).
std::optional<FoundField> sense_field(std::string_view name, const Arrival& arrival) {
  if (name != "SenseKey" && name != "ASC" && name != "ASCQ") return std::nullopt;
  constexpr std::size_t length_bytes = 2;
  const auto at = [&](std::size_t offset, std::uint8_t mask) -> FoundField {
    const std::size_t place = length_bytes + offset;
    const auto byte = static_cast<std::uint32_t>(bhs_bytes + place);
    if (arrival.opcode() != Opcode::scsi_response || place >= arrival.data.size())
      return {.value = 0, .byte = byte};
    return {.value = std::to_integer<std::uint64_t>(arrival.data[place]) & mask, .byte = byte};
  };
  const bool descriptors = (at(0, 0x7f).value & 0x7eU) == 0x72;
  if (name == "SenseKey") return at(descriptors ? 1 : 2, 0x0f);
  if (name == "ASC") return at(descriptors ? 2 : 12, 0xff);
  return at(descriptors ? 3 : 13, 0xff);
}

FoundField find_number(std::string_view name, const Arrival& arrival) {
  if (const auto sense = sense_field(name, arrival)) return *sense;
  const Description* pdu = describe(static_cast<std::uint8_t>(arrival.opcode()));
  if (name == "DataSegmentLength") return {arrival.field(name), 5, 24};
  if (name == "TotalAHSLength" || name == "Opcode") return {arrival.field(name), 0, 8};
  const Field* field = pdu == nullptr ? nullptr : find_field(*pdu, name);
  if (field == nullptr)
    return {};  // a command that ended in a Data-In: Response and the like are 0
  return {arrival.field(name), field->place.byte, field->place.width};
}

bool text_is_within(std::string_view value, std::uint64_t from, std::uint64_t to) {
  const auto number = iscsi::text::decode_number(value);
  return number && *number >= from && *number <= to;
}

MatchResult match_value(const TextMatch& wanted, std::string_view value, const Variables& known,
                        Variables& bound) {
  const auto unlike = [&](const std::string& expected) {
    return mismatch(wanted.key + "=" + std::string{value} + ", expected " + expected, bhs_bytes);
  };
  if (const auto* is = std::get_if<TextMatch::Is>(&wanted.what)) {
    if (is->value.starts_with('$') && !known.contains(is->value.substr(1))) {
      const auto [slot, fresh] = bound.emplace(is->value.substr(1), std::string{value});
      if (fresh) return {};
    }
    const auto expected = substitute(is->value, known);
    if (!expected) return fault(expected.error());
    return *expected == value ? MatchResult{} : unlike(*expected);
  }
  if (const auto* one_of = std::get_if<TextMatch::OneOf>(&wanted.what)) {
    std::string list;
    for (const std::string& text : one_of->values) {
      const auto expected = substitute(text, known);
      if (!expected) return fault(expected.error());
      if (*expected == value) return {};
      list += (list.empty() ? "" : " or ") + *expected;
    }
    return unlike(list);
  }
  if (const auto* between = std::get_if<TextMatch::Between>(&wanted.what)) {
    const auto from = between->from.evaluate(known);
    const auto to = between->to.evaluate(known);
    if (!from) return fault(from.error());
    if (!to) return fault(to.error());
    if (text_is_within(value, *from, *to)) return {};
    return unlike(shown(*from) + " to " + shown(*to));
  }
  if (const auto* ends = std::get_if<TextMatch::Ends>(&wanted.what)) {
    const auto expected = substitute(ends->with, known);
    if (!expected) return fault(expected.error());
    return value.ends_with(*expected) ? MatchResult{} : unlike("a value that ends in " + *expected);
  }
  return unlike("no such key");
}

/// A key may come several times: one value that fits is enough.
MatchResult match_text(const TextMatch& wanted, const std::vector<HeardPair>& pairs,
                       const Variables& known, Variables& bound) {
  MatchResult result = std::holds_alternative<TextMatch::Absent>(wanted.what)
                           ? MatchResult{}
                           : mismatch("no " + wanted.key + " in the text", bhs_bytes);
  for (const HeardPair& pair : pairs) {
    if (pair.key != wanted.key) continue;
    result = match_value(wanted, pair.value, known, bound);
    if (result) return result;
  }
  return result;
}

MatchResult match_data(const DataRecipe& recipe, const Bytes& found, const Variables& known) {
  const auto wanted = make(recipe, known);
  if (!wanted) return fault(wanted.error());
  if (*wanted == found) return {};
  const auto [at, other] = std::ranges::mismatch(found, *wanted);
  const auto offset = static_cast<std::size_t>(at - found.begin());
  const std::string sizes =
      std::to_string(found.size()) + " bytes of data, expected " + std::to_string(wanted->size());
  if (found.size() != wanted->size()) return mismatch(sizes, 5);
  return mismatch("the data differ from those expected at byte " + std::to_string(offset),
                  static_cast<std::uint32_t>(bhs_bytes + offset));
}

}  // namespace

MatchResult match(const Outcome& outcome, const Candidate& candidate, Variables& known) {
  Variables bound;
  NumberJudge numbers{known, bound};
  for (const FieldMatch& field : outcome.fields) {
    const FoundField found = find_number(field.name, *candidate.arrival);
    const auto held =
        numbers.hold(field.name, field.match, found.value, mask_of(found.width), found.byte);
    if (!held) return held;
  }
  for (const NumberMatch& number : outcome.numbers) {
    const auto at = number.at.evaluate(known);
    const auto width = number.width.evaluate(known);
    if (!at) return fault(at.error());
    if (!width || *width == 0 || *width > 8) return fault("a number of 1 to 8 bytes");
    if (*at + *width > candidate.data.size())
      return mismatch("only " + std::to_string(candidate.data.size()) + " bytes of data", 5);
    const std::uint64_t found =
        iscsi::wire::load_big(ByteView{candidate.data}.subspan(*at, *width));
    const auto held = numbers.hold("the number at byte " + std::to_string(*at) + " of the data",
                                   number.match, found, mask_of(static_cast<unsigned>(*width * 8)),
                                   static_cast<std::uint32_t>(bhs_bytes + *at));
    if (!held) return held;
  }
  for (const TextMatch& text : outcome.text)
    if (const auto held = match_text(text, *candidate.text, known, bound); !held) return held;
  if (outcome.data)
    if (const auto held = match_data(*outcome.data, candidate.data, known); !held) return held;
  known.merge(bound);
  return {};
}

void capture(const std::string& name, ByteView header, ByteView data, Variables& known) {
  if (name.empty() || header.size() < bhs_bytes) return;
  const auto opcode = static_cast<std::uint8_t>(extract(header, bits(0, 2, 6)));
  if (const Description* pdu = describe(opcode))
    for (const Field& field : pdu->fields)
      if (!field.name.empty() && field.place.width <= 64)
        known.insert_or_assign(name + "." + std::string{field.name}, extract(header, field.place));
  known.insert_or_assign(name + ".DataSegmentLength", field_of(header, "DataSegmentLength"));
  known.insert_or_assign(name, Bytes(data.begin(), data.end()));
}

std::optional<std::uint32_t> tag_wanted(const Outcome& outcome, const Variables& known) {
  for (const FieldMatch& field : outcome.fields) {
    if (field.name != "InitiatorTaskTag") continue;
    if (const auto* is = std::get_if<Match::Is>(&field.match.what))
      if (const auto value = is->value.evaluate(known)) return static_cast<std::uint32_t>(*value);
  }
  return std::nullopt;
}

}  // namespace conformance
