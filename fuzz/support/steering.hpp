#pragma once

/// What an input says beside its PDUs. Bytes 2 and 3 are reserved in every request but the Login
/// Request, and a receiver looks past reserved bits: harnesses with several connections find there
/// who sends the PDU, what is done to it, and what happens first. Captured PDUs have zeros there:
/// the first connection, numbers repaired, nothing happens. They are sent as they stand.

#include <cstdint>

#include "support/pdu_stream.hpp"

namespace iscsi::fuzz {

/// What happens before a PDU.
enum class Event : std::uint8_t {
  nothing,
  second_passes,
  half_minute_passes,
  connection_closes,
  output_is_fetched,
  unit_grows,
  unit_shrinks,
  shutdown_begins,
  clock_steps_back,
  hour_passes,
  clock_jumps_ahead,
};
inline constexpr Event last_event = Event::clock_jumps_ahead;

struct Steering {
  unsigned connection = 0;     ///< 0 to 3
  bool as_it_stands = false;   ///< numbers and tags are only counted from the right one
  bool spoils_header = false;  ///< one bit of the header digest is wrong, if there is one
  bool spoils_data = false;    ///< one bit of the data digest
  bool swells = false;         ///< its data is repeated until it is a long segment
  bool waits = false;          ///< arrives together with the connection's next PDU
  Event event = Event::nothing;
};

inline constexpr std::size_t steering_byte = 2;
inline constexpr std::size_t event_byte = 3;

[[nodiscard]] inline Steering steering_of(const InputPdu& pdu) {
  const auto flags = std::to_integer<unsigned>(pdu.header[steering_byte]);
  const auto event = std::to_integer<unsigned>(pdu.header[event_byte]);
  const bool is_login = pdu.opcode() == static_cast<std::uint8_t>(pdu::Opcode::login_request);
  return {.connection = flags >> 6U,
          .as_it_stands = (flags & 0x20U) != 0,
          .spoils_header = (flags & 0x10U) != 0,
          .spoils_data = (flags & 0x08U) != 0,
          .swells = (flags & 0x02U) != 0,
          .waits = (flags & 0x04U) != 0,
          // A second byte with a meaning of its own in Login Requests (Version-min).
          .event = is_login || event > static_cast<unsigned>(last_event)
                       ? Event::nothing
                       : static_cast<Event>(event)};
}

}  // namespace iscsi::fuzz
