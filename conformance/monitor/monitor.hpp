#pragma once

/// The judge that looks over everybody's shoulder: a pure function over a transcript, live or from
/// a capture, which checks every PDU of the target against every rule that can be judged from the
/// wire without knowing what a story was after.
///
/// Theory of operation. The transcript is read once, in order. Requests build the state a correct
/// target would hold (`watched.hpp`): sessions with the CmdSNs sent, connections with their login,
/// stage and agreed parameters, tasks with the data moved. Each PDU of the target is then held
/// against it, in the files named after what they check: `form`, `numbering`, `login`, `tasks`,
/// `transfer`. Two things keep an accusation from being wrong:
///  - A request counts from the moment it was handed to the transport, although the target may
///    have spoken before it arrived. Every check is written so that this can only hide a breach.
///  - What the initiator did wrong on purpose is remembered (`disturbed`, `desynchronised`), and
///    rules whose outcome it changes are not judged.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "conformance/model/transcript.hpp"
#include "rules/rule.hpp"

namespace conformance {

/// A rule that the target broke.
struct Finding {
  iscsi::Rule rule;
  std::size_t record = 0;   ///< the PDU, in the transcript
  std::uint32_t byte = 0;   ///< in that PDU
  std::uint64_t found = 0;  ///< the offending value
  std::string what{};       ///< found and expected, in words
};

struct Observation {
  std::vector<Finding> findings;
  /// How often each rule had something to look at; a rule that is not here was not judged.
  std::map<iscsi::Rule, std::size_t> checked;
};

[[nodiscard]] Observation observe(const Transcript& transcript);

/// Every rule that `observe` can find broken.
[[nodiscard]] std::span<const iscsi::Rule> monitored_rules();

}  // namespace conformance
