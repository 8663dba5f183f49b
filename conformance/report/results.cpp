#include "conformance/report/results.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace conformance {
namespace {

using iscsi::Level;
using iscsi::Rule;

/// `18 (0x12)`; small numbers are the same either way.
std::string number_text(std::uint64_t value) {
  std::string text = std::to_string(value);
  if (value < 10) return text;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return text + " (0x" + std::string{digits.data(), end} + ")";
}

bool binds(Level level) {
  return level == Level::must || level == Level::must_not || level == Level::implied;
}

}  // namespace

Verdict weight_of(Rule rule, bool strict) {
  const Level level = iscsi::about(rule).level;
  if (binds(level)) return Verdict::fail;
  if (level == Level::may) return Verdict::pass;
  return strict ? Verdict::fail : Verdict::warn;
}

void weigh(CaseResult& result, bool strict) {
  Judgement& judgement = result.judgement;
  if (judgement.verdict == Verdict::fail && judgement.rule)
    judgement.verdict = weight_of(*judgement.rule, strict);
  if (judgement.verdict == Verdict::warn && strict) judgement.verdict = Verdict::fail;
}

void sum_up_rules(RunResult& run) {
  std::map<std::pair<Rule, Side>, RuleResult> rules;
  const auto rule_of = [&](Rule rule, Side side) -> RuleResult& {
    RuleResult& result = rules[{rule, side}];
    result.rule = rule;
    result.side = side;
    return result;
  };
  const auto add = [&](const Observation& seen, std::size_t case_index, Side side) {
    for (const auto& [rule, looks] : seen.checked) rule_of(rule, side).looks += looks;
    for (const auto& [rule, times] : seen.inconclusive) rule_of(rule, side).inconclusive += times;
    for (const Finding& finding : seen.findings) {
      RuleResult& result = rule_of(finding.rule, side);
      result.verdict = std::max(result.verdict, weight_of(finding.rule, run.strict));
      result.breaches.push_back(
          {case_index, finding.record, finding.byte, found_text(finding), {}});
    }
  };
  for (std::size_t i = 0; i < run.cases.size(); ++i) {
    const CaseResult& one = run.cases[i];
    add(one.observation, i, Side::target);
    add(one.of_initiator, i, Side::initiator);
    const Judgement& judgement = one.judgement;
    if (judgement.verdict == Verdict::pass || judgement.verdict == Verdict::warn)
      for (const Rule rule : one.story->rules) ++rule_of(rule, Side::target).looks;
    const bool accuses = judgement.verdict == Verdict::fail || judgement.verdict == Verdict::warn;
    if (!accuses || !judgement.rule) continue;
    RuleResult& result = rule_of(*judgement.rule, judgement.side);
    result.verdict = std::max(result.verdict, judgement.verdict);
    // What the monitor saw as well is one breach.
    const bool told = std::ranges::any_of(result.breaches, [&](const Breach& breach) {
      return breach.case_index == i && breach.record == judgement.record;
    });
    if (told) continue;
    ++result.looks;
    result.breaches.push_back({i, judgement.record, byte_of(judgement), judgement.what, {}});
  }
  run.rules.clear();
  for (auto& [key, result] : rules) {
    if (result.looks == 0 && result.verdict == Verdict::pass)
      result.verdict = Verdict::inconclusive;
    run.rules.push_back(std::move(result));
  }
}

std::size_t number_of(const CaseResult& one, std::size_t record) {
  return record < one.numbers.size() ? one.numbers[record] : record;
}

std::size_t left_out_before(const CaseResult& one, std::size_t record) {
  const std::size_t behind = record == 0 ? 0 : number_of(one, record - 1) + 1;
  // What is accused late is kept behind what came after it.
  return number_of(one, record) - std::min(number_of(one, record), behind);
}

std::optional<std::uint32_t> byte_of(const Judgement& judgement) {
  const bool in_a_pdu = judgement.manner == Manner::none ||
                        judgement.manner == Manner::wrong_answer ||
                        judgement.manner == Manner::unreadable;
  if (!judgement.record || !in_a_pdu) return std::nullopt;
  return judgement.byte;
}

std::string name_of(const RuleResult& rule, const RunResult& run) {
  std::string name{iscsi::about(rule.rule).slug};
  if (run.both_sides) name += rule.side == Side::target ? " (target)" : " (initiator)";
  return name;
}

std::string found_text(const Finding& finding) {
  return finding.what.empty() ? "found " + number_text(finding.found) : finding.what;
}

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 6> names{"pass", "inconclusive", "unsupported",
                                                  "warn", "fail",         "error"};
  return names[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(Manner manner) {
  constexpr std::array<std::string_view, 9> names{
      "",      "wrong answer", "silence",    "disconnect", "reset",
      "crash", "unreachable",  "unreadable", "flood"};
  return names[static_cast<std::size_t>(manner)];
}

bool is_accepted(Verdict verdict, const std::string& excuse) {
  return (verdict != Verdict::fail && verdict != Verdict::error) || !excuse.empty();
}

std::size_t count(const RunResult& run, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count_if(
      run.cases, [&](const CaseResult& one) { return one.judgement.verdict == verdict; }));
}

}  // namespace conformance
