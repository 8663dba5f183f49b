#include "conformance/play/tcp.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace conformance {

using iscsi::wire::ByteView;

namespace {

constexpr std::size_t read_bytes = 65536;

std::string why() { return std::strerror(errno); }

}  // namespace

void Tcp::CloseSocket::operator()(const int* socket) const {
  ::close(*socket);
  delete socket;
}

std::expected<Tcp, std::string> Tcp::to(const std::string& host, const std::string& port,
                                        std::uint64_t patience_ms) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); failed != 0)
    return std::unexpected(host + ":" + port + ": " + ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> keep{found, &::freeaddrinfo};
  Tcp tcp;
  std::memcpy(&tcp.address_, found->ai_addr, found->ai_addrlen);
  tcp.address_bytes_ = found->ai_addrlen;
  tcp.patience_us_ = patience_ms * us_per_ms;
  return tcp;
}

std::uint64_t Tcp::now_us() {
  using std::chrono::duration_cast;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(duration_cast<std::chrono::microseconds>(now).count());
}

std::optional<std::string> Tcp::open(ConnectionNumber connection) {
  Socket socket{
      new int{::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)}};
  if (*socket < 0) return why();
  const int yes = 1;
  ::setsockopt(*socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);
  if (::connect(*socket, address, address_bytes_) != 0) {
    if (errno != EINPROGRESS) return why();
    pollfd polled{.fd = *socket, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(patience_us_ / us_per_ms));
    if (ready == 0) return "no answer";
    int failed = 0;
    socklen_t bytes = sizeof failed;
    ::getsockopt(*socket, SOL_SOCKET, SO_ERROR, &failed, &bytes);
    if (failed != 0) return std::strerror(failed);
  }
  sockets_[connection] = std::move(socket);
  return std::nullopt;
}

void Tcp::send(ConnectionNumber connection, ByteView bytes, std::size_t piece) {
  const std::uint64_t until_us = now_us() + patience_us_;
  while (!bytes.empty()) {
    const auto found = sockets_.find(connection);
    if (found == sockets_.end()) return;
    const std::size_t size = piece == 0 ? bytes.size() : std::min(piece, bytes.size());
    const ssize_t done = ::send(*found->second, bytes.data(), size, MSG_NOSIGNAL);
    if (done > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(done));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
      // Reading goes on meanwhile: a peer that waits for us to read is not a hang.
      if (now_us() >= until_us) return;
      wait(until_us, found->second.get());
    } else {
      // `receive` reads what the peer said before it left, and then its leaving.
      return;
    }
  }
}

void Tcp::leave(ConnectionNumber connection, bool reset) {
  const auto found = sockets_.find(connection);
  if (found == sockets_.end()) return;
  if (reset) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(*found->second, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  sockets_.erase(found);
  std::erase_if(events_,
                [&](const TransportEvent& event) { return event.connection == connection; });
}

std::vector<TransportEvent> Tcp::receive(std::uint64_t until_us) {
  if (events_.empty()) wait(until_us, nullptr);
  return std::exchange(events_, {});
}

void Tcp::wait(std::uint64_t until_us, const int* writing) {
  std::vector<pollfd> polled;
  std::vector<ConnectionNumber> numbers;
  for (const auto& [number, socket] : sockets_) {
    const auto events = static_cast<short>(POLLIN | (socket.get() == writing ? POLLOUT : 0));
    polled.push_back({.fd = *socket, .events = events, .revents = 0});
    numbers.push_back(number);
  }
  const std::uint64_t now = now_us();
  const std::uint64_t left_us = until_us > now ? until_us - now : 0;
  const auto left_ms =
      static_cast<int>(std::min<std::uint64_t>((left_us + 999) / us_per_ms, 60'000));
  if (::poll(polled.data(), polled.size(), left_ms) <= 0) return;
  for (std::size_t i = 0; i < polled.size(); ++i)
    if ((polled[i].revents & ~POLLOUT) != 0) read_from(numbers[i], polled[i].fd);
}

void Tcp::read_from(ConnectionNumber connection, int socket) {
  iscsi::wire::Bytes bytes(read_bytes);
  const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
  if (got > 0) {
    bytes.resize(static_cast<std::size_t>(got));
    events_.push_back({connection, TransportEvent::Kind::data, std::move(bytes)});
  } else if (got == 0) {
    drop(connection, false);
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    drop(connection, errno == ECONNRESET);
  }
}

void Tcp::drop(ConnectionNumber connection, bool reset) {
  if (sockets_.erase(connection) == 0) return;
  events_.push_back(
      {connection, reset ? TransportEvent::Kind::reset : TransportEvent::Kind::ended, {}});
}

}  // namespace conformance
