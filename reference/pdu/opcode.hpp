#pragma once

#include <cstdint>

#include "wire/bytes.hpp"

namespace iscsi::pdu {

/// RFC 3720 10.2.1.2.
enum class Opcode : std::uint8_t {
  nop_out = 0x00,
  scsi_command = 0x01,
  task_management_request = 0x02,
  login_request = 0x03,
  text_request = 0x04,
  data_out = 0x05,
  logout_request = 0x06,
  snack_request = 0x10,
  nop_in = 0x20,
  scsi_response = 0x21,
  task_management_response = 0x22,
  login_response = 0x23,
  text_response = 0x24,
  data_in = 0x25,
  logout_response = 0x26,
  ready_to_transfer = 0x31,
  async_message = 0x32,
  reject = 0x3f,
};

/// Of a header, of which the first byte is enough: that has the I bit and a reserved one besides
/// (10.2.1).
constexpr Opcode opcode_of(wire::ByteView header) {
  return static_cast<Opcode>(header.front() & std::byte{0x3f});
}

/// Operation codes below 0x20 are the initiator's, the others the target's.
constexpr bool is_from_target(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 0x20; }

/// Whether its data is text: keys and their values (5.1).
constexpr bool carries_text(Opcode opcode) {
  return opcode == Opcode::login_request || opcode == Opcode::login_response ||
         opcode == Opcode::text_request || opcode == Opcode::text_response;
}

}  // namespace iscsi::pdu
