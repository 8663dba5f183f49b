#pragma once

/// The ledger of RFC 3720's rules: every refusal and every failed check names one of these.
/// The words live once, in `ledger.cpp`; a `Violation` carries only the name and the place.

#include <cstdint>
#include <string_view>
#include <span>

namespace iscsi {

/// One rule. Names are stable: reports, expectation files and stories cite their slugs
/// (`slug` in the ledger), never a position. Grouped by the RFC's chapters.
enum class Rule : std::uint16_t {
  // PDU format (10.2, 6.6, 6.7)
  pdu_is_complete,
  reserved_bits_are_zero,
  reserved_values_are_not_sent,
  opcode_is_known,
  opcode_belongs_to_initiator,
  opcode_belongs_to_target,
  immediate_only_where_defined,
  additional_headers_within_limit,
  additional_header_fits,
  additional_header_only_in_scsi_command,
  extended_cdb_length_is_valid,
  bidirectional_length_has_read_and_write,
  data_segment_within_limit,
  data_segment_only_where_defined,
  padding_is_zero,
  header_digest_matches,
  data_digest_matches,
  // Names (3.2.6, RFC 3722, RFC 3980)
  iscsi_name_within_length,
  iscsi_name_is_prepared,
  iscsi_name_type_is_defined,
  qualified_name_has_date,
  qualified_name_has_authority,
  eui_name_has_sixteen_digits,
  naa_name_has_its_digits,
};

/// RFC 2119's words, and `implied` for what the text demands without one.
enum class Level : std::uint8_t { must, must_not, should, should_not, may, implied };

/// Whom the rule binds.
enum class Party : std::uint8_t { initiator, target, both };

/// What a receiver does about a breach; `target::` turns it into actions in one place.
struct Remedy {
  enum class Kind : std::uint8_t {
    audit_only,       ///< noted, nothing done: the receiver has to tolerate it
    ignore,           ///< the PDU is discarded silently (3.2.2.1: outside the window)
    reject,           ///< Reject PDU with `code` as the reason (10.17.1), the connection goes on
    login_failure,    ///< Login Response with `code` as class and detail (10.13.5), then close
    drop_connection,  ///< the connection ends without a word
    drop_session,     ///< error recovery level 0: session recovery (6.6, 6.12)
    check_condition,  ///< SCSI CHECK CONDITION; `code` holds sense key, ASC, ASCQ (24 bits)
    key_answer,       ///< answered in the text itself: Reject, Irrelevant, NotUnderstood (5.2)
  };
  Kind kind = Kind::audit_only;
  std::uint32_t code = 0;

  friend bool operator==(const Remedy&, const Remedy&) = default;
};

struct RuleInfo {
  Rule rule;
  std::string_view slug;     ///< stable id, `words-with-dashes`
  std::string_view section;  ///< of RFC 3720 unless it says otherwise
  Level level;
  Party binds;
  Remedy remedy;
  std::string_view says;  ///< our one-line wording, as an indicative sentence
};

/// All rules, in the order of the enumeration.
[[nodiscard]] std::span<const RuleInfo> ledger();

/// The ledger's row of `rule`.
[[nodiscard]] const RuleInfo& about(Rule rule);

/// A breach: which rule, where, and what was found there. No strings: comparable in tests.
struct Violation {
  Rule rule;
  std::uint32_t byte = 0;   ///< offset inside the PDU (header counts from 0; text: in the segment)
  std::uint64_t found = 0;  ///< the offending value

  friend bool operator==(const Violation&, const Violation&) = default;
};

}  // namespace iscsi
