#include "conformance/report/built_in.hpp"
#include "conformance/report/figures.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/reports.hpp"
#include "conformance/story/json.hpp"

namespace conformance {
namespace {

using json::Value;

constexpr std::uint64_t version = 1;

/// The PDU that is pointed at, the byte in it, and what was found there.
void add_evidence(json::Object& object, const CaseResult& one,
                  const std::optional<std::size_t>& record,
                  const std::optional<std::uint32_t>& byte, const std::string& what) {
  if (record && *record < one.transcript.size()) {
    const Record& evidence = one.transcript[*record];
    object.push_back({"record", json::number(number_of(one, *record))});
    if (evidence.packet != 0) object.push_back({"packet", json::number(evidence.packet)});
    object.push_back({"pdu", json::text(title_of(evidence))});
    if (byte) {
      object.push_back({"byte", json::number(*byte)});
      if (const Stretch stretch = stretch_at(evidence, *byte); !stretch.name.empty())
        object.push_back({"field", json::text(stretch.name)});
    }
  }
  if (!what.empty()) object.push_back({"found", json::text(printable(what))});
}

void add_excuse(json::Object& object, const std::string& excuse) {
  if (!excuse.empty()) object.push_back({"expected", json::text(excuse)});
}

Value case_value(const CaseResult& one) {
  const Judgement& judgement = one.judgement;
  json::Array rules;
  for (const iscsi::Rule rule : one.story->rules)
    rules.push_back(json::text(iscsi::about(rule).slug));
  json::Object object{{"name", json::text(one.name)},
                      {"claim", json::text(one.story->claim)},
                      {"rules", json::array(std::move(rules))},
                      {"verdict", json::text(name_of(judgement.verdict))},
                      {"microseconds", json::number(one.duration_us)}};
  if (judgement.verdict != Verdict::pass) {
    if (judgement.rule) object.push_back({"rule", json::text(iscsi::about(*judgement.rule).slug)});
    if (judgement.manner != Manner::none)
      object.push_back({"manner", json::text(name_of(judgement.manner))});
    if (!judgement.where.empty()) object.push_back({"step", json::text(judgement.where)});
    add_evidence(object, one, judgement.record, byte_of(judgement), judgement.what);
  }
  object.push_back({"evidence", json::text(file_name(one.name))});
  if (!one.notes.empty()) {
    json::Array notes;
    for (const std::string& note : one.notes) notes.push_back(json::text(printable(note)));
    object.push_back({"notes", json::array(std::move(notes))});
  }
  add_excuse(object, one.excuse);
  return json::object(std::move(object));
}

Value rule_value(const RunResult& run, const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  json::Array breaches;
  for (const Breach& breach : rule.breaches) {
    const CaseResult& one = run.cases[breach.case_index];
    json::Object object{{"case", json::text(one.name)}};
    add_evidence(object, one, breach.record, breach.byte, breach.what);
    add_excuse(object, breach.excuse);
    breaches.push_back(json::object(std::move(object)));
  }
  json::Object object{{"rule", json::text(info.slug)},
                      {"section", json::text(info.section)},
                      {"level", json::text(name_of(info.level))},
                      {"says", json::text(info.says)},
                      {"verdict", json::text(name_of(rule.verdict))},
                      {"side", json::text(rule.side == Side::target ? "target" : "initiator")},
                      {"looks", json::number(rule.looks)},
                      {"inconclusive", json::number(rule.inconclusive)},
                      {"breaches", json::array(std::move(breaches))}};
  add_excuse(object, rule.excuse);
  return json::object(std::move(object));
}

Value figures_value(const std::vector<Figure>& figures) {
  json::Object object;
  for (const Figure& figure : figures)
    object.push_back({std::string{figure.name}, json::number(figure.count)});
  return json::object(std::move(object));
}

}  // namespace

std::string json_report(const RunResult& run) {
  json::Array cases;
  for (const CaseResult& one : run.cases) cases.push_back(case_value(one));
  json::Array rules;
  for (const RuleResult& rule : run.rules) rules.push_back(rule_value(run, rule));
  json::Array notes;
  for (const std::string& note : notes_of(run)) notes.push_back(json::text(note));
  return json::print(
      json::object({{"version", json::number(version)},
                    {"suite", json::text(suite_version)},
                    {"target", json::text(run.target)},
                    {"began", json::text(run.began)},
                    {"seed", json::number(run.seed)},
                    {"strict", json::boolean(run.strict)},
                    {"partial", json::boolean(run.partial)},
                    {"microseconds", json::number(run.duration_us)},
                    {"notes", json::array(std::move(notes))},
                    {"figures", json::object({{"rules", figures_value(rule_figures(run))},
                                              {"cases", figures_value(case_figures(run))}})},
                    {"cases", json::array(std::move(cases))},
                    {"rules", json::array(std::move(rules))}}));
}

}  // namespace conformance
