#pragma once

/// A SCSI task (RFC 3720 3.2.2.1, 10.3): one command from its delivery to its status.

#include <cstdint>

#include "pdu/scsi_command.hpp"
#include "scsi/dispatch.hpp"
#include "session/moment.hpp"
#include "session/write_data.hpp"

namespace iscsi::session {

/// Names a task for as long as the target lives; also the order in which tasks were delivered.
enum class TaskId : std::uint64_t {};

struct Task {
  enum class State : std::uint8_t {
    collecting,  ///< data is on its way from the initiator
    ready,       ///< waits for its turn (task attributes, room for its output)
    running,     ///< the medium is at work
  };

  TaskId id{};
  ConnectionId allegiance{};  ///< 3.2.4.1: everything about the task goes over this connection
  pdu::ScsiCommand command{};
  wire::Bytes cdb{};              ///< all of it, where it is longer than sixteen bytes
  std::uint32_t expected_in = 0;  ///< bytes that the initiator has room for
  scsi::Transfer plan{};
  State state = State::collecting;
  bool aborted = false;        ///< ends without an answer when the medium is done
  bool waits = false;          ///< counts in `Domain::waiting_tasks`
  std::uint32_t reserved = 0;  ///< its share of `Session::solicited_bytes`
  WriteData data{};
  wire::DataSN next_data_sn{};  ///< of R2T and Data-In, in one sequence
  scsi::Outcome outcome{};
  wire::Slice blocks{};                    ///< what was read from the medium
  std::vector<wire::ByteView> data_out{};  ///< what is written to it

  /// Begins a new life with the memory of the old one, which has given back its share of every
  /// count.
  void reset(TaskId new_id) {
    id = new_id;
    cdb.clear();
    expected_in = 0;
    state = State::collecting;
    aborted = false;
    next_data_sn = {};
  }
  [[nodiscard]] bool is_bidirectional() const { return command.read && command.write; }
  [[nodiscard]] wire::ByteView whole_cdb() const {
    return cdb.empty() ? wire::ByteView{command.cdb} : wire::ByteView{cdb};
  }
};

}  // namespace iscsi::session
