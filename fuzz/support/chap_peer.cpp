#include "support/chap_peer.hpp"

#include <algorithm>

#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

/// The text with one of its pairs another: `value` instead of the placeholder, unless it is empty.
std::string with(std::string_view text, std::string_view key, std::string_view placeholder,
                 std::string_view value) {
  std::string pair, filling;
  text::append_pair(pair, key, placeholder);
  const std::size_t at = text.find(pair);
  const bool is_whole = at == 0 || (at != text.npos && text[at - 1] == '\0');
  if (!is_whole || value.empty()) return std::string{text};
  text::append_pair(filling, key, value);
  return std::string{text}.replace(at, pair.size(), filling);
}

}  // namespace

/// "0x" and the digits; nothing at all without a challenge.
std::string ChapPeer::response_by(std::string_view secret) const {
  if (!challenge_) return {};
  const auto response = login::chap::respond(challenge_->algorithm, challenge_->identifier,
                                             wire::as_bytes(secret), challenge_->value);
  return response ? text::encode_hexadecimal(response->view()) : std::string{};
}

std::string ChapPeer::response_of(std::string_view name) const {
  const auto& accounts = configuration_.accounts;
  const auto account = std::ranges::find(accounts, name, &login::Account::name);
  return account == accounts.end() ? std::string{} : response_by(account->secret);
}

std::string ChapPeer::right(std::string_view text) const {
  const auto pairs = text::split(text);
  const text::KeyValue* name = pairs ? find(*pairs, "CHAP_N") : nullptr;
  return name == nullptr ? std::string{} : response_of(name->value);
}

std::string ChapPeer::ours() const {
  const auto& own = configuration_.own_account;
  return own ? response_by(own->secret) : std::string{};
}

std::string ChapPeer::theirs() const {
  return challenge_ ? text::encode_hexadecimal(challenge_->value) : std::string{};
}

std::string ChapPeer::fill_in(std::string_view text) const {
  if (!text.contains("CHAP_")) return std::string{text};
  std::string filled = with(text, "CHAP_R", "right", right(text));
  filled = with(filled, "CHAP_R", "ours", ours());
  return with(filled, "CHAP_C", "theirs", theirs());
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
