#include "text/negotiation.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "text/breach.hpp"

namespace iscsi::text {
namespace {

/// 5.3, 11, 12: what keeps `sender` from sending the key at this point, if anything. As `found` in
/// violations: the key's number.
std::optional<Rule> refusal(const KeySpec& key, Role sender, const Negotiation::Setting& setting) {
  const Use use = key.use(sender);
  if (use == Use::never) return Rule::key_comes_from_its_sender;
  switch (setting.phase) {
    case Phase::security:
      if (use != Use::security && (!key.any_stage || use == Use::full_feature))
        return Rule::security_stage_has_its_own_keys;
      break;
    case Phase::operational:
      if (use == Use::security || use == Use::full_feature)
        return Rule::operational_stage_has_its_own_keys;
      break;
    case Phase::full_feature:
      if (use == Use::security) return Rule::security_is_negotiated_in_login;
      if (use != Use::all && use != Use::full_feature)
        return Rule::full_feature_phase_has_its_own_keys;
      break;
  }
  if (use == Use::leading && !setting.leading) return Rule::leading_only_key_is_on_leading_login;
  return std::nullopt;
}

/// The same for the keys of authentication methods.
std::optional<Rule> refusal(const AuthenticationKey& key, Role sender, Phase phase) {
  if (!(sender == Role::initiator ? key.by_initiator : key.by_target))
    return Rule::key_comes_from_its_sender;
  switch (phase) {
    case Phase::security: return std::nullopt;
    case Phase::operational: return Rule::operational_stage_has_its_own_keys;
    case Phase::full_feature: return Rule::security_is_negotiated_in_login;
  }
  std::unreachable();
}

/// When a proposal's turn comes: what others depend on goes first.
int turn(const KeySpec* key) {
  if (key == nullptr) return 3;
  switch (key->key) {
    case Key::session_type: return 0;  // what is irrelevant
    case Key::auth_method: return 3;   // with the other authentication keys, in their order
    case Key::error_recovery_level: return 2;
    case Key::first_burst_length:     // after InitialR2T, ImmediateData, MaxBurstLength
    case Key::max_outstanding_r2t:    // after DataSequenceInOrder, ErrorRecoveryLevel
    case Key::if_mark_int:            // after IFMarker
    case Key::of_mark_int: return 3;  // after OFMarker
    default: return 1;
  }
}

/// True if a reserved word for it is a reply to what we declared (or asked) and not a proposal.
bool takes_replies(const KeySpec& key) { return key.declarative || key.kind == Kind::send_targets; }

/// A reply to a declaration of ours. None is due, and Irrelevant changes nothing; but who cannot
/// accept the stated value has failed the negotiation (6.10), and who knows the RFC knows the key.
std::optional<Violation> check_reply(const KeySpec& key, const KeyValue& pair) {
  if (pair.value == word_not_understood)
    return broken(Rule::standard_key_is_understood, pair.value_byte(), pair.value.size());
  if (pair.value == word_reject && key.declarative)
    return broken(Rule::declaration_is_admissible, pair.value_byte(), pair.value.size());
  return std::nullopt;
}

}  // namespace

// Admission: what a pair is, and whether it may be there.

Rule Negotiation::once_rule() const {
  return setting_.phase == Phase::full_feature ? Rule::key_is_negotiated_once_in_sequence
                                               : Rule::key_is_negotiated_once_in_login;
}

Negotiation::Awaited* Negotiation::awaiting(Key key) {
  const auto found = std::ranges::find_if(
      awaited_, [key](const Awaited& awaited) { return awaited.key == key && !awaited.answered; });
  return found == awaited_.end() ? nullptr : &*found;
}

Negotiation::Admitted Negotiation::admit_known(const KeySpec& key, const KeyValue& pair) {
  if (Awaited* const awaited = awaiting(key.key)) {
    awaited->answered = true;
    return Step::Part::answer;
  }
  if (takes_replies(key) && ours_.has(key.key) && is_reserved_answer(pair.value))
    return Step::Part::reply;
  if (const auto rule = refusal(key, peer_of(setting_.role), setting_))
    return std::unexpected(broken(*rule, pair.byte, std::to_underlying(key.key)));
  if (key.kind == Kind::send_targets && received_ > 1)
    return std::unexpected(broken(Rule::send_targets_stands_alone, pair.byte, received_));
  const bool used = theirs_.has(key.key) || (!key.declarative && ours_.has(key.key));
  if (used && !key.repeatable)
    return std::unexpected(broken(once_rule(), pair.byte, std::to_underlying(key.key)));
  theirs_.add(key.key);
  if (key.key == Key::auth_method) return Step::Part::authentication;
  if (key.kind != Kind::send_targets) return Step::Part::proposal;
  if (is_reserved_answer(pair.value))
    return std::unexpected(
        broken(Rule::reserved_word_is_only_an_answer, pair.value_byte(), pair.value.size()));
  return Step::Part::question;
}

Negotiation::Admitted Negotiation::admit_other(const KeyValue& pair) {
  const AuthenticationKey* const key = find_authentication_key(pair.key);
  if (key != nullptr) {
    if (const auto rule = refusal(*key, peer_of(setting_.role), setting_.phase))
      return std::unexpected(broken(*rule, pair.byte, pair.key.size()));
  } else if (is_reserved_answer(pair.value)) {
    return std::unexpected(
        broken(Rule::reserved_word_is_only_an_answer, pair.value_byte(), pair.value.size()));
  }
  if (!others_.emplace(pair.key).second)
    return std::unexpected(broken(once_rule(), pair.byte, pair.key.size()));
  return key != nullptr ? Step::Part::authentication : Step::Part::unknown;
}

Negotiation::Admitted Negotiation::admit(const KeySpec* key, const KeyValue& pair) {
  if (++received_ > limits::negotiation_keys)
    return std::unexpected(broken(Rule::negotiation_keys_within_limit, pair.byte, received_));
  if (setting_.role == Role::target && setting_.phase == Phase::full_feature) {
    const bool asks = key != nullptr && key->kind == Kind::send_targets;
    if (pending_.session.session_type == SessionType::discovery && !asks)
      return std::unexpected(
          broken(Rule::discovery_text_is_send_targets, pair.byte, pair.key.size()));
    if (theirs_.has(Key::send_targets))
      return std::unexpected(broken(Rule::send_targets_stands_alone, pair.byte, received_));
  }
  return key != nullptr ? admit_known(*key, pair) : admit_other(pair);
}

std::expected<std::vector<Negotiation::Step>, Violation> Negotiation::admit_all(
    std::span<const KeyValue> pairs) {
  std::vector<Step> steps;
  steps.reserve(std::min(pairs.size(), limits::negotiation_keys));
  for (const KeyValue& pair : pairs) {
    const KeySpec* const key = find_key(pair.key);
    const auto part = admit(key, pair);
    if (!part) return std::unexpected(part.error());
    steps.push_back({.part = *part, .key = key, .place = steps.size()});
  }
  // By turn, and in order within one (std::ranges::stable_sort needs what C++17 deprecated). The
  // peer answered before it proposed, so its answers are part of what its proposals build on.
  std::ranges::sort(steps, {}, [](const Step& step) {
    return std::pair{step.part == Step::Part::answer ? 0 : turn(step.key), step.place};
  });
  return steps;
}

// What a pair does.

std::optional<Violation> Negotiation::take_answer(const KeySpec& key, const KeyValue& pair) {
  const auto awaited = std::ranges::find(awaited_, key.key, &Awaited::key);
  const auto result = check_answer(key, awaited->proposed, pair);
  if (!result) return result.error();
  if (*result) apply(pending_, key.key, setting_.role, **result);
  if (pair.value == word_reject) rejected_.add(key.key);
  return std::nullopt;
}

std::expected<std::optional<std::string>, Violation> Negotiation::take_proposal(
    const KeySpec& key, const KeyValue& pair, std::vector<Violation>& findings) {
  auto answer = negotiate(key, pair, policy_, {.values = pending_, .settled = ours_ | theirs_});
  if (!answer) return std::unexpected(answer.error());
  if (answer->result) apply(pending_, key.key, peer_of(setting_.role), *answer->result);
  if (answer->finding) {
    findings.push_back(*answer->finding);
    rejected_.add(key.key);
  }
  return std::move(answer->text);
}

std::optional<std::string> Negotiation::take_unknown(const KeyValue& pair,
                                                     std::vector<Violation>& findings) const {
  if (is_extension_key(pair.key) && pending_.session.session_type == SessionType::discovery)
    findings.push_back(
        broken(Rule::extension_key_only_in_normal_session, pair.byte, pair.key.size()));
  return std::string{word_not_understood};
}

std::expected<Received, Violation> Negotiation::receive(std::span<const KeyValue> pairs) {
  const auto steps = admit_all(pairs);
  if (!steps) return std::unexpected(steps.error());
  Received received;
  std::vector<std::optional<std::string>> answers(pairs.size());
  for (const Step& step : *steps) {
    const KeyValue& pair = pairs[step.place];
    std::optional<Violation> wrong;
    switch (step.part) {
      case Step::Part::answer: wrong = take_answer(*step.key, pair); break;
      case Step::Part::reply: wrong = check_reply(*step.key, pair); break;
      case Step::Part::authentication: received.authentication.push_back(pair); break;
      case Step::Part::question: received.send_targets = pair; break;
      case Step::Part::unknown: answers[step.place] = take_unknown(pair, received.findings); break;
      case Step::Part::proposal: {
        auto answer = take_proposal(*step.key, pair, received.findings);
        if (!answer) return std::unexpected(answer.error());
        answers[step.place] = std::move(*answer);
        break;
      }
    }
    if (wrong) return std::unexpected(*wrong);
  }
  received.answers.reserve(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (answers[i]) received.answers.push_back({std::string{pairs[i].key}, std::move(*answers[i])});
  return received;
}

// What we send of our own.

bool Negotiation::may_offer(Key key) const {
  const KeySpec& spec = about(key);
  if (refusal(spec, setting_.role, setting_)) return false;
  if (spec.repeatable) return true;
  return !ours_.has(key) && (spec.declarative || !theirs_.has(key));
}

Pair Negotiation::offer(Key key) {
  assert(may_offer(key));
  const KeySpec& spec = about(key);
  ours_.add(key);
  std::string value = proposal(key, policy_);
  if (spec.declarative)
    apply(pending_, key, setting_.role, std::uint64_t{policy_.max_recv_data_segment_length});
  else
    awaited_.push_back({.key = key, .proposed = value, .due = !determines_result(spec, value)});
  return {.key = std::string{spec.name}, .value = std::move(value)};
}

Pair Negotiation::declare(Key key, std::string value) {
  assert(may_offer(key));
  const KeySpec& spec = about(key);
  ours_.add(key);
  if (spec.declarative) {
    const KeyValue pair{.key = spec.name, .value = value, .byte = 0};
    const auto taken = negotiate(spec, pair, policy_, {.values = pending_});
    assert(taken && taken->result);
    apply(pending_, key, setting_.role, *taken->result);
  }
  return {.key = std::string{spec.name}, .value = std::move(value)};
}

std::optional<Pair> Negotiation::repair() {
  const auto broken_rule = check_integrity(pending_);
  if (!broken_rule || broken_rule->rule != Rule::first_burst_within_max_burst ||
      !may_offer(Key::first_burst_length))
    return std::nullopt;
  policy_.first_burst_length =
      std::min(policy_.first_burst_length, pending_.session.max_burst_length);
  return offer(Key::first_burst_length);
}

// The end.

bool Negotiation::settled() const {
  return std::ranges::none_of(
      awaited_, [](const Awaited& awaited) { return awaited.due && !awaited.answered; });
}

std::expected<Parameters, Violation> Negotiation::conclude() const {
  Parameters agreed = pending_;
  for (const Awaited& awaited : awaited_) {
    if (awaited.answered) continue;
    if (awaited.due)
      return std::unexpected(
          broken(Rule::proposal_is_answered, 0, std::to_underlying(awaited.key)));
    apply(agreed, awaited.key, setting_.role, *decode_boolean(awaited.proposed));
  }
  // A.3.2. Not earlier: OFMarker=Yes may come before or after, in either direction.
  for (const Key interval : {Key::if_mark_int, Key::of_mark_int})
    if (rejected_.has(interval)) turn_markers_off(agreed, interval);
  if (const auto wrong = check_integrity(agreed)) return std::unexpected(*wrong);
  return agreed;
}

}  // namespace iscsi::text
