#pragma once

/// A negotiation in progress: a login phase with its two stages, or one text request sequence of
/// the full feature phase (RFC 3720 5.2 to 5.4, 6.10). Works for either role.

#include <bitset>
#include <cstddef>
#include <expected>
#include <optional>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "rules/rule.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"
#include "text/negotiate.hpp"
#include "text/parameters.hpp"

namespace iscsi::text {

/// What came of one logical text.
struct Received {
  std::vector<Pair> answers;             ///< to be sent, in the order of the proposals
  std::vector<KeyValue> authentication;  ///< AuthMethod and its methods' keys: `login` answers them
  std::optional<KeyValue> send_targets;  ///< the question of a SendTargets request (D)
  std::vector<Violation> findings;       ///< breaches that do not end the negotiation
};

class Negotiation {
 public:
  struct Setting {
    Role role = Role::target;          ///< ours
    Phase phase = Phase::operational;  ///< where it begins
    bool leading = true;               ///< login of a session's first connection (TSIH 0)
  };

  /// `agreed` are the values in force; they stay so until `conclude`'s are taken over.
  Negotiation(const Setting& setting, const Policy& policy, const Parameters& agreed);

  /// The next stage of the login phase. What has been negotiated counts as such still (5.3).
  void enter(Phase phase) { setting_.phase = phase; }
  [[nodiscard]] Phase phase() const { return setting_.phase; }

  /// Takes the pairs of one logical text from the peer. After a violation the negotiation has
  /// failed: its values are to be dropped with it.
  [[nodiscard]] std::expected<Received, Violation> receive(std::span<const KeyValue> pairs);

  /// Proposes a key with the policy's value, or declares it.
  [[nodiscard]] Pair offer(Key key);
  /// Declares a key whose value the policy does not know (names, aliases, addresses, tags).
  [[nodiscard]] Pair declare(Key key, std::string value);
  /// True if we may still offer the key in this negotiation.
  [[nodiscard]] bool may_offer(Key key) const;

  /// The proposal without which the values would break an integrity rule, if there is one: a
  /// negotiated MaxBurstLength below the default of FirstBurstLength (12.14). To be sent before the
  /// stage or sequence can end.
  [[nodiscard]] std::optional<Pair> repair();

  /// True when no answer to a proposal of ours is outstanding: only then may the stage or sequence
  /// end (5.3, 5.4).
  [[nodiscard]] bool settled() const;

  /// The values as they stand, not in force yet.
  [[nodiscard]] const Parameters& pending() const { return pending_; }

  /// The values to come into force, their integrity checked (5.2).
  [[nodiscard]] std::expected<Parameters, Violation> conclude() const;

 private:
  struct Awaited {
    Key key;
    std::string proposed;
    bool due;  ///< an answer must come
  };

  Setting setting_;
  Policy policy_;
  Parameters pending_;
  std::vector<Awaited> awaited_;
  std::bitset<key_count> ours_;    ///< offered or declared by us
  std::bitset<key_count> theirs_;  ///< offered or declared by the peer
  std::set<std::string> others_;   ///< authentication and unknown keys received
  std::size_t received_ = 0;       ///< keys in this negotiation so far
};

}  // namespace iscsi::text
