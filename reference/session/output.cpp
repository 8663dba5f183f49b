#include "session/output.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "wire/crc32c.hpp"

namespace iscsi::session {

using wire::ByteView;

void Output::push(const pdu::HeaderBytes& header, wire::Slice data, pdu::Digests digests) {
  Entry& entry = entries_.emplace_back();
  std::ranges::copy(header, entry.front.begin());
  entry.front_bytes = pdu::bhs_bytes;
  if (digests.header) {
    const std::span digest = std::span{entry.front}.last<limits::digest_bytes>();
    wire::store_digest(digest, wire::crc32c(header));
    entry.front_bytes += limits::digest_bytes;
  }
  if (data.length > 0) {
    const std::size_t padding = wire::padding(data.length);
    entry.behind_bytes = static_cast<std::uint8_t>(padding);
    if (digests.data) {
      const std::uint32_t over_data = wire::crc32c(data.view());
      const std::uint32_t crc = wire::crc32c(ByteView{entry.behind}.first(padding), over_data);
      wire::store_digest(std::span{entry.behind}.subspan(padding).first<limits::digest_bytes>(),
                         crc);
      entry.behind_bytes += limits::digest_bytes;
    }
    entry.data = std::move(data);
  }
  queued_ += entry.size();
}

std::size_t Output::gather(std::span<ByteView> views) const {
  std::size_t used = 0;
  std::size_t skip = sent_of_first_;
  for (const Entry& entry : entries_) {
    const std::array<ByteView, 3> parts{ByteView{entry.front}.first(entry.front_bytes),
                                        entry.data.view(),
                                        ByteView{entry.behind}.first(entry.behind_bytes)};
    for (const ByteView part : parts) {
      const std::size_t gone = std::min(skip, part.size());
      skip -= gone;
      if (gone == part.size()) continue;
      if (used == views.size()) return used;
      views[used++] = part.subspan(gone);
    }
  }
  return used;
}

void Output::sent(std::size_t bytes) {
  assert(bytes <= queued_);
  queued_ -= bytes;
  sent_of_first_ += bytes;
  while (!entries_.empty() && sent_of_first_ >= entries_.front().size()) {
    sent_of_first_ -= entries_.front().size();
    entries_.pop_front();
  }
}

}  // namespace iscsi::session
