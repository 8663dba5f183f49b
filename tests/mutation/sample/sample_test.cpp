/// A test with a hole: it does not ask which is the first number that is not small.

#include "sample.hpp"

int main() {
  using sample::Colour;
  const bool right = sample::within(1, 1, 3) && !sample::within(0, 1, 3) &&
                     !sample::within(4, 1, 3) && sample::total({5, 7, 2, 1}) == 26 &&
                     sample::colour_of(0) == Colour::red && sample::colour_of(1) == Colour::green &&
                     sample::colour_of(2) == Colour::blue && !sample::colour_of(3) &&
                     !sample::colour_of(-1) && sample::is_small(3) && !sample::is_small(50) &&
                     sample::countdown(2) == 2;
  return right ? 0 : 1;
}
