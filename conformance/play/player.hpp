#pragma once

/// Acts out one case against a target. Pure: it says what it wants done (`next`), and is told what
/// came of it. The same player drives a target in the same process and one at the end of a TCP
/// connection, and every byte of both directions ends up in its transcript.

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conformance/play/initiator.hpp"
#include "conformance/play/match.hpp"
#include "conformance/play/settings.hpp"
#include "conformance/story/library.hpp"

namespace conformance {

// What the player wants.
struct OpenWanted {
  ConnectionNumber connection = 0;
};
struct SendWanted {
  ConnectionNumber connection = 0;
  iscsi::wire::Bytes bytes;
  std::size_t piece = 0;  ///< bytes to hand over at a time; 0: all at once
};
struct LeaveWanted {
  ConnectionNumber connection = 0;
  bool reset = false;
};
/// Something to happen on any connection, or the time to come.
struct ReceiveWanted {
  std::uint64_t until_us = 0;
};
struct Finished {};
using Want = std::variant<OpenWanted, SendWanted, LeaveWanted, ReceiveWanted, Finished>;

/// In what way a target failed.
enum class Manner : std::uint8_t {
  none,
  wrong_answer,
  silence,      ///< nothing within the time an answer may take
  disconnect,   ///< it ended the connection
  reset,        ///< it reset the connection
  crash,        ///< it ended the connection and takes no new one
  unreachable,  ///< it takes no connection
  unreadable,   ///< its bytes are no PDUs
  flood,        ///< it does not stop sending
};

struct Judgement {
  Verdict verdict = Verdict::pass;
  std::optional<iscsi::Rule> rule;
  Manner manner = Manner::none;
  std::string what;                   ///< found and expected, in words
  std::string where;                  ///< the step
  std::optional<std::size_t> record;  ///< the PDU, in the transcript
  std::uint32_t byte = 0;             ///< in that PDU
  Side side = Side::target;           ///< who is accused; the initiator only by what was captured
};

class Player {
 public:
  /// `one` and what it points to outlive the player; so does `settings`.
  Player(const Case& one, const Settings& settings);

  [[nodiscard]] Want next(std::uint64_t now_us);

  void opened(ConnectionNumber number, std::uint64_t now_us);
  void refused(ConnectionNumber number, std::string why, std::uint64_t now_us);
  void received(ConnectionNumber number, iscsi::wire::ByteView bytes, std::uint64_t now_us);
  void ended(ConnectionNumber number, bool reset, std::uint64_t now_us);

  /// Once `next` says Finished: the worst of the judgements, or pass.
  [[nodiscard]] const Judgement& judgement() const { return judgement_; }
  [[nodiscard]] const Transcript& transcript() { return initiator_.transcript(); }
  [[nodiscard]] const Variables& known() const { return known_; }

 private:
  enum class Phase : std::uint8_t { acting, logging_out, finished };
  enum class Progress : std::uint8_t { advance, wait, stop };

  // The machine.
  [[nodiscard]] std::optional<Want> act();
  [[nodiscard]] Progress perform(const Step& step);
  void begin_step();
  void advance(const Step& step);
  void finish(Judgement judgement);
  void begin_logout();
  [[nodiscard]] bool logout_is_over();
  [[nodiscard]] bool too_much();
  [[nodiscard]] bool make_ready(Connection& connection);
  [[nodiscard]] std::optional<std::string> unmet_need(bool after_login,
                                                      const Connection* connection);

  // Sending.
  [[nodiscard]] Progress send(const Step& step, const SendPdu& send);
  [[nodiscard]] Progress send(const Step& step, const SendLogin& send);
  [[nodiscard]] Progress send(const Step& step, const SendOutput& send);
  [[nodiscard]] std::expected<Draft, std::string> draft(const SendPdu& send,
                                                        const Connection& connection);
  void send_login_request(Connection& connection, const Login::Request& request);
  void send_output(Connection& connection, std::uint32_t tag, std::uint32_t transfer_tag,
                   std::uint64_t from, std::uint64_t length, std::uint64_t segment, bool backwards);
  void transmit(Connection& connection, const Draft& draft);
  void transmit(Connection& connection, iscsi::wire::Bytes bytes, bool damaged, std::size_t piece);
  void release_held();

  // Expecting.
  struct Consumed {};  ///< dealt with; the step goes on
  struct Later {};     ///< for another step
  struct Settled {
    const Outcome* outcome;
  };
  using Reading = std::variant<Consumed, Later, Settled, Mismatch, StoryFault>;

  [[nodiscard]] Progress settle(const Step& step, const Expect& expect);
  [[nodiscard]] Progress take(const Outcome& outcome, Manner manner, std::size_t record);
  [[nodiscard]] Progress settle_without_pdu(const Expect& expect, Connection& connection);
  [[nodiscard]] Reading read(const Step& step, const Expect& expect, Connection& connection,
                             Arrival& arrival);
  [[nodiscard]] std::optional<Reading> read_as(const Step& step, const Outcome& outcome,
                                               Connection& connection, Arrival& arrival);
  [[nodiscard]] std::optional<Reading> read_completion(const Step& step, const Outcome& outcome,
                                                       Connection& connection, Arrival& arrival);
  [[nodiscard]] std::optional<Reading> read_answer(const Step& step, const Outcome& outcome,
                                                   Connection& connection, Arrival& arrival);
  [[nodiscard]] std::optional<Reading> read_login(const Step& step, const Outcome& outcome,
                                                  Connection& connection, Arrival& arrival);
  [[nodiscard]] Reading hold(const Step& step, const Outcome& outcome, const Arrival& arrival,
                             const Candidate& candidate);
  [[nodiscard]] std::optional<std::uint32_t> wanted_tag(const Outcome& outcome,
                                                        const Connection& connection) const;
  [[nodiscard]] bool is_for_later(const Expect& expect, const Connection& connection,
                                  const Arrival& arrival) const;
  void bind_agreement(const Connection& connection);
  [[nodiscard]] bool take_in_passing(Connection& connection, const Arrival& arrival);
  void answer_ping(Connection& connection, const Arrival& ping);

  [[nodiscard]] Judgement judge(Verdict verdict, Manner manner, std::string what) const;
  [[nodiscard]] Judgement fault(std::string what) const;
  [[nodiscard]] std::optional<iscsi::Rule> rule_of_step() const;

  const Case& case_;
  const Settings& settings_;
  Initiator initiator_;
  Variables known_;
  std::vector<std::pair<const Story*, const Step*>> steps_;
  std::size_t at_ = 0;
  bool begun_ = false;
  std::uint64_t done_ = 0;  ///< how often the step has been, where it is to be several times
  bool holding_ = false;    ///< what is sent now goes out with what is sent next
  std::uint64_t now_us_ = 0;
  std::uint64_t deadline_us_ = 0;
  std::uint64_t story_end_us_ = 0;
  std::vector<HeardPair> answer_;  ///< the pairs of an answer over several PDUs
  std::map<ConnectionNumber, std::string> refusals_;
  std::map<ConnectionNumber, std::vector<FieldSetting>> login_fields_;
  std::map<ConnectionNumber, std::uint32_t> login_tags_;
  std::map<ConnectionNumber, iscsi::wire::Bytes> held_;  ///< waits for what is sent next
  std::deque<Want> wants_;
  Phase phase_ = Phase::acting;
  Judgement judgement_;
};

}  // namespace conformance
