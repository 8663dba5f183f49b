#pragma once

/// A negotiation in progress: a login phase with its two stages, or one text request sequence of
/// the full feature phase (RFC 3720 5.2 to 5.4, 6.10). It serves either role.
///
/// Theory of operation. One object lives from the first key to the last one that "once" covers: in
/// a login that is both stages (5.3), outside it one sequence with the same Initiator Task Tag
/// (5.4). It holds three things: the values as negotiated so far (`pending`, in force only once the
/// caller takes over what `conclude` gives), the keys either side has used up, and the proposals of
/// ours that the peer has not answered. A pair from the peer is then one of these:
///
/// - an answer, if its key is one we proposed and await: checked by the result function (or, with a
///   reserved word, a reply to a declaration of ours, which needed none);
/// - a proposal or declaration of a key in the table: answered by `negotiate`, if this sender may
///   send it in this phase and has not used it up;
/// - an authentication key: handed to the caller, who answers it (AuthMethod too);
/// - anything else: answered NotUnderstood.
///
/// Some keys decide what others may become (SessionType what is irrelevant, MaxBurstLength how far
/// FirstBurstLength can go), and the RFC lets a peer write them in any order. So the pairs of one
/// text are worked through by dependency: answers, then proposals that others depend on, then the
/// rest. Our answers stand in the order of the proposals.
///
/// No pair is held beyond the call that brings it but the names of unknown keys, and those are
/// bounded by `limits::negotiation_keys`, which also bounds the answer: a text full of unknown keys
/// cannot be made to yield more than that many NotUnderstoods.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rules/rule.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"
#include "text/negotiate.hpp"
#include "text/parameters.hpp"

namespace iscsi::text {

/// What came of one logical text. Views are of the text received.
struct Received {
  std::vector<Pair> answers;             ///< to be sent, in the order of the proposals
  std::vector<KeyValue> authentication;  ///< AuthMethod and its methods' keys, for the caller
  std::optional<KeyValue> send_targets;  ///< the question of a SendTargets request (D)
  std::vector<Violation> findings;       ///< breaches that end nothing: what Reject answered
};

class Negotiation {
 public:
  struct Setting {
    Role role = Role::target;          ///< ours
    Phase phase = Phase::operational;  ///< where it begins
    bool leading = true;               ///< the login of a session's first connection (TSIH 0)

    friend bool operator==(const Setting&, const Setting&) = default;
  };

  /// `agreed` are the values in force; they stay so until those of `conclude` are taken over.
  Negotiation(const Setting& setting, const Policy& policy, Parameters agreed)
      : setting_{setting}, policy_{policy}, pending_{std::move(agreed)} {}

  /// The next stage of the login phase. What has been negotiated stays used up (5.3).
  void enter(Phase phase) { setting_.phase = phase; }
  [[nodiscard]] Phase phase() const { return setting_.phase; }

  /// Takes the pairs of one logical text from the peer. After a violation the negotiation has
  /// failed: drop it, and its pending values with it (6.10).
  [[nodiscard]] std::expected<Received, Violation> receive(std::span<const KeyValue> pairs);

  /// True if the RFC lets us send the key now: by role and phase, and not used up.
  [[nodiscard]] bool may_offer(Key key) const;
  /// Proposes a key with the policy's wish, or declares it (MaxRecvDataSegmentLength).
  [[nodiscard]] Pair offer(Key key);
  /// Declares a key that the policy does not know: a name, an alias, an address, a tag, a type of
  /// session. SendTargets as well: an initiator's question. The value has to be well-formed.
  [[nodiscard]] Pair declare(Key key, std::string value);

  /// The proposal without which the values would break an integrity rule, if there is one: of
  /// FirstBurstLength, when a negotiated MaxBurstLength is below its value and it has not been
  /// negotiated (12.14). To be sent before the stage ends.
  [[nodiscard]] std::optional<Pair> repair();

  /// True when no answer to a proposal of ours is due: only then may the stage or sequence end
  /// (5.3, 5.4).
  [[nodiscard]] bool settled() const;

  /// The values as they stand, not in force yet.
  [[nodiscard]] const Parameters& pending() const { return pending_; }

  /// The values to come into force: every proposal answered, the integrity rules kept (5.2).
  [[nodiscard]] std::expected<Parameters, Violation> conclude() const;

  friend bool operator==(const Negotiation&, const Negotiation&) = default;

 private:
  /// A proposal of ours on its way.
  struct Awaited {
    Key key;
    std::string proposed;
    bool due;  ///< 5.2.2: a boolean proposal that settles the matter need not be answered
    bool answered = false;

    friend bool operator==(const Awaited&, const Awaited&) = default;
  };
  /// A pair from the peer, and what it is.
  struct Step {
    enum class Part : std::uint8_t { answer, reply, proposal, authentication, question, unknown };
    Part part;
    const KeySpec* key;  ///< null: not in the table
    std::size_t place;   ///< among the pairs of the text
  };
  using Admitted = std::expected<Step::Part, Violation>;

  [[nodiscard]] Admitted admit(const KeySpec* key, const KeyValue& pair);
  [[nodiscard]] Admitted admit_known(const KeySpec& key, const KeyValue& pair);
  [[nodiscard]] Admitted admit_other(const KeyValue& pair);
  [[nodiscard]] std::expected<std::vector<Step>, Violation> admit_all(
      std::span<const KeyValue> pairs);

  [[nodiscard]] std::optional<Violation> take_answer(const KeySpec& key, const KeyValue& pair);
  [[nodiscard]] std::expected<std::optional<std::string>, Violation> take_proposal(
      const KeySpec& key, const KeyValue& pair, std::vector<Violation>& findings);
  [[nodiscard]] std::optional<std::string> take_unknown(const KeyValue& pair,
                                                        std::vector<Violation>& findings) const;

  [[nodiscard]] Awaited* awaiting(Key key);
  [[nodiscard]] Rule once_rule() const;

  Setting setting_;
  Policy policy_;
  Parameters pending_;
  std::vector<Awaited> awaited_;
  KeySet ours_;                                ///< proposed or declared by us
  KeySet rejected_;                            ///< answered Reject, by either side
  KeySet theirs_;                              ///< proposed or declared by the peer
  std::set<std::string, std::less<>> others_;  ///< keys outside the table that the peer sent
  std::size_t received_ = 0;                   ///< pairs so far
};

}  // namespace iscsi::text
