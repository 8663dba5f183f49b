#pragma once

/// What the monitor knows of a conversation at one moment. Private to `monitor/`.

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/monitor/look.hpp"
#include "pdu/codec.hpp"
#include "wire/numbers.hpp"
#include "wire/queue.hpp"

namespace conformance::watched {

using iscsi::wire::no_tag;

/// A PDU by places that all PDUs share (10.2.1), readable even when it breaks its layout.
struct Pdu {
  const iscsi::pdu::Frame& frame;
  bool whole = true;  ///< false: the capture lacks some of what is behind the basic header

  [[nodiscard]] iscsi::pdu::Opcode opcode() const { return iscsi::pdu::opcode_of(frame.header); }
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

/// The Data-Out of one sequence so far (10.7.5, 10.7.6).
struct Sequence {
  std::uint32_t next_data_sn = 0;
  std::uint64_t bytes = 0;
  std::uint64_t end = 0;  ///< behind the last Data-Out; of an R2T: its offset before the first one
};

/// An R2T and how far it was answered.
struct Solicitation {
  std::uint32_t transfer_tag = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool answered = false;  ///< Data-Out with the F bit was sent
  std::uint64_t lun = 0;
  std::uint64_t place = 0;  ///< among the R2Ts of the connection
  Sequence data{};
};

/// A request and all that belongs to it.
struct Task {
  iscsi::pdu::Opcode request{};
  iscsi::wire::CmdSN cmd_sn{};
  bool immediate = false;
  std::uint64_t lun = 0;
  bool done = false;             ///< the response that ends it came
  bool rejected = false;         ///< by a Reject of the request itself
  bool aborted = false;          ///< a task management response covered it
  bool ambiguous = false;        ///< its tag or CmdSN was used twice: it proves nothing
  bool has_twin = false;         ///< an earlier task of its tag may still be open
  bool disturbed = false;        ///< the initiator broke rules about its data
  bool tag_may_be_free = false;  ///< an answer may mean that the task is gone
  bool may_be_gone = false;      ///< a function may have ended it, or not
  bool may_stop_short = false;   ///< its data may end early: a task set was to be aborted (10.5.1)
  bool data_unsure = false;      ///< Data-Out was spoilt on its way: its numbers may come again
  std::uint64_t place = 0;       ///< among the requests of the connection
  iscsi::pdu::HeaderBytes header{};

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
  Sequence unsolicited;  ///< Data-Out without an R2T

  // Others.
  iscsi::wire::Bytes ping;
  bool twin_sweeps = false;         ///< an open task of its tag was a function that `sweeps`
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

/// CmdSNs, of which the last ones are remembered: each has its slot, which another one as far from
/// it as there may be slots takes over.
class CommandNumbers {
 public:
  static constexpr std::uint32_t most = 8192;

  void add(std::uint32_t number);
  void erase(std::uint32_t number) {
    if (contains(number)) slots_[number % slots_.size()] = empty;
  }
  [[nodiscard]] bool contains(std::uint32_t number) const {
    return !slots_.empty() && slots_[number % slots_.size()] == number;
  }

 private:
  static constexpr std::size_t fewest = 16;
  static constexpr std::uint64_t empty = ~std::uint64_t{0};  // which is no number
  std::vector<std::uint64_t> slots_;  // as many as it takes to keep numbers apart, a power of two
};

struct Session {
  std::uint16_t tsih = 0;
  iscsi::wire::CmdSN next_unsent{};  ///< behind the CmdSNs sent without a gap
  CommandNumbers sent{};             ///< of requests that are not immediate
  /// That prove nothing of a gap: more than one request had them, or they were acknowledged before
  /// they were sent.
  CommandNumbers spent{};
  CommandNumbers to_come_again{};      ///< of requests that were rejected (6.3)
  CommandNumbers passed_over{};        ///< of requests outside of the window
  bool seen_from_the_start = true;     ///< its leading login and all requests are in the transcript
  std::optional<Parameters> agreed{};  ///< for its other connections, if its first login was seen

  std::size_t connections = 0;                   ///< that belong to it
  bool had_others = false;                       ///< or have belonged to it
  std::optional<iscsi::wire::CmdSN> next{};      ///< the initiator's CmdSN, where it is known
  std::optional<iscsi::wire::CmdSN> max_told{};  ///< the furthest MaxCmdSN the target has told

  /// Whether a number can be noted: one further off than this from the one that is due would take
  /// the slot of a number that may be in its turn. Where that one is not known, all are noted.
  [[nodiscard]] bool keeps(iscsi::wire::CmdSN cmd_sn) const {
    constexpr std::uint32_t reach = CommandNumbers::most / 2;
    return !seen_from_the_start || cmd_sn.value - next_unsent.value + reach < 2 * reach;
  }
  void note(CommandNumbers& numbers, iscsi::wire::CmdSN cmd_sn) const {
    if (keeps(cmd_sn)) numbers.add(cmd_sn.value);
  }

  void add(iscsi::wire::CmdSN cmd_sn) {
    if (!keeps(cmd_sn)) {
      // Nobody could tell when it would be in its turn.
      if (next_unsent.precedes(cmd_sn)) seen_from_the_start = false;
      return;
    }
    sent.add(cmd_sn.value);
    while (sent.contains(next_unsent.value)) ++next_unsent;
  }
};

/// What a login is up to.
struct LoginWatch {
  bool requested = false;              ///< at least one request was sent
  std::size_t open_requests = 0;       ///< not answered yet
  bool other_request = false;          ///< a request that is no Login Request came between (3.2.3)
  bool other_behind_the_last = false;  ///< and behind the last Login Request
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
  bool lossy = false;      ///< not all of it is in the transcript

  // What later requests are held against.
  iscsi::pdu::HeaderBytes first_request{};
  std::optional<std::uint64_t> stage_due;  ///< CSG of the next request
  bool answer_continues = false;           ///< the last response had the C bit
  bool parties_due = true;                 ///< no text has been complete yet
};

/// A text negotiation in full feature phase, as far as it binds the next request (10.10, 10.11.4).
struct TextWatch {
  bool outstanding = false;  ///< a request waits for its response
  bool open = false;         ///< the last response wants another request
  std::uint32_t tag = 0;
  std::uint32_t transfer_tag = no_tag;
  std::uint64_t lun = 0;
  bool immediate = false;
};

/// A NOP-In that asks for an answer.
struct PingWatch {
  std::uint32_t transfer_tag = no_tag;
  std::uint64_t lun = 0;
};

/// The order in which R2Ts came.
struct OpenR2t {
  std::uint32_t tag = 0;
  std::uint64_t place = 0;
};

/// The headers of the PDUs sent last.
class SentHeaders {
 public:
  using Header = std::span<const std::byte, iscsi::pdu::bhs_bytes>;
  void add(Header header);
  [[nodiscard]] bool contains(Header header) const;
  /// Forgets one like it, if there is any.
  bool take(Header header);
  bool some_are_missing = false;

 private:
  static constexpr std::size_t most = 1024;
  [[nodiscard]] std::size_t index_of(Header header) const;  ///< the size, if there is none
  std::vector<iscsi::pdu::HeaderBytes> headers_;
  std::size_t oldest_ = 0;  // once there are as many as there may be
};

/// Memory of a task that was forgotten, for the next one. It belongs to no copy.
struct SpareTask {
  std::map<std::uint32_t, Task>::node_type node;

  SpareTask() = default;
  SpareTask(SpareTask&&) noexcept = default;
  SpareTask& operator=(SpareTask&&) noexcept = default;
  SpareTask(const SpareTask& /*other*/) {}
  SpareTask& operator=(const SpareTask& /*other*/) { return *this; }
  ~SpareTask() = default;
};

struct Connection {
  static constexpr std::size_t remembered_tasks = 1024;  ///< that have ended
  static constexpr std::size_t most_tasks = 65536;       ///< that are known at one time
  static constexpr std::size_t no_session = static_cast<std::size_t>(-1);
  std::size_t session = no_session;
  Stage stage = Stage::security;
  LoginWatch login;
  Talk talk{Parameters{}};
  Parameters agreed;
  std::optional<iscsi::wire::StatSN> next_stat_sn;
  std::optional<iscsi::wire::CmdSN> exp_cmd_sn;     ///< the last one seen
  std::optional<iscsi::wire::StatSN> acknowledged;  ///< by the login, then by ExpStatSN
  using Tasks = std::map<std::uint32_t, Task>;
  Tasks tasks;
  SpareTask spare_task;
  iscsi::wire::Queue<std::uint32_t> finished;  ///< tags of tasks that have ended, the oldest first
  SentHeaders headers;
  SentHeaders spoilt;  ///< of commands with a wrong data digest that were not answered yet
  std::string portal_group_tag;  ///< as the login told it
  bool retransmission_asked = false;
  bool logged_out = false;
  /// The initiator sent bytes that are no whole PDU: nobody knows what the target made of them.
  bool desynchronised = false;
  bool ended = false;

  // What a capture lacks.
  bool agreement_known = true;  ///< false: `agreed` allows everything
  bool nothing_seen = false;    ///< it begins midway, and no PDU has come yet
  bool knows_all_tasks = true;  ///< false: there may be open ones whose requests were not seen
  bool knows_all_pings = true;

  // The initiator's side.
  std::size_t last_text_request = 0;  ///< the record of the last Login or Text Request
  std::uint64_t requests = 0;
  std::uint64_t r2ts = 0;
  iscsi::wire::Queue<OpenR2t> open_r2ts;
  std::uint64_t last_unsolicited = 0;  ///< the place of the command whose Data-Out came last
  TextWatch text;
  iscsi::wire::Queue<PingWatch> pings;
  std::optional<std::uint32_t> logout_request;       ///< the tag of one that ends the connection
  std::optional<iscsi::wire::StatSN> logout_wanted;  ///< StatSN of the message that asks for it
  std::uint64_t initiator_limit = 8192;  ///< the largest MaxRecvDataSegmentLength ever declared
  std::uint64_t target_limit = 8192;

  /// The task of that tag, which is made if there is none. Where there are too many already, what
  /// is open is not known any more, and there is none.
  [[nodiscard]] Task* task_of(std::uint32_t tag);
  [[nodiscard]] bool in_full_feature() const { return stage == Stage::full_feature; }
  [[nodiscard]] iscsi::pdu::Digests digests() const {
    if (!in_full_feature()) return {};
    return {.header = agreed.header_digest, .data = agreed.data_digest};
  }
  /// Whether tasks that have ended have been forgotten.
  [[nodiscard]] bool forgets() const { return finished.size() >= remembered_tasks; }
  /// The parameters hold from now on. A limit that is lowered in full feature phase binds from a
  /// moment that the wire does not show: it is taken as it was.
  void take_over(const Parameters& parameters, bool in_login) {
    agreed = parameters;
    if (in_login) initiator_limit = target_limit = 0;
    initiator_limit = std::max(initiator_limit, agreed.initiator_limit);
    target_limit = std::max(target_limit, agreed.target_limit);
  }
};

struct Conversation {
  std::map<ConnectionNumber, Connection> connections;
  std::map<std::size_t, Session> sessions;
  std::size_t next_session = 0;
  std::deque<ConnectionNumber> ended;  ///< the oldest first

  [[nodiscard]] Session& session_of(const Connection& connection) {
    return sessions[connection.session];
  }
  /// Makes the connection one of a session, which may be a new one.
  Session& put(Connection& connection, std::size_t session);
  Session& put_into_new_session(Connection& connection) { return put(connection, next_session++); }
};

/// Says of a failed comparison of numbers what was wanted.
inline auto expected(std::string_view name, std::uint64_t found, std::uint64_t wanted) {
  return [=] {
    return std::string{name} + " " + std::to_string(found) + ", expected " + std::to_string(wanted);
  };
}

// memory.cpp: what is begun, and what is forgotten.
Connection& open_connection(Conversation& all, const Record& record);
void close_connection(Conversation& all, ConnectionNumber number);
/// A request that is no Login Request was sent before the end of the login was heard. The target
/// may have been in full feature phase when it came: then it is a request like any other.
void note_early_request(Conversation& all, Connection& connection, const Pdu& pdu);
/// What a connection that begins midway, or has lost part of its login, shows by its next PDU.
void note_beginning(Conversation& all, Connection& connection, const Record& record);
/// From here on nothing is known of what was agreed on.
void lose_agreement(Connection& connection);
void note_loss(Conversation& all, Connection& connection, Side side);
void forget_finished(Connection& connection, std::uint32_t tag);
void forget_answered(Task& task);

// framing.cpp
/// A record as a PDU. Where the capture lacks bytes of it, digests are left out of `bytes`.
struct Reading {
  iscsi::pdu::Framing framing;
  iscsi::pdu::Digests digests;  ///< that were looked at
  iscsi::wire::Bytes mended{};  ///< what `framing` looks into, unless it is the record itself
  bool whole = true;
  bool is_one_pdu = false;  ///< and nothing but one
};
[[nodiscard]] Reading read_record(const Connection& connection, const Record& record);

// form.cpp
void check_form(Look& look, const Pdu& pdu, Side side);
void check_unreadable(Look& look, const Record& record);
void check_digests(Look& look, const Reading& reading, const iscsi::pdu::Framed& framed);
void check_length(Look& look, const Connection& connection, const Pdu& pdu, Side side);

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
[[nodiscard]] bool is_command(iscsi::pdu::Opcode opcode);
void note_number(Conversation& all, const Connection& connection, const Pdu& pdu);
void note_request(Conversation& all, Connection& connection, const Pdu& pdu, bool damaged);
void check_task_response(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);
void check_reject(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);
void check_async_message(Look& look, const Conversation& all, Connection& connection,
                         const Pdu& pdu);

// transfer.cpp
void note_command(Connection& connection, Task& task, const Pdu& pdu);
void note_data_out(Connection& connection, const Pdu& pdu, bool damaged);
void check_data_in(Look& look, Connection& connection, Task& task, const Pdu& pdu);
void check_r2t(Look& look, Connection& connection, Task& task, const Pdu& pdu);
void check_scsi_response(Look& look, Task& task, const Pdu& pdu);

// requests_numbering.cpp
void check_request_numbers(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);

// requests_login.cpp
void check_login_request(Look& look, Connection& connection, const Pdu& pdu);
/// Behind `note_login_request`, which has heard the text.
void check_login_text(Look& look, Connection& connection, const Pdu& pdu);
void check_request_phase(Look& look, Connection& connection, const Pdu& pdu);

// requests_tasks.cpp
void check_request(Look& look, Conversation& all, Connection& connection, const Pdu& pdu);
/// Behind `note_request`, which has heard the text.
void check_request_text(Look& look, Connection& connection, const Pdu& pdu);
void note_for_requests(Connection& connection, const Pdu& pdu);

// requests_data.cpp
void check_command_data(Look& look, const Connection& connection, const Pdu& pdu);
void check_data_out(Look& look, Connection& connection, const Pdu& pdu);

}  // namespace conformance::watched
