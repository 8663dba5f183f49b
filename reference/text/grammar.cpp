#include "text/grammar.hpp"

#include <algorithm>

#include "text/breach.hpp"

namespace iscsi::text {
namespace {

// The alphabets of 5.1. The C library's classification depends on the locale; the RFC's does not.
constexpr bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) { return is_capital(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_label_character(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '+' || c == '@' || c == '_';
}
constexpr bool is_text_character(char c) {
  return is_label_character(c) || c == '/' || c == '[' || c == ']' || c == ':';
}
constexpr bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }
/// What RFC 3722 leaves of ASCII, and capitals: names are not case sensitive (3.2.6.1).
constexpr bool is_name_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == ':' || is_beyond_ascii(c);
}

/// The first character that `allowed` does not admit, as a breach of `rule`.
template <class Allowed>
std::optional<Violation> check_characters(std::string_view text, std::uint32_t byte, Rule rule,
                                          Allowed allowed) {
  const auto bad = std::ranges::find_if_not(text, allowed);
  if (bad == text.end()) return std::nullopt;
  return broken(rule, byte + static_cast<std::size_t>(bad - text.begin()), code(*bad));
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (Unicode's
/// table of well-formed sequences: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [at](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return at(i) >= low && at(i) <= high;
  };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Where `text` stops being UTF-8; its size if it never does.
std::size_t utf8_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = utf8_sequence(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return i;
}

std::optional<Violation> check_utf8(std::string_view text, std::uint32_t byte) {
  const std::size_t good = utf8_prefix(text);
  if (good == text.size()) return std::nullopt;
  return broken(Rule::text_is_utf8, byte + good, code(text[good]));
}

std::optional<Violation> check_length(std::string_view value, std::uint32_t byte) {
  if (value.size() <= limits::text_value_bytes) return std::nullopt;
  return broken(Rule::text_value_within_limit, byte, value.size());
}

}  // namespace

const KeyValue* find(std::span<const KeyValue> pairs, std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &KeyValue::key);
  return found == pairs.end() ? nullptr : &*found;
}

// Pairs.

std::expected<std::vector<KeyValue>, Violation> split(std::string_view text) {
  std::vector<KeyValue> pairs;
  // Mostly that is all of them; more room than a login needs is made only as pairs come.
  pairs.reserve(std::min<std::size_t>(text.size() / 16 + 1, 32));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\0', begin);
    if (end == text.npos)
      return std::unexpected(broken(Rule::text_pair_ends_in_null, begin, code(text.back())));
    if (end == begin) return std::unexpected(broken(Rule::text_pair_has_one_delimiter, begin, 0));
    const std::string_view pair = text.substr(begin, end - begin);
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos)
      return std::unexpected(broken(Rule::text_pair_has_equals_sign, begin, pair.size()));
    pairs.push_back({.key = pair.substr(0, equals),
                     .value = pair.substr(equals + 1),
                     .byte = static_cast<std::uint32_t>(begin)});
    begin = end + 1;
  }
  return pairs;
}

std::optional<Violation> check_pairs(std::span<const KeyValue> pairs) {
  for (const KeyValue& pair : pairs) {
    if (const auto wrong = check_key_name(pair.key, pair.byte)) return wrong;
    if (const auto wrong = check_utf8(pair.value, pair.value_byte())) return wrong;
  }
  return std::nullopt;
}

std::expected<std::vector<KeyValue>, Violation> parse(std::string_view text) {
  auto pairs = split(text);
  if (!pairs) return pairs;
  if (const auto wrong = check_pairs(*pairs)) return std::unexpected(*wrong);
  return pairs;
}

std::optional<Violation> check_key_name(std::string_view name, std::uint32_t byte) {
  if (name.empty()) return broken(Rule::key_name_is_not_empty, byte, 0);
  if (!is_capital(name.front()))
    return broken(Rule::key_name_begins_with_capital, byte, code(name.front()));
  // 12.22: of a registered key it is the part behind `X#` that has the form of a key name.
  std::string_view label = name;
  if (name.starts_with("X#")) {
    label.remove_prefix(2);
    byte += 2;
    if (label.empty()) return broken(Rule::key_name_is_not_empty, byte, 0);
  }
  if (label.size() > limits::key_name_bytes)
    return broken(Rule::key_name_within_limit, byte, label.size());
  return check_characters(label, byte, Rule::key_name_has_label_characters, is_label_character);
}

void append_pair(std::string& text, std::string_view key, std::string_view value) {
  text.append(key).append(1, '=').append(value).append(1, '\0');
}

std::string encode_pairs(const std::vector<Pair>& pairs) {
  std::string text;
  std::size_t size = 0;
  for (const Pair& pair : pairs) size += pair.key.size() + pair.value.size() + 2;
  text.reserve(size);
  for (const Pair& pair : pairs) append_pair(text, pair.key, pair.value);
  return text;
}

// Values that are strings.

bool is_standard_label(std::string_view text) {
  return !text.empty() && text.size() <= limits::key_name_bytes && is_capital(text.front()) &&
         std::ranges::all_of(text, is_label_character);
}

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

std::optional<Violation> check_text_value(std::string_view value, std::uint32_t byte) {
  if (const auto wrong = check_length(value, byte)) return wrong;
  return check_characters(value, byte, Rule::text_value_has_its_characters, is_text_character);
}

std::optional<Violation> check_iscsi_name(std::string_view value, std::uint32_t byte) {
  if (value.empty() || value.size() > limits::iscsi_name_bytes)
    return broken(Rule::iscsi_name_within_length, byte, value.size());
  if (const auto wrong = check_utf8(value, byte)) return wrong;
  return check_characters(value, byte, Rule::iscsi_name_is_prepared, is_name_character);
}

std::optional<Violation> check_local_name(std::string_view value, std::uint32_t byte) {
  if (const auto wrong = check_length(value, byte)) return wrong;
  return check_utf8(value, byte);
}

std::expected<std::vector<std::string_view>, Violation> decode_list(std::string_view value,
                                                                    std::uint32_t byte) {
  std::vector<std::string_view> items;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    const std::string_view item = value.substr(begin, end - begin);
    // Y# and Z# begin the names of registered digests and authentication methods (12.1, 11.1); the
    // sharp is in no other text-value.
    const bool registered =
        item.size() >= 2 && (item[0] == 'Y' || item[0] == 'Z') && item[1] == '#';
    const std::size_t prefix = registered ? 2 : 0;
    const auto place = static_cast<std::uint32_t>(byte + begin + prefix);
    if (const auto wrong = check_text_value(item.substr(prefix), place))
      return std::unexpected(*wrong);
    items.push_back(item);
    begin = end + 1;
  }
  return items;
}

}  // namespace iscsi::text
