#pragma once

/// Everything about a run that is not in the input: which limits, which policies, where to cut.
///
/// It all follows from a hash of the input, so that no byte of the input has to be set aside for it
/// and captured bytes are seeds as they are. Only the first 48 bytes are hashed, the length of one
/// header: whatever an engine changes behind them is tried under the same settings, and coverage
/// gained that way stays comparable.

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "wire/bytes.hpp"

namespace iscsi::fuzz {

/// A stream of numbers that depends on the input alone.
class Settings {
 public:
  explicit Settings(wire::ByteView input);
  /// The stream of that number, for what is to be prepared before any input is seen.
  explicit Settings(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next();
  /// 0 to `bound` - 1.
  [[nodiscard]] std::size_t below(std::size_t bound) { return next() % bound; }
  [[nodiscard]] bool one_in(std::size_t count) { return below(count) == 0; }
  [[nodiscard]] bool flag() { return one_in(2); }
  /// For what takes as long as everything else: an engine does it now and then, a replay always.
  [[nodiscard]] bool now_and_then(std::size_t count) { return one_in(count) || is_replay(); }
  template <class T>
  [[nodiscard]] T one_of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }

  /// Makes inputs lead to other settings than they would, all alike: so that a recorded find is
  /// replayed under several. Zero, as at the start, is what the engines use.
  static void use_variant(std::uint64_t variant);
  /// From now on, inputs are replayed.
  static void replay();

 private:
  [[nodiscard]] static bool is_replay();

  std::uint64_t state_;
};

}  // namespace iscsi::fuzz
