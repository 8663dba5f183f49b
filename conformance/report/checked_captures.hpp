#pragma once

/// Captures as the cases of a run: every connection is one, those beyond a bound are one together.
/// Of a conversation those PDUs are kept that something was found in, as long as they are not too
/// many; where reports show conversations, all of it while there is room. What is not kept is
/// counted. So memory has a bound.

#include <array>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "conformance/capture/capture.hpp"
#include "conformance/report/results.hpp"

namespace conformance {

/// What the reports are going to show.
enum class Shown : std::uint8_t { evidence, conversations };

class CheckedCaptures {
 public:
  explicit CheckedCaptures(Shown shown = Shown::evidence) : shown_{shown} {}

  /// Lets the monitor see a whole capture. Errors: a file of which nothing can be read.
  [[nodiscard]] std::expected<void, std::string> read(const std::string& file);

  /// What was found in all captures read so far. Its cases point into this object.
  [[nodiscard]] RunResult result(bool strict);

  /// What is to be said about the files.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// The files that could not be read to their end, and where that was; what is before it counts.
  [[nodiscard]] const std::vector<std::string>& cut_short() const { return cut_short_; }

 private:
  using Place = std::pair<iscsi::Rule, Side>;

  /// A record that findings may still come for.
  struct Evidence {
    Record record{};
    std::size_t number = 0;              ///< in the conversation
    std::optional<std::size_t> place{};  ///< in the transcript of its case
    std::size_t accusations = 0;
  };
  /// Of a case.
  struct Counts {
    std::map<Place, std::size_t> found{};  ///< how often each rule
    std::int64_t judged = 0;               ///< how often anything
    std::size_t records = 0;               ///< of its conversation
  };
  /// A capture on its way through the monitor.
  struct Reading;
  void take(Reading& reading, Record record);
  void keep_accused(Reading& reading, std::size_t index, const Evidence& now,
                    const std::vector<Accusation>& accusations);
  [[nodiscard]] bool may_be_shown(std::size_t index, const Accusation& accusation) const;
  [[nodiscard]] std::optional<std::size_t> keep_whole(std::size_t index, std::size_t number,
                                                      Record& record);
  std::size_t keep(std::size_t index, std::size_t number, Record record);
  void add_findings(Reading& reading);
  void release(Reading& reading, std::size_t record);
  static void sort_transcript(CaseResult& one);
  std::size_t add_case(const std::string& name, std::string claim);
  std::size_t case_of(Reading& reading, ConnectionNumber connection);
  void judge(std::size_t index, bool strict);
  void count_looks(const Monitor& monitor);
  void add_note(std::string note);

  std::deque<Story> stories_;
  std::vector<CaseResult> cases_;
  std::vector<Counts> counts_;  ///< per case
  std::map<Place, std::size_t> found_anywhere_;
  std::size_t findings_kept_ = 0;
  std::vector<std::string> notes_;
  std::size_t notes_left_out_ = 0;
  std::vector<std::string> cut_short_;
  std::array<Looks, 2> checked_;
  std::array<Looks, 2> inconclusive_;
  Shown shown_;
  std::size_t bytes_kept_ = 0;  ///< of whole conversations
};

}  // namespace conformance
