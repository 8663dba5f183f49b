#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

using json::Value;

constexpr std::uint64_t version = 1;

void add_evidence(json::Object& object, const std::optional<std::size_t>& record,
                  std::uint32_t byte, const std::string& what) {
  if (record) {
    object.push_back({"record", json::number(*record)});
    object.push_back({"byte", json::number(byte)});
  }
  if (!what.empty()) object.push_back({"found", json::text(what)});
}

Value case_value(const CaseResult& one) {
  const Judgement& judgement = one.judgement;
  json::Object object{{"name", json::text(one.name)},
                      {"claim", json::text(one.story->claim)},
                      {"verdict", json::text(name_of(judgement.verdict))},
                      {"microseconds", json::number(one.duration_us)}};
  if (judgement.verdict != Verdict::pass) {
    if (judgement.rule) object.push_back({"rule", json::text(iscsi::about(*judgement.rule).slug)});
    if (judgement.manner != Manner::none)
      object.push_back({"manner", json::text(name_of(judgement.manner))});
    object.push_back({"step", json::text(judgement.where)});
    add_evidence(object, judgement.record, judgement.byte, judgement.what);
  }
  if (!one.excuse.empty()) object.push_back({"expected", json::text(one.excuse)});
  return json::object(std::move(object));
}

Value rule_value(const RunResult& run, const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  json::Array breaches;
  for (const Breach& breach : rule.breaches) {
    json::Object object{{"case", json::text(run.cases[breach.case_index].name)}};
    add_evidence(object, breach.record, breach.byte, breach.what);
    breaches.push_back(json::object(std::move(object)));
  }
  json::Object object{{"rule", json::text(info.slug)},
                      {"section", json::text(info.section)},
                      {"verdict", json::text(name_of(rule.verdict))},
                      {"looks", json::number(rule.looks)},
                      {"breaches", json::array(std::move(breaches))}};
  if (!rule.excuse.empty()) object.push_back({"expected", json::text(rule.excuse)});
  return json::object(std::move(object));
}

}  // namespace

Value json_report(const RunResult& run) {
  json::Array cases;
  for (const CaseResult& one : run.cases) cases.push_back(case_value(one));
  json::Array rules;
  for (const RuleResult& rule : run.rules) rules.push_back(rule_value(run, rule));
  return json::object({{"version", json::number(version)},
                       {"target", json::text(run.target)},
                       {"seed", json::number(run.seed)},
                       {"strict", json::boolean(run.strict)},
                       {"microseconds", json::number(run.duration_us)},
                       {"note", json::text(run.remark)},
                       {"cases", json::array(std::move(cases))},
                       {"rules", json::array(std::move(rules))}});
}

}  // namespace conformance
