#pragma once

/// What the initiators know: up to four connections of one or more sessions. It makes of an input's
/// PDU what is sent (`requests.cpp`), and holds every PDU of the target against the laws of the
/// wire (`conversation.cpp`): form, digests, numbering, who may be answered.
///
/// The laws are few and simple on purpose. The judge in conformance/ knows all that can be told
/// from the wire; these are the ones without which the harness itself could not go on.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pdu/codec.hpp"
#include "support/pdu_stream.hpp"
#include "support/steering.hpp"

namespace iscsi::fuzz {

/// What the initiators want of a session.
struct Terms {
  pdu::Digests digests{};
  bool initial_r2t = true;
  bool immediate_data = true;
  bool data_pdu_in_order = true;
  bool data_sequence_in_order = true;
  bool several_connections = false;
  std::uint32_t max_recv_data_segment_length = 8192;
  std::uint32_t max_burst_length = 16384;
  std::uint32_t first_burst_length = 4096;
  std::uint32_t max_outstanding_r2t = 1;
  std::uint32_t time2retain = 20;
};

/// One thing that was said, for a judge: `bytes` is one PDU, or nothing when a connection opens.
struct Said {
  enum class Kind : std::uint8_t { opened, sent, received };
  Kind kind;
  std::size_t connection;  ///< counted in the order in which they were opened
  wire::Bytes bytes{};
};

class Conversation {
 public:
  static constexpr std::size_t lines = 4;
  /// The last line's initiator does not log in by itself: the input does, or does something else.
  static constexpr std::size_t free_line = 3;

  Conversation(const Terms& terms, std::uint32_t command_window);
  /// Requests are not made by `request` from now on: answers cannot be told from inventions, nor
  /// is it known what is negotiated.
  void only_listen();

  /// The line's connection is new.
  void opened(std::size_t line);
  /// The line's Login Request with which a session is opened or joined.
  [[nodiscard]] wire::Bytes login(std::size_t line);
  /// What is sent for a PDU of the input.
  [[nodiscard]] wire::Bytes request(std::size_t line, InputPdu pdu);
  /// The target has sent this.
  void heard(std::size_t line, wire::ByteView bytes);

  /// From now on, what is said is written down.
  void keep_record() { keeps_record_ = true; }
  /// Hands over what was written down, and writes no more.
  [[nodiscard]] std::vector<Said> take_record() {
    keeps_record_ = false;
    return std::exchange(record_, {});
  }

  [[nodiscard]] bool in_full_feature_phase(std::size_t line) const {
    return lines_[line].session.has_value();
  }

 private:
  /// Data that the target has asked for.
  struct Asked {
    std::uint32_t task_tag = 0, transfer_tag = 0, offset = 0, length = 0;
    std::uint64_t lun = 0;
    std::uint32_t data_pdus = 0;  ///< sent in answer so far
  };
  /// A connection, as its initiator sees it.
  struct Line {
    std::size_t connection = 0;
    std::optional<std::uint16_t> session;  ///< TSIH, in full feature phase
    bool was_early = false;                ///< requests were sent before the login's end was heard
    bool logged_in_by_terms = false;       ///< what was negotiated is what `terms_` say
    pdu::Digests digests;                  ///< none before the login's end
    std::optional<wire::StatSN> stat_sn;   ///< of the next response
    std::optional<wire::CmdSN> exp_cmd_sn, max_cmd_sn;
    wire::Bytes unread;      ///< the beginning of a PDU
    std::string login_text;  ///< of all Login Responses
    bool restarted = false;  ///< a TARGET COLD RESET was answered
    std::vector<Asked> asked;
    std::vector<std::uint32_t> answered_ahead;  ///< tags of R2Ts that it had not heard, guessed
    std::optional<std::uint32_t> ping_tag, text_tag;
    std::uint32_t text_task_tag = 0;
  };
  /// A task tag of a session.
  struct Task {
    std::size_t unanswered = 0;  ///< requests
    std::uint32_t next_data_sn = 0;
    std::uint32_t unsolicited_pdus = 0;  ///< sent for its last command
    bool restarts = false;               ///< it is a TARGET COLD RESET, and nothing else
  };
  struct Session {
    wire::CmdSN next_cmd_sn;
    std::map<std::uint32_t, Task> tasks;
  };

  // requests.cpp
  void repair(Line& line, Session& session, InputPdu& pdu);
  void number(Line& line, Session& session, InputPdu& pdu, bool as_it_stands);
  static void answer_r2t(Line& line, InputPdu& pdu);
  static void number_unsolicited(Session& session, InputPdu& pdu);
  static wire::Bytes seal(const InputPdu& pdu, const Line& line);

  // conversation.cpp
  void note(Said::Kind kind, const Line& line, wire::ByteView bytes);
  void hear(Line& line, const pdu::Frame& frame);
  void check_numbers(Line& line, const pdu::TargetPdu& pdu) const;
  void answered(Line& line, std::uint32_t task_tag);
  void take(Line& line, const pdu::Frame& frame, const pdu::LoginResponse& pdu);
  void take(Line& line, const pdu::Frame& frame, const pdu::DataIn& pdu);
  void take(Line& line, const pdu::Frame& frame, const pdu::ReadyToTransfer& pdu);
  void take(Line& line, const pdu::Frame& frame, const pdu::NopIn& pdu);
  void take(Line& line, const pdu::Frame& frame, const pdu::TextResponse& pdu);
  void take(Line& line, const pdu::Frame& frame, const pdu::Reject& pdu);
  template <class P>
  void take(Line& line, const pdu::Frame& frame, const P& pdu);
  Task* task_of(const Line& line, std::uint32_t task_tag);

  /// What the initiators say in their logins.
  struct LoginTexts {
    std::string leading, leading_by_other, joining;
  };

  Terms terms_;
  std::uint32_t command_window_;
  /// Made once, for a play logs in more than once and is copied from another.
  std::shared_ptr<const LoginTexts> login_texts_;
  bool knows_requests_ = true;
  bool keeps_record_ = false;
  std::vector<Said> record_;
  std::size_t connections_ = 0;
  std::array<Line, lines> lines_;
  std::map<std::uint16_t, Session> sessions_;
};

}  // namespace iscsi::fuzz
