#pragma once

/// What the monitor knows of a conversation at one moment. Private to `monitor/`.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/model/talk.hpp"
#include "conformance/monitor/monitor.hpp"
#include "pdu/codec.hpp"
#include "wire/numbers.hpp"

namespace conformance::watched {

inline constexpr std::uint32_t no_tag = 0xffff'ffff;

/// A PDU by places that all PDUs share (10.2.1), readable even when it breaks its layout.
struct Pdu {
  const iscsi::pdu::Frame& frame;

  [[nodiscard]] iscsi::pdu::Opcode opcode() const {
    return static_cast<iscsi::pdu::Opcode>(std::to_integer<std::uint8_t>(frame.header[0]) & 0x3fU);
  }
  [[nodiscard]] bool bit(std::uint16_t byte, std::uint16_t bit) const {
    return iscsi::pdu::extract(frame.header, iscsi::pdu::bits(byte, bit)) != 0;
  }
  [[nodiscard]] std::uint64_t bits(std::uint16_t byte, std::uint16_t first,
                                   std::uint16_t count) const {
    return iscsi::pdu::extract(frame.header, iscsi::pdu::bits(byte, first, count));
  }
  template <std::size_t N>
  [[nodiscard]] std::uint64_t number(std::size_t offset) const {
    return iscsi::wire::load<N>(frame.header, offset);
  }
  [[nodiscard]] std::uint32_t word(std::size_t offset) const {
    return static_cast<std::uint32_t>(number<4>(offset));
  }
  [[nodiscard]] bool immediate() const { return bit(0, 1); }
  [[nodiscard]] bool final() const { return bit(1, 0); }
  [[nodiscard]] std::uint32_t tag() const { return word(16); }
  [[nodiscard]] std::uint32_t transfer_tag() const { return word(20); }
  [[nodiscard]] iscsi::wire::CmdSN cmd_sn() const { return {word(24)}; }
  [[nodiscard]] iscsi::wire::StatSN stat_sn() const { return {word(24)}; }
  [[nodiscard]] iscsi::wire::CmdSN exp_cmd_sn() const { return {word(28)}; }
  [[nodiscard]] iscsi::wire::CmdSN max_cmd_sn() const { return {word(32)}; }
  [[nodiscard]] std::size_t data_bytes() const { return frame.data.size(); }
};

/// An R2T and how far it was answered.
struct Solicitation {
  std::uint32_t transfer_tag = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool answered = false;  ///< Data-Out with the F bit was sent
};

/// A request and all that belongs to it.
struct Task {
  iscsi::pdu::Opcode request{};
  iscsi::wire::CmdSN cmd_sn{};
  bool immediate = false;
  std::uint64_t lun = 0;
  bool done = false;       ///< the response that ends it came
  bool rejected = false;   ///< by a Reject of the request itself
  bool aborted = false;    ///< a task management response covered it
  bool ambiguous = false;  ///< its tag or CmdSN was used twice: it proves nothing
  bool disturbed = false;  ///< the initiator broke rules about its data

  // SCSI Command.
  bool reads = false;
  bool writes = false;
  std::uint64_t expected = 0;      ///< bytes, in its one direction or written
  std::uint64_t expected_in = 0;   ///< bytes that a bidirectional command reads
  bool names_devices = false;      ///< INQUIRY for the device identification page
  std::uint32_t next_data_sn = 0;  ///< of Data-In and R2T together
  std::size_t data_ins = 0;
  std::size_t r2ts = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t input_end = 0;  ///< behind the furthest Data-In
  std::uint64_t sequence_bytes = 0;
  std::uint64_t sequence_end = 0;
  bool in_sequence = false;  ///< Data-In without F came last
  std::uint64_t bytes_out = 0;
  std::uint64_t unsolicited_end = 0;
  bool unsolicited_open = false;  ///< more unsolicited Data-Out is announced
  std::vector<Solicitation> solicitations;

  // Others.
  iscsi::wire::Bytes ping;
  bool text_final = false;          ///< F bit of the last text request
  bool text_continued = false;      ///< its C bit
  std::uint32_t text_tag = no_tag;  ///< of a text response that waits to be gone on with
  bool sends_targets = false;       ///< the negotiation is SendTargets and nothing else
  bool records_begun = false;       ///< a target record came
  std::uint8_t function = 0;        ///< of task management
  std::uint32_t referenced_tag = no_tag;
  /// The StatSN behind the responses that came before the request.
  std::optional<iscsi::wire::StatSN> responses_before;
  std::uint8_t logout_reason = 0;
  std::uint16_t logout_cid = 0;
};

struct Session {
  std::uint16_t tsih = 0;
  iscsi::wire::CmdSN next_unsent{};  ///< behind the CmdSNs sent without a gap
  std::set<std::uint32_t> sent{};    ///< CmdSNs of requests that are not immediate
  /// CmdSNs that prove nothing of a gap: more than one request had them, or they were acknowledged
  /// before they were sent.
  std::set<std::uint32_t> spent{};
  bool seen_from_the_start = true;  ///< its leading login is part of the transcript

  void add(iscsi::wire::CmdSN cmd_sn) {
    sent.insert(cmd_sn.value);
    while (sent.contains(next_unsent.value)) ++next_unsent;
  }
};

/// What a login is up to.
struct LoginWatch {
  bool requested = false;         ///< at least one request was sent
  std::size_t open_requests = 0;  ///< not answered yet
  bool other_request = false;     ///< a request that is no Login Request came between (3.2.3)
  std::uint32_t tag = 0;
  bool transit = false;  ///< bits of the last request
  bool continued = false;
  std::uint64_t current_stage = 0;
  std::uint64_t next_stage = 0;
  std::uint16_t tsih = 0;
  iscsi::wire::CmdSN cmd_sn{};
  std::uint16_t cid = 0;
  bool target_named = false;
  std::string target_name;
  bool text_complete = false;             ///< a request without the C bit was sent
  bool tag_of_portal_due = true;          ///< the portal group tag has not been looked for yet
  std::optional<std::uint16_t> versions;  ///< Version-max and Version-active of the first response
  bool refused = false;
  bool disturbed = false;  ///< the initiator broke rules about its requests
};

struct Connection {
  std::size_t session = 0;
  Stage stage = Stage::security;
  LoginWatch login;
  Talk talk{Parameters{}};
  Parameters agreed;
  std::optional<iscsi::wire::StatSN> next_stat_sn;
  std::optional<iscsi::wire::CmdSN> exp_cmd_sn;     ///< the last one seen
  std::optional<iscsi::wire::StatSN> acknowledged;  ///< by the login, then by ExpStatSN
  std::map<std::uint32_t, Task> tasks;
  std::set<std::string> headers;  ///< of all PDUs sent
  std::string portal_group_tag;   ///< as the login told it
  bool retransmission_asked = false;
  bool logged_out = false;
  /// The initiator sent bytes that are no whole PDU: nobody knows what the target made of them.
  bool desynchronised = false;

  [[nodiscard]] bool in_full_feature() const { return stage == Stage::full_feature; }
  [[nodiscard]] iscsi::pdu::Digests digests() const {
    if (!in_full_feature()) return {};
    return {.header = agreed.header_digest, .data = agreed.data_digest};
  }
};

/// Where findings go, and which record they are about.
class Look {
 public:
  explicit Look(Observation& out) : out_{out} {}
  void at(std::size_t record) { record_ = record; }

  void check(iscsi::Rule rule, bool holds, std::uint32_t byte, std::uint64_t found,
             std::string what = {}) {
    ++out_.checked[rule];
    if (!holds)
      out_.findings.push_back(
          {.rule = rule, .record = record_, .byte = byte, .found = found, .what = std::move(what)});
  }
  void checked(iscsi::Rule rule) { ++out_.checked[rule]; }
  void take(Talk& talk);

 private:
  Observation& out_;
  std::size_t record_ = 0;
};

struct Conversation {
  std::map<ConnectionNumber, Connection> connections;
  std::vector<Session> sessions;

  [[nodiscard]] Session& session_of(const Connection& connection) {
    return sessions[connection.session];
  }
};

// form.cpp
void check_form(Look& look, const iscsi::pdu::Frame& frame);
void check_unreadable(Look& look, const Record& record);

// numbering.cpp
void check_numbers(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);

// login.cpp
void note_login_request(Conversation& all, Connection& connection, const Pdu& pdu, bool damaged);
void check_login_response(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);
void check_phase(Look& look, Connection& connection, const Pdu& pdu);

// discovery.cpp
void check_send_targets(Look& look, const Connection& connection, Task& task, const Pdu& pdu);
void check_device_names(Look& look, const Connection& connection, const Task& task, const Pdu& pdu);

// tasks.cpp
void note_number(Conversation& all, Connection& connection, const Pdu& pdu);
void note_request(Conversation& all, Connection& connection, const Pdu& pdu, bool damaged);
void check_task_response(Look& look, Connection& connection, const Pdu& pdu);
void check_reject(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);
void check_async_message(Look& look, const Conversation& all, const Connection& connection,
                         const Pdu& pdu);

// transfer.cpp
void note_command(Connection& connection, Task& task, const Pdu& pdu);
void note_data_out(Connection& connection, const Pdu& pdu, bool damaged);
void check_data_in(Look& look, Connection& connection, Task& task, const Pdu& pdu);
void check_r2t(Look& look, Connection& connection, Task& task, const Pdu& pdu);
void check_scsi_response(Look& look, Task& task, const Pdu& pdu);

}  // namespace conformance::watched
