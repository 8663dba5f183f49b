#pragma once

/// What bytes have to look like to be believed to be PDUs, where no unbroken stream vouches for
/// them: after a loss, where a capture begins in the middle, and to find iSCSI at all.
///
/// Real devices set reserved bits; here only those count that would make another PDU of it. Proof
/// is a header digest that is right, several plausible PDUs in a row, or one whose numbers carry on
/// those that this connection had before.

#include <algorithm>
#include <optional>
#include <vector>

#include "conformance/capture/limits.hpp"
#include "conformance/capture/stream.hpp"
#include "pdu/frame.hpp"

namespace conformance {

enum class Role : std::uint8_t { initiator, target };

/// The numbers of a connection as last seen (RFC 3720 3.2.2).
struct Numbers {
  std::optional<std::uint32_t> cmd_sn;   ///< CmdSN or ExpCmdSN
  std::optional<std::uint32_t> stat_sn;  ///< StatSN or ExpStatSN

  void take(Role role, iscsi::wire::ByteView header);
  /// Whether a header's numbers are close to these.
  [[nodiscard]] bool fit(Role role, iscsi::wire::ByteView header) const;
};

/// Whether 48 bytes may be the header of a PDU that comes from that side.
[[nodiscard]] bool is_plausible(Role role, iscsi::wire::ByteView header);

/// Whether they may be the first of a connection (RFC 3720 10.12).
[[nodiscard]] bool is_login_request(iscsi::wire::ByteView header);

struct Candidate {
  std::size_t offset = 0;  ///< in what is readable
  iscsi::pdu::Digests digests{};
  std::size_t pdus = 0;     ///< complete ones in a row
  bool by_digest = false;   ///< header digests are right
  bool by_numbers = false;  ///< the first carries on the connection's numbers
};

/// What may go into looking for PDUs. The bytes of a file that is made for it could be looked at
/// again and again: for each place where a PDU may begin, and with each packet.
class Effort {
 public:
  void earn(std::uint64_t bytes) { left_ += bytes * capture_limits::effort_per_byte; }
  void spend(std::uint64_t bytes) { left_ -= std::min(left_, bytes); }
  [[nodiscard]] bool is_used_up() const { return left_ == 0; }

 private:
  std::uint64_t left_ = capture_limits::effort_of_connection;
};

/// Looks for PDUs in what is readable of a stream.
class Search {
 public:
  /// The first place where PDUs may begin: all that is readable behind it is plausible. Nothing
  /// while there is none; then `rejected` bytes will never have one: all that is readable once the
  /// effort is used up.
  /// `digests`: those that may be in use.
  [[nodiscard]] std::optional<Candidate> run(const Stream& stream, Role role,
                                             const std::vector<iscsi::pdu::Digests>& digests,
                                             const Numbers& numbers, Effort& effort);

  [[nodiscard]] std::size_t rejected() const { return rejected_; }
  void consumed(std::size_t bytes) { rejected_ -= std::min(rejected_, bytes); }

 private:
  std::size_t rejected_ = 0;
};

/// All four pairs of digests.
[[nodiscard]] std::vector<iscsi::pdu::Digests> any_digests();

}  // namespace conformance
