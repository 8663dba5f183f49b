#pragma once

/// Everything that sessions have to do with: the SCSI device, the connections, each other. One
/// value; the functions of this folder change it and list in it what the owner has to do.

#include <list>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "rules/rule.hpp"
#include "scsi/device.hpp"
#include "session/connection.hpp"
#include "session/session.hpp"
#include "text/send_targets.hpp"
#include "wire/queue.hpp"

namespace iscsi::session {

/// Work for whoever owns the medium. The memory stays where it is until the task is `finished`, or,
/// for data that has just arrived, until the connection's next bytes are asked for.
struct MediumRequest {
  wire::Tsih session{};
  TaskId task{};
  std::uint16_t unit = 0;  ///< number of the logical unit
  scsi::Operation operation{};
  std::span<const wire::ByteView> data_out{};
  std::span<std::byte> data_in{};
};

/// A remark for the log: a rule that a peer broke.
struct Note {
  ConnectionId connection{};
  Violation violation{};
};

/// The bounds of `limits.hpp` that an operator may lower.
struct Bounds {
  std::size_t connections = limits::connections;
  std::size_t sessions = limits::sessions;
  std::uint32_t command_window = limits::command_window;
  std::size_t queued_output_bytes = limits::queued_output_bytes;
  std::size_t solicited_data_bytes = limits::solicited_data_bytes;
  std::size_t input_bytes = limits::input_bytes;  ///< buffer of a connection after its login
};

struct Domain {
  scsi::Device device{};
  std::map<ConnectionId, Connection> connections{};
  std::map<wire::Tsih, Session> sessions{};
  text::Policy policy{};
  Bounds bounds{};
  std::string target_name{};
  std::vector<text::Address> portals{};  ///< where the target is reached
  Moment now = 0;
  TaskId last_task{};
  bool shutting_down = false;
  // Counts over all sessions, so that an event need not look at sessions that it cannot concern.
  std::uint32_t ordering_tasks = 0;     ///< tasks with the attribute ORDERED or HEAD OF QUEUE
  std::uint32_t waiting_tasks = 0;      ///< tasks that wait for their turn or for room
  std::uint32_t pending_functions = 0;  ///< task management functions not answered yet

  /// Tasks of sessions that have ended, kept because the medium works in their memory.
  std::list<Task> orphans{};

  // For the owner.
  wire::Queue<MediumRequest> medium{};
  std::vector<ConnectionId> touched{};  ///< have output, or are to be closed
  std::vector<Note> notes{};

  [[nodiscard]] Connection* find(ConnectionId id) {
    const auto found = connections.find(id);
    return found == connections.end() ? nullptr : &found->second;
  }
  [[nodiscard]] Session* find(wire::Tsih tsih) {
    const auto found = sessions.find(tsih);
    return found == sessions.end() ? nullptr : &found->second;
  }
  void touch(Connection& connection) {
    if (std::exchange(connection.is_touched, true)) return;
    touched.push_back(connection.id);
  }
  void note(const Connection& connection, const Violation& violation) {
    if (notes.size() < limits::notes) notes.push_back({connection.id, violation});
  }
};

}  // namespace iscsi::session
