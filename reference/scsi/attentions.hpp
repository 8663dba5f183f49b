#pragma once

/// What a logical unit has yet to tell each nexus (SAM-4 5.14): unit attentions, and the deferred
/// errors of commands whose status went out before their work was done (SPC-4 4.5.7).

#include <cstddef>
#include <vector>

#include "scsi/nexus.hpp"
#include "scsi/sense.hpp"

namespace scsi {

/// A queue per nexus, each of at most `depth`.
class Attentions {
 public:
  /// As many different things as can befall a nexus between two of its commands; what comes to a
  /// full queue is lost (SAM-4 5.14 leaves the length of the queue to the logical unit).
  static constexpr std::size_t depth = 8;

  /// Queues `sense` for `nexus`, unless it is there already. A reset (29h) tells that everything
  /// before it is void, so it empties the queue first.
  void raise(NexusId nexus, const Sense& sense);
  void forget(NexusId nexus);

  /// What is to be told next, or null. The pointer lives until the next change.
  [[nodiscard]] const Sense* next(NexusId nexus) const;
  /// Takes what `next` showed out of the queue.
  void drop(NexusId nexus);

  friend bool operator==(const Attentions&, const Attentions&) = default;

 private:
  struct Entry {
    NexusId nexus;
    Sense sense;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries_;  ///< by nexus, the oldest of each first
};

[[nodiscard]] constexpr Sense unit_attention(AdditionalSense additional) {
  return {.key = SenseKey::unit_attention, .additional = additional};
}

}  // namespace scsi
