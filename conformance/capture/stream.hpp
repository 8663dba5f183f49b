#pragma once

/// One direction of a TCP connection, put together again by its sequence numbers.
///
/// Where bytes come twice, the first win. Where bytes are missing it waits: until they come; until
/// the receiver has acknowledged them and a few packets have passed, so that it must have had them
/// and only the capture has not; or until whoever owns the stream gives up. Then zeros stand for
/// them, which are remembered as holes. As sequence numbers tell how much is missing, what is
/// behind a hole is in its place.

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "conformance/capture/segment.hpp"
#include "conformance/model/transcript.hpp"

namespace conformance {

/// When something was seen.
struct Stamp {
  std::uint64_t packet = 0;
  std::uint64_t at_us = 0;
  bool before = false;  ///< the packet shows that it had happened, and brings something later

  /// What happened first has the smaller number.
  [[nodiscard]] std::uint64_t order() const { return packet * 2 - (before ? 1 : 0); }
};

class Stream {
 public:
  /// The stream's first byte has this number.
  void begin(std::uint32_t sequence);
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] std::uint32_t origin() const { return origin_; }

  /// False if the segment contradicts bytes that were here before.
  bool add(const Segment& segment, Stamp stamp);

  /// The receiver has all bytes before that number.
  void acknowledge(std::uint32_t number, Stamp stamp);

  /// Gives up what has been acknowledged for long, at packet `now`.
  void settle(std::uint64_t now);
  /// Gives up the first gap that is waited for.
  void give_up_gap();
  /// Gives up all gaps.
  void give_up();

  [[nodiscard]] bool waits() const { return !early_.empty() || !acknowledged_.empty(); }
  /// The order of what waits first.
  [[nodiscard]] std::uint64_t waits_since() const;

  /// What can be read, zeros in its holes.
  [[nodiscard]] iscsi::wire::ByteView readable() const;
  [[nodiscard]] std::vector<Hole> holes_before(std::size_t end) const;
  [[nodiscard]] bool has_hole_before(std::size_t end) const;
  /// Where the first hole ends.
  [[nodiscard]] std::optional<std::size_t> end_of_first_hole() const;
  /// The latest packet of the first `end` bytes (of the very next if it is 0).
  [[nodiscard]] Stamp stamp_before(std::size_t end) const;
  void consume(std::size_t bytes);

  /// Once after a gap that was too long to be a hole, where it ends; nothing before it is readable
  /// any more.
  [[nodiscard]] std::optional<Stamp> take_break();

  /// Everything has arrived, FIN included; its packet.
  [[nodiscard]] std::optional<Stamp> finished() const;

  /// Bytes of memory.
  [[nodiscard]] std::size_t held() const;
  /// Frees it.
  void forget();
  /// Frees what nothing stands in at present.
  void rest();

 private:
  struct Piece {
    iscsi::wire::Bytes data;
    std::uint64_t length = 0;
    Stamp stamp;
  };
  struct Mark {
    std::uint64_t end = 0;
    Stamp stamp;
  };
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Acknowledged {
    std::uint64_t end = 0;
    Stamp stamp;
  };

  [[nodiscard]] std::int64_t position_of(std::uint32_t sequence) const;
  [[nodiscard]] bool agrees(std::uint64_t at, iscsi::wire::ByteView data) const;
  bool keep_early(std::uint64_t at, iscsi::wire::ByteView data, std::uint64_t length, Stamp stamp);
  void put_early(std::uint64_t at, iscsi::wire::ByteView data, std::uint64_t length, Stamp stamp);
  void deliver(iscsi::wire::ByteView data, std::uint64_t length, Stamp stamp);
  void skip_to(std::uint64_t position, Stamp stamp);
  void drain();
  void cover(const Acknowledged& acknowledged);

  bool begun_ = false;
  std::uint32_t origin_ = 0;    // the sequence number of position 0
  std::uint64_t position_ = 0;  // of the first readable byte
  std::uint64_t next_ = 0;      // of the byte that is to come
  iscsi::wire::Bytes buffer_;
  std::size_t read_ = 0;  // bytes of `buffer_` that are consumed
  std::deque<Mark> marks_;
  std::deque<Gap> holes_;
  using Pieces = std::map<std::uint64_t, Piece>;
  Pieces early_;
  Pieces::node_type spare_piece_;   // one that has been delivered, for its memory
  std::size_t early_bytes_ = 0;     // of `early_`
  std::uint64_t oldest_early_ = 0;  // order
  std::deque<Acknowledged> acknowledged_;
  std::optional<std::uint64_t> fin_;
  Stamp fin_stamp_;
  std::optional<Stamp> broken_;
};

}  // namespace conformance
