#pragma once

/// What `run` shows while it goes on.

#include "conformance/report/results.hpp"

namespace conformance {

/// On a terminal, the case at hand; failures, as they come; nothing else, so that logs stay short.
class Progress {
 public:
  explicit Progress(bool verbose);

  void begin(std::size_t index, std::size_t count, const std::string& name) const;
  void end(const CaseResult& one) const;

 private:
  bool verbose_;
  bool terminal_;
};

}  // namespace conformance
