#pragma once

/// What a connection has to send: PDUs as pieces of memory, so that data goes from where the medium
/// put it to the socket without a copy in between.

#include <array>
#include <cstdint>
#include <span>

#include "pdu/codec.hpp"
#include "wire/queue.hpp"
#include "wire/shared_bytes.hpp"

namespace iscsi::session {

class Output {
 public:
  /// Queues a PDU. `data` is sealed now and must not change any more.
  void push(const pdu::HeaderBytes& header, wire::Slice data, pdu::Digests digests);

  /// Fills `views` with the next bytes to send, in order; returns how many views were used. They
  /// hold until the next `push` or `sent`.
  [[nodiscard]] std::size_t gather(std::span<wire::ByteView> views) const;
  /// So many bytes have been sent.
  void sent(std::size_t bytes);

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// Bytes that wait.
  [[nodiscard]] std::size_t queued() const { return queued_; }

 private:
  /// One PDU: header and its digest, data, padding and its digest.
  struct Entry {
    std::array<std::byte, pdu::bhs_bytes + limits::digest_bytes> front{};
    std::array<std::byte, 3 + limits::digest_bytes> behind{};
    std::uint8_t front_bytes = 0;
    std::uint8_t behind_bytes = 0;
    wire::Slice data{};

    [[nodiscard]] std::size_t size() const { return front_bytes + data.length + behind_bytes; }
  };

  wire::Queue<Entry> entries_;
  std::size_t sent_of_first_ = 0;  ///< bytes of the first entry that are gone
  std::size_t queued_ = 0;
};

}  // namespace iscsi::session
