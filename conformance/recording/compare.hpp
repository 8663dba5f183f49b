#pragma once

/// What two targets answered to the same requests, held against each other (docs/replay.md has the
/// policy in a table).

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "conformance/recording/exchanges.hpp"
#include "conformance/recording/world.hpp"

namespace conformance {

struct Difference {
  bool counts = true;                 ///< the replay failed; else it is only told
  std::size_t recorded = 0;           ///< the request, in the recording
  std::optional<std::size_t> live{};  ///< the answer, in the live transcript
  std::string what{};
};

struct ReplayResult {
  std::vector<Difference> differences{};
  std::vector<std::string> remarks{};  ///< what was done otherwise than recorded, and why
  std::string unsupported{};           ///< why the session could not be acted out, if so
  std::size_t requests = 0;            ///< recorded
  std::size_t played = 0;
  std::size_t compared = 0;            ///< answers, beyond that there was one
  std::size_t transport_only = 0;      ///< answers compared at the iSCSI layer only
  std::uint64_t bytes_compared = 0;    ///< of blocks read
  std::set<std::string> not_served{};  ///< commands that the live target does not implement
};

/// One request in both sessions; `live` null: it was not sent.
struct Pair {
  const Exchange* recorded = nullptr;
  const Exchange* live = nullptr;
  bool was_ended = false;  ///< live: by a task management function
};

/// `pairs` in the order of the recording; `byte_for_byte`: the live target was made of `world`.
void compare(const std::vector<Pair>& pairs, const World& world, bool byte_for_byte,
             ReplayResult& result);

}  // namespace conformance
