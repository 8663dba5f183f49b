#pragma once

/// Runs made by hand, for tests of what is reported about them.

#include <stdexcept>
#include <string>

#include "conformance/report/results.hpp"
#include "conformance/story/loader.hpp"

namespace conformance {

inline const Story& a_story() {
  static const auto story =
      load_story("nop-out/ping",
                 R"({"version": 1, "claim": "c", "rules": ["nop-out-is-answered"], "steps": []})");
  return *story;
}

inline CaseResult result(const std::string& name, Verdict verdict,
                         std::optional<iscsi::Rule> rule = {}) {
  return {.name = name,
          .story = &a_story(),
          .judgement = {.verdict = verdict,
                        .rule = rule,
                        .what = "a <b> & \"c\"\x01",
                        .where = {},
                        .record = {}},
          .observation = {},
          .transcript = {}};
}

/// One pass, one fail for a rule, one finding of the monitor for a SHOULD.
inline RunResult a_run(bool strict = false) {
  RunResult run{.target = "peer", .seed = 3, .strict = strict, .cases = {}, .rules = {}};
  run.cases.push_back(result("nop-out/ping[a=1]", Verdict::pass));
  run.cases.push_back(
      result("nop-out/ping[a=2]", Verdict::fail, iscsi::Rule::ping_data_is_returned));
  run.cases.push_back(result("nop-out/ping[a=3]", Verdict::unsupported));
  run.cases[0].observation.findings.push_back(
      {.rule = iscsi::Rule::padding_is_zero, .record = 4, .byte = 50});
  run.cases[0].observation.checked[iscsi::Rule::padding_is_zero] = 2;
  sum_up_rules(run);
  return run;
}

inline const RuleResult& about_rule(const RunResult& run, iscsi::Rule rule) {
  for (const RuleResult& one : run.rules)
    if (one.rule == rule) return one;
  throw std::runtime_error("not judged");
}

}  // namespace conformance
