#pragma once

/// Continuation by the C bit (RFC 3720 5.1, 5.2, 10.10.2, 10.11.2, 10.12.2, 10.13.7): the data
/// segments of PDUs up to one with C=0 form one logical text. A pair may be cut anywhere.

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "limits.hpp"
#include "rules/rule.hpp"
#include "wire/bytes.hpp"

namespace iscsi::text {

/// Joins the data segments of one logical text.
class Assembly {
 public:
  /// Takes one data segment, `more` being its C bit. The answer is the whole logical text when the
  /// segment ends it, nothing while it does not, and a violation when it would exceed
  /// `limits::negotiation_text_bytes` (after which the assembly is empty again).
  ///
  /// The text is a view: of `segment` itself when that is all there is (no copy), else of bytes
  /// held here until the next call.
  [[nodiscard]] std::expected<std::optional<std::string_view>, Violation> add(
      wire::ByteView segment, bool more);

  /// True between a segment with C=1 and the one that ends the text.
  [[nodiscard]] bool open() const { return open_; }
  void clear();

  friend bool operator==(const Assembly&, const Assembly&) = default;

 private:
  std::string held_;
  bool open_ = false;
};

/// One data segment to be sent, and its C bit.
struct Segment {
  std::string_view text;
  bool more = false;

  friend bool operator==(const Segment&, const Segment&) = default;
};

/// Cuts a logical text into data segments that the peer can receive.
class Segmentation {
 public:
  Segmentation() = default;
  explicit Segmentation(std::string text) : text_{std::move(text)} {}

  /// The next segment, of at most `maximum_bytes` (at least one): the receiver's
  /// MaxRecvDataSegmentLength. The view lives as long as this object is neither moved nor assigned.
  /// At the end of the text: an empty segment with C=0.
  [[nodiscard]] Segment next(std::size_t maximum_bytes);

  /// What answers a request that is to be continued: no data, whatever there is to send (5.2).
  [[nodiscard]] Segment none() const { return {.text = {}, .more = !done()}; }

  /// True when nothing is left to send.
  [[nodiscard]] bool done() const { return sent_ == text_.size(); }

  friend bool operator==(const Segmentation&, const Segmentation&) = default;

 private:
  std::string text_;
  std::size_t sent_ = 0;
};

}  // namespace iscsi::text
