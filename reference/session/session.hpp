#pragma once

/// A session (RFC 3720 3.2.1, 3.3, 3.4.2): the I_T nexus, with what its connections share: the
/// command window, the tasks, the session-wide parameters.

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "pdu/pdu.hpp"
#include "session/command_window.hpp"
#include "session/task.hpp"
#include "text/parameters.hpp"

namespace iscsi::session {

/// A request that came before others with lower CmdSN: kept as the PDU it was.
struct HeldRequest {
  wire::CmdSN cmd_sn{};
  wire::InitiatorTaskTag initiator_task_tag{};
  ConnectionId connection{};
  wire::Bytes headers{};  ///< basic and additional
  wire::Slice data{};
  /// Of a SCSI Command: its data as it comes. Unsolicited Data-Out has no CmdSN to wait for.
  std::optional<WriteData> written{};
};

/// A task management function that cannot be answered yet (10.5.1, 10.6.2).
struct PendingFunction {
  pdu::TaskManagementRequest request{};
  ConnectionId connection{};
  TaskId last_task{};     ///< the latest task that was there when the function came
  bool executed = false;  ///< the tasks are aborted; acknowledgements are awaited
  struct Awaited {
    ConnectionId connection{};
    wire::StatSN stat_sn{};  ///< everything before this has to be acknowledged
  };
  std::vector<Awaited> acknowledgements{};
};

struct Session {
  wire::Tsih tsih{};
  wire::Isid isid{};
  std::string initiator_name{};
  scsi::NexusId nexus = 0;
  text::SessionParameters parameters{};
  text::Declarations declared{};
  CommandWindow window{};
  bool target_named = true;  ///< false: a discovery session that speaks with no target
  std::vector<ConnectionId> connections{};
  std::list<Task> tasks{};  ///< in the order of delivery
  std::list<Task> spare{};  ///< finished tasks, their memory kept for the next
  std::vector<HeldRequest> held{};
  std::vector<PendingFunction> functions{};
  std::uint32_t immediate_tasks = 0;
  std::uint64_t solicited_bytes = 0;  ///< asked for by R2T, or about to be
  std::uint64_t reading_bytes = 0;    ///< that the medium has been asked to read
  Moment expires_at = 0;              ///< without a connection: when the session ends

  [[nodiscard]] bool is_discovery() const {
    return parameters.session_type == text::SessionType::discovery;
  }
};

}  // namespace iscsi::session
