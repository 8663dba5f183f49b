#include "rules/rule.hpp"

#include <array>
#include <cassert>

namespace iscsi {
namespace {

using enum Party;
using Kind = Remedy::Kind;

constexpr Remedy audit_only{.kind = Kind::audit_only};
constexpr Remedy ignore{.kind = Kind::ignore};
constexpr Remedy drop_connection{.kind = Kind::drop_connection};
constexpr Remedy drop_session{.kind = Kind::drop_session};

/// A Reject PDU with this reason (10.17.1).
constexpr Remedy reject(std::uint32_t reason) { return {.kind = Kind::reject, .code = reason}; }
/// A Login Response with this status class and detail (10.13.5).
constexpr Remedy login_failure(std::uint32_t status) {
  return {.kind = Kind::login_failure, .code = status};
}
/// CHECK CONDITION with sense key, ASC and ASCQ in one number, 0xKKAAQQ.
constexpr Remedy check_condition(std::uint32_t sense) {
  return {.kind = Kind::check_condition, .code = sense};
}
/// Answered inside the text, by one of the reserved values (5.2).
constexpr Remedy key_answer{.kind = Kind::key_answer};

constexpr auto rows = std::to_array<RuleInfo>({
    // PDU format.
    {Rule::pdu_is_complete, "pdu-is-complete", "10.2", Level::implied, both, drop_connection,
     "a connection does not end in the middle of a PDU"},
    {Rule::reserved_bits_are_zero, "reserved-bits-are-zero", "10", Level::must, both, audit_only,
     "a sender sets reserved bits to zero; a receiver looks past them"},
    {Rule::reserved_values_are_not_sent, "reserved-values-are-not-sent", "10", Level::must_not,
     both, reject(0x04), "a field with a code table holds one of the table's values"},
    {Rule::opcode_is_known, "opcode-is-known", "10.2.1.2", Level::must, both, reject(0x05),
     "the operation code is one that the RFC assigns"},
    {Rule::opcode_belongs_to_initiator, "opcode-belongs-to-initiator", "10.2.1.2", Level::must,
     initiator, reject(0x05), "an initiator sends operation codes below 0x20 only"},
    {Rule::opcode_belongs_to_target, "opcode-belongs-to-target", "10.2.1.2", Level::must, target,
     drop_session, "a target sends operation codes from 0x20 on only"},
    {Rule::immediate_only_where_defined, "immediate-only-where-defined", "10.2.1.1",
     Level::implied, both, audit_only, "the I bit is set in requests only, where the layout has it"},
    {Rule::additional_headers_within_limit, "additional-headers-within-limit", "10.2.1.5",
     Level::implied, both, drop_connection,
     "TotalAHSLength is no more than the receiver can be made to hold"},
    {Rule::additional_header_fits, "additional-header-fits", "10.2.2.1", Level::implied, both,
     reject(0x09), "each AHS ends inside the TotalAHSLength"},
    {Rule::additional_header_only_in_scsi_command, "additional-header-only-in-scsi-command",
     "10.2.2", Level::implied, initiator, reject(0x09),
     "only a SCSI Command carries the two defined kinds of AHS"},
    {Rule::extended_cdb_length_is_valid, "extended-cdb-length-is-valid", "10.2.2.3",
     Level::implied, initiator, reject(0x09),
     "an Extended CDB AHS holds the bytes of a CDB behind the sixteenth, at least one of them"},
    {Rule::bidirectional_length_has_read_and_write, "bidirectional-length-has-read-and-write",
     "10.2.2.4", Level::implied, initiator, reject(0x09),
     "a bidirectional read length comes with both the R and the W bit"},
    {Rule::data_segment_within_limit, "data-segment-within-limit", "12.12", Level::must, both,
     drop_connection,
     "DataSegmentLength is no more than the receiver's MaxRecvDataSegmentLength"},
    {Rule::data_segment_only_where_defined, "data-segment-only-where-defined", "10.2.1.6",
     Level::must, both, reject(0x09), "a PDU without a data segment has DataSegmentLength zero"},
    {Rule::padding_is_zero, "padding-is-zero", "10.2.3", Level::should, both, audit_only,
     "padding bytes are sent as zero"},
    {Rule::header_digest_matches, "header-digest-matches", "6.7", Level::must, both, drop_session,
     "a header with a wrong digest is discarded, and at level 0 its session recovered"},
    {Rule::data_digest_matches, "data-digest-matches", "6.7", Level::must, both, reject(0x02),
     "a data segment with a wrong digest is discarded and rejected"},
    // Names (3.2.6, RFC 3722, RFC 3980).
    {Rule::iscsi_name_within_length, "iscsi-name-within-length", "3.2.6.2", Level::must, both,
     login_failure(0x0200),
     "an iSCSI name in its normal form is no longer than 223 bytes of UTF-8"},
    {Rule::iscsi_name_is_prepared, "iscsi-name-is-prepared", "3.2.6.2", Level::must, both,
     login_failure(0x0200),
     "an iSCSI name is UTF-8 text that the iSCSI profile of stringprep lets through"},
    {Rule::iscsi_name_type_is_defined, "iscsi-name-type-is-defined", "3.2.6.3", Level::implied,
     both, login_failure(0x0200),
     "an iSCSI name begins with a type designator that an RFC defines"},
    {Rule::qualified_name_has_date, "qualified-name-has-date", "3.2.6.3.1", Level::implied, both,
     login_failure(0x0200),
     "an iqn name goes on with a year of four digits, a dash, a month from 01 to 12 and a dot"},
    {Rule::qualified_name_has_authority, "qualified-name-has-authority", "3.2.6.3.1",
     Level::implied, both, login_failure(0x0200),
     "behind its date an iqn name holds a reversed domain name, none of its labels empty"},
    {Rule::eui_name_has_sixteen_digits, "eui-name-has-sixteen-digits", "3.2.6.3.2", Level::implied,
     both, login_failure(0x0200), "an eui name goes on with sixteen hexadecimal digits and ends"},
    {Rule::naa_name_has_its_digits, "naa-name-has-its-digits", "RFC 3980 4.1", Level::implied, both,
     login_failure(0x0200),
     "an naa name goes on with sixteen or thirty-two hexadecimal digits and ends"},
});

consteval bool rows_are_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].rule) != i) return false;
  return true;
}
static_assert(rows_are_in_order(), "the ledger lists the rules in the order of the enumeration");

}  // namespace

std::span<const RuleInfo> ledger() { return rows; }

const RuleInfo& about(Rule rule) {
  const auto index = static_cast<std::size_t>(rule);
  assert(index < rows.size());
  return rows[index];
}

}  // namespace iscsi
