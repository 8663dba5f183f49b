#include "tools/seed.hpp"

/// Defects that the harnesses have found in this project, as the bytes that showed them.

namespace iscsi::fuzz {

std::vector<Regression> own_regressions() {
  return {
      {"own-read-and-logout", "a read and a logout in one segment: the medium's buffer was gone",
       Stream::logged_in()
           .command({0x00})
           .command({0x28, 0, 0, 0, 0, 0, 0, 0, 8}, {.in = 4096})
           .log_out()},
  };
}

}  // namespace iscsi::fuzz
