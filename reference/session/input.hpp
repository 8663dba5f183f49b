#pragma once

/// From a connection's bytes to its PDUs.
///
/// Most PDUs are framed where they arrived, in one buffer. A long data segment that is still on
/// its way gets memory of its own size, into which the rest is received directly and which then
/// changes hands: data of any length is not copied between the socket and the medium but for the
/// part that had arrived together with its header.

#include <array>
#include <span>
#include <variant>

#include "pdu/frame.hpp"
#include "wire/shared_bytes.hpp"

namespace iscsi::session {

/// A PDU that has arrived whole. The views live until the next call of `Input::space`, and those
/// into `segment`, which is the data if that is in memory of its own, as long as it has an owner.
struct Arrived {
  pdu::Framed framed;
  wire::Slice segment{};
};

class Input {
 public:
  /// Where the next bytes are to be put, in this order: first a long data segment's rest, if there
  /// is one, then the buffer. Never empty. Invalidates the views of earlier PDUs.
  [[nodiscard]] std::array<std::span<std::byte>, 2> space();
  /// So many bytes have been put there.
  void filled(std::size_t bytes);

  /// The next PDU. After a `Violation` the stream is useless. `Incomplete` asks for more bytes.
  [[nodiscard]] std::variant<Arrived, pdu::Incomplete, Violation> next(
      const pdu::FrameLimits& limits);

  /// From now on the buffer is so long, or longer where a PDU needs it; before (in the login phase)
  /// it is as short as its PDUs.
  void expect_traffic(std::size_t buffer_bytes) { capacity_ = buffer_bytes; }

  /// True in the middle of a PDU.
  [[nodiscard]] bool has_partial_pdu() const { return begin_ != end_ || is_receiving_segment(); }
  /// Memory held, in bytes.
  [[nodiscard]] std::size_t held_bytes() const { return buffer_.size() + segment_.length; }

 private:
  [[nodiscard]] bool is_receiving_segment() const { return !segment_.empty(); }
  [[nodiscard]] wire::ByteView unread() const {
    return wire::ByteView{buffer_}.subspan(begin_, end_ - begin_);
  }
  void start_segment(const pdu::Front& front, pdu::Digests digests);

  wire::Bytes buffer_;
  std::size_t begin_ = 0;  ///< first byte of `buffer_` that is not framed yet
  std::size_t end_ = 0;    ///< first byte of `buffer_` that is free
  std::size_t capacity_ = limits::login_input_bytes;
  std::size_t wanted_ = 0;  ///< what an incomplete PDU in the buffer needs, at the least

  // A long data segment under way: its front, and what stands behind it.
  wire::Bytes front_;
  pdu::Lengths lengths_{};
  wire::Slice segment_;
  std::size_t segment_filled_ = 0;
};

}  // namespace iscsi::session
