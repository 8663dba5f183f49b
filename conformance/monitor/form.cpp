/// The form of a single PDU: everything that the layout tables say (RFC 3720 10).

#include <algorithm>
#include <array>

#include "conformance/monitor/watched.hpp"

namespace conformance::watched {

using namespace iscsi::pdu;
using iscsi::Rule;

namespace {

/// Calls `take` with every rule that the table of this PDU holds.
template <class P, class Take>
constexpr void for_each_rule(Take take) {
  for (const Entry<P>& entry : P::layout())
    if (entry.kind == EntryKind::fixed || !entry.codes.empty()) take(entry.rule);
  for (const Check<P>& check : P::checks()) take(check.rule);
  if (P::data_segment == DataSegment::none) take(Rule::data_segment_only_where_defined);
}

template <class P>
consteval std::size_t count_of_rules() {
  std::size_t count = 0;
  for_each_rule<P>([&](Rule) { ++count; });
  return count;
}

/// The rules alone: the table is a hundred times as long.
template <class P>
constexpr auto rules_of_table = [] {
  std::array<Rule, count_of_rules<P>()> rules{};
  std::size_t next = 0;
  for_each_rule<P>([&](Rule rule) { rules.at(next++) = rule; });
  return rules;
}();

/// Marks every rule that the table of this PDU holds as looked at.
template <class P>
void mark_table(Look& look) {
  for (const Rule rule : rules_of_table<P>) look.checked(rule);
}

template <class Pdus>
void mark_checked(Look& look, Opcode opcode) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((std::variant_alternative_t<I, Pdus>::opcode == opcode
          ? mark_table<std::variant_alternative_t<I, Pdus>>(look)
          : void()),
     ...);
  }(std::make_index_sequence<std::variant_size_v<Pdus>>{});
}

/// Fields that are "only valid" in some PDUs, without being called reserved in the others (10.4.2,
/// 10.7.3): what stands there breaks nothing (docs/decisions/0020).
bool has_no_meaning(const Pdu& pdu, const iscsi::Violation& violation) {
  if (violation.rule == Rule::opcode_is_not_vendor_specific) return true;  // for vendors to judge
  if (violation.rule != Rule::reserved_bits_are_zero) return false;
  if (pdu.opcode() == Opcode::data_in && !pdu.bit(1, 7)) {
    return violation.byte >= 44 || (violation.byte == 1 && pdu.bits(1, 2, 3) == 0);
  }
  return pdu.opcode() == Opcode::scsi_response && violation.byte == 3;
}

}  // namespace

void check_form(Look& look, const Pdu& pdu, Side side) {
  const Frame& frame = pdu.frame;
  const Opcode opcode = pdu.opcode();
  const auto code = static_cast<std::uint8_t>(opcode);
  const bool of_target = side == Side::target;
  const bool strange = describe(code) != nullptr && is_from_target(opcode) != of_target;
  look.check(of_target ? Rule::opcode_belongs_to_target : Rule::opcode_belongs_to_initiator,
             !strange, 0, code);
  if (strange) return;  // what its bits mean is anybody's guess
  look.checked(Rule::opcode_is_known);
  look.checked(Rule::reserved_bits_are_zero);
  if (of_target) look.checked(Rule::no_additional_headers_in_responses);
  if (!of_target && opcode != Opcode::scsi_command)
    look.checked(Rule::additional_header_only_in_scsi_command);
  if (!frame.padding.empty()) look.checked(Rule::padding_is_zero);
  if (of_target)
    mark_checked<TargetPdu>(look, opcode);
  else
    mark_checked<InitiatorPdu>(look, opcode);
  for (const iscsi::Violation& violation : audit(frame)) {
    const bool is_there = pdu.whole || violation.byte < bhs_bytes;
    if (is_there && !has_no_meaning(pdu, violation))
      look.check(violation.rule, false, violation.byte, violation.found);
  }
}

/// 12.12. In the login phase no less than the default holds.
void check_length(Look& look, const Connection& connection, const Pdu& pdu, Side side) {
  if (pdu.data_bytes() == 0) return;
  const bool of_target = side == Side::target;
  std::uint64_t limit = of_target ? connection.initiator_limit : connection.target_limit;
  if (!connection.in_full_feature()) {
    const Parameters& told = connection.talk.parameters();
    limit = std::max(limit, of_target ? told.initiator_limit : told.target_limit);
  }
  look.check(Rule::data_segment_within_limit, pdu.data_bytes() <= limit, 5, pdu.data_bytes(), [&] {
    return std::to_string(pdu.data_bytes()) + " bytes, MaxRecvDataSegmentLength is " +
           std::to_string(limit);
  });
}

void check_digests(Look& look, const Reading& reading, const Framed& framed) {
  if (reading.digests.header) look.checked(Rule::header_digest_matches);
  if (reading.digests.data && !framed.frame.data.empty())
    look.check(Rule::data_digest_matches, framed.data_intact, bhs_bytes, 0);
}

void check_unreadable(Look& look, const Record& record) {
  if (record.violation)
    look.check(record.violation->rule, false, record.violation->byte, record.violation->found);
}

}  // namespace conformance::watched
