#include "scsi/attentions.hpp"

#include <algorithm>

namespace scsi {

void Attentions::raise(NexusId nexus, const Sense& sense) {
  if (sense.additional.code == asc::power_on_or_reset.code) forget(nexus);
  const auto queue = std::ranges::equal_range(entries_, nexus, {}, &Entry::nexus);
  if (queue.size() >= depth || std::ranges::find(queue, sense, &Entry::sense) != queue.end())
    return;
  entries_.insert(queue.end(), {nexus, sense});
}

void Attentions::forget(NexusId nexus) {
  const auto queue = std::ranges::equal_range(entries_, nexus, {}, &Entry::nexus);
  entries_.erase(queue.begin(), queue.end());
}

const Sense* Attentions::next(NexusId nexus) const {
  const auto first = std::ranges::lower_bound(entries_, nexus, {}, &Entry::nexus);
  return first == entries_.end() || first->nexus != nexus ? nullptr : &first->sense;
}

void Attentions::drop(NexusId nexus) {
  const auto first = std::ranges::lower_bound(entries_, nexus, {}, &Entry::nexus);
  if (first != entries_.end() && first->nexus == nexus) entries_.erase(first);
}

}  // namespace scsi
