#pragma once

/// The judge's own reading of RFC 3720's text keys (11.1, 12, A.3): made from the RFC's text, not
/// from the target's table, so that a mistake there does not hide itself here.

#include <bitset>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace conformance {

enum class Side : std::uint8_t { initiator, target };

/// Where in a connection's life a text is exchanged.
enum class Stage : std::uint8_t { security, operational, full_feature };

struct KeyRow {
  enum class Kind : std::uint8_t { list, number, range, yes_or_no, free };
  enum class Result : std::uint8_t {
    declared,
    first_of_list,
    minimum,
    maximum,
    both,
    either,
    inside
  };

  std::string_view name;
  std::string_view section;
  Kind kind = Kind::free;
  Result result = Result::declared;
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  bool from_initiator = false;  ///< the initiator may send it
  bool from_target = false;     ///< the target may send it in a login
  bool security_stage = false;  ///< may stand in the security stage
  bool operational_stage = false;
  bool full_feature_phase = false;
  bool authentication = false;  ///< belongs to an authentication method (11.1.1 to 11.1.4)
  bool repeatable = false;      ///< may come again in one negotiation
  bool leading_only = false;    ///< only in the login of a session's first connection

  [[nodiscard]] constexpr bool negotiated() const { return result != Result::declared; }
  [[nodiscard]] constexpr bool allowed_in(Stage stage) const {
    if (stage == Stage::security) return security_stage;
    return stage == Stage::operational ? operational_stage : full_feature_phase;
  }
};

[[nodiscard]] std::span<const KeyRow> key_rows();
[[nodiscard]] const KeyRow* find_key_row(std::string_view name);

/// Keys, of which most are in the table: a bit is enough for those.
class KeySet {
 public:
  /// `row` is the key's. True if the key was not there.
  bool insert(std::string_view key, const KeyRow* row);
  [[nodiscard]] bool contains(std::string_view key) const;

 private:
  std::bitset<64> rows_;
  std::set<std::string, std::less<>> others_;
};

/// Whether the key can have this value at all: its notation and its bounds.
[[nodiscard]] bool admissible(const KeyRow& key, std::string_view value);

/// Whether `answer` is a possible result of `proposal` (12: the result functions; 5.2.1; A.3.2).
/// A proposal that is not admissible leaves any admissible answer open (5.2.2).
[[nodiscard]] bool follows(const KeyRow& key, std::string_view proposal, std::string_view answer);

/// Whether a proposal of that value has to be answered (5.2.2: No to an AND, Yes to an OR decide
/// by themselves).
[[nodiscard]] bool needs_answer(const KeyRow& key, std::string_view proposal);

/// `Reject`, `Irrelevant`, `NotUnderstood` (5.2).
[[nodiscard]] bool is_refusal(std::string_view value);

}  // namespace conformance
