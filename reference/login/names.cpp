#include "login/names.hpp"

#include <stringprep.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "limits.hpp"

namespace iscsi::login {
namespace {

/// Room for a name while it is prepared. Compatibility characters grow (U+FDFA into eighteen), so
/// the text is given more room than a valid name can need; what does not fit is too long anyway.
constexpr std::size_t preparation_bytes = 1024;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The ASCII characters that preparation lets through (RFC 3722 6.2 prohibits all others).
constexpr bool is_allowed_ascii(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == ':';
}

/// All that preparation does to characters that are allowed and ASCII: nearly every name has no
/// others, and libidn takes two thirds of a login's instructions to find that out.
std::string to_lower(std::string_view ascii) {
  std::string lower{ascii};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

Violation breach(Rule rule, std::string_view text, std::size_t offset) {
  const auto byte = offset < text.size() ? static_cast<unsigned char>(text[offset]) : 0U;
  return {.rule = rule, .byte = static_cast<std::uint32_t>(offset), .found = byte};
}

Violation too_long(std::size_t length) {
  return {.rule = Rule::iscsi_name_within_length, .found = length};
}

/// libidn says that a text is prohibited, not where: the first ASCII offender, or else the first
/// byte beyond ASCII, is what a reader wants to look at.
Violation unprepared(std::string_view text) {
  auto at = std::ranges::find_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x80 && !is_allowed_ascii(c); });
  if (at == text.end())
    at = std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return breach(Rule::iscsi_name_is_prepared, text, static_cast<std::size_t>(at - text.begin()));
}

/// RFC 3722: mapping, normalisation, prohibition and the bidirectional check. Code points that
/// Unicode 3.2 had not assigned pass: RFC 3720 does not ask for that list (RFC 3722 8).
std::expected<std::string, Violation> prepare(std::string_view utf8) {
  if (utf8.size() >= preparation_bytes) return std::unexpected(too_long(utf8.size()));
  if (std::ranges::all_of(utf8, is_allowed_ascii)) return to_lower(utf8);
  if (utf8.contains('\0')) return std::unexpected(unprepared(utf8));  // libidn takes C strings

  std::array<char, preparation_bytes> buffer{};
  std::ranges::copy(utf8, buffer.begin());
  const int outcome = stringprep(buffer.data(), buffer.size(), {}, stringprep_iscsi);
  if (outcome == STRINGPREP_TOO_SMALL_BUFFER) return std::unexpected(too_long(preparation_bytes));
  if (outcome != STRINGPREP_OK) return std::unexpected(unprepared(utf8));
  return std::string(buffer.data());
}

/// 3.2.6.3.1: "iqn." yyyy-mm "." reversed domain name, and what its owner likes behind a colon.
std::optional<Violation> check_qualified(std::string_view name) {
  constexpr std::string_view shape = "iqn.dddd-dd.";
  constexpr std::size_t year_offset = 4;
  constexpr std::size_t month_offset = 9;
  for (std::size_t i = year_offset; i < shape.size(); ++i) {
    const bool fits =
        i < name.size() && (shape[i] == 'd' ? is_digit(name[i]) : name[i] == shape[i]);
    if (!fits) return breach(Rule::qualified_name_has_date, name, i);
  }
  const int month = (name[month_offset] - '0') * 10 + (name[month_offset + 1] - '0');
  if (month < 1 || month > 12) return breach(Rule::qualified_name_has_date, name, month_offset);

  // A domain name has no empty label: none ends behind a dot, that of the date included.
  const auto end = std::min(name.find(':'), name.size());
  for (std::size_t i = shape.size(); i <= end; ++i) {
    const bool label_ends = i == end || name[i] == '.';
    if (label_ends && name[i - 1] == '.')
      return breach(Rule::qualified_name_has_authority, name, i);
  }
  return std::nullopt;
}

/// "eui." and "naa.": hexadecimal digits, in a number of them that the type allows.
std::optional<Violation> check_digits(std::string_view name, Rule rule, std::size_t shorter,
                                      std::size_t longer) {
  constexpr std::size_t designator_bytes = 4;
  const auto digits = name.substr(designator_bytes);
  const auto stray = std::ranges::find_if_not(digits, is_lower_hex);
  if (stray != digits.end())
    return breach(rule, name, designator_bytes + static_cast<std::size_t>(stray - digits.begin()));
  if (digits.size() != shorter && digits.size() != longer) return breach(rule, name, name.size());
  return std::nullopt;
}

std::optional<Violation> check_structure(std::string_view name, NameType type) {
  switch (type) {
    case NameType::qualified: return check_qualified(name);
    case NameType::eui64: return check_digits(name, Rule::eui_name_has_sixteen_digits, 16, 16);
    case NameType::naa: return check_digits(name, Rule::naa_name_has_its_digits, 16, 32);
  }
  std::unreachable();
}

std::optional<NameType> type_of(std::string_view name) {
  struct Designator {
    std::string_view text;
    NameType type;
  };
  constexpr auto designators = std::to_array<Designator>(
      {{"iqn.", NameType::qualified}, {"eui.", NameType::eui64}, {"naa.", NameType::naa}});
  const auto found = std::ranges::find_if(
      designators, [&](const Designator& d) { return name.starts_with(d.text); });
  if (found == designators.end()) return std::nullopt;
  return found->type;
}

}  // namespace

std::expected<Name, Violation> parse_name(std::string_view utf8) {
  auto prepared = prepare(utf8);
  if (!prepared) return std::unexpected(prepared.error());
  if (prepared->size() > limits::iscsi_name_bytes)
    return std::unexpected(too_long(prepared->size()));
  const auto type = type_of(*prepared);
  if (!type) return std::unexpected(breach(Rule::iscsi_name_type_is_defined, *prepared, 0));
  if (const auto fault = check_structure(*prepared, *type)) return std::unexpected(*fault);
  return Name(std::move(*prepared), *type);
}

}  // namespace iscsi::login
