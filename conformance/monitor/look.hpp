#pragma once

/// Where checks report to. Private to `monitor/`.

#include <array>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "conformance/model/talk.hpp"
#include "conformance/monitor/monitor.hpp"

namespace conformance::watched {

/// Whether a rule can be judged only by someone who knows what the two sides agreed on.
[[nodiscard]] bool hangs_on_agreement(iscsi::Rule rule);

class Look {
 public:
  Look();

  /// Whose record is looked at next, and whether the parameters of its connection are known.
  void at(std::size_t record, ConnectionNumber connection, Side side, bool agreement_known) {
    record_ = record;
    connection_ = connection;
    side_ = side;
    agreement_known_ = agreement_known;
    by_itself_ = false;
  }
  /// Whether the checks to come look at nothing but the PDU.
  void by_itself(bool yes) { by_itself_ = yes; }

  /// What a side is accused of waits until the other side is heard: a gap may turn out to have
  /// begun before, and then it proves nothing.
  void release(ConnectionNumber connection, Side accused);
  void drop(ConnectionNumber connection, Side accused);
  void release_all();

  /// `what` is text, or makes it.
  template <class What = std::string_view>
  void check(iscsi::Rule rule, bool holds, std::uint32_t byte, std::uint64_t found,
             What&& what = {}) {
    if (!agreement_known_ && hangs_on_agreement(rule)) {
      inconclusive(rule);
      return;
    }
    ++of(side_).checked[static_cast<std::size_t>(rule)];
    ++judged_;
    if (holds) return;
    hold({.rule = rule,
          .record = record_,
          .byte = byte,
          .found = found,
          .what = in_words(std::forward<What>(what)),
          .side = side_,
          .connection = connection_});
  }
  void checked(iscsi::Rule rule) { check(rule, true, 0, 0); }
  void inconclusive(iscsi::Rule rule) { ++of(side_).inconclusive[static_cast<std::size_t>(rule)]; }

  /// What was heard of the side that is looked at.
  void take(Talk& talk);
  /// What the initiator left undone, in its request at `record`.
  void take_undone(Talk& talk, std::size_t record);

  [[nodiscard]] std::vector<Finding> take_findings() { return std::exchange(findings_, {}); }
  [[nodiscard]] std::vector<Accusation> take_accusations() {
    return std::exchange(accusations_, {});
  }
  [[nodiscard]] std::vector<std::size_t> take_cleared() { return std::exchange(cleared_, {}); }
  [[nodiscard]] Looks checked(Side side) const;
  [[nodiscard]] Looks inconclusive(Side side) const;
  [[nodiscard]] std::int64_t judged() const { return judged_; }

 private:
  struct Counts {
    std::vector<std::size_t> checked;
    std::vector<std::size_t> inconclusive;
  };
  struct Held {
    Finding finding;
    bool by_itself = false;
  };
  using Accused = std::pair<ConnectionNumber, Side>;
  void hold(Finding finding);

  [[nodiscard]] Counts& of(Side side) { return counts_[static_cast<std::size_t>(side)]; }

  std::array<Counts, 2> counts_;
  std::int64_t judged_ = 0;  // what is checked, of both sides
  std::vector<Finding> findings_;
  std::vector<Accusation> accusations_;
  std::vector<std::size_t> cleared_;
  std::map<Accused, std::vector<Held>> held_;
  std::size_t record_ = 0;
  ConnectionNumber connection_ = 0;
  Side side_ = Side::target;
  bool agreement_known_ = true;
  bool by_itself_ = false;
};

}  // namespace conformance::watched
