#include "login/authentication.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <string_view>

namespace iscsi::login {
namespace {

using text::KeyValue;
using text::Pair;
using Reply = std::expected<std::vector<Pair>, Violation>;
using Keys = std::span<const KeyValue>;

constexpr std::string_view auth_method = "AuthMethod";
constexpr std::string_view method_chap = "CHAP";
constexpr std::string_view chap_a = "CHAP_A";
constexpr std::string_view chap_i = "CHAP_I";
constexpr std::string_view chap_c = "CHAP_C";
constexpr std::string_view chap_n = "CHAP_N";
constexpr std::string_view chap_r = "CHAP_R";

std::unexpected<Violation> broken(Rule rule, std::uint32_t byte, std::uint64_t found) {
  return std::unexpected(Violation{.rule = rule, .byte = byte, .found = found});
}

// What a step's text consists of (11.1.4).

struct StepKeys {
  std::span<const std::string_view> needed;
  std::span<const std::string_view> together{};  ///< all of these or none
};

constexpr std::array selection_keys{auth_method, chap_a};
constexpr std::array method_keys{auth_method};
constexpr std::array algorithm_keys{chap_a};
constexpr std::array response_keys{chap_n, chap_r};
constexpr std::array mutual_keys{chap_i, chap_c};

bool lists(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Strangers first: where keys come out of order, the stray key tells more than the missing one.
std::expected<void, Violation> check_step(Keys keys, const StepKeys& step) {
  for (const KeyValue& pair : keys)
    if (!lists(step.needed, pair.key) && !lists(step.together, pair.key))
      return broken(Rule::authentication_step_has_no_other_keys, pair.byte, pair.key.size());

  const auto missing_of = [keys](std::span<const std::string_view> names) {
    return std::ranges::count_if(names, [keys](auto name) { return !find(keys, name); });
  };
  const auto missing_together = missing_of(step.together);
  const bool half = missing_together != 0 && missing_together != std::ssize(step.together);
  if (missing_of(step.needed) != 0 || half)
    return broken(Rule::authentication_step_has_its_keys, 0, keys.size());
  return {};
}

// Step "method".

bool allows(Authentication authentication, std::string_view method) {
  if (method == method_chap) return authentication != Authentication::none;
  return method == text::word_none && authentication != Authentication::required;
}

/// 5.3.2: the first method of the list that the target may use with this initiator.
std::expected<std::string_view, Violation> select_method(const KeyValue& proposal,
                                                         Authentication authentication) {
  const auto list = text::decode_list(proposal.value, proposal.value_byte());
  if (!list) return std::unexpected(list.error());
  for (const std::string_view method : *list) {
    if (text::is_reserved_answer(method))
      return broken(Rule::reserved_word_is_only_an_answer, proposal.value_byte(), list->size());
    if (allows(authentication, method)) return method;
  }
  return broken(Rule::authentication_method_is_usable, proposal.value_byte(), list->size());
}

// Step "algorithm".

/// CHAP_A is a list of numbers. What is not one is a value that the target does not understand, and
/// is passed over like an unknown number (5.2.1).
std::expected<std::vector<std::uint64_t>, Violation> decode_algorithms(const KeyValue& proposal) {
  const auto list = text::decode_list(proposal.value, proposal.value_byte());
  if (!list) return std::unexpected(list.error());
  std::vector<std::uint64_t> numbers;
  for (const std::string_view item : *list)
    if (const auto number = text::decode_number(item)) numbers.push_back(*number);
  return numbers;
}

Reply challenge_initiator(Exchange& exchange, Keys keys, const Terms& terms) {
  const KeyValue& proposal = *find(keys, chap_a);
  const auto offered = decode_algorithms(proposal);
  if (!offered) return std::unexpected(offered.error());
  const auto chosen = chap::choose(*offered, terms.configuration.algorithms);
  if (!chosen)
    return broken(Rule::chap_algorithm_is_usable, proposal.value_byte(), offered->size());

  exchange.algorithm = *chosen;
  exchange.challenge = chap::make_challenge(terms.fresh);
  exchange.step = AuthenticationStep::response;
  return std::vector<Pair>{
      {std::string(chap_a), text::encode_number(static_cast<std::uint64_t>(*chosen))},
      {std::string(chap_i), text::encode_number(exchange.challenge.identifier)},
      {std::string(chap_c), text::encode_hexadecimal(exchange.challenge.value)}};
}

Reply take_method(Exchange& exchange, Keys keys, const Terms& terms) {
  if (keys.empty()) return std::vector<Pair>{};
  if (const auto step = check_step(keys, {.needed = method_keys}); !step)
    return std::unexpected(step.error());
  const auto method = select_method(keys.front(), terms.authentication);
  if (!method) return std::unexpected(method.error());
  exchange.step = *method == method_chap ? AuthenticationStep::algorithm : AuthenticationStep::done;
  return std::vector<Pair>{{std::string(auth_method), std::string(*method)}};
}

/// The answer to our own proposal of AuthMethod: there was one value to select.
Reply take_selection(Exchange& exchange, Keys keys, const Terms& terms) {
  const KeyValue* selection = find(keys, auth_method);
  if (!selection) return broken(Rule::authentication_is_not_skipped, 0, keys.size());
  if (selection->value != method_chap)
    return broken(selection->value == text::word_reject ? Rule::authentication_is_not_skipped
                                                        : Rule::list_answer_was_proposed,
                  selection->value_byte(), selection->value.size());
  if (const auto step = check_step(keys, {.needed = selection_keys}); !step)
    return std::unexpected(step.error());
  return challenge_initiator(exchange, keys, terms);
}

// Step "response".

/// The initiator's challenge to the target.
struct Counter {
  std::uint8_t identifier = 0;
  wire::Bytes challenge;
};

/// The third step's values, their notation checked.
struct Proof {
  std::string_view name;
  wire::Bytes response;
  std::optional<Counter> counter;
};

/// A response longer than the digest is refused by its number of digits, before a byte of it is
/// decoded. Up to the 1,024 bytes of 11.1.4 it is a binary-value in order, just not the right one.
std::expected<wire::Bytes, Violation> decode_response(const KeyValue& pair,
                                                      chap::Algorithm algorithm) {
  auto response =
      text::decode_binary(pair.value, pair.value_byte(), chap::about(algorithm).digest_bytes);
  if (response || response.error().rule != Rule::binary_within_limit) return response;
  if (response.error().found > limits::chap_challenge_bytes) return response;
  return broken(Rule::chap_response_is_right, pair.value_byte(), response.error().found);
}

std::expected<Counter, Violation> decode_counter(const KeyValue& identifier,
                                                 const KeyValue& challenge) {
  const auto number = text::decode_number(identifier.value, identifier.value_byte());
  if (!number) return std::unexpected(number.error());
  if (*number > 0xff)
    return broken(Rule::chap_identifier_is_one_byte, identifier.value_byte(), *number);
  auto bytes =
      text::decode_binary(challenge.value, challenge.value_byte(), limits::chap_challenge_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  return Counter{.identifier = static_cast<std::uint8_t>(*number), .challenge = std::move(*bytes)};
}

std::expected<Proof, Violation> decode_proof(Keys keys, chap::Algorithm algorithm) {
  // CHAP_N is text whatever it looks like: "0x61" is a name of four characters.
  const KeyValue& name = *find(keys, chap_n);
  if (name.value.size() > limits::chap_name_bytes)
    return broken(Rule::text_value_within_limit, name.value_byte(), name.value.size());
  auto response = decode_response(*find(keys, chap_r), algorithm);
  if (!response) return std::unexpected(response.error());

  Proof proof{.name = name.value, .response = std::move(*response), .counter = {}};
  if (const KeyValue* challenge = find(keys, chap_c)) {
    auto counter = decode_counter(*find(keys, chap_i), *challenge);
    if (!counter) return std::unexpected(counter.error());
    proof.counter = std::move(*counter);
  }
  return proof;
}

/// The response that `secret` gives to our challenge.
std::expected<chap::Response, Violation> expected_of(const Exchange& exchange,
                                                     std::string_view secret) {
  const auto response = chap::respond(exchange.algorithm, exchange.challenge.identifier,
                                      wire::as_bytes(secret), exchange.challenge.value);
  if (!response)
    return broken(Rule::target_can_compute, 0, static_cast<std::uint64_t>(exchange.algorithm));
  return *response;
}

std::expected<void, Violation> verify(const Exchange& exchange, const Proof& proof,
                                      std::uint32_t byte, const Terms& terms) {
  // 8.2.1: the initiator must not answer as the target would.
  if (const auto& own = terms.configuration.own_account) {
    const auto ours = expected_of(exchange, own->secret);
    if (!ours) return std::unexpected(ours.error());
    if (chap::equal(ours->view(), proof.response))
      return broken(Rule::chap_secrets_differ, byte, proof.response.size());
  }
  // An unknown name costs the same hash as a known one.
  const auto& accounts = terms.configuration.accounts;
  const auto account = std::ranges::find(accounts, proof.name, &Account::name);
  const bool known = account != accounts.end();
  const auto expected = expected_of(exchange, known ? std::string_view(account->secret) : "");
  if (!expected) return std::unexpected(expected.error());
  const bool right = chap::equal(expected->view(), proof.response);
  if (!known || !right) return broken(Rule::chap_response_is_right, byte, proof.response.size());
  return {};
}

bool is_reflected(const Exchange& exchange, const Counter& counter, const Terms& terms) {
  const auto same = [&counter](const chap::Challenge& ours) {
    return chap::equal(ours.value, counter.challenge);
  };
  return same(exchange.challenge) || std::ranges::any_of(terms.challenges_elsewhere, same);
}

/// Proves the target to the initiator. The digest is one that has just been computed.
Reply prove_target(const Exchange& exchange, const Counter& counter, std::uint32_t byte,
                   const Terms& terms) {
  const auto& own = terms.configuration.own_account;
  if (!own) return broken(Rule::target_can_be_authenticated, byte, 0);
  const bool strong = own->secret.size() >= limits::chap_strong_secret_bytes;
  if (!strong && !terms.configuration.encrypted_by_ipsec)
    return broken(Rule::chap_secret_is_strong, byte, own->secret.size());
  const auto response = chap::respond(exchange.algorithm, counter.identifier,
                                      wire::as_bytes(own->secret), counter.challenge);
  return std::vector<Pair>{{std::string(chap_n), own->name},
                           {std::string(chap_r), text::encode_hexadecimal(response->view())}};
}

Reply take_response(Exchange& exchange, Keys keys, const Terms& terms) {
  const auto step = check_step(keys, {.needed = response_keys, .together = mutual_keys});
  if (!step) return std::unexpected(step.error());
  const auto proof = decode_proof(keys, exchange.algorithm);
  if (!proof) return std::unexpected(proof.error());

  const std::uint32_t response_byte = find(keys, chap_r)->value_byte();
  const std::uint32_t challenge_byte = proof->counter ? find(keys, chap_c)->value_byte() : 0;
  if (proof->counter && is_reflected(exchange, *proof->counter, terms))
    return broken(Rule::chap_challenge_is_not_reflected, challenge_byte,
                  proof->counter->challenge.size());
  if (const auto verified = verify(exchange, *proof, response_byte, terms); !verified)
    return std::unexpected(verified.error());

  exchange.user = proof->name;
  exchange.step = AuthenticationStep::done;
  if (!proof->counter) return std::vector<Pair>{};
  return prove_target(exchange, *proof->counter, challenge_byte, terms);
}

}  // namespace

Reply authenticate(Exchange& exchange, Keys keys, const Terms& terms) {
  switch (exchange.step) {
    case AuthenticationStep::method:
      return exchange.proposed ? take_selection(exchange, keys, terms)
                               : take_method(exchange, keys, terms);
    case AuthenticationStep::algorithm:
      if (const auto step = check_step(keys, {.needed = algorithm_keys}); !step)
        return std::unexpected(step.error());
      return challenge_initiator(exchange, keys, terms);
    case AuthenticationStep::response: return take_response(exchange, keys, terms);
    case AuthenticationStep::done: break;
  }
  if (const auto step = check_step(keys, {}); !step) return std::unexpected(step.error());
  return std::vector<Pair>{};
}

bool may_leave_security(const Exchange& exchange, Authentication authentication) {
  if (exchange.step == AuthenticationStep::done) return true;
  return exchange.step == AuthenticationStep::method && authentication != Authentication::required;
}

Pair propose_method(Exchange& exchange) {
  assert(exchange.step == AuthenticationStep::method && !exchange.proposed);
  exchange.proposed = true;
  return {std::string(auth_method), std::string(method_chap)};
}

}  // namespace iscsi::login
