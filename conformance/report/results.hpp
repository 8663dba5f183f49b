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
  std::string excuse{};              ///< the reason of the expectations file, if it expected this
  std::vector<std::string> notes{};  ///< what else is to be told of it
  Observation of_initiator{};        ///< of captured conversations
  /// Where the records of `transcript` stood in the conversation, if some of it are not kept.
  std::vector<std::size_t> numbers{};
};

/// Where a record of the transcript stood in the conversation.
[[nodiscard]] std::size_t number_of(const CaseResult& one, std::size_t record);

/// How many records of the conversation are missing in front of that one.
[[nodiscard]] std::size_t left_out_before(const CaseResult& one, std::size_t record);

/// Where a rule was broken.
struct Breach {
  std::size_t case_index = 0;
  std::optional<std::size_t> record;  ///< in the transcript
  std::optional<std::uint32_t> byte;  ///< in that PDU, if one is to blame
  std::string what;
  std::string excuse{};  ///< the reason of the expectations file, if it expected this
};

struct RuleResult {
  iscsi::Rule rule;
  Verdict verdict = Verdict::pass;
  std::size_t looks = 0;  ///< how often it could be judged
  std::vector<Breach> breaches;
  Side side = Side::target;      ///< who was judged
  std::size_t inconclusive = 0;  ///< how often a capture lacked what it takes
  std::string excuse{};          ///< why it was expected to be broken, wherever it was
};

struct RunResult {
  std::string target;   ///< without secrets
  std::string began{};  ///< the date and time, in UTC
  std::uint64_t seed = 0;
  bool strict = false;
  bool partial = false;     ///< of the suite, a part was asked for
  bool both_sides = false;  ///< captured conversations were judged: `target` names the files
  std::string remark{};     ///< what the survey could not do, if anything
  std::string stopped{};    ///< why cases were not run, if so
  std::vector<CaseResult> cases;
  std::vector<RuleResult> rules;          ///< every rule that was judged, in the ledger's order
  std::vector<std::string> complaints{};  ///< about the expectations
  std::uint64_t duration_us = 0;
};

/// The verdict on a breach of that rule: a SHOULD is a warning unless the run is strict.
[[nodiscard]] Verdict weight_of(iscsi::Rule rule, bool strict);

/// Weighs the judgement of a case, as `weight_of` does.
void weigh(CaseResult& result, bool strict);

/// Fills `run.rules` from its cases.
void sum_up_rules(RunResult& run);

/// The byte that a judgement points to; a silence or a disconnect has none.
[[nodiscard]] std::optional<std::uint32_t> byte_of(const Judgement& judgement);

/// The rule's name; where both sides were judged, with the one that this is about.
[[nodiscard]] std::string name_of(const RuleResult& rule, const RunResult& run);

/// What the monitor found, in words.
[[nodiscard]] std::string found_text(const Finding& finding);

[[nodiscard]] std::string_view name_of(Verdict verdict);
[[nodiscard]] std::string_view name_of(Manner manner);

/// Neither a failure nor an error, or one that was expected.
[[nodiscard]] bool is_accepted(Verdict verdict, const std::string& excuse);

/// How many cases came out so.
[[nodiscard]] std::size_t count(const RunResult& run, Verdict verdict);

}  // namespace conformance
