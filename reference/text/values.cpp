/// The notations of numbers and binary strings (RFC 3720 5.1).

#include <algorithm>
#include <array>
#include <charconv>

#include "text/breach.hpp"
#include "text/grammar.hpp"

namespace iscsi::text {
namespace {

using Digits = std::expected<wire::Bytes, Violation>;

constexpr bool is_decimal_digit(char c) { return c >= '0' && c <= '9'; }

/// A value's notation, and what follows its prefix.
enum class Base : std::uint8_t { decimal, hexadecimal, base64 };
struct Constant {
  Base base = Base::decimal;
  std::string_view digits;
  std::uint32_t byte = 0;  ///< of the first digit
};

Constant recognise(std::string_view value, std::uint32_t byte) {
  const auto behind_prefix = [&](Base base) -> Constant {
    return {.base = base, .digits = value.substr(2), .byte = byte + 2};
  };
  if (value.size() >= 2 && value[0] == '0') {
    if (value[1] == 'x' || value[1] == 'X') return behind_prefix(Base::hexadecimal);
    if (value[1] == 'b' || value[1] == 'B') return behind_prefix(Base::base64);
  }
  return {.base = Base::decimal, .digits = value, .byte = byte};
}

constexpr unsigned not_a_digit = 0xff;

constexpr std::string_view hexadecimal_digits = "0123456789abcdef";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Digit values by character; any other character is `not_a_digit`.
consteval std::array<std::uint8_t, 256> digit_values(std::string_view alphabet) {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
consteval std::array<std::uint8_t, 256> hexadecimal_digit_values() {
  auto values = digit_values(hexadecimal_digits);
  for (std::size_t i = 10; i < 16; ++i) values['A' + i - 10] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto hexadecimal_values = hexadecimal_digit_values();
constexpr auto base64_values = digit_values(base64_digits);

unsigned hexadecimal_value(char c) { return hexadecimal_values[static_cast<unsigned char>(c)]; }
unsigned base64_value(char c) { return base64_values[static_cast<unsigned char>(c)]; }

/// All characters are digits by `value_of`, and there is at least one; else a breach of `rule`.
std::optional<Violation> check_digits(const Constant& constant, Rule rule,
                                      unsigned (*value_of)(char)) {
  if (constant.digits.empty()) return broken(rule, constant.byte, 0);
  for (std::size_t i = 0; i < constant.digits.size(); ++i)
    if (value_of(constant.digits[i]) == not_a_digit)
      return broken(rule, constant.byte + i, code(constant.digits[i]));
  return std::nullopt;
}

std::expected<std::uint64_t, Violation> decode_decimal(const Constant& constant, Rule malformed) {
  const std::string_view digits = constant.digits;
  if (digits.empty()) return std::unexpected(broken(malformed, constant.byte, 0));
  const auto bad = std::ranges::find_if_not(digits, is_decimal_digit);
  if (bad != digits.end()) {
    const auto place = static_cast<std::size_t>(bad - digits.begin());
    return std::unexpected(broken(malformed, constant.byte + place, code(*bad)));
  }
  if (digits.size() > 1 && digits.front() == '0')
    return std::unexpected(broken(Rule::decimal_has_no_leading_zero, constant.byte, digits.size()));
  std::uint64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc{})
    return std::unexpected(broken(Rule::number_below_two_to_64, constant.byte, digits.size()));
  return number;
}

/// Leading zeros of a hex-constant are discouraged, not forbidden: only significant digits count.
std::expected<std::uint64_t, Violation> decode_hexadecimal_number(const Constant& constant) {
  if (const auto wrong = check_digits(constant, Rule::number_is_a_constant, hexadecimal_value))
    return std::unexpected(*wrong);
  std::string_view digits = constant.digits;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > 16)
    return std::unexpected(broken(Rule::number_below_two_to_64, constant.byte, digits.size()));
  std::uint64_t number = 0;
  for (const char c : digits) number = number << 4U | hexadecimal_value(c);
  return number;
}

std::optional<Violation> check_size(const Constant& constant, std::size_t bytes,
                                    std::size_t maximum_bytes) {
  if (bytes <= maximum_bytes) return std::nullopt;
  return broken(Rule::binary_within_limit, constant.byte, bytes);
}

/// The size is known from the number of digits, and refused before a byte is decoded.
Digits decode_hexadecimal(const Constant& constant, std::size_t maximum_bytes) {
  const std::size_t size = (constant.digits.size() + 1) / 2;
  if (const auto wrong = check_size(constant, size, maximum_bytes)) return std::unexpected(*wrong);
  if (const auto wrong = check_digits(constant, Rule::binary_is_a_constant, hexadecimal_value))
    return std::unexpected(*wrong);
  wire::Bytes bytes(size);
  // Odd counts: the most significant digit comes first, so the missing one is in front of it.
  std::size_t place = constant.digits.size() % 2;
  for (const char c : constant.digits) {
    std::byte& byte = bytes[place / 2];
    byte = byte << 4U | std::byte{static_cast<unsigned char>(hexadecimal_value(c))};
    ++place;
  }
  return bytes;
}

/// A base64-constant without its pads. RFC 2045 pads to a multiple of four; 5.1 makes pads
/// optional: so either none or as many as are due.
std::expected<Constant, Violation> without_pads(Constant constant) {
  const std::size_t digits = std::min(constant.digits.find('='), constant.digits.size());
  const std::size_t pads = constant.digits.size() - digits;
  if (constant.digits.find_first_not_of('=', digits) != std::string_view::npos ||
      (pads != 0 && (digits % 4 == 0 || digits % 4 + pads != 4)))
    return std::unexpected(
        broken(Rule::base64_is_well_formed, constant.byte + digits, constant.digits.size()));
  constant.digits = constant.digits.substr(0, digits);
  return constant;
}

Digits decode_base64(const Constant& padded, std::size_t maximum_bytes) {
  const auto constant = without_pads(padded);
  if (!constant) return std::unexpected(constant.error());
  const std::string_view digits = constant->digits;
  const std::size_t size = digits.size() * 3 / 4;
  if (const auto wrong = check_size(*constant, size, maximum_bytes)) return std::unexpected(*wrong);
  if (const auto wrong = check_digits(*constant, Rule::binary_is_a_constant, base64_value))
    return std::unexpected(*wrong);
  if (digits.size() % 4 == 1)
    return std::unexpected(broken(Rule::base64_is_well_formed, constant->byte, digits.size()));
  wire::Bytes bytes;
  bytes.reserve(size);
  unsigned pending = 0;  // bits read and not yet given out, the newest lowest
  unsigned pending_bits = 0;
  for (const char c : digits) {
    pending = (pending << 6U | base64_value(c)) & 0xfffU;
    pending_bits += 6;
    if (pending_bits < 8) continue;
    pending_bits -= 8;
    bytes.push_back(static_cast<std::byte>(pending >> pending_bits));
    pending &= (1U << pending_bits) - 1;
  }
  // RFC 2045 fills the last digit up with zero bits: two texts never mean the same bytes.
  if (pending != 0)
    return std::unexpected(broken(Rule::base64_is_well_formed, constant->byte + digits.size() - 1,
                                  code(digits.back())));
  return bytes;
}

/// A base64-constant as a number: its digits are a number in base 64, the last the least
/// significant; the bytes come out with the excess in front rather than behind.
Digits decode_base64_number(const Constant& padded, std::size_t maximum_bytes) {
  const auto constant = without_pads(padded);
  if (!constant) return std::unexpected(constant.error());
  if (const auto wrong = check_digits(*constant, Rule::number_is_a_constant, base64_value))
    return std::unexpected(*wrong);
  std::string_view digits = constant->digits;
  digits.remove_prefix(std::min(digits.find_first_not_of('A'), digits.size()));
  wire::Bytes bytes;
  unsigned pending = 0;
  unsigned pending_bits = 0;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c) {
    pending |= base64_value(*c) << pending_bits;
    pending_bits += 6;
    if (pending_bits < 8) continue;
    bytes.push_back(static_cast<std::byte>(pending));
    pending >>= 8U;
    pending_bits -= 8;
  }
  if (pending != 0) bytes.push_back(static_cast<std::byte>(pending));
  if (const auto wrong = check_size(*constant, bytes.size(), maximum_bytes))
    return std::unexpected(*wrong);
  std::ranges::reverse(bytes);
  return bytes;
}

}  // namespace

std::expected<bool, Violation> decode_boolean(std::string_view value, std::uint32_t byte) {
  if (value == word_yes) return true;
  if (value == word_no) return false;
  return std::unexpected(
      broken(Rule::boolean_is_yes_or_no, byte, value.empty() ? 0 : code(value.front())));
}

std::expected<std::uint64_t, Violation> decode_number(std::string_view value, std::uint32_t byte) {
  const Constant constant = recognise(value, byte);
  switch (constant.base) {
    case Base::decimal: return decode_decimal(constant, Rule::number_is_a_constant);
    case Base::hexadecimal: return decode_hexadecimal_number(constant);
    case Base::base64: break;  // 5.1: a numerical-value is a decimal-constant or a hex-constant
  }
  return std::unexpected(broken(Rule::number_is_a_constant, byte + 1, code(value[1])));
}

std::expected<Range, Violation> decode_range(std::string_view value, std::uint32_t byte) {
  const std::size_t tilde = value.find('~');
  const auto low = decode_number(value.substr(0, tilde), byte);
  if (!low) return std::unexpected(low.error());
  if (tilde == value.npos) return Range{.low = *low, .high = *low};
  const auto place = static_cast<std::uint32_t>(byte + tilde + 1);
  const auto high = decode_number(value.substr(tilde + 1), place);
  if (!high) return std::unexpected(high.error());
  if (*high < *low) return std::unexpected(broken(Rule::range_ends_are_in_order, place, *high));
  return Range{.low = *low, .high = *high};
}

std::expected<wire::Bytes, Violation> decode_binary(std::string_view value, std::uint32_t byte,
                                                    std::size_t maximum_bytes) {
  const Constant constant = recognise(value, byte);
  switch (constant.base) {
    case Base::hexadecimal: return decode_hexadecimal(constant, maximum_bytes);
    case Base::base64: return decode_base64(constant, maximum_bytes);
    case Base::decimal: break;
  }
  const auto number = decode_decimal(constant, Rule::binary_is_a_constant);
  if (!number && number.error().rule == Rule::binary_is_a_constant)
    return std::unexpected(number.error());
  return std::unexpected(broken(Rule::decimal_binary_has_known_length, byte, value.size()));
}

std::expected<std::uint64_t, Violation> decode_regular_binary(std::string_view value,
                                                              std::uint32_t byte,
                                                              std::size_t bytes) {
  const Constant constant = recognise(value, byte);
  if (constant.base != Base::decimal) {
    const auto string = decode_binary(value, byte, bytes);
    if (!string) return std::unexpected(string.error());
    return wire::load_big(*string);
  }
  const auto number = decode_decimal(constant, Rule::binary_is_a_constant);
  if (!number) return number;
  if (bytes < 8 && *number >> (8 * bytes) != 0)
    return std::unexpected(broken(Rule::binary_within_limit, byte, *number));
  return number;
}

std::expected<wire::Bytes, Violation> decode_large_number(std::string_view value,
                                                          std::uint32_t byte,
                                                          std::size_t maximum_bytes) {
  Constant constant = recognise(value, byte);
  switch (constant.base) {
    case Base::base64: return decode_base64_number(constant, maximum_bytes);
    case Base::hexadecimal: {
      if (const auto wrong = check_digits(constant, Rule::number_is_a_constant, hexadecimal_value))
        return std::unexpected(*wrong);
      const std::size_t zeros = constant.digits.find_first_not_of('0');
      if (zeros == std::string_view::npos) return wire::Bytes{};
      constant.digits.remove_prefix(zeros);
      return decode_hexadecimal(constant, maximum_bytes);
    }
    case Base::decimal: break;  // 5.1: MUST NOT be used where values can reach 2**64
  }
  return std::unexpected(broken(Rule::number_is_a_constant, byte, value.size()));
}

std::string encode_boolean(bool value) { return std::string{value ? word_yes : word_no}; }

std::string encode_number(std::uint64_t value) { return std::to_string(value); }

std::string encode_hexadecimal(wire::ByteView bytes) {
  std::string text = "0x";
  text.reserve(2 + bytes.size() * 2);
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    text += hexadecimal_digits[value >> 4U];
    text += hexadecimal_digits[value & 0xfU];
  }
  return text;
}

std::string encode_base64(wire::ByteView bytes) {
  std::string text = "0b";
  text.reserve(2 + (bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const auto taken = bytes.first(std::min<std::size_t>(3, bytes.size()));
    bytes = bytes.subspan(taken.size());
    std::array<std::byte, 3> group{};
    std::ranges::copy(taken, group.begin());
    const std::uint64_t bits = wire::load_big(group);
    for (std::size_t i = 0; i < 4; ++i)  // so many bytes take one digit more
      text += i <= taken.size() ? base64_digits[bits >> (18 - 6 * i) & 0x3fU] : '=';
  }
  return text;
}

}  // namespace iscsi::text
