#pragma once

/// The judge that looks over everybody's shoulder: it checks every PDU of either side, live or from
/// a capture, against every rule that can be judged from the wire without knowing what a story was
/// after.
///
/// Theory of operation. Records are taken one at a time, in order; what is remembered of them has
/// a bound (`watched.hpp`). Requests build the state a correct target would hold: sessions with the
/// CmdSNs sent, connections with their login, stage and agreed parameters, tasks with the data
/// moved. Each PDU is then held against it, in the files named after what they check: those of the
/// target in `numbering`, `login`, `tasks`, `transfer`, `discovery`, those of the initiator in
/// `requests_*`, what both have in common in `form`. What keeps an accusation from being wrong:
///  - A side may not have seen yet what the other one said last. Requests count from the moment
///    they were handed to the transport, responses from the moment they came; every check is
///    written so that PDUs that crossed on the wire can only hide a breach.
///  - What the initiator did wrong on purpose is remembered (`disturbed`, `desynchronised`), and
///    rules of the target whose outcome it changes are not judged.
///  - Where a capture lacks something, what hangs on it is neither kept nor broken but
///    inconclusive: tasks that were open before a gap, numbers across it, parameters of a login
///    that was not seen.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformance/model/keys.hpp"
#include "conformance/model/transcript.hpp"
#include "rules/rule.hpp"

namespace conformance {

/// A rule that was broken.
struct Finding {
  iscsi::Rule rule;
  std::optional<std::size_t> record{};  ///< the PDU, in the transcript, if that still has it
  std::uint32_t byte = 0;               ///< in that PDU
  std::uint64_t found = 0;              ///< the offending value
  std::string what{};                   ///< found and expected, in words
  Side side = Side::target;             ///< whose PDU it is
  ConnectionNumber connection = 0;      ///< that the PDU went over
};

/// That there is, or would be, a finding.
struct Accusation {
  std::size_t record = 0;
  iscsi::Rule rule{};
  Side side = Side::target;
};

/// How often each rule had something to look at.
using Looks = std::map<iscsi::Rule, std::size_t>;

/// What is known of one side.
struct Observation {
  std::vector<Finding> findings;
  Looks checked;         ///< a rule that is not here was not judged
  Looks inconclusive{};  ///< what could not be judged for lack of packets
};

class Monitor {
 public:
  Monitor();
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  /// For a beginning that several transcripts have in common.
  Monitor(const Monitor& other);
  Monitor& operator=(const Monitor& other);
  ~Monitor();

  void take(const Record& record);

  /// No record follows.
  void finish();

  /// The findings since the last call, of both sides; nothing is remembered of them. They come
  /// when the other side has been heard, or with `finish`: a gap that shows then takes them back.
  [[nodiscard]] std::vector<Finding> take_findings();

  /// What findings may come of since the last call, and the records of those that will not come
  /// after all, once for each: so a caller knows which records to keep.
  [[nodiscard]] std::vector<Accusation> take_accusations();
  [[nodiscard]] std::vector<std::size_t> take_cleared();

  /// Of all records so far.
  [[nodiscard]] Looks checked(Side side) const;
  [[nodiscard]] Looks inconclusive(Side side) const;

  /// How often anything could be judged so far, less what a gap has taken back: what `take` adds
  /// belongs to the connection of its record.
  [[nodiscard]] std::int64_t judged() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One side of a whole transcript.
[[nodiscard]] Observation observe(const Transcript& transcript, Side side = Side::target);

/// Every rule that the monitor can find broken by that side.
[[nodiscard]] std::span<const iscsi::Rule> monitored_rules(Side side = Side::target);

}  // namespace conformance
