#pragma once

/// What the files of this folder offer each other; the rest of the house uses `engine.hpp`.

#include <type_traits>

#include "pdu/codec.hpp"
#include "session/engine.hpp"

namespace iscsi::session {

// send.cpp

/// Queues a response with the connection's and the session's numbers. StatSN is used up unless the
/// PDU only shows it: R2T (10.8.3), and NOP-In without a task tag (10.19.2).
template <class P>
void send(Domain& domain, Connection& connection, const CommandWindow& window, P pdu,
          wire::Slice data = {}) {
  bool uses_stat_sn = !std::is_same_v<P, pdu::ReadyToTransfer>;
  if constexpr (std::is_same_v<P, pdu::NopIn>)
    uses_stat_sn = pdu.initiator_task_tag != wire::InitiatorTaskTag::none;
  if constexpr (std::is_same_v<P, pdu::DataIn>) uses_stat_sn = pdu.has_status;
  pdu.stat_sn = connection.stat_sn;
  pdu.exp_cmd_sn = window.exp_cmd_sn();
  pdu.max_cmd_sn = window.max_cmd_sn();
  if (uses_stat_sn) ++connection.stat_sn;
  const pdu::Lengths lengths{.data = data.length};
  connection.output.push(pdu::encode_header(pdu, lengths), std::move(data), connection.digests);
  domain.touch(connection);
}

/// 10.4.11: the window has moved and no response tells of it, so a NOP-In does.
void announce_window(Domain& domain, const Session& session);

/// Does what the broken rule's remedy says; `frame` is the PDU that broke it.
void refuse(Domain& domain, Connection& connection, Session& session, const Violation& violation,
            const pdu::Frame& frame);

// scsi_tasks.cpp

/// Begins the data of a SCSI Command, of which all that is announced may be of use, with what the
/// command itself brings. `owner` keeps `immediate` alive, or is empty if it is borrowed.
void begin_data(WriteData& data, const Session& session, const pdu::ScsiCommand& command,
                wire::ByteView immediate, wire::SharedBytes owner);
/// Delivers a SCSI Command; `ahead` is its data so far if it had to wait for its turn.
void begin_task(Domain& domain, Session& session, Connection& connection,
                const pdu::ScsiCommand& command, const Arrived& arrived,
                std::optional<WriteData> ahead);
/// A Data-Out. What it is refused for is told in front of what its task ends with.
void take_data(Domain& domain, Session& session, Connection& connection, const pdu::DataOut& pdu,
               const Arrived& arrived);
[[nodiscard]] Task* find_task(Session& session, wire::InitiatorTaskTag tag);
/// Lets tasks go on that wait for their turn or for room, in every session that has any.
void run_waiting_tasks(Domain& domain);
/// Whether two LUN fields name one unit: it has more than one name (SAM-2 4.9).
[[nodiscard]] bool is_same_unit(wire::Lun one, wire::Lun other);
/// Ends a task without an answer. While the medium works on it, it stays until that is done.
void abort_task(Domain& domain, Session& session, Task& task);
/// Ends all tasks of a session that ends, without an answer.
void abandon_tasks(Domain& domain, Session& session);

// task_management.cpp

/// Whether the function may not be answered at once, but waits among `Session::functions`.
[[nodiscard]] bool has_to_be_kept(const Session& session,
                                  const pdu::TaskManagementRequest& request);
void begin_function(Domain& domain, Session& session, Connection& connection,
                    const pdu::TaskManagementRequest& request);
/// Whether a function waits to abort the task: until then it asks for nothing more (10.6.2 b).
[[nodiscard]] bool is_to_be_aborted(const Domain& domain, const Session& session, const Task& task);
/// Answers the functions that have nothing left to wait for.
void continue_functions(Domain& domain);

// text_exchange.cpp

/// The connection with the text negotiation of this task tag, or null.
[[nodiscard]] Connection* find_text_exchange(Domain& domain, const Session& session,
                                             wire::InitiatorTaskTag tag);
/// Why the Text Request is refused, if it is; else it has been answered.
[[nodiscard]] std::optional<Violation> exchange_text(Domain& domain, Session& session,
                                                     Connection& connection,
                                                     const pdu::TextRequest& request,
                                                     wire::ByteView data);

// logout.cpp

void log_out(Domain& domain, Session& session, Connection& connection,
             const pdu::LogoutRequest& request);

// admission.cpp

/// Whether this PDU may come now, and the rule against it if not.
[[nodiscard]] std::optional<Rule> refused_admission(const Connection& connection,
                                                    const Session& session, pdu::Opcode opcode);

}  // namespace iscsi::session
