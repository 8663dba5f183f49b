#pragma once

/// The notations of single configuration values, shared by flags and the JSON file. An error says
/// what was expected and what was found; the caller adds the place.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "server/configuration.hpp"

namespace iscsi::server {

template <typename T>
using Parsed = std::expected<T, std::string>;

/// Nothing, or what was wrong.
using Complaint = std::optional<std::string>;

/// Thrown from deep inside a command line or a file; the function that reads the whole catches it.
struct Wrong {
  std::string line;
};

/// Bytes: digits, then perhaps K, M, G, T or P for powers of 1024. Not zero.
[[nodiscard]] Parsed<std::uint64_t> parse_size(std::string_view text);

/// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
[[nodiscard]] Parsed<Portal> parse_portal(std::string_view text);

/// `memory:SIZE` or `file:PATH[:SIZE]`, then options behind commas: `read-only`,
/// `block-size=BYTES`, `resident=SIZE` (memory only).
[[nodiscard]] Parsed<LogicalUnit> parse_logical_unit(std::string_view text);

/// `NAME:SECRET` or `NAME:@FILE`. The last colon parts them, for names are often iSCSI names; a
/// secret with a colon inside comes from a file.
[[nodiscard]] Parsed<Account> parse_account(std::string_view text);

/// Whether name and secret are within their lengths (RFC 3720 5.1, 11.1.4).
[[nodiscard]] Complaint check_account(const Account& account);

/// A secret: the bytes of `path` without the newline at its end.
[[nodiscard]] Parsed<std::string> read_secret(const std::string& path);

/// An iSCSI name, returned in its normal form.
[[nodiscard]] Parsed<std::string> parse_node_name(std::string_view text);

/// An alias (RFC 3720 12.6): UTF-8, 255 bytes at most.
[[nodiscard]] Parsed<std::string> parse_alias(std::string_view text);

/// One of the values that go by name: a text key with its value as on the wire (RFC 3720 12), a
/// deadline in milliseconds, a bound. Unknown names are answered with the list of known ones.
[[nodiscard]] Complaint set_text_key(text::Policy& policy, std::string_view key,
                                     std::string_view value);
[[nodiscard]] Complaint set_deadline(Deadlines& deadlines, std::string_view name,
                                     std::string_view value);
[[nodiscard]] Complaint set_bound(Bounds& bounds, std::string_view name, std::string_view value);

/// Values by their names, as the three functions above take them.
using NamedValues = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] NamedValues text_values(const text::Policy& policy);
[[nodiscard]] NamedValues deadline_values(const Deadlines& deadlines);
[[nodiscard]] NamedValues bound_values(const Bounds& bounds);

/// Checks the rules between values, each of which is right by itself.
[[nodiscard]] Complaint check_agreement(const Configuration& configuration);

/// Fills `error` in as "expected X, found Y".
[[nodiscard]] std::string expected_but_found(std::string_view expected, std::string_view found);

/// The whole of a small file: configuration and secrets. `most` bounds it, in bytes.
[[nodiscard]] Parsed<std::string> read_file(const std::string& path, std::size_t most);

}  // namespace iscsi::server
