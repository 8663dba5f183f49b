#pragma once

/// What came out of a run: per case, and per rule.

#include <span>
#include <string>
#include <vector>

#include "conformance/monitor/monitor.hpp"
#include "conformance/play/player.hpp"

namespace conformance {

struct CaseResult {
  std::string name;
  const Story* story = nullptr;
  Judgement judgement;
  Observation observation;
  Transcript transcript;
  std::uint64_t duration_us = 0;
  std::string excuse{};  ///< the reason of the expectations file, if it expected this
};

/// Where a rule was broken.
struct Breach {
  std::size_t case_index = 0;
  std::optional<std::size_t> record;
  std::uint32_t byte = 0;
  std::string what;
};

struct RuleResult {
  iscsi::Rule rule;
  Verdict verdict = Verdict::pass;
  std::size_t looks = 0;  ///< how often it could be judged
  std::vector<Breach> breaches;
  std::string excuse{};
};

struct RunResult {
  std::string target;
  std::uint64_t seed = 0;
  bool strict = false;
  std::string remark{};  ///< what the survey could not do, if anything
  std::vector<CaseResult> cases;
  std::vector<RuleResult> rules;  ///< every rule that was judged, in the ledger's order
  std::uint64_t duration_us = 0;
};

/// The verdict on a breach of that rule: a SHOULD is a warning unless the run is strict.
[[nodiscard]] Verdict weight_of(iscsi::Rule rule, bool strict);

/// Weighs the judgement of a case, as `weight_of` does.
void weigh(CaseResult& result, bool strict);

/// Fills `run.rules` from its cases.
void sum_up_rules(RunResult& run);

[[nodiscard]] std::string_view name_of(Verdict verdict);
[[nodiscard]] std::string_view name_of(Manner manner);

/// Neither a failure nor an error, or one that was expected.
[[nodiscard]] bool is_accepted(Verdict verdict, const std::string& excuse);

/// How many cases came out so.
[[nodiscard]] std::size_t count(const RunResult& run, Verdict verdict);

}  // namespace conformance
