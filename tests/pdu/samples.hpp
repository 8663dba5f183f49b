#pragma once

/// One PDU of each kind as bytes, each written by hand in the test of its PDU from the diagram in
/// RFC 3720 10. All are sound: a receiver takes them and the audit has nothing to say.

#include <string_view>
#include <vector>

#include "wire/bytes.hpp"

namespace test {

iscsi::wire::Bytes nop_out_bytes();
iscsi::wire::Bytes scsi_command_bytes();
iscsi::wire::Bytes task_management_request_bytes();
iscsi::wire::Bytes login_request_bytes();
iscsi::wire::Bytes text_request_bytes();
iscsi::wire::Bytes data_out_bytes();
iscsi::wire::Bytes logout_request_bytes();
iscsi::wire::Bytes snack_request_bytes();
iscsi::wire::Bytes nop_in_bytes();
iscsi::wire::Bytes scsi_response_bytes();
iscsi::wire::Bytes task_management_response_bytes();
iscsi::wire::Bytes login_response_bytes();
iscsi::wire::Bytes text_response_bytes();
iscsi::wire::Bytes data_in_bytes();
iscsi::wire::Bytes logout_response_bytes();
iscsi::wire::Bytes ready_to_transfer_bytes();
iscsi::wire::Bytes async_message_bytes();
iscsi::wire::Bytes reject_bytes();

struct Sample {
  std::string_view name;
  iscsi::wire::Bytes bytes;
};

/// All eighteen.
inline std::vector<Sample> samples() {
  return {{"NOP-Out", nop_out_bytes()},
          {"SCSI Command", scsi_command_bytes()},
          {"Task Management Function Request", task_management_request_bytes()},
          {"Login Request", login_request_bytes()},
          {"Text Request", text_request_bytes()},
          {"SCSI Data-Out", data_out_bytes()},
          {"Logout Request", logout_request_bytes()},
          {"SNACK Request", snack_request_bytes()},
          {"NOP-In", nop_in_bytes()},
          {"SCSI Response", scsi_response_bytes()},
          {"Task Management Function Response", task_management_response_bytes()},
          {"Login Response", login_response_bytes()},
          {"Text Response", text_response_bytes()},
          {"SCSI Data-In", data_in_bytes()},
          {"Logout Response", logout_response_bytes()},
          {"Ready To Transfer", ready_to_transfer_bytes()},
          {"Asynchronous Message", async_message_bytes()},
          {"Reject", reject_bytes()}};
}

}  // namespace test
