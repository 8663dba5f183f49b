#include "faults/pieces.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <span>

namespace {

/// One direction: the test sets it between conversations, the server's thread counts.
struct Direction {
  std::atomic<std::size_t> next_cut{iscsi::faults::no_cut};
  std::atomic<std::size_t> moved{0};
};
Direction reading;
Direction writing;
std::atomic<std::size_t> period{iscsi::faults::no_cut};
std::atomic<std::size_t> most{iscsi::faults::no_cut};
std::atomic<bool> breaks{false};

/// How many bytes this call may move; 0: errno says why it may not.
std::size_t allowed(Direction& direction) {
  const std::size_t cut = direction.next_cut;
  const std::size_t moved = direction.moved;
  if (moved < cut) return std::min<std::size_t>(cut - moved, most);
  errno = breaks ? ECONNRESET : EAGAIN;
  if (!breaks) {
    const bool again = period != iscsi::faults::no_cut;
    direction.next_cut = again ? cut + period : iscsi::faults::no_cut;
  }
  return 0;
}

using Vectors = std::array<iovec, 64>;

/// The front of `vectors`, `bytes` of it.
std::span<const iovec> front(std::span<const iovec> vectors, std::size_t bytes, Vectors& room) {
  std::size_t count = 0;
  for (const iovec& vector : vectors) {
    if (bytes == 0 || count == room.size()) break;
    room[count] = {.iov_base = vector.iov_base, .iov_len = std::min(vector.iov_len, bytes)};
    bytes -= room[count++].iov_len;
  }
  return std::span{room}.first(count);
}

ssize_t count(Direction& direction, long result) {
  if (result > 0) direction.moved += static_cast<std::size_t>(result);
  return result;
}

}  // namespace

extern "C" ssize_t readv(int file, const iovec* vectors, int number) {
  const std::size_t bytes = allowed(reading);
  if (bytes == 0) return -1;
  Vectors room;
  const auto some = front({vectors, static_cast<std::size_t>(number)}, bytes, room);
  return count(reading, ::syscall(SYS_readv, file, some.data(), some.size()));
}

extern "C" ssize_t sendmsg(int file, const msghdr* message, int flags) {
  const std::size_t bytes = allowed(writing);
  if (bytes == 0) return -1;
  Vectors room;
  const auto some = front({message->msg_iov, message->msg_iovlen}, bytes, room);
  msghdr shorter = *message;
  shorter.msg_iov = const_cast<iovec*>(some.data());
  shorter.msg_iovlen = some.size();
  return count(writing, ::syscall(SYS_sendmsg, file, &shorter, flags));
}

namespace iscsi::faults {

void cut(const Cuts& cuts) {
  reading.next_cut = cuts.read_at;
  writing.next_cut = cuts.write_at;
  reading.moved = writing.moved = 0;
  period = cuts.period;
  most = cuts.most;
  breaks = cuts.breaks;
}
std::size_t bytes_read() { return reading.moved; }
std::size_t bytes_written() { return writing.moved; }

}  // namespace iscsi::faults
