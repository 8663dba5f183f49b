/// The form of a single PDU: everything that the layout tables say (RFC 3720 10).

#include <algorithm>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using namespace iscsi::pdu;
using iscsi::Rule;

namespace {

/// Marks every rule that the table of this PDU holds as looked at.
template <class P>
void mark_checked(Look& look) {
  for (const Entry<P>& entry : P::layout())
    if (entry.kind == EntryKind::fixed || !entry.codes.empty()) look.checked(entry.rule);
  for (const Check<P>& check : P::checks()) look.checked(check.rule);
  if (P::data_segment == DataSegment::none) look.checked(Rule::data_segment_only_where_defined);
}

void mark_checked(Look& look, Opcode opcode) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((std::variant_alternative_t<I, TargetPdu>::opcode == opcode
          ? mark_checked<std::variant_alternative_t<I, TargetPdu>>(look)
          : void()),
     ...);
  }(std::make_index_sequence<std::variant_size_v<TargetPdu>>{});
}

/// Fields that are "only valid" in some PDUs, without being called reserved in the others (10.4.2,
/// 10.7.3): what stands there breaks nothing (docs/decisions/0020).
bool has_no_meaning(const Pdu& pdu, const iscsi::Violation& violation) {
  if (violation.rule != Rule::reserved_bits_are_zero) return false;
  if (pdu.opcode() == Opcode::data_in && !pdu.bit(1, 7)) {
    return violation.byte >= 44 || (violation.byte == 1 && pdu.bits(1, 2, 3) == 0);
  }
  return pdu.opcode() == Opcode::scsi_response && violation.byte == 3;
}

}  // namespace

void check_form(Look& look, const Frame& frame) {
  const Opcode opcode = Pdu{frame}.opcode();
  const auto code = static_cast<std::uint8_t>(opcode);
  const bool ours = describe(code) != nullptr && !is_from_target(opcode);
  look.check(Rule::opcode_belongs_to_target, !ours, 0, code);
  if (ours) return;  // what its bits mean is anybody's guess
  look.checked(Rule::opcode_is_known);
  look.checked(Rule::reserved_bits_are_zero);
  look.checked(Rule::no_additional_headers_in_responses);
  if (!frame.padding.empty()) look.checked(Rule::padding_is_zero);
  if (!frame.data.empty()) look.checked(Rule::data_segment_within_limit);
  mark_checked(look, opcode);
  for (const iscsi::Violation& violation : audit(frame))
    if (!has_no_meaning(Pdu{frame}, violation))
      look.check(violation.rule, false, violation.byte, violation.found);
}

void check_unreadable(Look& look, const Record& record) {
  if (record.violation)
    look.check(record.violation->rule, false, record.violation->byte, record.violation->found);
}

}  // namespace conformance::watched
