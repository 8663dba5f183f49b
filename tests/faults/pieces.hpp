#pragma once

/// The server's sockets, as a network may treat them: this program's `readv` and `sendmsg`, which
/// nobody else in it calls, move fewer bytes than they could where they are told to.

#include <cstddef>

namespace iscsi::faults {

inline constexpr std::size_t no_cut = static_cast<std::size_t>(-1);

struct Cuts {
  std::size_t read_at = no_cut;   ///< after so many bytes in total, a call finds nothing there
  std::size_t write_at = no_cut;  ///< after so many bytes in total, a call finds no room
  std::size_t period = no_cut;    ///< and again each time that so many more have been moved
  std::size_t most = no_cut;      ///< no call moves more
  bool breaks = false;            ///< at the first cut the connection fails, for good
};

/// Counts anew from here.
void cut(const Cuts& cuts);
/// Bytes since then.
[[nodiscard]] std::size_t bytes_read();
[[nodiscard]] std::size_t bytes_written();

}  // namespace iscsi::faults
