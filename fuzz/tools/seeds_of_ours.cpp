#include "tools/seed.hpp"

/// Defects that the harnesses have found in this project, as the bytes that showed them.

namespace iscsi::fuzz {

std::vector<Regression> own_regressions() {
  return {
      {"own-read-and-logout", "a read and a logout in one segment: the medium's buffer was gone",
       Stream::logged_in()
           .command({0x00})
           .command({0x28, 0, 0, 0, 0, 0, 0, 0, 8}, {.in = 4096})
           .log_out()},
      {"own-ping-before-a-number-aborted",
       "the monitor took a command for the retry of a ping that is immediate and has its number, "
       "for "
       "an ABORT TASK had named that number",
       Stream::logged_in()
           .send(pdu::TaskManagementRequest{.immediate = true,
                                            .function = pdu::TaskManagementFunction::abort_task,
                                            .initiator_task_tag = wire::InitiatorTaskTag{9},
                                            .referenced_task_tag = wire::InitiatorTaskTag{8},
                                            .ref_cmd_sn = wire::CmdSN{0xffff'fff8}})
           .send(pdu::NopOut{.immediate = true, .initiator_task_tag = wire::InitiatorTaskTag{1}})
           .command({0x00})
           .log_out()},
  };
}

}  // namespace iscsi::fuzz
