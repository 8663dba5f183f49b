#include "conformance/model/talk.hpp"

#include <algorithm>
#include <utility>

#include "conformance/model/talk_words.hpp"
#include "text/grammar.hpp"

namespace conformance {

using iscsi::Rule;
using iscsi::text::KeyValue;

using namespace talk_words;

void Talk::note_checked(Side side, Rule rule) {
  std::vector<Rule>& checked = heard_[static_cast<std::size_t>(side)].checked;
  if (checked.empty()) checked.reserve(16);  // about what a login is held against
  if (std::ranges::find(checked, rule) == checked.end()) checked.push_back(rule);
}

std::vector<TextBreach> Talk::take_breaches(Side side) {
  return std::exchange(heard_[static_cast<std::size_t>(side)].breaches, {});
}
std::vector<Rule> Talk::take_checked(Side side) {
  return std::exchange(heard_[static_cast<std::size_t>(side)].checked, {});
}

void Talk::request(Stage stage, bool continued, iscsi::wire::ByteView data) {
  speaker_ = Side::initiator;
  request_goes_on_ = continued;
  const auto text = request_text_.add(data, continued);
  if (!text)
    check(text.error().rule, false, text.error().byte, "a text without end");
  else if (*text)
    hear_request(stage, **text);
}

void Talk::response(Stage stage, bool continued, bool ends, iscsi::wire::ByteView data) {
  speaker_ = Side::target;
  const auto text = response_text_.add(data, continued);
  if (!text) {
    check(text.error().rule, false, text.error().byte, "a text without end");
    return;
  }
  // Answers to a text that is not complete break a rule of their own, and can be held to no other.
  out_of_step_ = out_of_step_ || (request_goes_on_ && !data.empty());
  if (*text) hear_response(stage, ends, **text);
  if (ends) close_negotiation();
}

void Talk::check_form(std::string_view text, const std::optional<iscsi::Violation>& broken) {
  if (text.empty()) return;
  note_checked(speaker_, Rule::text_pair_ends_in_null);
  note_checked(speaker_, Rule::key_name_has_label_characters);
  if (broken)
    check(broken->rule, false, broken->byte, text.substr(0, iscsi::limits::text_value_bytes));
}

void Talk::refuse() {
  step_ = nullptr;
  by_initiator_.clear();
}

void Talk::hear_request(Stage stage, std::string_view text) {
  if (text.empty() && response_text_.open()) return;  // it fetches the rest of the answer
  asked_.clear();
  step_ = nullptr;
  const auto pairs = iscsi::text::split(text);
  const auto broken = pairs ? iscsi::text::check_pairs(*pairs) : pairs.error();
  check_form(text, broken);
  initiator_errs_ = initiator_errs_ || broken;
  if (!pairs) return;  // the initiator's own fault: nothing to hold the target to
  asked_.reserve(pairs->size());
  for (const auto& [key, value, byte] : *pairs) {
    asked_.push_back({.key = std::string{key}, .value = std::string{value}});
    const KeyRow* row = find_key_row(key);
    const bool first = sent_by_initiator_.insert(key, row);
    if (!broken) judge_request(stage, row, asked_.back(), first, byte);
    if (!first && (row == nullptr || !row->repeatable)) {
      initiator_repeats_ = true;  // what the target owes for that is not this class's question
      if (const auto open = by_initiator_.find(key); open != by_initiator_.end())
        by_initiator_.erase(open);
      continue;
    }
    if (const auto proposed = by_target_.find(key); proposed != by_target_.end()) {
      by_target_.erase(proposed);
      parameters_.agree(key, value);
      continue;
    }
    declare(Side::initiator, key, value);
    if (row != nullptr && (!row->negotiated() || !row->from_initiator)) continue;
    const bool in_place = row == nullptr || is_in_place(stage, *row);
    by_initiator_.insert_or_assign(asked_.back().key,
                                   Proposal{.value = asked_.back().value, .in_place = in_place});
  }
  if (const std::string* const method = value_of(parameters_.outcomes, "AuthMethod");
      stage == Stage::security && method != nullptr)
    step_ = find_step(*method, [&](std::string_view key) { return says(asked_, key); });
  judge_bursts_proposed();
  judge_step_of_initiator();
  owed_.clear();
  for (const auto& [key, value] : by_target_) owed_.insert(key);
}

/// 3.3: a discovery session is for SendTargets and nothing else.
bool Talk::is_in_place(Stage stage, const KeyRow& row) const {
  const bool for_discovery = parameters_.discovery && stage == Stage::full_feature;
  return row.allowed_in(stage) && (!for_discovery || row.name == "SendTargets");
}

/// The pairs of a text that may hold what no text should.
std::vector<HeardPair> Talk::split_pairs(std::string_view text) {
  std::vector<HeardPair> heard;
  if (const auto pairs = iscsi::text::split(text))
    for (const KeyValue& pair : *pairs)
      heard.push_back({std::string{pair.key}, std::string{pair.value}});
  return heard;
}

void Talk::hear_response(Stage stage, bool ends, std::string_view text) {
  answered_.clear();
  const auto pairs = iscsi::text::parse(text);
  unreadable_ = !pairs.has_value();
  const auto broken = pairs ? std::nullopt : std::optional{pairs.error()};
  if (pairs || !initiator_errs_) check_form(text, broken);
  if (!pairs) {
    if (initiator_errs_) answered_ = split_pairs(text);
    return;
  }
  if (out_of_step_ || initiator_errs_) {
    answered_ = split_pairs(text);
    return;
  }
  answered_.reserve(pairs->size());
  for (const auto& [key, value, byte] : *pairs) {
    answered_.push_back({.key = std::string{key}, .value = std::string{value}});
    hear_pair(stage, key, value, ends, byte);
  }
  judge_step();
  note_chap_step();
}

void Talk::hear_pair(Stage stage, std::string_view key, std::string_view value, bool ends,
                     std::uint32_t byte) {
  const KeyRow* row = find_key_row(key);
  const bool first = sent_by_target_.insert(key, row);
  const bool may_repeat = (row != nullptr && (row->repeatable || row->authentication)) ||
                          belongs_to_target_record(stage, key);
  if (!initiator_repeats_ && !may_repeat)
    check(once_rule(stage), first, byte, pair_text(key, value));
  take(check_value(key, value), byte, pair_text(key, value));

  if (const auto proposal = by_initiator_.find(key); proposal != by_initiator_.end()) {
    const Proposal proposed = std::move(proposal->second);
    by_initiator_.erase(proposal);
    if (row != nullptr)
      judge_answer(*row, proposed, value, byte);
    else if (!is_extension(key))
      check(Rule::unknown_key_is_not_understood, value == iscsi::text::word_not_understood, byte,
            pair_text(key, value));
    parameters_.agree(key, value);
    return;
  }
  if (is_refusal(value)) {
    if (sent_by_initiator_.contains(key)) {
      const bool standard = row != nullptr && is_in_place(stage, *row) && !row->authentication;
      check(Rule::standard_key_is_understood,
            !standard || value != iscsi::text::word_not_understood, byte, pair_text(key, value));
    } else {
      check(Rule::reserved_word_is_only_an_answer, false, byte, pair_text(key, value));
    }
    return;
  }
  const bool negotiated = row == nullptr || row->negotiated();
  if (negotiated && initiator_repeats_ && sent_by_initiator_.contains(key)) {
    parameters_.agree(key, value);  // an answer to the initiator's repetition, no proposal
    return;
  }
  if (row == nullptr) {  // an extension of the target: to be answered NotUnderstood
    if (is_extension(key))
      check(Rule::extension_key_only_in_normal_session, !parameters_.discovery, byte,
            pair_text(key, value));
    by_target_.insert_or_assign(std::string{key}, std::string{value});
    return;
  }
  judge_declaration(stage, *row, value, byte);
  if (!row->negotiated()) {
    declare(Side::target, key, value);
    return;
  }
  take(check_proposal(*row, value), byte, pair_text(key, value));
  if (needs_answer(*row, value)) {
    if (ends)
      check(stage == Stage::full_feature ? Rule::final_text_response_asks_nothing
                                         : Rule::transit_response_asks_nothing,
            false, byte, pair_text(key, value));
    by_target_.insert_or_assign(std::string{key}, std::string{value});
  } else {
    parameters_.agree(key, value);
  }
}

void Talk::judge_answer(const KeyRow& row, const Proposal& proposal, std::string_view value,
                        std::uint32_t byte) {
  if (value == iscsi::text::word_not_understood) {
    const bool used_as_specified = proposal.in_place && admissible(row, proposal.value);
    check(Rule::standard_key_is_understood, !used_as_specified, byte, pair_text(row.name, value));
    return;
  }
  if (is_refusal(value)) return;
  const bool possible = follows(row, proposal.value, value);
  const auto found = [&] { return pair_text(row.name, value)() + " for " + proposal.value; };
  if (row.kind == KeyRow::Kind::list)
    check(Rule::list_answer_was_proposed, possible, byte, found);
  else if (row.kind == KeyRow::Kind::range)
    check(Rule::range_answer_is_in_range, possible, byte, found);
  else
    check(Rule::answer_follows_result_function, possible, byte, found);
}

void Talk::judge_declaration(Stage stage, const KeyRow& row, std::string_view value,
                             std::uint32_t byte) {
  const auto found = pair_text(row.name, value);
  const bool in_record = belongs_to_target_record(stage, row.name);
  check(Rule::key_comes_from_its_sender, row.from_target || in_record, byte, found);
  check(place_rule(stage), row.allowed_in(stage) || in_record, byte, found);
  if (row.kind == KeyRow::Kind::number && !row.negotiated())
    check(Rule::declaration_is_admissible, admissible(row, value), byte, found);
  if (row.leading_only && joins_session_)
    check(Rule::leading_only_key_is_on_leading_login, false, byte, found);
  if (row.name == "TargetPortalGroupTag")
    check(Rule::declaration_is_admissible,
          iscsi::text::decode_regular_binary(value, byte, 2).has_value(), byte, found);
}

/// 8.2: the answer to a step has all the keys that define it, and no others of the method's.
void Talk::judge_step() {
  if (step_ == nullptr) return;
  const AuthenticationStep& step = *std::exchange(step_, nullptr);
  const bool refused =
      std::ranges::any_of(answered_, [](const HeardPair& pair) { return is_refusal(pair.value); });
  const bool complete = std::ranges::all_of(
      step.answered, [&](std::string_view key) { return key.empty() || says(answered_, key); });
  check(Rule::authentication_step_has_its_keys, complete || refused, 0,
        [&] { return "the answer to " + std::string{step.asked}; });
  for (const HeardPair& pair : answered_) {
    const KeyRow* row = find_key_row(pair.key);
    if (row != nullptr && row->authentication)
      check(Rule::authentication_step_has_no_other_keys, step.has(pair.key), 0, pair.key);
  }
}

void Talk::declare(Side side, std::string_view key, std::string_view value) {
  if (key == "SessionType") parameters_.discovery = value == "Discovery";
  if (key != "MaxRecvDataSegmentLength") return;
  const auto bytes = iscsi::text::decode_number(value);
  if (!bytes || !admissible(*find_key_row(key), value)) return;
  (side == Side::initiator ? parameters_.initiator_limit : parameters_.target_limit) = *bytes;
}

void Talk::close_negotiation() {
  for (const auto& [key, proposal] : by_initiator_) {
    if (out_of_step_ || initiator_errs_) break;
    const KeyRow* row = find_key_row(key);
    if (row != nullptr && !needs_answer(*row, proposal.value)) {
      parameters_.agree(key, proposal.value);
      continue;
    }
    if (!proposal.in_place) continue;
    check(row != nullptr ? Rule::proposal_is_answered : Rule::unknown_key_is_not_understood, false,
          0, [&] { return "no answer to " + pair_text(key, proposal.value)(); });
  }
  if (by_initiator_.empty() && !asked_.empty())
    note_checked(Side::target, Rule::proposal_is_answered);
  by_initiator_.clear();
}

}  // namespace conformance
