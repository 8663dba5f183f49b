#include "conformance/command/one_by_one.hpp"

#include <algorithm>

#include "conformance/command/files.hpp"
#include "conformance/command/progress.hpp"

namespace conformance {
namespace {

/// A target that said nothing in as many trials, one after the other, will say nothing in the next.
constexpr std::size_t most_silent = 8;

/// Notices when it makes no sense to go on.
class Patience {
 public:
  /// Why the target is beyond hope, or nothing.
  [[nodiscard]] std::string after(const CaseResult& one) {
    const Manner manner = one.judgement.manner;
    if (manner == Manner::crash || manner == Manner::unreachable)
      return "the target takes no connection any more";
    const bool spoke = std::ranges::any_of(one.transcript, [](const Record& record) {
      return record.kind == Record::Kind::received || record.kind == Record::Kind::unreadable ||
             record.kind == Record::Kind::ended || record.kind == Record::Kind::broken;
    });
    if (spoke) silent_ = 0;
    if (!spoke && one.judgement.verdict == Verdict::fail) ++silent_;
    if (silent_ < most_silent) return {};
    return "the target said nothing in " + std::to_string(silent_) + " cases";
  }
  void renew() { silent_ = 0; }

 private:
  std::size_t silent_ = 0;
};

}  // namespace

void judge_one_by_one(const std::vector<Trial>& trials, bool verbose,
                      const std::function<bool()>& revive, RunResult& run) {
  const Progress progress{verbose};
  Patience patience;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    progress.begin(i, trials.size(), trials[i].name);
    run.cases.push_back(trials[i].judge());
    progress.end(run.cases.back());
    const std::string hopeless = patience.after(run.cases.back());
    if (hopeless.empty()) continue;
    if (revive()) {
      patience.renew();
      continue;
    }
    if (const std::size_t left = trials.size() - i - 1; left > 0)
      run.stopped = hopeless + ": " + std::to_string(left) + " cases were not run";
    return;
  }
}

}  // namespace conformance
