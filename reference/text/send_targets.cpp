#include "text/send_targets.hpp"

#include <algorithm>
#include <cassert>

#include "text/breach.hpp"

namespace iscsi::text {
namespace {

constexpr bool is_one_of(char c, std::string_view set) { return set.contains(c); }
constexpr std::string_view digits = "0123456789";
constexpr std::string_view hexadecimal = "abcdefABCDEF";

constexpr bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_one_of(c, digits) ||
         is_one_of(c, "-.");
}
constexpr bool is_ipv6_character(char c) {
  return is_one_of(c, digits) || is_one_of(c, hexadecimal) || is_one_of(c, ":.");
}

/// Length of the host at the start of `value`, 0 if there is none: a bracketed IPv6 address (12.8;
/// RFC 2732), or the characters of domain names and IPv4 addresses.
std::size_t host_length(std::string_view value) {
  if (!value.starts_with('[')) {
    const auto end = std::ranges::find_if_not(value, is_host_character);
    return static_cast<std::size_t>(end - value.begin());
  }
  const std::size_t close = value.find(']');
  if (close == value.npos) return 0;
  const std::string_view inside = value.substr(1, close - 1);
  const bool good = std::ranges::all_of(inside, is_ipv6_character) && inside.contains(':');
  return good ? close + 1 : 0;
}

/// Takes `mark` and the 16-bit number behind it, which ends at `stop`, from the front of `rest`.
/// What is not such a number stays there.
std::optional<std::uint16_t> take_number(std::string_view& rest, char mark, char stop) {
  if (!rest.starts_with(mark)) return std::nullopt;
  const std::size_t end = std::min(rest.find(stop), rest.size());
  const auto number = decode_regular_binary(rest.substr(1, end - 1), 0, 2);
  if (!number) return std::nullopt;
  rest.remove_prefix(end);
  return static_cast<std::uint16_t>(*number);
}

/// One TargetAddress of a record.
std::expected<Address, Violation> decode_record_address(const KeyValue& pair) {
  auto address = decode_address(pair.value, pair.value_byte());
  if (address && !address->portal_group_tag)
    return std::unexpected(
        broken(Rule::target_address_has_tag_in_send_targets, pair.value_byte(), pair.value.size()));
  return address;
}

}  // namespace

std::expected<Address, Violation> decode_address(std::string_view value, std::uint32_t byte) {
  const std::size_t host = host_length(value);
  Address address{.host = std::string{value.substr(0, host)}};
  std::string_view rest = value.substr(host);
  const bool has_host = host != 0 && value.size() <= limits::text_value_bytes;
  if (has_host) {
    address.port = take_number(rest, ':', ',');
    address.portal_group_tag = take_number(rest, ',', '\0');
  }
  if (!has_host || !rest.empty())
    return std::unexpected(
        broken(Rule::target_address_has_its_form, byte + value.size() - rest.size(), value.size()));
  return address;
}

std::string encode_address(const Address& address) {
  std::string text = address.host;
  if (address.port) text.append(1, ':').append(encode_number(*address.port));
  if (address.portal_group_tag)
    text.append(1, ',').append(encode_number(*address.portal_group_tag));
  return text;
}

std::expected<TargetQuestion, Violation> decode_send_targets(const KeyValue& asked,
                                                             SessionType session) {
  const bool discovery = session == SessionType::discovery;
  const auto refuse = [&asked](Rule rule) {
    return std::unexpected(broken(rule, asked.value_byte(), asked.value.size()));
  };
  if (asked.value == "All") {
    if (!discovery) return refuse(Rule::send_targets_all_only_in_discovery);
    return TargetQuestion{.kind = TargetQuestion::Kind::all};
  }
  if (asked.value.empty()) {
    if (discovery) return refuse(Rule::send_targets_value_is_defined);
    return TargetQuestion{.kind = TargetQuestion::Kind::connected};
  }
  if (check_iscsi_name(asked.value, asked.value_byte()))
    return refuse(Rule::send_targets_value_is_defined);
  return TargetQuestion{.kind = TargetQuestion::Kind::named, .name = asked.value};
}

std::string send_targets_response(std::span<const TargetRecord> targets) {
  std::string text;
  for (const TargetRecord& target : targets) {
    append_pair(text, "TargetName", target.name);
    for (const Address& address : target.addresses) {
      assert(address.portal_group_tag);  // 12.8: it MUST be there in this place
      append_pair(text, "TargetAddress", encode_address(address));
    }
  }
  return text;
}

std::expected<std::vector<TargetRecord>, Violation> decode_send_targets_response(
    std::span<const KeyValue> pairs) {
  std::vector<TargetRecord> targets;
  for (const KeyValue& pair : pairs) {
    if (pair.key == "TargetName") {
      if (const auto wrong = check_iscsi_name(pair.value, pair.value_byte()))
        return std::unexpected(*wrong);
      targets.push_back({.name = std::string{pair.value}});
    } else if (pair.key == "TargetAddress" && !targets.empty()) {
      auto address = decode_record_address(pair);
      if (!address) return std::unexpected(address.error());
      targets.back().addresses.push_back(std::move(*address));
    } else {
      return std::unexpected(
          broken(Rule::send_targets_answer_has_records_only, pair.byte, pair.key.size()));
    }
  }
  return targets;
}

}  // namespace iscsi::text
