#pragma once

/// The operational values of a session and a connection, what one side wishes them to be, and which
/// key stands for which of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "limits.hpp"
#include "rules/rule.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"

namespace iscsi::text {

/// Session-wide values (scope SW). A fresh one holds the RFC's defaults: a key that nobody offers
/// takes these, never what either side would have liked.
struct SessionParameters {
  SessionType session_type = SessionType::normal;  // 12.21
  std::uint32_t max_connections = 1;               // 12.2
  bool initial_r2t = true;                         // 12.10
  bool immediate_data = true;                      // 12.11
  std::uint32_t max_burst_length = 262144;         // 12.13, bytes
  std::uint32_t first_burst_length = 65536;        // 12.14, bytes
  std::uint32_t default_time2wait = 2;             // 12.15, seconds
  std::uint32_t default_time2retain = 20;          // 12.16, seconds
  std::uint32_t max_outstanding_r2t = 1;           // 12.17
  bool data_pdu_in_order = true;                   // 12.18
  bool data_sequence_in_order = true;              // 12.19
  std::uint32_t error_recovery_level = 0;          // 12.20

  friend bool operator==(const SessionParameters&, const SessionParameters&) = default;
};

/// Values of one connection (scope CO).
struct ConnectionParameters {
  Digest header_digest = Digest::none;                          // 12.1
  Digest data_digest = Digest::none;                            // 12.1
  std::uint32_t initiator_max_recv_data_segment_length = 8192;  // 12.12, what the initiator takes
  std::uint32_t target_max_recv_data_segment_length = 8192;     // 12.12, what the target takes
  bool if_marker = false;                                       // A.3.1, target to initiator
  bool of_marker = false;                                       // A.3.1, initiator to target
  std::uint32_t if_mark_int = 2048;                             // A.3.2, words of four bytes
  std::uint32_t of_mark_int = 2048;                             // A.3.2, words of four bytes

  friend bool operator==(const ConnectionParameters&, const ConnectionParameters&) = default;
};

/// Who is who, as declared; empty: not declared.
struct Declarations {
  std::string initiator_name{};
  std::string initiator_alias{};
  std::string target_name{};
  std::string target_alias{};
  std::optional<std::uint16_t> target_portal_group_tag{};

  friend bool operator==(const Declarations&, const Declarations&) = default;
};

struct Parameters {
  SessionParameters session{};
  ConnectionParameters connection{};
  Declarations declared{};

  friend bool operator==(const Parameters&, const Parameters&) = default;
};

/// Which digests one side allows with this peer, and which it names first when it proposes.
struct DigestPolicy {
  bool none = true;
  bool crc32c = true;
  Digest preferred = Digest::none;

  friend bool operator==(const DigestPolicy&, const DigestPolicy&) = default;
};

/// What one side wishes. Selecting applies the result function to the offer and the wish; so
/// every number must lie in its key's range, and `first_burst_length` within `max_burst_length`.
struct Policy {
  std::uint32_t max_recv_data_segment_length = limits::received_data_segment_bytes;
  DigestPolicy header_digest{};
  DigestPolicy data_digest{};
  std::uint32_t max_connections = 1;
  bool initial_r2t = false;
  bool immediate_data = true;
  std::uint32_t max_burst_length = 262144;
  std::uint32_t first_burst_length = 65536;
  std::uint32_t default_time2wait = 2;
  std::uint32_t default_time2retain = 20;
  std::uint32_t max_outstanding_r2t = 1;
  bool data_pdu_in_order = true;
  bool data_sequence_in_order = true;
  std::uint32_t error_recovery_level = 0;
  bool if_marker = false;
  bool of_marker = false;
  Range if_mark_int{.low = 1, .high = 65535};
  Range of_mark_int{.low = 1, .high = 65535};

  friend bool operator==(const Policy&, const Policy&) = default;
};

/// What a key can hold once settled.
using Value = std::variant<bool, std::uint64_t, Digest, SessionType, std::string>;

/// Whether the key has no meaning with these values.
[[nodiscard]] bool is_irrelevant(const KeySpec& key, const Parameters& current);

/// Puts a settled value in its place, if `Parameters` has one for it (a TargetAddress is for
/// whoever reads the text). `declarer` tells the two MaxRecvDataSegmentLengths apart.
void apply(Parameters& parameters, Key key, Role declarer, const Value& value);

/// What Reject of IFMarkInt or OFMarkInt does: no markers in that direction (A.3.2).
void turn_markers_off(Parameters& parameters, Key interval);

/// The integrity rules across keys (5.2): 12.14, 12.19.
[[nodiscard]] std::optional<Violation> check_integrity(const Parameters& parameters);

// Names of digests (12.1).
[[nodiscard]] std::string_view name_of(Digest digest);
[[nodiscard]] std::optional<Digest> digest_named(std::string_view name);
[[nodiscard]] bool allows(const DigestPolicy& policy, Digest digest);

// What a policy says of a key of that kind: a negotiated number of the session, a boolean, a list
// of digests, a marker interval.
[[nodiscard]] std::uint64_t wished_number(Key key, const Policy& policy);
[[nodiscard]] bool wished_boolean(Key key, const Policy& policy);
[[nodiscard]] const DigestPolicy& wished_digests(Key key, const Policy& policy);
[[nodiscard]] const Range& wished_range(Key key, const Policy& policy);

}  // namespace iscsi::text
