#include "server/configuration_values.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "login/names.hpp"
#include "server/descriptor.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"

namespace iscsi::server {
namespace {

using Unexpected = std::unexpected<std::string>;

/// A decimal number without sign, space or leftovers.
template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

/// The parts before and behind the first `mark`; without one, all of it and nothing.
std::pair<std::string_view, std::optional<std::string_view>> split_at(std::string_view text,
                                                                      std::size_t mark) {
  if (mark == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

template <typename Rows>
std::string known_names(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

// Portals.

bool is_ipv6(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// Letters, digits, dots and dashes: a name, or an IPv4 address. Digits and dots alone are an
/// address, and have to be a good one.
bool is_host(const std::string& host) {
  constexpr std::string_view numeric = "0123456789.";
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
  const auto allowed = [&](char c) { return numeric.contains(c) || letters.contains(c); };
  if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, allowed)) return false;
  if (host.find_first_not_of(numeric) != std::string::npos) return true;
  in_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

// Logical units.

std::optional<std::uint32_t> parse_block_size(std::string_view text) {
  const auto size = whole_number<std::uint32_t>(text);
  if (!size || *size < 512 || *size > limits::block_bytes || !std::has_single_bit(*size))
    return std::nullopt;
  return size;
}

Complaint set_unit_option(LogicalUnit& unit, std::string_view option) {
  const auto [name, value] = split_at(option, option.find('='));
  if (name == "read-only" && !value) {
    unit.read_only = true;
    return std::nullopt;
  }
  if (name == "block-size" && value) {
    const auto size = parse_block_size(*value);
    if (!size) return expected_but_found("a block size of 512, 1024, 2048 or 4096", *value);
    unit.block_bytes = *size;
    return std::nullopt;
  }
  if (name == "resident" && value && unit.kind == LogicalUnit::Kind::memory) {
    const auto size = parse_size(*value);
    if (!size) return size.error();
    unit.resident_bytes = *size;
    return std::nullopt;
  }
  return expected_but_found(unit.kind == LogicalUnit::Kind::memory
                                ? "read-only, block-size=BYTES or resident=SIZE"
                                : "read-only or block-size=BYTES",
                            option);
}

Parsed<LogicalUnit> parse_medium(std::string_view text) {
  const auto [kind, rest] = split_at(text, text.find(':'));
  if (kind == "memory" && rest) {
    const auto size = parse_size(*rest);
    if (!size) return Unexpected(size.error());
    return LogicalUnit{.kind = LogicalUnit::Kind::memory, .size_bytes = *size};
  }
  if (kind == "file" && rest) {
    LogicalUnit unit{.kind = LogicalUnit::Kind::file};
    const auto [path, size_text] = split_at(*rest, rest->rfind(':'));
    const auto size = parse_size(size_text.value_or(""));
    if (size) unit.size_bytes = *size;
    unit.path = size ? path : *rest;
    if (!unit.path.empty()) return unit;
  }
  return Unexpected(expected_but_found("memory:SIZE or file:PATH[:SIZE]", text));
}

// Text keys.

struct TextKey {
  std::string_view name;
  std::uint32_t text::Policy::* number = nullptr;
  bool text::Policy::* flag = nullptr;
  text::DigestPolicy text::Policy::* digest = nullptr;
};

constexpr auto text_keys = std::to_array<TextKey>({
    {.name = "HeaderDigest", .digest = &text::Policy::header_digest},
    {.name = "DataDigest", .digest = &text::Policy::data_digest},
    {.name = "InitialR2T", .flag = &text::Policy::initial_r2t},
    {.name = "ImmediateData", .flag = &text::Policy::immediate_data},
    {.name = "MaxRecvDataSegmentLength", .number = &text::Policy::max_recv_data_segment_length},
    {.name = "MaxBurstLength", .number = &text::Policy::max_burst_length},
    {.name = "FirstBurstLength", .number = &text::Policy::first_burst_length},
    {.name = "DefaultTime2Wait", .number = &text::Policy::default_time2wait},
    {.name = "DefaultTime2Retain", .number = &text::Policy::default_time2retain},
    {.name = "MaxOutstandingR2T", .number = &text::Policy::max_outstanding_r2t},
    {.name = "DataPDUInOrder", .flag = &text::Policy::data_pdu_in_order},
    {.name = "DataSequenceInOrder", .flag = &text::Policy::data_sequence_in_order},
});

Complaint set_number_key(std::uint32_t& number, std::string_view key, std::string_view value) {
  const text::KeySpec* const about = text::find_key(key);
  const std::uint64_t least = about->least;
  // What we receive is bounded by our buffers as well.
  const std::uint64_t most = about->key == text::Key::max_recv_data_segment_length
                                 ? limits::received_data_segment_bytes
                                 : about->most;
  const auto given = text::decode_number(value);
  if (!given || *given < least || *given > most)
    return expected_but_found(
        "a number from " + std::to_string(least) + " to " + std::to_string(most), value);
  number = static_cast<std::uint32_t>(*given);
  return std::nullopt;
}

Complaint set_flag_key(bool& flag, std::string_view value) {
  const auto given = text::decode_boolean(value);
  if (!given) return expected_but_found("Yes or No", value);
  flag = *given;
  return std::nullopt;
}

struct DigestList {
  std::string_view list;
  text::DigestPolicy policy;
};
constexpr auto digest_lists = std::to_array<DigestList>({
    {"None", {.none = true, .crc32c = false, .preferred = text::Digest::none}},
    {"CRC32C", {.none = false, .crc32c = true, .preferred = text::Digest::crc32c}},
    {"None,CRC32C", {.none = true, .crc32c = true, .preferred = text::Digest::none}},
    {"CRC32C,None", {.none = true, .crc32c = true, .preferred = text::Digest::crc32c}},
});

Complaint set_digest_key(text::DigestPolicy& digest, std::string_view value) {
  const auto* const row = std::ranges::find(digest_lists, value, &DigestList::list);
  if (row == digest_lists.end())
    return expected_but_found("None, CRC32C, or both with a comma between", value);
  digest = row->policy;
  return std::nullopt;
}

// Deadlines and bounds: numbers in a structure, by name.

template <typename Owner>
struct Number {
  std::string_view name;
  std::uint64_t Owner::* member;
  std::uint64_t least;
  std::uint64_t most;
};

constexpr std::uint64_t longest_deadline_ms = 24ULL * 3600 * 1000;

constexpr auto deadlines_by_name = std::to_array<Number<Deadlines>>({
    {"login-ms", &Deadlines::login_ms, 1, longest_deadline_ms},
    {"ping-after-ms", &Deadlines::ping_after_ms, 1, longest_deadline_ms},
    {"ping-answer-ms", &Deadlines::ping_answer_ms, 1, longest_deadline_ms},
});

constexpr auto bounds_by_name = std::to_array<Number<Bounds>>({
    {"connections", &Bounds::connections, 1, limits::connections},
    {"sessions", &Bounds::sessions, 1, limits::sessions},
    {"command-window", &Bounds::command_window, 1, limits::command_window},
    {"queued-output-bytes", &Bounds::queued_output_bytes, 65536, limits::queued_output_bytes},
});

template <typename Owner, std::size_t N>
Complaint set_number(Owner& owner, const std::array<Number<Owner>, N>& rows, std::string_view name,
                     std::string_view value) {
  const auto row = std::ranges::find(rows, name, &Number<Owner>::name);
  if (row == rows.end()) return expected_but_found("one of " + known_names(rows), name);
  const auto given = whole_number<std::uint64_t>(value);
  if (!given || *given < row->least || *given > row->most)
    return expected_but_found(
        "a number from " + std::to_string(row->least) + " to " + std::to_string(row->most), value);
  owner.*row->member = *given;
  return std::nullopt;
}

}  // namespace

std::string expected_but_found(std::string_view expected, std::string_view found) {
  constexpr std::size_t enough = 100;
  std::string line = "expected ";
  line.append(expected).append(", found \"").append(found.substr(0, enough));
  line.append(found.size() > enough ? "…\"" : "\"");
  // One line whatever was found: control characters would break it.
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  return line;
}

std::string to_text(const Portal& portal) {
  const bool brackets = portal.host.contains(':');
  return (brackets ? '[' + portal.host + ']' : portal.host) + ':' + std::to_string(portal.port);
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view suffixes = "KMGTP";
  unsigned shift = 0;
  std::string_view digits = text;
  if (const auto at = text.empty() ? text.npos : suffixes.find(text.back()); at != text.npos) {
    shift = 10 * (static_cast<unsigned>(at) + 1);
    digits.remove_suffix(1);
  }
  const auto number = whole_number<std::uint64_t>(digits);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!number || *number == 0 || *number > most >> shift)
    return Unexpected(expected_but_found("a size such as 64M, 10T or 1048576", text));
  return *number << shift;
}

Parsed<Portal> parse_portal(std::string_view text) {
  const Unexpected wrong(expected_but_found("ADDRESS[:PORT], IPv6 in brackets", text));
  const bool brackets = text.starts_with('[');
  const std::size_t end = brackets ? text.find(']') : text.find(':');
  if (brackets && end == text.npos) return wrong;

  Portal portal;
  portal.host = brackets ? text.substr(1, end - 1) : text.substr(0, end);
  if (!(brackets ? is_ipv6(portal.host) : is_host(portal.host))) return wrong;

  std::string_view rest = end == text.npos ? "" : text.substr(brackets ? end + 1 : end);
  if (rest.empty()) return portal;
  const auto port = whole_number<std::uint16_t>(rest.substr(1));
  if (!rest.starts_with(':') || !port) return wrong;
  portal.port = *port;
  return portal;
}

Parsed<LogicalUnit> parse_logical_unit(std::string_view text) {
  auto [medium, options] = split_at(text, text.find(','));
  auto unit = parse_medium(medium);
  if (!unit) return unit;
  while (options) {
    const auto [option, others] = split_at(*options, options->find(','));
    if (auto complaint = set_unit_option(*unit, option)) return Unexpected(*std::move(complaint));
    options = others;
  }
  return unit;
}

Parsed<Account> parse_account(std::string_view text) {
  const auto [name, secret] = split_at(text, text.rfind(':'));
  // What is wrong is not repeated: it may hold the secret.
  if (name.empty() || !secret || secret->empty())
    return Unexpected("expected NAME:SECRET or NAME:@FILE");
  Account account{.name = std::string(name), .secret = std::string(*secret)};
  if (secret->starts_with('@')) {
    auto read = read_secret(std::string(secret->substr(1)));
    if (!read) return Unexpected(read.error());
    account.secret = *std::move(read);
  }
  if (auto complaint = check_account(account)) return Unexpected(*std::move(complaint));
  return account;
}

Complaint check_account(const Account& account) {
  if (account.name.size() > limits::chap_name_bytes)
    return "expected a name of at most " + std::to_string(limits::chap_name_bytes) + " bytes";
  if (account.secret.size() > limits::chap_secret_bytes)
    return "expected a secret of at most " + std::to_string(limits::chap_secret_bytes) + " bytes";
  return std::nullopt;
}

Parsed<std::string> read_file(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return Unexpected(path + ": " + std::strerror(errno));
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unexpected(path + ": " + std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most) return Unexpected(path + ": longer than " + std::to_string(most) + " bytes");
  text.resize(size);
  return text;
}

Parsed<std::string> read_secret(const std::string& path) {
  auto secret = read_file(path, limits::chap_secret_bytes + 1);
  if (!secret) return secret;
  if (secret->ends_with('\n')) secret->pop_back();
  if (secret->empty()) return Unexpected(path + ": expected a secret, found an empty file");
  return secret;
}

Parsed<std::string> parse_node_name(std::string_view text) {
  const auto name = login::parse_name(text);
  if (name) return std::string(name->text());
  return Unexpected(expected_but_found("an iSCSI name such as iqn.2004-04.com.example:disk", text) +
                    " (" + std::string(about(name.error().rule).slug) + ')');
}

Parsed<std::string> parse_alias(std::string_view text) {
  if (text::check_local_name(text, 0))
    return Unexpected(expected_but_found("at most 255 bytes of UTF-8", text));
  return std::string(text);
}

Complaint set_text_key(text::Policy& policy, std::string_view key, std::string_view value) {
  const auto* const row = std::ranges::find(text_keys, key, &TextKey::name);
  if (row == text_keys.end()) return expected_but_found("one of " + known_names(text_keys), key);
  if (row->number != nullptr) return set_number_key(policy.*row->number, key, value);
  if (row->flag != nullptr) return set_flag_key(policy.*row->flag, value);
  return set_digest_key(policy.*row->digest, value);
}

Complaint set_deadline(Deadlines& deadlines, std::string_view name, std::string_view value) {
  return set_number(deadlines, deadlines_by_name, name, value);
}

Complaint set_bound(Bounds& bounds, std::string_view name, std::string_view value) {
  return set_number(bounds, bounds_by_name, name, value);
}

NamedValues text_values(const text::Policy& policy) {
  NamedValues values;
  for (const TextKey& row : text_keys) {
    std::string value;
    if (row.number != nullptr) value = std::to_string(policy.*row.number);
    if (row.flag != nullptr) value = text::encode_boolean(policy.*row.flag);
    if (row.digest != nullptr)
      value = std::ranges::find(digest_lists, policy.*row.digest, &DigestList::policy)->list;
    values.emplace_back(row.name, std::move(value));
  }
  return values;
}

NamedValues deadline_values(const Deadlines& deadlines) {
  NamedValues values;
  for (const auto& row : deadlines_by_name)
    values.emplace_back(row.name, std::to_string(deadlines.*row.member));
  return values;
}

NamedValues bound_values(const Bounds& bounds) {
  NamedValues values;
  for (const auto& row : bounds_by_name)
    values.emplace_back(row.name, std::to_string(bounds.*row.member));
  return values;
}

}  // namespace iscsi::server
