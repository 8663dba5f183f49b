#include "support/chap_peer.hpp"

#include <algorithm>

#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

constexpr std::string_view placeholder{"CHAP_R=right\0", 13};

}  // namespace

/// "0x" and the digits; nothing at all without a challenge.
std::string ChapPeer::response_of(std::string_view name) const {
  if (!challenge_) return {};
  const auto account = std::ranges::find(accounts_, name, &login::Account::name);
  if (account == accounts_.end()) return {};
  const auto response = login::chap::respond(challenge_->algorithm, challenge_->identifier,
                                             wire::as_bytes(account->secret), challenge_->value);
  return response ? text::encode_hexadecimal(response->view()) : std::string{};
}

std::string ChapPeer::fill_in(std::string_view text) const {
  const std::size_t at = text.find(placeholder);
  const bool whole_key = at == 0 || (at != text.npos && text[at - 1] == '\0');
  const auto pairs = text::split(text);
  if (!whole_key || !pairs) return std::string{text};
  const text::KeyValue* name = find(*pairs, "CHAP_N");
  const std::string response = name == nullptr ? "" : response_of(name->value);
  if (response.empty()) return std::string{text};
  std::string filled{text.substr(0, at)};
  text::append_pair(filled, "CHAP_R", response);
  return filled.append(text.substr(at + placeholder.size()));
}

void ChapPeer::sent(std::string_view text) {
  proved_.reset();
  const auto pairs = text::split(text);
  if (!pairs) return;
  const text::KeyValue* name = find(*pairs, "CHAP_N");
  const text::KeyValue* response = find(*pairs, "CHAP_R");
  if (name == nullptr || response == nullptr) return;
  const std::string right = response_of(name->value);
  if (right.empty()) return;
  const auto given = text::decode_binary(response->value, 0, limits::chap_challenge_bytes);
  if (given && given == text::decode_binary(right, 0, limits::chap_challenge_bytes))
    proved_ = std::string{name->value};
}

void ChapPeer::received(std::string_view text) {
  const auto pairs = text::split(text);
  if (!pairs) return;
  const text::KeyValue* algorithm = find(*pairs, "CHAP_A");
  const text::KeyValue* identifier = find(*pairs, "CHAP_I");
  const text::KeyValue* value = find(*pairs, "CHAP_C");
  if (algorithm == nullptr || identifier == nullptr || value == nullptr) return;
  const auto number = text::decode_number(algorithm->value);
  const auto id = text::decode_number(identifier->value);
  auto bytes = text::decode_binary(value->value, 0, limits::chap_challenge_bytes);
  if (!number || !id || !bytes) return;
  challenge_ = Challenge{.algorithm = login::chap::Algorithm{static_cast<std::uint8_t>(*number)},
                         .identifier = static_cast<std::uint8_t>(*id),
                         .value = std::move(*bytes)};
}

}  // namespace iscsi::fuzz
