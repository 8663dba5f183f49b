/// What the test of the tool mutates: a little of everything that it must find, and must leave.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sample.hpp"

namespace sample {

/// A table that the compiler makes: no switch can change it when the program runs.
constexpr std::array<int, 3> weights = {1, 2, 3};
static_assert(weights[1] + 1 == weights[2]);

bool within(int value, int low, int high) { return value >= low && value <= high; }

int total(const std::vector<int>& values) {
  int sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i % 3];
  return sum;
}

std::optional<Colour> colour_of(int number) {
  if (const auto known = within(number, 0, 2); !known) return std::nullopt;
  switch (number) {
    case 0: return Colour::red;
    case 1: return Colour::green;
    default: break;
  }
  return Colour::blue;
}

bool is_small(int value) { return value < 10; }

/// How many steps it takes to get to 0.
int countdown(int from) {
  int steps = 0;
  while (from > 0) {
    --from;
    ++steps;
  }
  return steps;
}

/// No test calls this one.
int forgotten(int value) { return value - 1; }

}  // namespace sample
