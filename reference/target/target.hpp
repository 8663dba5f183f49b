#pragma once

/// An iSCSI target as a value: bytes in, bytes out, and work for a medium in between. It makes no
/// system call and knows neither clock nor chance; each event brings the time, and a new connection
/// brings the random bytes that its login may need. The same events in the same order therefore
/// always give the same bytes.
///
/// The owner (a server, a test, a fuzzer) moves bytes between sockets and the target:
///
///   opened                            a connection was accepted
///   space, filled                     received bytes go straight to where they are needed
///   next_medium_request, finished     after each event, until there is none
///   gather, sent                      what is to be sent
///   take_touched, disposition         which connections have output or are to be closed
///   closed                            the socket is gone
///   elapsed                           time has passed, about once a second
///
/// A target never waits for anything and never grows past `Bounds`: a connection whose output is
/// not fetched is not read from (`wants_input`).

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "login/login.hpp"
#include "session/domain.hpp"
#include "session/engine.hpp"

namespace iscsi {

using session::ConnectionId;
using session::Disposition;
using session::MediumRequest;
using session::Moment;
using session::Note;

/// Times in milliseconds.
struct Deadlines {
  Moment login_ms = limits::login_ms;              ///< from `opened` to full feature phase
  Moment ping_after_ms = limits::ping_after_ms;    ///< silence until a NOP-In asks for a sign
  Moment ping_answer_ms = limits::ping_answer_ms;  ///< then the connection is dropped
  Moment closing_ms = limits::closing_ms;          ///< to take what is queued before the close
};

struct Configuration {
  login::Configuration login;
  /// Where the target is reached, as SendTargets tells it. The address that a connection came to is
  /// told as well, and alone if there is no other.
  std::vector<text::Address> portals{};
  /// Logical units by number, from 0; with `unit_numbers`, which is then as long, by those.
  std::vector<scsi::UnitConfiguration> units{};
  std::vector<std::uint16_t> unit_numbers{};
  Deadlines deadlines{};
  session::Bounds bounds{};
};

/// Random bytes for one login: nobody has seen them, and they will not come again.
using Fresh = std::array<std::byte, login::chap::fresh_bytes>;

class Target {
 public:
  /// The units must be such as `scsi::Device::add_unit` takes.
  explicit Target(Configuration configuration);

  /// False while as many connections as the bounds allow are open.
  [[nodiscard]] bool accepts_connection() const;
  /// A connection to `reached_at` has been accepted.
  [[nodiscard]] ConnectionId opened(const text::Address& reached_at, const Fresh& fresh,
                                    Moment now);

  /// False while the connection's output has to be fetched first, or it is to be closed.
  [[nodiscard]] bool wants_input(ConnectionId id) const;
  /// Where received bytes are to be put: the first span, then the second; either may be empty.
  [[nodiscard]] std::array<std::span<std::byte>, 2> space(ConnectionId id);
  /// So many bytes were put there.
  void filled(ConnectionId id, std::size_t bytes, Moment now);
  /// The two in one, by copying, as long as the connection wants input; returns how many bytes were
  /// taken.
  std::size_t receive(ConnectionId id, wire::ByteView bytes, Moment now);

  /// The next operation on a medium. Data that it writes has to be taken before `space` is called
  /// for any connection again; `data_in` may be filled until `finished`.
  [[nodiscard]] std::optional<MediumRequest> next_medium_request();
  void finished(const MediumRequest& request, const scsi::MediumResult& result, Moment now);

  /// Fills `views` with output in order; returns how many were used. They hold until the target's
  /// next event.
  [[nodiscard]] std::size_t gather(ConnectionId id, std::span<wire::ByteView> views) const;
  [[nodiscard]] bool has_output(ConnectionId id) const;
  void sent(ConnectionId id, std::size_t bytes, Moment now);
  /// All output, by copying.
  [[nodiscard]] wire::Bytes take_output(ConnectionId id, Moment now);

  [[nodiscard]] Disposition disposition(ConnectionId id) const;
  /// Connections that have had output or a new disposition since the last call.
  [[nodiscard]] std::vector<ConnectionId> take_touched();
  [[nodiscard]] std::vector<Note> take_notes();

  /// The connection is gone, whoever closed it.
  void closed(ConnectionId id, Moment now);
  void elapsed(Moment now);
  /// Asks every initiator to log out within `seconds`; new logins are refused (0301).
  void shut_down(Moment now, std::uint16_t seconds);

  /// The number of blocks of a unit has changed.
  bool capacity_changed(std::uint16_t unit, std::uint64_t blocks);

  [[nodiscard]] std::size_t connection_count() const { return domain_.connections.size(); }
  [[nodiscard]] std::size_t session_count() const { return domain_.sessions.size(); }
  /// The initiator's name, once it has logged in.
  [[nodiscard]] std::string_view initiator_of(ConnectionId id) const;
  /// Everything as it stands, for tests and tools that look and do not touch.
  [[nodiscard]] const session::Domain& domain() const { return domain_; }

 private:
  /// A connection's login, from `opened` to full feature phase.
  struct Login {
    login::State state{};
    Fresh fresh{};
  };
  /// An initiator port that has been here: the same name again is the same nexus (3.4.2).
  struct KnownNexus {
    std::string initiator_name{};
    wire::Isid isid{};
    scsi::NexusId id = 0;
  };

  void process(session::Connection& connection);
  void process_login(session::Connection& connection, const session::Arrived& arrived);
  void follow(session::Connection& connection, login::Answer answer);
  void admit(session::Connection& connection, login::Admission admission);
  session::Session& open_session(const login::Admission& admission);
  void break_framing(session::Connection& connection, const Violation& violation);
  void end_connection(session::Connection& connection);
  void check_deadlines(session::Connection& connection);
  [[nodiscard]] pdu::FrameLimits frame_limits(const session::Connection& connection) const;
  [[nodiscard]] wire::Tsih free_tsih() const;
  [[nodiscard]] scsi::NexusId nexus_of(const std::string& initiator_name, wire::Isid isid);
  template <class Use>
  login::Answer with_login_context(session::Connection& connection,
                                   const pdu::LoginRequest* request, Use use);

  std::shared_ptr<const Configuration> configuration_;  ///< the same for all copies
  session::Domain domain_;
  std::map<ConnectionId, Login> logins_;
  std::vector<KnownNexus> known_;
  ConnectionId last_connection_{};
  wire::Tsih last_tsih_{};
  scsi::NexusId last_nexus_ = 0;
};

}  // namespace iscsi
