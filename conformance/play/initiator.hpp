#pragma once

/// The initiator's own bookkeeping: what its next PDU would carry, what it has open, and what the
/// target's bytes mean. The suite's small model of a session; it judges nothing.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/model/talk.hpp"
#include "conformance/model/transcript.hpp"
#include "conformance/play/compose.hpp"
#include "conformance/play/login.hpp"
#include "conformance/play/settings.hpp"
#include "pdu/codec.hpp"
#include "wire/numbers.hpp"

namespace conformance {

/// A SCSI command that was sent, and its data.
struct Command {
  iscsi::wire::Lun lun{};
  std::uint32_t expected_length = 0;  ///< bytes
  iscsi::wire::Bytes output{};
  iscsi::wire::Bytes input{};  ///< what Data-In brought, at its offsets
};

/// A PDU of the target that no step has used yet.
struct Arrival {
  iscsi::wire::Bytes header;  ///< 48 bytes
  iscsi::wire::Bytes data;
  std::size_t record = 0;         ///< its place in the transcript
  std::vector<HeardPair> text{};  ///< the logical text that this PDU completed

  [[nodiscard]] iscsi::pdu::Opcode opcode() const;
  [[nodiscard]] std::uint64_t field(std::string_view name) const;
  [[nodiscard]] std::uint32_t tag() const;
};

/// Several connections may share a session; each begins with one of its own.
struct Session {
  iscsi::wire::Isid isid{};
  iscsi::wire::Tsih tsih{};
  iscsi::wire::CmdSN cmd_sn{};
  iscsi::wire::CmdSN exp_cmd_sn{};
  iscsi::wire::CmdSN max_cmd_sn{};
  std::uint32_t next_tag = 1;
  std::map<std::uint32_t, iscsi::pdu::Opcode> tasks{};  ///< open requests by tag
};

struct Connection {
  enum class State : std::uint8_t { unused, opening, open, ended, left };

  ConnectionNumber number = 0;
  State state = State::unused;
  bool reset = false;       ///< `ended`: by a reset
  bool unreadable = false;  ///< the stream cannot be followed any more
  bool logged_out = false;
  std::size_t session = 0;
  iscsi::wire::Cid cid{1};
  Stage stage = Stage::security;
  iscsi::wire::StatSN exp_stat_sn{};
  Talk talk{Parameters{}};
  Parameters agreed;
  std::optional<Login> login;
  std::uint32_t last_tag = 0xffff'ffff;      ///< of the last request with one
  std::uint32_t last_command = 0xffff'ffff;  ///< of the last SCSI Command
  bool text_immediate = false;               ///< the I bit of the text sequence under way
  std::set<std::uint32_t> issued;            ///< every tag used so far
  std::map<std::uint32_t, Command> commands;
  iscsi::wire::Bytes stream;  ///< bytes that are no whole PDU yet
  std::deque<Arrival> inbox;

  [[nodiscard]] bool in_full_feature() const { return stage == Stage::full_feature; }
  [[nodiscard]] iscsi::pdu::Digests digests() const;
};

class Initiator {
 public:
  explicit Initiator(const Settings& settings) : settings_{settings} {}

  /// The connection of that name in the story; a new one has a session of its own.
  [[nodiscard]] Connection& connection(const std::string& name);
  [[nodiscard]] Connection* find(ConnectionNumber number);
  [[nodiscard]] std::map<std::string, Connection>& connections() { return connections_; }
  [[nodiscard]] Session& session_of(const Connection& connection) {
    return sessions_[connection.session];
  }

  /// What the next PDU on that connection usually carries.
  [[nodiscard]] Usual usual(const Connection& connection);

  /// Whether the target's window lets one more command through.
  [[nodiscard]] bool window_is_open(const Connection& connection);

  /// Takes note of bytes that go out.
  void sent(Connection& connection, const iscsi::wire::Bytes& bytes, bool damaged,
            std::uint64_t now_us);

  /// Takes bytes that came in, and puts every whole PDU into the inbox and the transcript.
  void received(Connection& connection, iscsi::wire::ByteView bytes, std::uint64_t now_us);

  void ended(Connection& connection, bool reset, std::uint64_t now_us);
  void note(Record::Kind kind, const Connection& connection, std::uint64_t now_us);

  [[nodiscard]] Transcript& transcript() { return transcript_; }

 private:
  void understand_request(Connection& connection, const iscsi::pdu::Frame& frame);
  void understand_response(Connection& connection, Arrival& arrival);
  void understand_login(Connection& connection, Arrival& arrival);
  static void update_window(Session& session, const Arrival& arrival);
  [[nodiscard]] bool take_frame(Connection& connection, std::uint64_t now_us);

  const Settings& settings_;
  std::map<std::string, Connection> connections_;
  std::vector<Session> sessions_;
  Transcript transcript_;
};

}  // namespace conformance
