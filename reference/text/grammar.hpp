#pragma once

/// The text format of logins and text negotiations (RFC 3720 5.1): `key=value` pairs, each ended by
/// one null byte, and the notations of their values.
///
/// Everything here is about notation alone: whether a key exists, may be sent now, or has a value
/// in range is `keys.hpp`'s and `negotiation.hpp`'s business. Views point into the caller's text.
/// Places in violations count bytes from the start of the logical text; decoders of values take the
/// place of the value's first byte for that purpose.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limits.hpp"
#include "rules/rule.hpp"
#include "wire/bytes.hpp"

namespace iscsi::text {

/// One pair of a logical text, seen in place.
struct KeyValue {
  std::string_view key;
  std::string_view value;
  std::uint32_t byte = 0;  ///< where the key begins in the logical text

  [[nodiscard]] constexpr std::uint32_t value_byte() const {
    return byte + static_cast<std::uint32_t>(key.size()) + 1;
  }
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

/// The first pair with that key, or null.
[[nodiscard]] const KeyValue* find(std::span<const KeyValue> pairs, std::string_view key);

/// One pair to be sent.
struct Pair {
  std::string key;
  std::string value;

  friend bool operator==(const Pair&, const Pair&) = default;
};

// Pairs.

/// Splits a complete logical text at its null bytes and first equals signs; an empty text has no
/// pairs. Refuses a pair that is empty, lacks the equals sign, or lacks its null byte.
[[nodiscard]] std::expected<std::vector<KeyValue>, Violation> split(std::string_view text);

/// Whether every key is a key name and every value UTF-8.
[[nodiscard]] std::optional<Violation> check_pairs(std::span<const KeyValue> pairs);

/// `split` and `check_pairs`.
[[nodiscard]] std::expected<std::vector<KeyValue>, Violation> parse(std::string_view text);

/// What is wrong with a key's name, if anything (5.1; 12.22 for `X#`).
[[nodiscard]] std::optional<Violation> check_key_name(std::string_view name, std::uint32_t byte);

/// Adds `key=value` and the null byte to `text`.
void append_pair(std::string& text, std::string_view key, std::string_view value);
[[nodiscard]] std::string encode_pairs(const std::vector<Pair>& pairs);

// Words.

inline constexpr std::string_view word_yes = "Yes";
inline constexpr std::string_view word_no = "No";
inline constexpr std::string_view word_none = "None";
inline constexpr std::string_view word_reject = "Reject";
inline constexpr std::string_view word_irrelevant = "Irrelevant";
inline constexpr std::string_view word_not_understood = "NotUnderstood";

/// The three words that can only be answers (5.2); `None` may be proposed, in a list.
[[nodiscard]] constexpr bool is_reserved_answer(std::string_view value) {
  return value == word_reject || value == word_irrelevant || value == word_not_understood;
}

/// The characters of labels and the alphabet of text-values (5.1).
[[nodiscard]] bool is_standard_label(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);

// Values. `byte` is the place of the value's first byte.

/// What is wrong with a text-value: a character outside its alphabet, or more than 255 bytes.
[[nodiscard]] std::optional<Violation> check_text_value(std::string_view value, std::uint32_t byte);
/// An iSCSI-name-value: one or more of `-`, `.`, `:`, letters, digits and characters beyond ASCII,
/// 223 bytes at most. Whether it is a well-formed, normalised name is `login`'s question (RFC
/// 3722).
[[nodiscard]] std::optional<Violation> check_iscsi_name(std::string_view value, std::uint32_t byte);
/// An iSCSI-local-name-value: UTF-8, 255 bytes at most.
[[nodiscard]] std::optional<Violation> check_local_name(std::string_view value, std::uint32_t byte);

[[nodiscard]] std::expected<bool, Violation> decode_boolean(std::string_view value,
                                                            std::uint32_t byte = 0);

/// A numerical-value: decimal without leading zeros, or hexadecimal; below 2^64.
[[nodiscard]] std::expected<std::uint64_t, Violation> decode_number(std::string_view value,
                                                                    std::uint32_t byte = 0);

struct Range {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const Range&, const Range&) = default;
};
/// A numeric-range `low~high`; a single number is the range of just that one (A.3.2).
[[nodiscard]] std::expected<Range, Violation> decode_range(std::string_view value,
                                                           std::uint32_t byte = 0);

/// A list-of-values: text-values with commas between them, also names such as `Y#name`
/// (12.1, 11.1).
[[nodiscard]] std::expected<std::vector<std::string_view>, Violation> decode_list(
    std::string_view value, std::uint32_t byte = 0);

/// A binary-value of any length up to `maximum_bytes`: hexadecimal or base64, its length implied by
/// its digits. An odd hexadecimal digit is the low half of the first byte.
[[nodiscard]] std::expected<wire::Bytes, Violation> decode_binary(std::string_view value,
                                                                  std::uint32_t byte,
                                                                  std::size_t maximum_bytes);

/// A regular-binary-value whose length the key fixes at `bytes` (at most 8): decimal is possible
/// too.
[[nodiscard]] std::expected<std::uint64_t, Violation> decode_regular_binary(std::string_view value,
                                                                            std::uint32_t byte,
                                                                            std::size_t bytes);

/// A large-numerical-value, hexadecimal or base64: its bytes, most significant first, no leading
/// zero bytes (zero itself has none), at most `maximum_bytes`.
[[nodiscard]] std::expected<wire::Bytes, Violation> decode_large_number(std::string_view value,
                                                                        std::uint32_t byte,
                                                                        std::size_t maximum_bytes);

[[nodiscard]] std::string encode_boolean(bool value);
[[nodiscard]] std::string encode_number(std::uint64_t value);        ///< decimal
[[nodiscard]] std::string encode_hexadecimal(wire::ByteView bytes);  ///< with its `0x`
[[nodiscard]] std::string encode_base64(wire::ByteView bytes);       ///< with its `0b` and pads

}  // namespace iscsi::text
