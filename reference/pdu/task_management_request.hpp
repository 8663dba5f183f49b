#pragma once

#include "pdu/layout.hpp"
#include "pdu/opcode.hpp"

namespace iscsi::pdu {

/// 10.5.1.
enum class TaskManagementFunction : std::uint8_t {
  abort_task = 1,
  abort_task_set,
  clear_aca,
  clear_task_set,
  logical_unit_reset,
  target_warm_reset,
  target_cold_reset,
  task_reassign,
};
inline constexpr std::array<Code, 8> task_management_functions{{{1, "ABORT TASK"},
                                                                {2, "ABORT TASK SET"},
                                                                {3, "CLEAR ACA"},
                                                                {4, "CLEAR TASK SET"},
                                                                {5, "LOGICAL UNIT RESET"},
                                                                {6, "TARGET WARM RESET"},
                                                                {7, "TARGET COLD RESET"},
                                                                {8, "TASK REASSIGN"}}};

/// Task Management Function Request (RFC 3720 10.5).
struct TaskManagementRequest {
  static constexpr auto opcode = Opcode::task_management_request;
  static constexpr std::string_view name = "Task Management Function Request", section = "10.5";
  static constexpr auto data_segment = DataSegment::none;

  bool immediate = false;
  TaskManagementFunction function{};
  wire::Lun lun{};
  wire::InitiatorTaskTag initiator_task_tag{};
  wire::InitiatorTaskTag referenced_task_tag = wire::InitiatorTaskTag::none;
  wire::CmdSN cmd_sn{};
  wire::StatSN exp_stat_sn{};
  wire::CmdSN ref_cmd_sn{};    // ABORT TASK: the CmdSN of the task to be aborted
  wire::DataSN exp_data_sn{};  // TASK REASSIGN: first Data-In that is not acknowledged

  /// 10.5.3: ABORT TASK, the task set functions and LOGICAL UNIT RESET speak of one unit.
  [[nodiscard]] constexpr bool addresses_logical_unit() const {
    return function >= TaskManagementFunction::abort_task &&
           function <= TaskManagementFunction::logical_unit_reset;
  }
  /// 10.5.4: the two functions that name a task.
  [[nodiscard]] constexpr bool references_task() const {
    return function == TaskManagementFunction::abort_task ||
           function == TaskManagementFunction::task_reassign;
  }

  static constexpr auto layout() {
    return std::to_array<Entry<TaskManagementRequest>>({
        reserved<TaskManagementRequest>(bits(0, 0)),
        field<&TaskManagementRequest::immediate>("I", bits(0, 1)),
        fixed<TaskManagementRequest>("F", bits(1, 0), 1),
        field<&TaskManagementRequest::function>("Function", bits(1, 1, 7))
            .one_of(task_management_functions),
        reserved<TaskManagementRequest>(bytes(2, 2)),
        field<&TaskManagementRequest::lun>("LUN", bytes(8, 8))
            .when([](const TaskManagementRequest& pdu) { return pdu.addresses_logical_unit(); }),
        field<&TaskManagementRequest::initiator_task_tag>("InitiatorTaskTag", bytes(16, 4)),
        field<&TaskManagementRequest::referenced_task_tag>("ReferencedTaskTag", bytes(20, 4)),
        field<&TaskManagementRequest::cmd_sn>("CmdSN", bytes(24, 4)),
        field<&TaskManagementRequest::exp_stat_sn>("ExpStatSN", bytes(28, 4)),
        field<&TaskManagementRequest::ref_cmd_sn>("RefCmdSN", bytes(32, 4))
            .when([](const TaskManagementRequest& pdu) {
              return pdu.function == TaskManagementFunction::abort_task;
            }),
        field<&TaskManagementRequest::exp_data_sn>("ExpDataSN", bytes(36, 4))
            .when([](const TaskManagementRequest& pdu) {
              return pdu.function == TaskManagementFunction::task_reassign;
            }),
        reserved<TaskManagementRequest>(bytes(40, 8)),
    });
  }
  static constexpr auto checks() {
    return std::to_array<Check<TaskManagementRequest>>({
        {Rule::task_reference_only_where_used, 20,
         [](const TaskManagementRequest& pdu, const Lengths&) {
           return pdu.references_task() || pdu.referenced_task_tag == wire::InitiatorTaskTag::none;
         }},
        {Rule::task_reassign_is_immediate, 0,
         [](const TaskManagementRequest& pdu, const Lengths&) {
           return pdu.function != TaskManagementFunction::task_reassign || pdu.immediate;
         }},
    });
  }
  friend bool operator==(const TaskManagementRequest&, const TaskManagementRequest&) = default;
};
static_assert(tiled_bits<TaskManagementRequest>() == bhs_bits);

}  // namespace iscsi::pdu
