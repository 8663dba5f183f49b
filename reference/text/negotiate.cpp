#include "text/negotiate.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "text/breach.hpp"
#include "text/send_targets.hpp"

namespace iscsi::text {
namespace {

/// The answer to a proposal, which is of a list, a boolean or a number.
std::string encode(const Value& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return encode_boolean(*boolean);
  if (const auto* digest = std::get_if<Digest>(&value)) return std::string{name_of(*digest)};
  return encode_number(std::get<std::uint64_t>(value));
}

/// A number in the key's own bounds.
std::expected<std::uint64_t, Violation> decode_within(const KeySpec& key, const KeyValue& pair) {
  const auto number = decode_number(pair.value, pair.value_byte());
  if (number && (*number < key.least || *number > key.most))
    return std::unexpected(broken(Rule::proposal_is_admissible, pair.value_byte(), *number));
  return number;
}

// Selecting an answer. Every function gives the key's new value, or why the proposal is rejected.

using Selection = std::expected<Value, Violation>;

/// 5.2.1: the first value of the proposer's list that we support and may use.
Selection select_from_list(const KeySpec& key, const KeyValue& offered, const Policy& policy) {
  const auto list = decode_list(offered.value, offered.value_byte());
  if (!list) return std::unexpected(list.error());
  const DigestPolicy& allowed = wished_digests(key.key, policy);
  for (const std::string_view item : *list) {
    if (is_reserved_answer(item))
      return std::unexpected(
          broken(Rule::reserved_word_is_only_an_answer, offered.value_byte(), item.size()));
    const auto digest = digest_named(item);
    if (digest && allows(allowed, *digest)) return *digest;
  }
  return std::unexpected(broken(Rule::list_has_a_usable_value, offered.value_byte(), list->size()));
}

Selection select_boolean(const KeySpec& key, const KeyValue& offered, const Policy& policy) {
  const auto value = decode_boolean(offered.value, offered.value_byte());
  if (!value) return std::unexpected(value.error());
  const bool wish = wished_boolean(key.key, policy);
  return key.result == Result::logical_and ? *value && wish : *value || wish;
}

/// What Minimum leaves free is used to stay within the integrity rules (12.14, 12.19): below an
/// offer every smaller value is as admissible.
std::uint64_t within_integrity(Key key, std::uint64_t number, const SessionParameters& current) {
  if (key == Key::first_burst_length)
    return std::min<std::uint64_t>(number, current.max_burst_length);
  if (!current.data_sequence_in_order) return number;
  if (key == Key::max_outstanding_r2t && current.error_recovery_level > 0) return 1;
  if (key == Key::error_recovery_level && current.max_outstanding_r2t > 1) return 0;
  return number;
}

Selection select_number(const KeySpec& key, const KeyValue& offered, const Policy& policy,
                        const Parameters& current) {
  const auto number = decode_within(key, offered);
  if (!number) return std::unexpected(number.error());
  const std::uint64_t wish = wished_number(key.key, policy);
  if (key.result == Result::maximum) return std::max(*number, wish);
  return within_integrity(key.key, std::min(*number, wish), current.session);
}

/// A.3.2: an interval that both ends can bear, the default if that is one.
Selection select_in_range(const KeySpec& key, const KeyValue& offered, const Policy& policy) {
  const auto range = decode_range(offered.value, offered.value_byte());
  if (!range) return std::unexpected(range.error());
  if (range->low < key.least || range->high > key.most)
    return std::unexpected(broken(Rule::proposal_is_admissible, offered.value_byte(),
                                  range->low < key.least ? range->low : range->high));
  const Range& wish = wished_range(key.key, policy);
  const std::uint64_t low = std::max(range->low, wish.low);
  const std::uint64_t high = std::min(range->high, wish.high);
  if (low > high)
    return std::unexpected(broken(Rule::proposal_is_admissible, offered.value_byte(), range->low));
  return std::clamp<std::uint64_t>(ConnectionParameters{}.of_mark_int, low, high);
}

Selection select(const KeySpec& key, const KeyValue& offered, const Policy& policy,
                 const Parameters& current) {
  switch (key.kind) {
    case Kind::list: return select_from_list(key, offered, policy);
    case Kind::boolean: return select_boolean(key, offered, policy);
    case Kind::range: return select_in_range(key, offered, policy);
    default: return select_number(key, offered, policy, current);
  }
}

/// Whether what makes the key irrelevant will stay as it is: the key it hangs on is settled, or
/// this policy would settle it no other way.
bool irrelevance_is_settled(const KeySpec& key, const Policy& policy, const Context& context) {
  const bool discovery =
      key.irrelevant_in_discovery && context.values.session.session_type == SessionType::discovery;
  switch (key.irrelevant) {
    case Irrelevance::never: return true;
    case Irrelevance::without_unsolicited_data:
      return discovery || context.settled.has(Key::initial_r2t) || policy.initial_r2t;
    case Irrelevance::without_input_markers:
      return context.settled.has(Key::if_marker) || !policy.if_marker;
    case Irrelevance::without_output_markers:
      return context.settled.has(Key::of_marker) || !policy.of_marker;
  }
  std::unreachable();
}

// Declarations.

/// The declared value, or nothing if its notation or its bounds are wrong.
std::optional<Value> read_declaration(const KeySpec& key, const KeyValue& declared) {
  const std::uint32_t byte = declared.value_byte();
  switch (key.kind) {
    case Kind::local_name:
      if (check_local_name(declared.value, byte)) return std::nullopt;
      return std::string{declared.value};
    case Kind::address:
      if (!decode_address(declared.value, byte)) return std::nullopt;
      return std::string{declared.value};
    case Kind::binary: {
      const auto tag = decode_regular_binary(declared.value, byte, 2);
      return tag ? std::optional<Value>{*tag} : std::nullopt;
    }
    case Kind::session_type:
      if (declared.value == "Normal") return SessionType::normal;
      if (declared.value == "Discovery") return SessionType::discovery;
      return std::nullopt;
    default: {
      const auto number = decode_within(key, declared);
      return number ? std::optional<Value>{*number} : std::nullopt;
    }
  }
}

std::expected<Answer, Violation> take_declaration(const KeySpec& key, const KeyValue& declared) {
  if (key.kind == Kind::iscsi_name) {
    if (const auto wrong = check_iscsi_name(declared.value, declared.value_byte()))
      return std::unexpected(*wrong);
    return Answer{.result = std::string{declared.value}};
  }
  auto value = read_declaration(key, declared);
  if (!value)
    return std::unexpected(
        broken(Rule::declaration_is_admissible, declared.value_byte(), declared.value.size()));
  return Answer{.result = std::move(value)};
}

// Checking an answer.

/// The result function of a number or boolean, as a predicate on answers.
bool admits(const KeySpec& key, std::uint64_t proposed, std::uint64_t answered) {
  switch (key.result) {
    case Result::minimum:
    case Result::logical_and: return answered <= proposed;
    default: return answered >= proposed;  // maximum, OR
  }
}

using Checked = std::expected<std::optional<Value>, Violation>;

Checked check_list_answer(std::string_view proposed, const KeyValue& answer) {
  const auto list = decode_list(proposed);
  const auto digest = digest_named(answer.value);
  if (!digest || std::ranges::find(*list, answer.value) == list->end())
    return std::unexpected(
        broken(Rule::list_answer_was_proposed, answer.value_byte(), answer.value.size()));
  return *digest;
}

Checked check_range_answer(std::string_view proposed, const KeyValue& answer) {
  const auto range = decode_range(proposed);
  const auto number = decode_number(answer.value);
  if (!number || *number < range->low || *number > range->high)
    return std::unexpected(broken(Rule::range_answer_is_in_range, answer.value_byte(),
                                  number ? *number : answer.value.size()));
  return *number;
}

Checked check_boolean_answer(const KeySpec& key, std::string_view proposed,
                             const KeyValue& answer) {
  const auto boolean = decode_boolean(answer.value);
  if (!boolean || !admits(key, *decode_boolean(proposed), *boolean))
    return std::unexpected(broken(Rule::answer_follows_result_function, answer.value_byte(),
                                  boolean ? *boolean : answer.value.size()));
  return *boolean;
}

Checked check_number_answer(const KeySpec& key, std::string_view proposed, const KeyValue& answer) {
  const auto number = decode_within(key, answer);
  if (!number || !admits(key, *decode_number(proposed), *number))
    return std::unexpected(broken(Rule::answer_follows_result_function, answer.value_byte(),
                                  number ? *number : answer.value.size()));
  return *number;
}

std::string digest_proposal(const DigestPolicy& policy) {
  const Digest other = policy.preferred == Digest::none ? Digest::crc32c : Digest::none;
  std::string list;
  for (const Digest digest : {policy.preferred, other}) {
    if (!allows(policy, digest)) continue;
    if (!list.empty()) list += ',';
    list += name_of(digest);
  }
  return list;
}

std::string range_proposal(const Range& range) {
  if (range.low == range.high) return encode_number(range.low);
  return encode_number(range.low) + '~' + encode_number(range.high);
}

}  // namespace

std::expected<Answer, Violation> negotiate(const KeySpec& key, const KeyValue& offered,
                                           const Policy& policy, const Context& context) {
  assert(key.key != Key::auth_method && key.key != Key::send_targets);
  if (is_reserved_answer(offered.value))
    return std::unexpected(
        broken(Rule::reserved_word_is_only_an_answer, offered.value_byte(), offered.value.size()));
  if (key.declarative) return take_declaration(key, offered);
  if (is_irrelevant(key, context.values) && irrelevance_is_settled(key, policy, context))
    return Answer{.text = std::string{word_irrelevant}};
  auto selected = select(key, offered, policy, context.values);
  if (selected) return Answer{.text = encode(*selected), .result = *selected};
  if (selected.error().rule == Rule::reserved_word_is_only_an_answer)
    return std::unexpected(selected.error());
  return Answer{.text = std::string{word_reject}, .finding = selected.error()};
}

std::expected<std::optional<Value>, Violation> check_answer(const KeySpec& key,
                                                            std::string_view proposed,
                                                            const KeyValue& answer) {
  if (answer.value == word_not_understood)
    return std::unexpected(
        broken(Rule::standard_key_is_understood, answer.value_byte(), answer.value.size()));
  if (answer.value == word_irrelevant || answer.value == word_reject) return std::nullopt;
  switch (key.kind) {
    case Kind::list: return check_list_answer(proposed, answer);
    case Kind::range: return check_range_answer(proposed, answer);
    case Kind::boolean: return check_boolean_answer(key, proposed, answer);
    default: return check_number_answer(key, proposed, answer);
  }
}

std::string proposal(Key key, const Policy& policy) {
  if (key == Key::max_recv_data_segment_length)
    return encode_number(policy.max_recv_data_segment_length);
  switch (about(key).kind) {
    case Kind::list: return digest_proposal(wished_digests(key, policy));
    case Kind::range: return range_proposal(wished_range(key, policy));
    case Kind::boolean: return encode_boolean(wished_boolean(key, policy));
    default: return encode_number(wished_number(key, policy));
  }
}

bool determines_result(const KeySpec& key, std::string_view proposed) {
  return (key.result == Result::logical_and && proposed == word_no) ||
         (key.result == Result::logical_or && proposed == word_yes);
}

}  // namespace iscsi::text
