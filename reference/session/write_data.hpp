#pragma once

/// The data of one command on its way from the initiator (RFC 3720 3.2.4.2, 10.7, 10.8): what is
/// unsolicited, what has been asked for, what has come, and what is wrong with it.
///
/// Data comes in sequences: at the most one unsolicited, then one for each R2T. Whatever goes wrong
/// in a sequence, the command is answered only after the F bit of the last sequence open (10.4.2),
/// so a fault is noted here and reported at the end.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pdu/data_out.hpp"
#include "rules/rule.hpp"
#include "text/parameters.hpp"
#include "wire/shared_bytes.hpp"

namespace iscsi::session {

/// Data at its place in the command's transfer. Without an owner it is borrowed from the input
/// buffer of the connection.
struct Piece {
  std::uint32_t offset = 0;  ///< bytes from the start of the transfer
  wire::ByteView bytes{};
  wire::SharedBytes owner{};
};

class WriteData {
 public:
  struct Expectation {
    std::uint32_t expected = 0;     ///< Expected Data Transfer Length, bytes; 0 without the W bit
    std::uint32_t wanted = 0;       ///< what the command makes use of, at most `expected`
    bool more_unsolicited = false;  ///< the F bit of the command is clear: Data-Out follows unasked
  };

  /// Begins with a new command; memory of the one before is used again.
  void begin(const Expectation& expectation, const text::SessionParameters& parameters);

  /// The command makes use of no more than so many bytes after all.
  void make_use_of(std::uint64_t bytes);

  /// The data segment of the command itself.
  void take_immediate(wire::ByteView data, wire::SharedBytes owner);

  /// A Data-Out for this task, `intact` if its digest holds. Returns a breach for which the PDU is
  /// refused and not counted (`Remedy::reject`); other breaches become the task's `fault`.
  [[nodiscard]] std::optional<Violation> take(const pdu::DataOut& pdu, wire::ByteView data,
                                              wire::SharedBytes owner, bool intact);

  /// A stretch to be asked for.
  struct Request {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  /// The next R2T's range, if one may be sent now: data is missing, no unsolicited sequence is
  /// open, and fewer than MaxOutstandingR2T are. Nothing after a fault.
  [[nodiscard]] std::optional<Request> next_request() const;
  void requested(const Request& request, wire::TargetTransferTag tag);

  /// No sequence is open and nothing is left to be asked for: the command can go on.
  [[nodiscard]] bool complete() const;
  /// No sequence is open: nothing more of this task is on its way (10.6.2 b).
  [[nodiscard]] bool quiet() const { return !unsolicited_open_ && open_.empty(); }
  /// What went wrong, first thing first.
  [[nodiscard]] const std::optional<Violation>& fault() const { return fault_; }
  /// A fault seen by the caller (data for a command that takes none).
  void fail(const Violation& violation) {
    if (!fault_) fault_ = violation;
  }
  /// Useful bytes that have come without a gap from the start.
  [[nodiscard]] std::uint32_t received() const { return received_; }
  /// Bytes yet to be asked for or to come.
  [[nodiscard]] std::uint32_t outstanding() const { return wanted_ - received_; }
  /// The pieces in the order of their offsets. Complete transfers have no gap.
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  /// Copies what is borrowed.
  void own();
  /// Forgets the data.
  void discard() {
    pieces_.clear();
    borrows_ = false;
  }

 private:
  /// The range of one sequence and how much of it has come.
  struct Sequence {
    wire::TargetTransferTag tag = wire::TargetTransferTag::none;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    wire::DataSN next_sn{};
    std::uint32_t received = 0;
    /// With DataPDUInOrder=No: what has come, as ranges in order that neither touch nor overlap.
    std::vector<Request> ranges{};
  };

  [[nodiscard]] Sequence* find(wire::TargetTransferTag tag);
  [[nodiscard]] std::optional<Violation> misplaced(const Sequence& sequence,
                                                   const pdu::DataOut& pdu,
                                                   std::uint32_t length) const;
  [[nodiscard]] std::optional<Violation> accept(Sequence& sequence, const pdu::DataOut& pdu,
                                                wire::ByteView data, wire::SharedBytes owner,
                                                bool intact);
  [[nodiscard]] bool mark(Sequence& sequence, std::uint32_t offset, std::uint32_t length) const;
  void store(std::uint32_t offset, wire::ByteView data, wire::SharedBytes owner);
  void finish(Sequence& sequence);
  [[nodiscard]] static Piece copy_of(std::span<const Piece> neighbours, std::size_t bytes);
  void join_small_pieces();

  std::uint32_t expected_ = 0;
  std::uint32_t wanted_ = 0;
  std::uint32_t first_burst_ = 0;
  std::uint32_t max_burst_ = 0;
  std::uint32_t max_open_ = 1;
  bool pdus_in_order_ = true;
  bool unsolicited_allowed_ = false;
  bool immediate_allowed_ = false;

  bool unsolicited_open_ = false;
  Sequence unsolicited_{};
  std::vector<Sequence> open_;  ///< R2Ts that wait for their data, oldest first
  std::uint32_t asked_ = 0;     ///< everything before this offset has come or been asked for
  std::uint32_t received_ = 0;
  std::optional<Violation> fault_;
  std::vector<Piece> pieces_;
  bool borrows_ = false;  ///< a piece of them is borrowed
};

}  // namespace iscsi::session
