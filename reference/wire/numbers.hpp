#pragma once

/// Numbers and tags as types (RFC 3720 3.2.2, 10.2.1): a CmdSN is not a StatSN, and neither is a
/// tag.

#include <cstdint>

namespace iscsi::wire {

/// A sequence number under RFC 1982's arithmetic with SERIAL_BITS 32. The order is partial (two
/// numbers 2^31 apart have none), so there is `precedes` and on purpose no `operator<`.
template <class Purpose>
struct Serial {
  std::uint32_t value = 0;

  [[nodiscard]] constexpr bool precedes(Serial other) const {
    const std::uint32_t ahead = other.value - value;
    return ahead != 0 && ahead < 0x8000'0000U;
  }
  [[nodiscard]] constexpr bool precedes_or_is(Serial other) const {
    return value == other.value || precedes(other);
  }
  /// How many steps lead from `earlier` to this number, modulo 2^32.
  [[nodiscard]] constexpr std::uint32_t since(Serial earlier) const {
    return value - earlier.value;
  }
  [[nodiscard]] constexpr Serial operator+(std::uint32_t steps) const { return {value + steps}; }
  [[nodiscard]] constexpr Serial operator-(std::uint32_t steps) const { return {value - steps}; }
  constexpr Serial& operator++() {
    ++value;
    return *this;
  }
  friend constexpr bool operator==(Serial, Serial) = default;
};

using CmdSN = Serial<struct CmdSNPurpose>;    // 3.2.2.1: session-wide
using StatSN = Serial<struct StatSNPurpose>;  // 3.2.2.2: per connection
using DataSN = Serial<struct DataSNPurpose>;  // 3.2.2.3: per task; R2TSN shares it

/// 10.2.1.8, 10.7.4: all ones is reserved and means that there is no tag.
inline constexpr std::uint32_t no_tag = 0xffff'ffff;
enum class InitiatorTaskTag : std::uint32_t { none = no_tag };
enum class TargetTransferTag : std::uint32_t { none = no_tag };

/// 10.2.1.7: the eight bytes of a SAM-2 logical unit number, as one big-endian number.
enum class Lun : std::uint64_t {};

/// 10.12.5: the initiator's half of the session identifier, 48 bits.
enum class Isid : std::uint64_t {};

/// 10.12.6: the target's half; zero asks for a new session.
enum class Tsih : std::uint16_t { none = 0 };

/// 10.12.7: names a connection inside its session.
enum class Cid : std::uint16_t {};

}  // namespace iscsi::wire
