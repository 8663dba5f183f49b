#pragma once

/// All PDUs, by direction (RFC 3720 10.2.1.2): a target decodes one sum and encodes the other, a
/// tester the reverse.

#include <variant>

#include "pdu/async_message.hpp"
#include "pdu/data_in.hpp"
#include "pdu/data_out.hpp"
#include "pdu/login_request.hpp"
#include "pdu/login_response.hpp"
#include "pdu/logout_request.hpp"
#include "pdu/logout_response.hpp"
#include "pdu/nop_in.hpp"
#include "pdu/nop_out.hpp"
#include "pdu/ready_to_transfer.hpp"
#include "pdu/reject.hpp"
#include "pdu/scsi_command.hpp"
#include "pdu/scsi_response.hpp"
#include "pdu/snack_request.hpp"
#include "pdu/task_management_request.hpp"
#include "pdu/task_management_response.hpp"
#include "pdu/text_request.hpp"
#include "pdu/text_response.hpp"

namespace iscsi::pdu {

using InitiatorPdu = std::variant<NopOut, ScsiCommand, TaskManagementRequest, LoginRequest,
                                  TextRequest, DataOut, LogoutRequest, SnackRequest>;
using TargetPdu =
    std::variant<NopIn, ScsiResponse, TaskManagementResponse, LoginResponse, TextResponse, DataIn,
                 LogoutResponse, ReadyToTransfer, AsyncMessage, Reject>;

/// What a table says of one PDU, free of its type: for tools that work on bytes.
struct Description {
  Opcode opcode;
  std::string_view name;     ///< as the RFC calls it
  std::string_view section;  ///< of RFC 3720
  DataSegment data_segment;
  std::span<const Field> fields;  ///< in wire order, reserved runs included
};

/// All eighteen, in the order of their operation codes.
[[nodiscard]] std::span<const Description> descriptions();

/// The description of the PDU with this operation code (the low six bits of byte 0), or nothing.
[[nodiscard]] const Description* describe(std::uint8_t opcode);
[[nodiscard]] inline const Description* describe(Opcode opcode) {
  return describe(static_cast<std::uint8_t>(opcode));
}

/// The field of that name (`CmdSN`, as the layout tables spell it), or nothing.
[[nodiscard]] const Field* find_field(const Description& description, std::string_view name);

}  // namespace iscsi::pdu
