#pragma once

/// The switch that every rewritten expression asks: is this mutant the one that runs?
/// Included into every source of the rewritten tree by the compiler's command line.

namespace mutant {

extern unsigned active;         ///< the mutant of this run; 0 is none
extern unsigned char* reached;  ///< one byte per mutant: set when the program comes past it

/// What the compiler evaluates cannot be switched when the program runs: there the mutant is named
/// on the command line of the compiler, and is 0 for none.
constexpr bool is(unsigned number) {
  if consteval {
    return number == ISCSI_MUTANT_OF_CONSTANTS;
  } else {
    reached[number] = 1;
    return number == active;
  }
}

}  // namespace mutant
