#include "conformance/report/remarks.hpp"

#include <algorithm>
#include <map>

namespace conformance {
namespace {

/// From a story's judgement; nothing if there is nothing to say.
std::optional<Remark> of_story(const CaseResult& one) {
  const Judgement& judgement = one.judgement;
  if (judgement.verdict == Verdict::pass) return std::nullopt;
  std::string what = judgement.what;
  if (judgement.manner != Manner::none && judgement.manner != Manner::wrong_answer)
    what = std::string{name_of(judgement.manner)} + ": " + what;
  // What a target does not support breaks no rule, nor does a fault of the suite.
  const bool accuses = judgement.verdict == Verdict::fail || judgement.verdict == Verdict::warn;
  const bool exists = judgement.record && *judgement.record < one.transcript.size();
  return Remark{.record = exists ? judgement.record : std::nullopt,
                .byte = byte_of(judgement),
                .rule = accuses ? judgement.rule : std::nullopt,
                .verdict = judgement.verdict,
                .what = std::move(what)};
}

}  // namespace

std::vector<Remark> remarks_of(const CaseResult& one, bool strict) {
  std::vector<Remark> remarks;
  for (const Observation* seen : {&one.observation, &one.of_initiator})
    for (const Finding& finding : seen->findings)
      remarks.push_back({.record = finding.record,
                         .byte = finding.byte,
                         .rule = finding.rule,
                         .verdict = weight_of(finding.rule, strict),
                         .what = found_text(finding)});
  if (auto judged = of_story(one)) {
    const bool told = std::ranges::any_of(remarks, [&](const Remark& remark) {
      return remark.rule == judged->rule && remark.record == judged->record;
    });
    if (!told) remarks.push_back(*std::move(judged));
  }
  std::multimap<std::size_t, Remark> in_order;  // those of one record stay as they came
  for (Remark& remark : remarks) {
    const std::size_t record = remark.record.value_or(static_cast<std::size_t>(-1));
    in_order.emplace(record, std::move(remark));
  }
  remarks.clear();
  for (auto& [record, remark] : in_order) remarks.push_back(std::move(remark));
  return remarks;
}

std::string print_remark(const Remark& remark) {
  std::string text;
  if (remark.rule) {
    const iscsi::RuleInfo& info = iscsi::about(*remark.rule);
    text = std::string{info.slug} + " (RFC 3720 " + std::string{info.section} + "), ";
  }
  if (remark.byte) text += "byte " + std::to_string(*remark.byte) + ": ";
  return text + remark.what;
}

}  // namespace conformance
