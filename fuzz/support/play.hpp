#pragma once

/// A play: initiators on four connections, the target, and what happens between the PDUs, as an
/// input says. Harnesses differ in what they hold a play against.

#include <array>
#include <vector>

#include "support/prepared.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {

/// What the owner of the target did, to be done again.
struct Deed {
  enum class Kind : std::uint8_t {
    opened,
    delivered,
    took_output,
    closed,
    passed,
    resized,
    shut,
    medium_worked,
  };
  Kind kind;
  ConnectionId connection{};
  wire::Bytes bytes{};       ///< delivered, or the output taken
  std::uint64_t amount = 0;  ///< milliseconds, or blocks; whether the medium ended the last first
};

class Play {
 public:
  /// `failure_in`: see `Media`.
  Play(const Prepared& prepared, std::size_t failure_in, Settings& settings);

  /// What the input's PDU says happens, then the PDU.
  void take(InputPdu pdu);
  /// Everybody leaves; time passes until the target has forgotten them.
  void end();

  /// Whether nothing but the cuts decided what came out.
  [[nodiscard]] bool can_be_repeated() const { return !coalesces_ && !fetches_late_; }
  /// From now on, what the owner does is written down.
  void keep_deeds() { keeps_deeds_ = true; }
  /// Hands over what was written down, and writes no more.
  [[nodiscard]] std::vector<Deed> take_deeds();
  /// The same of what is said.
  void keep_record() { conversation_.keep_record(); }
  [[nodiscard]] std::vector<Said> take_record() { return conversation_.take_record(); }
  /// Whether the medium lets commands wait: a world that repeats the deeds has to, too.
  [[nodiscard]] bool medium_waits() const { return medium_waits_; }

 private:
  void happen(Event event, std::size_t line);
  void medium_turn();
  void reopen(std::size_t line);
  void open(std::size_t line);
  void deliver(std::size_t line, wire::Bytes bytes);
  void fetch_all();
  void close(std::size_t line);
  void note(Deed deed);

  World world_;
  Conversation conversation_;
  std::array<ConnectionId, Conversation::lines> connections_;
  std::array<bool, Conversation::lines> is_open_{};
  std::array<wire::Bytes, Conversation::lines> held_;
  bool fetches_late_;
  bool coalesces_;
  bool medium_waits_;
  std::size_t taken_ = 0;  ///< PDUs of the input
  bool keeps_deeds_ = false;
  std::vector<Deed> deeds_;
};

}  // namespace iscsi::fuzz
