#include "conformance/monitor/look.hpp"

#include <algorithm>

#include "pdu/layout.hpp"

namespace conformance::watched {

using iscsi::Rule;

namespace {

/// By rule. As long as it takes, which the compiler sees to.
constexpr auto hanging = [] {
  constexpr auto rules = std::to_array<Rule>({
      Rule::header_digest_matches,
      Rule::data_digest_matches,
      Rule::data_segment_within_limit,
      Rule::acknowledge_bit_needs_recovery_level,
      Rule::data_in_keeps_order,
      Rule::data_in_sequence_is_within_max_burst,
      Rule::r2t_is_within_max_burst,
      Rule::r2ts_are_continuous,
      Rule::outstanding_r2ts_are_within_limit,
      Rule::received_data_is_not_asked_again,
      Rule::snack_tag_is_zero_without_snack,
      Rule::ping_data_is_returned,
      Rule::immediate_data_is_negotiated,
      Rule::unsolicited_data_out_is_negotiated,
      Rule::unsolicited_data_is_within_first_burst,
      Rule::unsolicited_data_fills_first_burst,
      Rule::data_out_offset_is_in_order,
      Rule::snack_needs_recovery_level,
      Rule::discovery_session_is_for_text_and_logout,
      Rule::discovery_text_is_send_targets,
      Rule::extension_key_only_in_normal_session,
  });
  std::array<bool, 512> table{};
  for (const Rule rule : rules) table.at(static_cast<std::size_t>(rule)) = true;
  return table;
}();

}  // namespace

bool hangs_on_agreement(Rule rule) {
  const auto index = static_cast<std::size_t>(rule);
  return index < hanging.size() && hanging[index];
}

Look::Look() {
  for (Counts& one : counts_) {
    one.checked.resize(iscsi::ledger().size());
    one.inconclusive.resize(iscsi::ledger().size());
  }
}

namespace {

Looks looks_of(const std::vector<std::size_t>& counts) {
  Looks looks;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) looks.emplace_hint(looks.end(), static_cast<Rule>(i), counts[i]);
  return looks;
}

}  // namespace

Looks Look::checked(Side side) const {
  return looks_of(counts_[static_cast<std::size_t>(side)].checked);
}

Looks Look::inconclusive(Side side) const {
  return looks_of(counts_[static_cast<std::size_t>(side)].inconclusive);
}

void Look::hold(Finding finding) {
  constexpr std::size_t most = 1000;
  constexpr std::size_t most_text = 512;  // peers' texts may be long
  accusations_.push_back({.record = record_, .rule = finding.rule, .side = finding.side});
  if (finding.what.size() > most_text) finding.what = finding.what.substr(0, most_text) + " ...";
  auto& held = held_[{connection_, finding.side}];
  held.push_back({.finding = std::move(finding), .by_itself = by_itself_});
  if (held.size() > most) release(connection_, held.back().finding.side);
}

void Look::release(ConnectionNumber connection, Side accused) {
  const auto held = held_.find({connection, accused});
  if (held == held_.end()) return;
  for (Held& one : held->second) findings_.push_back(std::move(one.finding));
  held_.erase(held);
}

void Look::drop(ConnectionNumber connection, Side accused) {
  const auto held = held_.find({connection, accused});
  if (held == held_.end()) return;
  for (Held& one : held->second) {
    if (one.by_itself) {
      findings_.push_back(std::move(one.finding));
      continue;
    }
    if (one.finding.record) cleared_.push_back(*one.finding.record);
    const auto rule = static_cast<std::size_t>(one.finding.rule);
    --of(accused).checked[rule];
    --judged_;
    ++of(accused).inconclusive[rule];
  }
  held_.erase(held);
}

void Look::release_all() {
  while (!held_.empty()) {
    const Accused first = held_.begin()->first;
    release(first.first, first.second);
  }
}

void Look::take(Talk& talk) {
  for (const Rule rule : talk.take_checked(side_)) checked(rule);
  for (TextBreach& breach : talk.take_breaches(side_))
    check(breach.rule, false, static_cast<std::uint32_t>(iscsi::pdu::bhs_bytes) + breach.byte, 0,
          std::move(breach.found));
}

void Look::take_undone(Talk& talk, std::size_t record) {
  const std::size_t now = std::exchange(record_, record);
  const Side side = std::exchange(side_, Side::initiator);
  take(talk);
  record_ = now;
  side_ = side;
}

}  // namespace conformance::watched
