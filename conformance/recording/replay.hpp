#pragma once

/// A recorded initiator, acted out again. Pure, like the player: it says what it wants done, and is
/// told what came of it (`drive` in `play/transport.hpp` does both).
///
/// Theory of operation. The recording is walked record by record. What the initiator sent is sent
/// again, rebased on what the live target says: ExpStatSN, TSIH and Target Transfer Tags are the
/// live ones, CmdSN goes on from the live session's, CHAP responses are computed anew, the target
/// has its own name; Initiator Task Tags stay. Where the recording has an answer, the replay waits
/// for the live one. Data-Out follows the live R2Ts: where those are the recorded ones the recorded
/// PDUs are sent, mistakes included, else their bytes are cut anew. When everything is told,
/// `compare` holds each live answer against the recorded one.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/play/initiator.hpp"
#include "conformance/play/player.hpp"
#include "conformance/recording/compare.hpp"
#include "conformance/recording/exchanges.hpp"
#include "conformance/recording/recording.hpp"
#include "conformance/recording/world.hpp"

namespace conformance {

struct ReplaySettings {
  /// Names, secrets, patience. `may_write`: commands that change something are sent, but those
  /// that leave the blocks which the facts allow, if they tell any. `lun`: what is recorded of the
  /// busiest unit goes there, unless the world is rebuilt.
  Settings play{};
  bool keep_timing = false;       ///< wait between PDUs as the recorded initiator did
  bool world_is_rebuilt = false;  ///< the target was made of the recording: its bytes are compared
};

/// Whether a login status says that this initiator may not use the target (10.13.5): another
/// account, or a target that knows its initiators, and not that the target failed.
[[nodiscard]] constexpr bool is_refusal_of_initiator(std::uint16_t status) {
  return status == 0x0201 || status == 0x0202 || status == 0x0203;
}

class Replayer {
 public:
  /// Both outlive the replayer.
  Replayer(const Recording& recording, const ReplaySettings& settings);

  [[nodiscard]] Want next(std::uint64_t now_us);
  void opened(ConnectionNumber number, std::uint64_t now_us);
  void refused(ConnectionNumber number, const std::string& why, std::uint64_t now_us);
  void received(ConnectionNumber number, iscsi::wire::ByteView bytes, std::uint64_t now_us);
  void ended(ConnectionNumber number, bool reset, std::uint64_t now_us);

  [[nodiscard]] const Transcript& transcript() { return initiator_.transcript(); }
  /// Once `next` says Finished.
  [[nodiscard]] ReplayResult result();

 private:
  enum class Progress : std::uint8_t { advance, wait };

  /// What was recorded of the CmdSNs of a live session.
  struct Numbering {
    bool known = false;
    std::uint32_t next = 0;           ///< recorded: of the next command
    std::set<std::uint32_t> early{};  ///< recorded: sent before their turn
  };
  /// A recorded connection and the live one.
  struct Line {
    Connection* live = nullptr;
    bool over = false;  ///< nothing more is sent
    bool own_login = false;
    bool login_failed = false;
    std::size_t rounds = 0;           ///< Login Requests of our own
    iscsi::wire::Bytes last_login{};  ///< header of the last Login Request sent
    bool was_refused = false;         ///< recorded: the Login Request that is sent now
    std::uint32_t recorded_exp_cmd_sn = 0;
    bool heard = false;
  };
  /// A request under way or done.
  struct Run {
    const Exchange* recorded = nullptr;
    std::size_t request = 0;  ///< live record
    bool exact = true;        ///< unsolicited data goes out as recorded
    std::size_t attempts = 1;
  };

  // The walk.
  [[nodiscard]] Progress perform(const Record& record);
  [[nodiscard]] std::optional<std::uint64_t> time_of_next() const;
  void advance();
  void wait_anew();  ///< the patience with one record begins
  [[nodiscard]] Progress open(const Record& record);
  [[nodiscard]] Progress await_answer(const Record& record, Line& line);
  [[nodiscard]] Progress await_end(Line& line);
  void leave(const Record& record, Line& line);
  [[nodiscard]] bool is_late() const { return now_us_ >= deadline_us_; }
  void give_up(Line& line, std::string why);
  void hear_recorded(const Record& record, Line& line);

  // Logins.
  [[nodiscard]] Progress send_login(const Anatomy& parts, Line& line);
  [[nodiscard]] Progress bring_to_full_feature(Line& line);
  void begin_own_login(Line& line);
  void go_on_with_own_login(Line& line, Arrival& arrival);
  void send_own_login(Line& line, const Login::Request& request);
  void send_answers(Line& line);
  [[nodiscard]] std::optional<iscsi::wire::Bytes> live_text(Line& line, iscsi::wire::ByteView text);
  [[nodiscard]] std::optional<std::string> live_response(Line& line, std::string_view recorded);
  void join(Line& line, const Anatomy& parts);

  // Requests.
  [[nodiscard]] Progress send(const Record& record, Line& line);
  [[nodiscard]] Progress send_request(const Anatomy& parts, Line& line);
  [[nodiscard]] bool is_withheld(const Anatomy& parts) const;
  [[nodiscard]] bool may_change(const Anatomy& parts) const;
  [[nodiscard]] std::uint64_t live_lun(std::uint64_t recorded) const;
  void rebase(iscsi::wire::Bytes& header, Line& line, const Exchange* recorded);
  [[nodiscard]] std::uint32_t live_cmd_sn(const iscsi::wire::Bytes& header, Line& line,
                                          const Exchange* recorded);
  [[nodiscard]] iscsi::wire::Bytes command_data(iscsi::wire::Bytes& header, const Anatomy& parts,
                                                Line& line, Run& run);
  [[nodiscard]] bool fits_live(const Exchange& recorded, std::size_t immediate, const Line& line);
  [[nodiscard]] Progress send_data_out(const Anatomy& parts, Line& line);
  void answer_r2t(Line& line, const Arrival& r2t);
  [[nodiscard]] bool repeat_data_out(Line& line, const Exchange& recorded, const Arrival& r2t);
  void cut_data_out(Line& line, const Exchange& recorded, const Arrival& r2t);
  void answer_ping(Line& line, const Arrival& ping);
  void try_again(Line& line, Run& run);
  void transmit(Line& line, iscsi::wire::Bytes header, iscsi::wire::ByteView additional_headers,
                iscsi::wire::ByteView data);

  void take(Line& line);
  void take_answer(Line& line, const Exchange& live);
  [[nodiscard]] Line* line_of(ConnectionNumber live);
  void remark(std::string text);

  const Recording& recording_;
  const ReplaySettings& settings_;
  World world_;
  std::uint64_t main_lun_ = 0;  ///< recorded: the one with most reads and writes
  Initiator initiator_;
  Exchanges recorded_;
  Exchanges live_;
  std::map<ConnectionNumber, Line> lines_;         // by the recorded number
  std::map<std::size_t, Numbering> numbering_;     // by live session
  std::map<std::uint16_t, std::size_t> sessions_;  // live session by recorded TSIH
  std::map<const Exchange*, Run> runs_;            // by recorded exchange
  std::map<std::size_t, Run*> by_live_request_;
  std::set<const Exchange*> withheld_;
  std::deque<Want> wants_;
  std::size_t at_ = 0;
  std::size_t seen_ = 0;  // live records that `live_` has
  bool begun_ = false;
  bool finished_ = false;
  std::uint64_t now_us_ = 0;
  std::optional<std::uint64_t> began_us_;
  std::uint64_t deadline_us_ = 0;
  std::uint64_t end_us_ = 0;
  std::vector<Difference> broken_;  ///< what went wrong on the way
  std::vector<std::string> remarks_;
  std::string unsupported_;
};

}  // namespace conformance
