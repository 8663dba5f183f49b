/// The mutator as afl-fuzz calls it: a library that AFL_CUSTOM_MUTATOR_LIBRARY names. The functions
/// and their contracts are AFL++'s (docs/custom_mutators.md of its package).

#include <algorithm>

#include "support/entry.hpp"
#include "support/mutator.hpp"

namespace {

using iscsi::fuzz::Settings;

/// afl-fuzz mutates bytes itself, in its other stages: here a byte takes another value.
std::size_t change_byte(std::uint8_t* data, std::size_t size, std::size_t /*most*/) {
  static Settings chance{std::uint64_t{0}};
  if (size > 0) data[chance.below(size)] = static_cast<std::uint8_t>(chance.next());
  return size;
}

/// What lives as long as afl-fuzz: chance, and the mutant that it has been handed.
struct State {
  Settings chance;
  iscsi::wire::Bytes mutant{};
};

}  // namespace

extern "C" {

void* afl_custom_init(void* /*afl*/, unsigned int seed) {
  return new State{.chance = Settings{std::uint64_t{seed}}};
}

void afl_custom_deinit(void* state) { delete static_cast<State*>(state); }

/// A mutant of `data`, now and then crossed with `other`; it stays valid until the next call.
std::size_t afl_custom_fuzz(void* state, std::uint8_t* data, std::size_t size, std::uint8_t** out,
                            std::uint8_t* other, std::size_t other_size, std::size_t most) {
  using namespace iscsi::fuzz;
  State& own = *static_cast<State*>(state);
  Mutator mutator{Settings{own.chance.next()}, change_byte};
  const bool crosses = other != nullptr && other_size > 0 && own.chance.one_in(8);
  own.mutant = crosses ? mutator.cross(bytes_of(data, size), bytes_of(other, other_size), most)
                       : mutator.mutate(bytes_of(data, size), most);
  own.mutant.resize(std::min(own.mutant.size(), most));
  *out = reinterpret_cast<std::uint8_t*>(own.mutant.data());
  return own.mutant.size();
}

}  // extern "C"
