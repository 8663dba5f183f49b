#pragma once

/// The command window (RFC 3720 3.2.2.1): which CmdSN may come, and in which order requests are
/// delivered.
///
/// MaxCmdSN is ExpCmdSN plus what is free of the window: a request that is delivered
/// and not finished keeps its place. So MaxCmdSN never goes back, a session never holds more tasks
/// than the limit, and each response, sent when its task has gone, tells of the place set free.

#include <algorithm>
#include <vector>

#include "limits.hpp"
#include "wire/numbers.hpp"

namespace iscsi::session {

class CommandWindow {
 public:
  CommandWindow() = default;
  /// The leading login's CmdSN is the first one expected (10.12.8).
  explicit CommandWindow(wire::CmdSN first, std::uint32_t size = limits::command_window)
      : exp_cmd_sn_{first}, size_{size} {}

  enum class Verdict : std::uint8_t {
    deliver,   ///< it is the expected one
    hold,      ///< inside the window, but others come first
    outside,   ///< to be ignored: outside the window
    repeated,  ///< to be ignored: received before
  };
  /// What to do with a request that is not for immediate delivery.
  [[nodiscard]] Verdict judge(wire::CmdSN cmd_sn) const {
    if (!contains(cmd_sn)) return Verdict::outside;
    if (find(cmd_sn) != ahead_.end()) return Verdict::repeated;
    return cmd_sn == exp_cmd_sn_ ? Verdict::deliver : Verdict::hold;
  }

  /// The request waits for those in front of it.
  void hold(wire::CmdSN cmd_sn) { insert({cmd_sn, false}); }
  /// A held request is gone after all: refused, so its number is still missing (6.3).
  void forget(wire::CmdSN cmd_sn) {
    std::erase_if(ahead_, [cmd_sn](const Ahead& one) { return one.cmd_sn == cmd_sn; });
  }
  /// The expected request has been delivered.
  void deliver() {
    forget(exp_cmd_sn_);
    ++exp_cmd_sn_;
    pass_skipped();
  }
  /// Counts as received although it may never come: ABORT TASK named it (10.6.1 b). What is held
  /// has been received already.
  void skip(wire::CmdSN cmd_sn) {
    if (find(cmd_sn) != ahead_.end()) return;
    insert({cmd_sn, true});
    pass_skipped();
  }

  /// A delivered request takes a place until it is finished.
  void occupy() { ++occupied_; }
  void release() { --occupied_; }

  [[nodiscard]] bool contains(wire::CmdSN cmd_sn) const {
    return exp_cmd_sn_.precedes_or_is(cmd_sn) && cmd_sn.precedes_or_is(max_cmd_sn());
  }
  [[nodiscard]] wire::CmdSN exp_cmd_sn() const { return exp_cmd_sn_; }
  [[nodiscard]] wire::CmdSN max_cmd_sn() const { return exp_cmd_sn_ + size_ - occupied_ - 1; }

 private:
  /// A number behind the expected one of which something is known.
  struct Ahead {
    wire::CmdSN cmd_sn{};
    bool skipped = false;
  };
  [[nodiscard]] std::vector<Ahead>::const_iterator find(wire::CmdSN cmd_sn) const {
    return std::ranges::find(ahead_, cmd_sn, &Ahead::cmd_sn);
  }
  void insert(const Ahead& one) {
    const auto behind = std::ranges::find_if(
        ahead_, [&one](const Ahead& other) { return one.cmd_sn.precedes(other.cmd_sn); });
    ahead_.insert(behind, one);
  }
  void pass_skipped() {
    while (!ahead_.empty() && ahead_.front().skipped && ahead_.front().cmd_sn == exp_cmd_sn_) {
      ahead_.erase(ahead_.begin());
      ++exp_cmd_sn_;
    }
  }

  wire::CmdSN exp_cmd_sn_{};
  std::uint32_t size_ = limits::command_window;
  std::uint32_t occupied_ = 0;
  std::vector<Ahead> ahead_;  ///< in order; at most the window's size
};

}  // namespace iscsi::session
