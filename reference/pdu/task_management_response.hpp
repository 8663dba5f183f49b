#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.6.1.
enum class TaskManagementOutcome : std::uint8_t {
  function_complete = 0,
  task_does_not_exist = 1,
  lun_does_not_exist = 2,
  task_still_allegiant = 3,
  reassignment_not_supported = 4,
  function_not_supported = 5,
  authorization_failed = 6,
  function_rejected = 255,
};
inline constexpr std::array<Code, 8> task_management_outcomes{
    {{0, "function complete"},
     {1, "task does not exist"},
     {2, "LUN does not exist"},
     {3, "task still allegiant"},
     {4, "task allegiance reassignment not supported"},
     {5, "task management function not supported"},
     {6, "function authorization failed"},
     {255, "function rejected"}}};

/// Task Management Function Response (RFC 3720 10.6).
struct TaskManagementResponse {
  static constexpr auto opcode = Opcode::task_management_response;
  static constexpr std::string_view name = "Task Management Function Response", section = "10.6";
  static constexpr auto data_segment = DataSegment::none;

  TaskManagementOutcome response{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::StatSN stat_sn{};
  wire::CmdSN exp_cmd_sn{};
  wire::CmdSN max_cmd_sn{};

  static constexpr auto layout() {
    return std::to_array<Entry<TaskManagementResponse>>({
        reserved<TaskManagementResponse>(bits(0, 0, 2)),
        fixed<TaskManagementResponse>("F", bits(1, 0), 1),
        reserved<TaskManagementResponse>(bits(1, 1, 7)),
        field<&TaskManagementResponse::response>("Response", bytes(2, 1))
            .one_of(task_management_outcomes),
        reserved<TaskManagementResponse>(bytes(3, 1)),
        reserved<TaskManagementResponse>(bytes(8, 8)),
        field<&TaskManagementResponse::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        reserved<TaskManagementResponse>(bytes(20, 4)),
        field<&TaskManagementResponse::stat_sn>("StatSN", bytes(24, 4)),
        field<&TaskManagementResponse::exp_cmd_sn>("ExpCmdSN", bytes(28, 4)),
        field<&TaskManagementResponse::max_cmd_sn>("MaxCmdSN", bytes(32, 4)),
        reserved<TaskManagementResponse>(bytes(36, 12)),
    });
  }
  static constexpr std::array<Check<TaskManagementResponse>, 0> checks() { return {}; }
  friend bool operator==(const TaskManagementResponse&, const TaskManagementResponse&) = default;
};
static_assert(tiled_bits<TaskManagementResponse>() == bhs_bits);

}  // namespace iscsi::pdu
