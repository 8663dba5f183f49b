#pragma once

/// Captures as the cases of a run: every connection is one, those beyond a bound are one together.
/// Small conversations are kept as a whole; of others only the PDUs that something was found in,
/// as long as they are not too many. What is not kept is counted. So memory has a bound.

#include <array>
#include <deque>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "conformance/capture/capture.hpp"
#include "conformance/report/results.hpp"

namespace conformance {

class CheckedCaptures {
 public:
  /// Lets the monitor see a whole capture. Errors: a file of which nothing can be read.
  [[nodiscard]] std::expected<void, std::string> read(const std::string& file);

  /// What was found in all captures read so far. Its cases point into this object.
  [[nodiscard]] RunResult result(bool strict);

  /// What is to be said about the files.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// The files that could not be read to their end, and where that was; what is before it counts.
  [[nodiscard]] const std::vector<std::string>& cut_short() const { return cut_short_; }

 private:
  /// A record that findings may still come for.
  struct Recent {
    Record record;
    std::size_t case_index = 0;
    std::size_t place = 0;  ///< in the transcript of its case, or `nowhere`
  };
  /// A capture on its way through the monitor.
  struct Reading;
  using Place = std::pair<iscsi::Rule, Side>;

  void keep(Reading& reading, Record record);
  void add_findings(Reading& reading);
  std::size_t add_case(const std::string& name, std::string claim);
  std::size_t case_of(Reading& reading, ConnectionNumber connection);
  void judge(std::size_t index, bool strict);
  void count_looks(const Monitor& monitor);
  void add_note(std::string note);

  std::deque<Story> stories_;
  std::vector<CaseResult> cases_;
  std::vector<std::map<Place, std::size_t>> found_;  ///< per case, how often
  std::vector<std::int64_t> judged_;                 ///< the same, how often anything
  std::map<Place, std::size_t> found_anywhere_;
  std::size_t findings_kept_ = 0;
  std::vector<std::string> notes_;
  std::vector<std::string> cut_short_;
  std::array<Looks, 2> checked_;
  std::array<Looks, 2> inconclusive_;
  std::size_t bytes_kept_ = 0;
};

}  // namespace conformance
