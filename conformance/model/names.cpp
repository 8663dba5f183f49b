#include "conformance/model/names.hpp"

#include <algorithm>
#include <charconv>

#include "text/grammar.hpp"

namespace conformance {

using iscsi::Rule;

namespace {

constexpr std::size_t longest_name = 223;  // 3.2.6.1, bytes

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// What the iSCSI profile of stringprep lets through of ASCII (RFC 3722).
bool is_prepared(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == ':' ||
         is_beyond_ascii(c);
}

/// yyyy-mm, a month that there is.
bool is_date(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return false;
  if (!std::ranges::all_of(text.substr(0, 4), is_digit)) return false;
  const std::string_view month = text.substr(5);
  if (!std::ranges::all_of(month, is_digit)) return false;
  return month >= "01" && month <= "12";
}

/// Labels with single dots between them, up to a colon.
bool is_authority(std::string_view text) {
  text = text.substr(0, text.find(':'));
  while (true) {
    const std::size_t dot = text.find('.');
    if (text.substr(0, dot).empty()) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

void check_qualified_name(std::string_view rest, ValueChecks& checks) {
  const bool dated = is_date(rest.substr(0, 7)) && rest.size() > 7 && rest[7] == '.';
  checks.add(Rule::qualified_name_has_date, dated);
  if (dated) checks.add(Rule::qualified_name_has_authority, is_authority(rest.substr(8)));
}

std::optional<std::uint16_t> read_number(std::string_view text) {
  const auto number = iscsi::text::decode_regular_binary(text, 0, 2);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || is_beyond_ascii(c);
  });
}

bool is_bracketed(std::string_view text) {
  return text.size() > 3 && std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
           return is_hexadecimal(c) || c == ':' || c == '.';
         });
}

}  // namespace

ValueChecks check_iscsi_name(std::string_view name) {
  ValueChecks checks;
  checks.add(Rule::iscsi_name_within_length, name.size() <= longest_name);
  const std::string_view type = name.substr(0, 4);
  const bool known = type == "iqn." || type == "eui." || type == "naa.";
  checks.add(Rule::iscsi_name_type_is_defined, known);
  const std::string_view rest = name.substr(std::min<std::size_t>(4, name.size()));
  const bool digits = std::ranges::all_of(rest, is_hexadecimal);
  if (type == "iqn.") {
    // 3.2.6.3.2 prints the digits of an eui name in capitals: only qualified names are held to this
    checks.add(Rule::iscsi_name_is_prepared, std::ranges::all_of(name, is_prepared));
    check_qualified_name(rest, checks);
  }
  if (type == "eui.") checks.add(Rule::eui_name_has_sixteen_digits, digits && rest.size() == 16);
  if (type == "naa.")
    checks.add(Rule::naa_name_has_its_digits, digits && (rest.size() == 16 || rest.size() == 32));
  return checks;
}

std::optional<TargetAddress> read_target_address(std::string_view value) {
  TargetAddress address;
  if (const std::size_t comma = value.find(','); comma != value.npos) {
    address.tag = read_number(value.substr(comma + 1));
    if (!address.tag) return std::nullopt;
    value = value.substr(0, comma);
  }
  const bool bracketed = value.starts_with('[');
  const std::size_t bracket = bracketed ? value.find(']') : 0;
  if (bracket == value.npos) return std::nullopt;
  const std::size_t colon = value.find(':', bracket);
  if (colon != value.npos && !is_port(value.substr(colon + 1))) return std::nullopt;
  address.host = value.substr(0, colon);
  if (bracketed ? !is_bracketed(address.host) || address.host.back() != ']'
                : !is_host_name(address.host))
    return std::nullopt;
  return address;
}

}  // namespace conformance
