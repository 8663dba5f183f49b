#pragma once

/// The text keys of RFC 3720 11.1, 12 and A.3, described once. What may be sent when and by whom,
/// what values are possible, how a result comes about and when a key is pointless: all of it is
/// data here; `negotiate` and `Negotiation` only follow the table.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace iscsi::text {

enum class Role : std::uint8_t { initiator, target };
[[nodiscard]] constexpr Role peer_of(Role role) {
  return role == Role::initiator ? Role::target : Role::initiator;
}

/// The stages of the login phase (5.3), and what follows it.
enum class Phase : std::uint8_t { security, operational, full_feature };

enum class SessionType : std::uint8_t { normal, discovery };  // 12.21
enum class Digest : std::uint8_t { none, crc32c };            // 12.1

enum class Key : std::uint8_t {
  auth_method,
  header_digest,
  data_digest,
  max_connections,
  send_targets,
  target_name,
  initiator_name,
  target_alias,
  initiator_alias,
  target_address,
  target_portal_group_tag,
  initial_r2t,
  immediate_data,
  max_recv_data_segment_length,
  max_burst_length,
  first_burst_length,
  default_time2wait,
  default_time2retain,
  max_outstanding_r2t,
  data_pdu_in_order,
  data_sequence_in_order,
  error_recovery_level,
  session_type,
  if_marker,
  of_marker,
  if_mark_int,
  of_mark_int,
};
inline constexpr std::size_t key_count = 27;

/// A set of keys.
class KeySet {
 public:
  [[nodiscard]] constexpr bool has(Key key) const { return (bits_ & bit(key)) != 0; }
  constexpr void add(Key key) { bits_ |= bit(key); }
  [[nodiscard]] friend constexpr KeySet operator|(KeySet left, KeySet right) {
    left.bits_ |= right.bits_;
    return left;
  }
  friend constexpr bool operator==(KeySet, KeySet) = default;

 private:
  static constexpr std::uint32_t bit(Key key) { return 1U << static_cast<unsigned>(key); }

  std::uint32_t bits_ = 0;
};

/// When one side may send a key: the RFC's "Use" (12), taken apart.
enum class Use : std::uint8_t {
  never,         ///< this side does not send it
  security,      ///< security stage only (11.1)
  initialize,    ///< IO: operational stage of any login
  leading,       ///< LO: operational stage of the leading connection's login
  all,           ///< ALL: operational stage and full feature phase
  full_feature,  ///< FFPO: full feature phase only
};

enum class Scope : std::uint8_t { connection, session };  // CO, SW

/// The notation of a key's value (5.1).
enum class Kind : std::uint8_t {
  list,          ///< list-of-values
  numerical,     ///< numerical-value within `least` and `most`
  range,         ///< numeric-range as offer, number as answer (A.3.2)
  boolean,       ///< boolean-value
  iscsi_name,    ///< iSCSI-name-value
  local_name,    ///< iSCSI-local-name-value
  address,       ///< domainname[:port][,portal-group-tag] (12.8)
  binary,        ///< 16-bit-binary-value (12.9)
  session_type,  ///< Discovery or Normal (12.21)
  send_targets,  ///< All, a target's name, or nothing (D)
};

/// The result function (12), which checks what the responder selects.
enum class Result : std::uint8_t {
  declared,       ///< none: the declarer's value stands (also SendTargets, which is a question)
  first_in_list,  ///< 5.2.1
  minimum,
  maximum,
  logical_and,
  logical_or,
  within_range,  ///< 5.2.2, A.3.2
};

/// What makes a key irrelevant, besides a discovery session.
enum class Irrelevance : std::uint8_t {
  never,
  without_unsolicited_data,  ///< InitialR2T=Yes and ImmediateData=No (12.14)
  without_input_markers,     ///< IFMarker=No (A.3.2)
  without_output_markers,    ///< OFMarker=No (A.3.2)
};

struct KeySpec {
  Key key;
  std::string_view name;
  std::string_view section;
  Use by_initiator = Use::never;
  Use by_target = Use::never;
  bool any_stage = false;    ///< in the security stage as well
  bool declarative = false;  ///< no answer is due
  bool repeatable = false;   ///< may be declared again in one negotiation (5.3, 5.4)
  Scope scope = Scope::session;
  Kind kind = Kind::numerical;
  std::uint64_t least = 0;  ///< of numbers and of the ends of ranges
  std::uint64_t most = 0;
  std::string_view otherwise = {};  ///< the default, as the RFC spells it; empty: there is none
  Result result = Result::declared;
  bool irrelevant_in_discovery = false;
  Irrelevance irrelevant = Irrelevance::never;

  [[nodiscard]] constexpr Use use(Role sender) const {
    return sender == Role::initiator ? by_initiator : by_target;
  }
};

/// All keys, in the order of the enumeration.
[[nodiscard]] std::span<const KeySpec, key_count> keys();

[[nodiscard]] const KeySpec& about(Key key);

/// The key of that exact name (case counts, 5.1), or null.
[[nodiscard]] const KeySpec* find_key(std::string_view name);

/// A key of an authentication method (11.1.1 to 11.1.4). `login` handles these; the negotiation
/// only knows where they may appear.
struct AuthenticationKey {
  std::string_view name;
  std::string_view section;
  std::string_view methods;  ///< the AuthMethod values it belongs to
  bool by_initiator;
  bool by_target;
};
[[nodiscard]] std::span<const AuthenticationKey> authentication_keys();
[[nodiscard]] const AuthenticationKey* find_authentication_key(std::string_view name);

/// A private or public extension key, `X-...` or `X#...` (12.22).
[[nodiscard]] constexpr bool is_extension_key(std::string_view name) {
  return name.starts_with("X-") || name.starts_with("X#");
}

}  // namespace iscsi::text
