#include "conformance/report/tasks.hpp"

#include <array>
#include <string_view>

#include "conformance/model/scsi_commands.hpp"
#include "limits.hpp"
#include "pdu/opcode.hpp"

namespace conformance {

using iscsi::pdu::Opcode;
using iscsi::wire::ByteView;

namespace {

/// A peer that starts tasks and never ends them may have so many remembered.
constexpr std::size_t most_tasks = 65536;

/// RFC 3720 10.5.1.
std::string_view function_name(unsigned function) {
  constexpr std::array<std::string_view, 9> names{"",
                                                  "ABORT TASK",
                                                  "ABORT TASK SET",
                                                  "CLEAR ACA",
                                                  "CLEAR TASK SET",
                                                  "LOGICAL UNIT RESET",
                                                  "TARGET WARM RESET",
                                                  "TARGET COLD RESET",
                                                  "TASK REASSIGN"};
  return function < names.size() ? names.at(function) : "";
}

bool ends_task(Opcode opcode, unsigned flags) {
  return opcode == Opcode::scsi_response || opcode == Opcode::task_management_response ||
         (opcode == Opcode::data_in && (flags & 1U) != 0);  // status comes with the data
}

bool belongs_to_task(Opcode opcode) {
  return opcode == Opcode::scsi_response || opcode == Opcode::task_management_response ||
         opcode == Opcode::data_in || opcode == Opcode::data_out ||
         opcode == Opcode::ready_to_transfer || opcode == Opcode::snack_request;
}

}  // namespace

void TaskNames::forget(ConnectionNumber connection) {
  tasks_.erase(tasks_.lower_bound({connection, 0}), tasks_.lower_bound({connection + 1, 0}));
}

std::string_view TaskNames::about(const Record& record) {
  const bool is_pdu = record.kind == Record::Kind::sent || record.kind == Record::Kind::received;
  if (!is_pdu) {
    const bool is_gap = record.kind == Record::Kind::lost || record.kind == Record::Kind::lost_sent;
    if (!is_gap && !is_unreadable(record)) forget(record.connection);
    return {};
  }
  const ByteView header = record.bytes;
  if (header.size() < iscsi::limits::basic_header_bytes) return {};
  const Opcode opcode = iscsi::pdu::opcode_of(header);
  const auto flags = std::to_integer<unsigned>(header[1]);
  const Tag tag{record.connection, static_cast<std::uint32_t>(iscsi::wire::load<4>(header, 16))};
  if (opcode == Opcode::scsi_command || opcode == Opcode::task_management_request) {
    std::string name = opcode == Opcode::scsi_command ? describe_cdb(header.subspan<32, 16>())
                                                      : std::string{function_name(flags & 0x7fU)};
    if (opcode == Opcode::task_management_request && (flags & 0x7fU) == 1) {
      const auto aborted = static_cast<std::uint32_t>(iscsi::wire::load<4>(header, 20));
      if (const auto task = tasks_.find({record.connection, aborted}); task != tasks_.end())
        name += " of " + task->second;
    }
    if (tasks_.size() < most_tasks || tasks_.contains(tag))
      return tasks_.insert_or_assign(tag, std::move(name)).first->second;
    return last_ = std::move(name);
  }
  if (!belongs_to_task(opcode)) return {};
  const auto task = tasks_.find(tag);
  if (task == tasks_.end()) return {};
  if (!ends_task(opcode, flags)) return task->second;
  last_ = std::move(task->second);
  tasks_.erase(task);
  return last_;
}

}  // namespace conformance
