#pragma once

/// The catalogue: every normative statement of RFC 3720 in our own words, and what becomes of
/// those that can be seen from the wire: by an initiator in a target, by a target in an initiator.
/// Each is covered by rules of the ledger, or left out for a reason. `rfc3720.json` beside this
/// file holds it, a statement per line.

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/story/json.hpp"
#include "rules/rule.hpp"

namespace conformance {

struct Statement {
  std::string id;  ///< `3720-10.4.9-1`; statements without an RFC 2119 word have an `i`
  std::string section;
  std::string level;  ///< the RFC's word, or `implied`
  std::string party;  ///< `target`, `initiator`, `both`, `other`
  bool seen = false;  ///< a tool that acts as initiator can see whether a target keeps it
  std::string says;
  std::vector<iscsi::Rule> rules;  ///< that cover it
  std::string left_out;            ///< the name of a reason for many statements, or empty
  std::string not_covered;         ///< a reason of its own, or empty

  bool detectable = false;                     ///< a target can see whether an initiator keeps it
  std::vector<iscsi::Rule> initiator_rules{};  ///< that cover it, as far as it binds initiators
  std::string initiator_left_out{};
  std::string initiator_not_covered{};

  /// Whether the suite owes it a rule or a reason.
  [[nodiscard]] bool is_due() const;
  /// Whether the monitor does, where it judges initiators.
  [[nodiscard]] bool is_due_of_initiators() const;
};

/// Why a group of statements is left out.
struct Reason {
  std::string name;
  std::string title;
  std::string why;
};

/// Where a later RFC says something else than RFC 3720.
struct LaterPosition {
  std::vector<iscsi::Rule> rules;
  std::string where;  ///< the RFC and its section
  std::string says;
};

struct Catalogue {
  std::vector<Statement> statements;
  std::vector<Reason> reasons;
  std::vector<LaterPosition> later;

  /// Errors: a text that is no catalogue, an id that comes twice, a rule or reason that does not
  /// exist, a statement with more than one of rules, `left_out` and `not_covered`.
  [[nodiscard]] static std::expected<Catalogue, json::Error> from(std::string_view text);
  [[nodiscard]] static std::expected<Catalogue, json::Error> read(
      const std::filesystem::path& file);

  /// The ids of the statements that a rule covers.
  [[nodiscard]] std::vector<std::string> covered_by(iscsi::Rule rule) const;
  [[nodiscard]] std::vector<std::string> covered_in_initiators_by(iscsi::Rule rule) const;
};

}  // namespace conformance
