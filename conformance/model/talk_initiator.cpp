/// What an initiator can break in a negotiation: the half of `Talk` that judges requests.

#include <algorithm>
#include <optional>
#include <utility>

#include "conformance/model/talk.hpp"
#include "conformance/model/talk_words.hpp"
#include "text/grammar.hpp"

namespace conformance {

using iscsi::Rule;
using namespace talk_words;

namespace {

/// Nothing, if nothing is said.
std::string_view text_of(const std::vector<HeardPair>& pairs, std::string_view key) {
  const std::string* value = value_of(pairs, key);
  return value == nullptr ? std::string_view{} : *value;
}

/// 11.1.4: the algorithms are a list of numbers.
bool lists_md5(std::string_view algorithms) {
  while (true) {
    const std::size_t comma = algorithms.find(',');
    const auto number = iscsi::text::decode_number(algorithms.substr(0, comma));
    if (number && *number == 5) return true;
    if (comma == algorithms.npos) return false;
    algorithms.remove_prefix(comma + 1);
  }
}

bool is_same_binary(std::string_view one, std::string_view other) {
  const auto left = iscsi::text::decode_binary(one, 0, iscsi::limits::chap_challenge_bytes);
  const auto right = iscsi::text::decode_binary(other, 0, iscsi::limits::chap_challenge_bytes);
  return left && right && *left == *right;
}

bool is_security_key(const KeyRow& row) { return row.authentication || row.name == "AuthMethod"; }

}  // namespace

void Talk::judge_request(Stage stage, const KeyRow* row, const HeardPair& pair, bool first,
                         std::uint32_t byte) {
  const auto found = pair_text(pair.key, pair.value);
  const auto proposed = by_target_.find(pair.key);
  const bool answers = proposed != by_target_.end();
  // What the target has said twice may have to be answered twice.
  const bool may_repeat = answers || sent_by_target_.contains(pair.key) ||
                          (row != nullptr && (row->repeatable || row->authentication));
  if (first || !may_repeat) check(once_rule(stage), first, byte, found);
  if (!first) return;
  take(check_value(pair.key, pair.value), byte, found);
  if (is_refusal(pair.value)) {
    judge_refusal_by_initiator(stage, row, pair, byte);
    return;
  }
  if (answers) {
    if (row != nullptr)
      judge_answer(*row, Proposal{.value = proposed->second}, pair.value, byte);
    else if (!is_extension(pair.key))
      check(Rule::unknown_key_is_not_understood, false, byte, found);
    return;
  }
  if (row != nullptr) {
    judge_declaration_by_initiator(stage, *row, pair, byte);
  } else if (is_extension(pair.key)) {
    check(Rule::extension_key_only_in_normal_session, !parameters_.discovery, byte, found);
  }
}

void Talk::judge_refusal_by_initiator(Stage stage, const KeyRow* row, const HeardPair& pair,
                                      std::uint32_t byte) {
  const auto found = pair_text(pair.key, pair.value);
  const auto proposed = by_target_.find(pair.key);
  if (proposed == by_target_.end()) {
    if (!sent_by_target_.contains(pair.key))
      check(Rule::reserved_word_is_only_an_answer, false, byte, found);
    return;
  }
  const bool used_as_specified = row != nullptr && is_in_place(stage, *row) &&
                                 !row->authentication && admissible(*row, proposed->second);
  if (used_as_specified)
    check(Rule::standard_key_is_understood, pair.value != iscsi::text::word_not_understood, byte,
          found);
}

/// A key that the initiator brings up: declared or proposed.
void Talk::judge_declaration_by_initiator(Stage stage, const KeyRow& row, const HeardPair& pair,
                                          std::uint32_t byte) {
  const auto found = pair_text(pair.key, pair.value);
  check(Rule::key_comes_from_its_sender, row.from_initiator, byte, found);
  if (!row.from_initiator) return;
  if (stage == Stage::full_feature && is_security_key(row))
    check(Rule::security_is_negotiated_in_login, false, byte, found);
  else
    check(place_rule(stage), row.allowed_in(stage), byte, found);
  if (row.kind == KeyRow::Kind::number && !row.negotiated())
    check(Rule::declaration_is_admissible, admissible(row, pair.value), byte, found);
  if (row.leading_only && joins_session_)
    check(Rule::leading_only_key_is_on_leading_login, false, byte, found);
  if (row.negotiated()) take(check_proposal(row, pair.value), byte, found);
}

/// 12.14, where the initiator itself proposes both values and leaves both relevant.
void Talk::judge_bursts_proposed() {
  const auto first = iscsi::text::decode_number(text_of(asked_, "FirstBurstLength"));
  const auto most = iscsi::text::decode_number(text_of(asked_, "MaxBurstLength"));
  const bool solicited_only =
      text_of(asked_, "InitialR2T") == "Yes" && text_of(asked_, "ImmediateData") == "No";
  const bool answers =
      sent_by_target_.contains("FirstBurstLength") || sent_by_target_.contains("MaxBurstLength");
  if (!first || !most || solicited_only || answers || parameters_.discovery) return;
  check(Rule::first_burst_within_max_burst, *first <= *most, 0, [&] {
    return "FirstBurstLength=" + std::to_string(*first) +
           " with MaxBurstLength=" + std::to_string(*most);
  });
}

/// 11.1, 11.1.4: which step of CHAP the answer obliges the initiator to.
void Talk::note_chap_step() {
  const std::string* const method = value_of(parameters_.outcomes, "AuthMethod");
  chap_step_ = ChapStep::none;
  if (method == nullptr || *method != "CHAP") return;
  if (says(answered_, "AuthMethod")) chap_step_ = ChapStep::algorithms;
  if (says(answered_, "CHAP_A") && says(answered_, "CHAP_I") && says(answered_, "CHAP_C")) {
    chap_step_ = ChapStep::response;
    chap_challenge_ = text_of(answered_, "CHAP_C");
  }
}

void Talk::judge_step_of_initiator() {
  if (says(asked_, "CHAP_A"))
    check(Rule::chap_md5_is_offered, lists_md5(text_of(asked_, "CHAP_A")), 0,
          text_of(asked_, "CHAP_A"));
  if (says(asked_, "CHAP_C") && !chap_challenge_.empty())
    check(Rule::chap_challenge_is_not_reflected,
          !is_same_binary(text_of(asked_, "CHAP_C"), chap_challenge_), 0,
          text_of(asked_, "CHAP_C"));
  const ChapStep step = std::exchange(chap_step_, ChapStep::none);
  if (step == ChapStep::none) return;
  const bool responds = step == ChapStep::response;
  const bool complete = responds ? says(asked_, "CHAP_N") && says(asked_, "CHAP_R") &&
                                       says(asked_, "CHAP_I") == says(asked_, "CHAP_C")
                                 : says(asked_, "CHAP_A");
  check(Rule::authentication_step_has_its_keys, complete, 0,
        responds ? "the answer to CHAP_C" : "the first step of CHAP");
  for (const HeardPair& pair : asked_) {
    const KeyRow* row = find_key_row(pair.key);
    if (row == nullptr || !row->authentication) continue;
    const bool belongs =
        responds ? pair.key.starts_with("CHAP_") && pair.key != "CHAP_A" : pair.key == "CHAP_A";
    check(Rule::authentication_step_has_no_other_keys, belongs, 0, pair.key);
  }
}

void Talk::conclude() {
  speaker_ = Side::initiator;
  for (const std::string& key : owed_) {
    if (out_of_step_ || initiator_errs_ || !by_target_.contains(key)) continue;
    const KeyRow* row = find_key_row(key);
    if (row == nullptr && !is_extension(key)) continue;
    check(row == nullptr ? Rule::unknown_key_is_not_understood : Rule::proposal_is_answered, false,
          0, [&] { return "no answer to " + pair_text(key, by_target_.find(key)->second)(); });
  }
}

}  // namespace conformance
