#include "text/assembly.hpp"

#include <algorithm>
#include <cassert>

#include "text/breach.hpp"

namespace iscsi::text {

std::expected<std::optional<std::string_view>, Violation> Assembly::add(wire::ByteView segment,
                                                                        bool more) {
  if (!open_) held_.clear();  // the text handed out by the last call
  const std::size_t total = held_.size() + segment.size();
  if (total > limits::negotiation_text_bytes) {
    clear();
    return std::unexpected(
        broken(Rule::negotiation_text_within_limit, total - segment.size(), total));
  }
  if (!open_ && !more) return wire::as_text(segment);
  held_.append(wire::as_text(segment));
  open_ = more;
  if (more) return std::nullopt;
  return held_;
}

void Assembly::clear() {
  held_.clear();
  open_ = false;
}

Segment Segmentation::next(std::size_t maximum_bytes) {
  assert(maximum_bytes > 0);
  const std::string_view rest = std::string_view{text_}.substr(sent_);
  const std::string_view segment = rest.substr(0, std::min(maximum_bytes, rest.size()));
  sent_ += segment.size();
  return {.text = segment, .more = !done()};
}

}  // namespace iscsi::text
