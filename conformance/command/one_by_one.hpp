#pragma once

/// Cases and replays, one after the other, as long as the target answers.

#include <functional>
#include <string>
#include <vector>

#include "conformance/report/results.hpp"

namespace conformance {

/// Something that a target is judged by.
struct Trial {
  std::string name;
  std::function<CaseResult()> judge;
};

/// Goes through them and shows how it gets on. A target that is gone, or silent in one trial after
/// the other, is given up unless `revive` brings it back: `run.stopped` then says why, and how many
/// trials are left out.
void judge_one_by_one(const std::vector<Trial>& trials, bool verbose,
                      const std::function<bool()>& revive, RunResult& run);

}  // namespace conformance
