#pragma once

/// One negotiation, overheard (RFC 3720 5.1 to 5.4): which proposals are open, what came out of
/// those that were answered, and which rules either side broke on the way. The player asks it for
/// the outcome, the monitor for the breaches.
///
/// A login is one `Talk` over both its stages; so is every sequence of text requests.

#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/model/keys.hpp"
#include "conformance/model/pairs.hpp"
#include "conformance/model/parameters.hpp"
#include "conformance/model/steps.hpp"
#include "conformance/model/values.hpp"
#include "rules/rule.hpp"
#include "text/assembly.hpp"
#include "text/grammar.hpp"
#include "wire/bytes.hpp"

namespace conformance {

struct TextBreach {
  iscsi::Rule rule;
  std::uint32_t byte = 0;  ///< in the data segment of the PDU that the breach came to light in
  std::string found;       ///< `key=value`, or the words for what is missing
};

/// `what` is text, or makes it: words are expensive, and needed for few of the things looked at.
template <class What>
[[nodiscard]] std::string in_words(What&& what) {
  if constexpr (std::invocable<What>)
    return std::forward<What>(what)();
  else
    return std::string{std::forward<What>(what)};
}

class Talk {
 public:
  explicit Talk(Parameters before) : parameters_{std::move(before)} {}

  /// The login is of a connection that joins a session.
  void join_session() { joins_session_ = true; }

  /// The data segment of a request; `continued` is its C bit.
  void request(Stage stage, bool continued, iscsi::wire::ByteView data);

  /// The data segment of a response; `ends` says that it closes the negotiation: a login stage by
  /// its T bit, a text sequence by its F bit.
  void response(Stage stage, bool continued, bool ends, iscsi::wire::ByteView data);

  /// The target ends the negotiation without agreement: it owes no answer any more.
  void refuse();

  /// The negotiation is over: what the initiator has not answered stays unanswered.
  void conclude();

  /// What the last complete text of each side said.
  [[nodiscard]] const std::vector<HeardPair>& asked() const { return asked_; }
  [[nodiscard]] const std::vector<HeardPair>& answered() const { return answered_; }

  /// Whether the target's last complete text could not be taken apart.
  [[nodiscard]] bool answer_is_unreadable() const { return unreadable_; }

  /// Proposals of the target that wait for the initiator, with the value proposed.
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& open_to_initiator() const {
    return by_target_;
  }

  /// The state after everything heard so far.
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

  /// The breaches of that side since the last call.
  [[nodiscard]] std::vector<TextBreach> take_breaches(Side side = Side::target);

  /// Rules for which something was there to be looked at, since the last call.
  [[nodiscard]] std::vector<iscsi::Rule> take_checked(Side side = Side::target);

 private:
  /// What the initiator has to go on with, after the target's step of CHAP (11.1, 11.1.4).
  enum class ChapStep : std::uint8_t { none, algorithms, response };

  /// What was heard of one side for its judgement.
  struct Heard {
    std::vector<TextBreach> breaches;
    std::vector<iscsi::Rule> checked;  ///< each once
  };

  struct Proposal {
    std::string value;
    bool in_place = true;  ///< in a stage and from a side where the key may be
  };

  [[nodiscard]] bool is_in_place(Stage stage, const KeyRow& row) const;
  [[nodiscard]] static std::vector<HeardPair> split_pairs(std::string_view text);
  void hear_request(Stage stage, std::string_view text);
  void judge_request(Stage stage, const KeyRow* row, const HeardPair& pair, bool first,
                     std::uint32_t byte);
  void judge_refusal_by_initiator(Stage stage, const KeyRow* row, const HeardPair& pair,
                                  std::uint32_t byte);
  void judge_declaration_by_initiator(Stage stage, const KeyRow& row, const HeardPair& pair,
                                      std::uint32_t byte);
  void judge_step_of_initiator();
  void judge_bursts_proposed();
  void note_chap_step();
  void hear_response(Stage stage, bool ends, std::string_view text);
  void check_form(std::string_view text, const std::optional<iscsi::Violation>& broken);
  void hear_pair(Stage stage, std::string_view key, std::string_view value, bool ends,
                 std::uint32_t byte);
  void judge_answer(const KeyRow& row, const Proposal& proposal, std::string_view value,
                    std::uint32_t byte);
  void judge_declaration(Stage stage, const KeyRow& row, std::string_view value,
                         std::uint32_t byte);
  void judge_step();
  void close_negotiation();
  void note_checked(Side side, iscsi::Rule rule);
  /// `found` is text, or makes it.
  template <class Found = std::string_view>
  void check(iscsi::Rule rule, bool holds, std::uint32_t byte, Found&& found = {}) {
    note_checked(speaker_, rule);
    if (holds) return;
    heard_[static_cast<std::size_t>(speaker_)].breaches.push_back(
        {.rule = rule, .byte = byte, .found = in_words(std::forward<Found>(found))});
  }
  template <class Found>
  void take(const ValueChecks& checks, std::uint32_t byte, const Found& found) {
    for (const ValueCheck& one : checks) check(one.rule, one.holds, byte, found);
  }
  void declare(Side side, std::string_view key, std::string_view value);

  Parameters parameters_;
  iscsi::text::Assembly request_text_;
  iscsi::text::Assembly response_text_;
  std::vector<HeardPair> asked_;
  std::vector<HeardPair> answered_;
  std::map<std::string, Proposal, std::less<>> by_initiator_;  // not answered yet
  std::map<std::string, std::string, std::less<>> by_target_;  // not answered yet
  KeySet sent_by_initiator_;
  KeySet sent_by_target_;
  bool initiator_repeats_ = false;
  bool joins_session_ = false;
  bool unreadable_ = false;
  const AuthenticationStep* step_ = nullptr;  // that the last request was
  bool initiator_errs_ = false;  ///< its text is malformed: the target may repeat what is wrong
  bool out_of_step_ = false;     ///< the target has answered a text that was not complete
  bool request_goes_on_ = false;
  std::set<std::string, std::less<>> owed_;  ///< proposals that the last request left unanswered
  ChapStep chap_step_ = ChapStep::none;
  std::string chap_challenge_;  ///< the target's, as it was spelt
  Side speaker_ = Side::target;
  std::array<Heard, 2> heard_;
};

}  // namespace conformance
