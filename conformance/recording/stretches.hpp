#pragma once

/// The data of one transfer, as far as it is known: bytes at their offsets, and which those are.

#include <algorithm>
#include <cstdint>
#include <map>

#include "wire/bytes.hpp"

namespace conformance {

/// A set of numbers, as runs.
class Extents {
 public:
  void add(std::uint64_t from, std::uint64_t to) {
    if (from >= to) return;
    auto at = runs_.upper_bound(from);
    if (at != runs_.begin() && std::prev(at)->second >= from) --at;
    while (at != runs_.end() && at->first <= to) {
      from = std::min(from, at->first);
      to = std::max(to, at->second);
      at = runs_.erase(at);
    }
    runs_[from] = to;
  }
  void remove(std::uint64_t from, std::uint64_t to) {
    auto at = runs_.upper_bound(from);
    if (at != runs_.begin()) --at;
    while (at != runs_.end() && at->first < to) {
      const auto [first, end] = *at;
      if (end <= from) {
        ++at;
        continue;
      }
      at = runs_.erase(at);
      if (first < from) runs_[first] = from;
      if (end > to) at = runs_.emplace(to, end).first;
    }
  }
  [[nodiscard]] bool contains(std::uint64_t from, std::uint64_t to) const {
    if (from >= to) return true;
    const auto behind = runs_.upper_bound(from);
    return behind != runs_.begin() && std::prev(behind)->second >= to;
  }
  [[nodiscard]] bool contains(std::uint64_t number) const { return contains(number, number + 1); }
  /// From the first number to behind the last, for each run.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& runs() const { return runs_; }

 private:
  std::map<std::uint64_t, std::uint64_t> runs_;
};

class Stretches {
 public:
  /// Later bytes replace earlier ones. `room` is how far what is kept may grow, whatever offset a
  /// PDU says; what finds no room is not kept.
  void put(std::uint64_t offset, iscsi::wire::ByteView data, std::uint64_t& room) {
    if (data.empty()) return;
    const std::uint64_t end = offset + data.size();
    const std::uint64_t growth = end > bytes_.size() ? end - bytes_.size() : 0;
    if (growth > room) return;
    room -= growth;
    if (growth > 0) bytes_.resize(end);
    std::ranges::copy(data, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    known_.add(offset, offset + data.size());
  }
  /// Those bytes are not known after all.
  void forget(std::uint64_t offset, std::uint64_t length) {
    known_.remove(offset, offset + length);
  }
  [[nodiscard]] bool knows(std::uint64_t offset, std::uint64_t length) const {
    return known_.contains(offset, offset + length);
  }
  /// The bytes from the first on, as long as none is missing.
  [[nodiscard]] iscsi::wire::ByteView beginning() const {
    const auto first = known_.runs().find(0);
    return iscsi::wire::ByteView{bytes_}.first(first == known_.runs().end() ? 0 : first->second);
  }
  /// Bytes up to the last one that was ever put; only some of them may be known.
  [[nodiscard]] iscsi::wire::ByteView at(std::uint64_t offset, std::uint64_t length) const {
    return iscsi::wire::ByteView{bytes_}.subspan(offset, length);
  }
  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

 private:
  iscsi::wire::Bytes bytes_;
  Extents known_;
};

}  // namespace conformance
