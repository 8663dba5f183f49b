#include "server/sockets.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace iscsi::server {
namespace {

constexpr std::size_t most_views = 64;  // of one system call; IOV_MAX is at least 1024 here

struct AddressDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressDeleter>;

Portal portal_of(const sockaddr_storage& address, socklen_t length) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::getnameinfo(generic, length, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {.host = "?", .port = 0};
  std::string name{host.data()};
  name = name.substr(0, name.find('%'));  // a zone says nothing to a peer
  return {.host = name, .port = static_cast<std::uint16_t>(std::stoul(port.data()))};
}

Portal local_address(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return {.host = "?", .port = 0};
  return portal_of(address, length);
}

bool is_any(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr == INADDR_ANY;
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
  return IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
}

void set(const Descriptor& socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket.number(), level, option, &on, sizeof on);
}

std::expected<Listener, int> listen_at(const addrinfo& address) {
  Descriptor socket{::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return std::unexpected(errno);
  set(socket, SOL_SOCKET, SO_REUSEADDR);
  if (address.ai_family == AF_INET6) set(socket, IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(socket.number(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(socket.number(), SOMAXCONN) != 0)
    return std::unexpected(errno);
  Listener listener{.socket = std::move(socket), .any_address = is_any(*address.ai_addr)};
  listener.portal = local_address(listener.socket);
  return listener;
}

Moved moved(ssize_t result) {
  if (result > 0) return {.bytes = static_cast<std::size_t>(result)};
  if (result == 0) return {.ended = true};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.would_block = true};
  return {.ended = true};
}

}  // namespace

std::expected<std::vector<Listener>, std::string> listen_on(const Portal& portal) {
  const auto failure = [&portal](const std::string& cause) {
    return std::unexpected("cannot listen on " + to_text(portal) + ": " + cause);
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(portal.port);
  if (const int failed = ::getaddrinfo(portal.host.c_str(), port.c_str(), &hints, &list);
      failed != 0)
    return failure(::gai_strerror(failed));
  const Addresses addresses{list};
  std::vector<Listener> listeners;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    auto listener = listen_at(*one);
    if (!listener) return failure(std::strerror(listener.error()));
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

std::expected<std::optional<Accepted>, int> accept_from(const Listener& listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  Descriptor socket{::accept4(listener.socket.number(), reinterpret_cast<sockaddr*>(&address),
                              &length, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!socket) {
    const bool is_shortage =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (is_shortage) return std::unexpected(errno);
    return std::nullopt;  // none waits, or the one that did is gone
  }
  set(socket, IPPROTO_TCP, TCP_NODELAY);
  Accepted accepted{.local = local_address(socket), .peer = portal_of(address, length)};
  accepted.socket = std::move(socket);
  return accepted;
}

Moved receive_into(const Descriptor& socket, std::span<const std::span<std::byte>> spans) {
  std::array<iovec, most_views> vectors{};
  std::size_t count = 0;
  for (const std::span<std::byte> span : spans.first(std::min(spans.size(), most_views)))
    if (!span.empty()) vectors[count++] = {.iov_base = span.data(), .iov_len = span.size()};
  return moved(::readv(socket.number(), vectors.data(), static_cast<int>(count)));
}

Moved send_from(const Descriptor& socket, std::span<const wire::ByteView> views) {
  std::array<iovec, most_views> vectors{};
  std::size_t count = 0;
  for (const wire::ByteView view : views.first(std::min(views.size(), most_views)))
    // The interface has no const, but sendmsg only reads.
    vectors[count++] = {.iov_base = const_cast<std::byte*>(view.data()), .iov_len = view.size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  return moved(::sendmsg(socket.number(), &message, MSG_NOSIGNAL));
}

void half_close(const Descriptor& socket) { ::shutdown(socket.number(), SHUT_WR); }

}  // namespace iscsi::server
