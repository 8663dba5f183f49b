#include "conformance/play/url.hpp"

#include <charconv>

namespace conformance {
namespace {

constexpr std::uint64_t last_lun = 16383;

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value > most)
    return std::nullopt;
  return value;
}

/// Cuts `text` at `at`, if that is in it: what stands before comes back, the mark is dropped.
std::optional<std::string_view> cut(std::string_view& text, std::size_t at) {
  if (at == text.npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

std::optional<std::string_view> take_until(std::string_view& text, char mark) {
  return cut(text, text.find(mark));
}

std::expected<void, std::string> read_authority(std::string_view text, TargetUrl& url) {
  // At the last @: secrets may hold one, hosts do not.
  if (auto user = cut(text, text.rfind('@'))) {
    const auto name = take_until(*user, '%');
    if (!name || name->empty() || user->empty())
      return std::unexpected("user%secret before the @ of the URL");
    url.initiator = Secret{std::string{*name}, std::string{*user}};
  }
  std::string_view port;
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    const auto host = take_until(text, ']');
    if (!host) return std::unexpected("a ] behind the IPv6 address of the URL");
    url.host = *host;
    if (text.starts_with(':')) port = text.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    if (colon != text.npos) port = text.substr(colon + 1);
  }
  if (url.host.empty()) return std::unexpected("a host in the URL");
  if (port.empty()) return {};
  if (!number(port, 65535)) return std::unexpected("a port number in the URL");
  url.port = port;
  return {};
}

std::expected<void, std::string> read_query(std::string_view text, TargetUrl& url) {
  Secret target;
  while (!text.empty()) {
    std::string_view item = take_until(text, '&').value_or(text);
    if (item.data() + item.size() == text.data() + text.size()) text = {};
    const auto key = take_until(item, '=');
    if (key == "target_user")
      target.name = item;
    else if (key == "target_password")
      target.secret = item;
    else
      return std::unexpected("target_user or target_password behind the ? of the URL");
  }
  if (target.name.empty() || target.secret.empty())
    return std::unexpected("both target_user and target_password in the URL");
  url.target = std::move(target);
  return {};
}

}  // namespace

std::expected<TargetUrl, std::string> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "iscsi://";
  if (!text.starts_with(scheme)) return std::unexpected("a URL that begins with iscsi://");
  text.remove_prefix(scheme.size());
  TargetUrl url;
  if (const std::size_t query = text.find('?'); query != text.npos) {
    if (const auto done = read_query(text.substr(query + 1), url); !done)
      return std::unexpected(done.error());
    text = text.substr(0, query);
  }
  const auto authority = take_until(text, '/');
  if (!authority || text.empty()) return std::unexpected("a target's name in the URL");
  if (const auto done = read_authority(*authority, url); !done)
    return std::unexpected(done.error());
  if (const auto name = take_until(text, '/')) {
    const auto lun = number(text, last_lun);
    if (!lun) return std::unexpected("a LUN from 0 to 16383 at the end of the URL");
    url.target_name = *name;
    url.lun = *lun;
  } else {
    url.target_name = text;
  }
  if (url.target && !url.initiator)
    return std::unexpected("user%secret in a URL with target_user (mutual authentication)");
  return url;
}

std::string print_url(const TargetUrl& url) {
  const std::string host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
  return "iscsi://" + host + ":" + url.port + "/" + url.target_name + "/" + std::to_string(url.lun);
}

std::uint64_t lun_field(std::uint64_t number) {
  constexpr std::uint64_t flat = 0x4000;
  return (number < 256 ? number : flat | number) << 48U;
}

}  // namespace conformance
