/// What sockets alone allow: requests and answers of the sizes that a SCSI command takes on the
/// wire, at the same depth, between two processes that do nothing else with them.
///
///   echo REQUEST_BYTES ANSWER_BYTES DEPTH SECONDS SERVER_CORE
///
/// Prints one line of JSON like `load`. Both sides handle all that one call has brought at once,
/// which no protocol can do better. At most one of the two sizes may be large: whoever sends the
/// large one never waits for the other side to send.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

/// One side: takes messages of `in` bytes, sends messages of `out` bytes.
class Side {
 public:
  Side(int socket, std::size_t in, std::size_t out, std::size_t depth)
      : socket_(socket), in_(in), in_buffer_(256U << 10U), out_buffer_(out * depth), out_(out) {
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  /// How many messages one call completed; none at the end of the connection.
  std::size_t receive() {
    while (true) {
      const ssize_t got = ::recv(socket_, in_buffer_.data(), in_buffer_.size(), 0);
      if (got <= 0) return 0;
      partial_ += static_cast<std::size_t>(got);
      const std::size_t whole = partial_ / in_;
      partial_ %= in_;
      if (whole != 0) return whole;
    }
  }

  bool send(std::size_t messages) const {
    std::size_t left = messages * out_;
    while (left != 0) {
      const ssize_t put = ::send(socket_, out_buffer_.data(), left, MSG_NOSIGNAL);
      if (put <= 0) return false;
      left -= static_cast<std::size_t>(put);
    }
    return true;
  }

 private:
  int socket_;
  std::size_t in_;
  std::size_t partial_ = 0;
  std::vector<char> in_buffer_, out_buffer_;
  std::size_t out_;
};

struct Listener {
  int socket;
  sockaddr_in address;
};

Listener listen_on_loopback() {
  Listener listener{.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .address = {}};
  listener.address.sin_family = AF_INET;
  listener.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof listener.address;
  auto* const address = reinterpret_cast<sockaddr*>(&listener.address);
  if (::bind(listener.socket, address, size) != 0 || ::listen(listener.socket, 1) != 0 ||
      ::getsockname(listener.socket, address, &size) != 0)
    throw std::runtime_error("cannot listen");
  return listener;
}

void serve(const Listener& listener, std::size_t in, std::size_t out, std::size_t depth, int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
  Side side(::accept(listener.socket, nullptr, nullptr), in, out, depth);
  while (const std::size_t messages = side.receive())
    if (!side.send(messages)) return;
}

std::uint64_t drive(const Listener& listener, std::size_t in, std::size_t out, std::size_t depth,
                    double seconds) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&listener.address),
                sizeof listener.address) != 0)
    throw std::runtime_error("cannot connect");
  Side side(socket, in, out, depth);
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t done = 0;
  for (std::size_t messages = depth; Clock::now() < deadline; messages = side.receive()) {
    if (messages == 0 || !side.send(messages)) throw std::runtime_error("connection lost");
    done += messages;
  }
  ::close(socket);
  return done;
}

int run(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("echo REQUEST_BYTES ANSWER_BYTES DEPTH SECONDS SERVER_CORE\n", stderr);
    return 2;
  }
  const std::size_t request = std::stoul(argv[1]), answer = std::stoul(argv[2]);
  const std::size_t depth = std::stoul(argv[3]);
  const double seconds = std::stod(argv[4]);
  const Listener listener = listen_on_loopback();
  const pid_t server = ::fork();
  if (server == 0) {
    serve(listener, request, answer, depth, std::stoi(argv[5]));
    std::_Exit(0);
  }
  const std::uint64_t done = drive(listener, answer, request, depth, seconds);
  ::waitpid(server, nullptr, 0);
  std::printf("{\"counted\": %ju, \"all\": %ju, \"seconds\": %.6f}\n", std::uintmax_t{done},
              std::uintmax_t{done}, seconds);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo: %s\n", error.what());
    return 1;
  }
}
