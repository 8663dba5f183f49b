#pragma once

/// The full feature phase at error recovery level 0 (RFC 3720 3.2.2 to 3.2.4, 5.4, 6, 10).
///
/// Theory of operation. A PDU that has arrived whole goes through these gates, in this order:
///
///   form        `pdu::decode_request`; what it refuses is answered by the remedy of the rule
///   admission   may this PDU come in this state of the connection, in this kind of session?
///   digest      a data segment that did not survive is rejected, the PDU is as if it had not come
///   numbering   ExpStatSN is noted; a request that is not immediate is delivered in the order of
///               CmdSN: now, later (held), or never (outside the window: ignored in silence)
///   delivery    one function per request
///
/// A request that is refused with a Reject does not count as received (6.3): its CmdSN stays
/// missing until the initiator uses it again.
///
/// A SCSI command becomes a `Task`. Its direction and length are planned from the CDB before data
/// exists. It collects its data (`WriteData`), waits for its turn among the task set, asks the
/// dispatcher what to do, hands the operation to the owner of the medium, and ends with Data-In and
/// status. Functions never wait: whatever cannot go on is left in the state that says what it
/// waits for, and each event tries again what the event may have set free.

#include "session/domain.hpp"

namespace iscsi::session {

/// A PDU has arrived on a connection in full feature phase.
void receive(Domain& domain, Connection& connection, const Arrived& arrived);

/// Data that is only borrowed from the connection's input buffer is copied, where it is still
/// needed. To be called before the buffer is filled again.
void own_borrowed_data(Domain& domain, Connection& connection);

/// The medium is done with a request. Unknown tasks are passed over: they ended meanwhile.
void finished(Domain& domain, wire::Tsih tsih, TaskId id, const scsi::MediumResult& result);

/// Output has gone: what waited for room goes on.
void output_sent(Domain& domain, Connection& connection);

/// Sends a NOP-In that asks for an answer, unless one is open (10.19).
void send_ping(Domain& domain, Connection& connection);

/// Asks the initiator to log out within `seconds` (10.9.1, event 1).
void request_logout(Domain& domain, Connection& connection, std::uint16_t seconds);
/// Announces the end of the connection (10.9.1, event 2) and closes it when that is sent.
void announce_drop(Domain& domain, Connection& connection);

/// The connection has failed or is to be dropped: its tasks end (6.5), and with its last connection
/// the session fails. The socket is closed by the owner, as `how` says.
void drop_connection(Domain& domain, Connection& connection,
                     Disposition how = Disposition::close_now);

/// The session ends now, its nexus is lost (5.3.5.1): tasks end without an answer, connections
/// close as `how` says.
void end_session(Domain& domain, Session& session, Disposition how);

/// Tasks that were allegiant to the connection end without an answer (6.5); the nexus is told by a
/// unit attention if it lives on.
void terminate_tasks_of(Domain& domain, Session& session, ConnectionId connection);

}  // namespace iscsi::session
