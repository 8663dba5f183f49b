#pragma once

/// TCP sockets as the server needs them: never blocking.

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/configuration.hpp"
#include "server/descriptor.hpp"
#include "wire/bytes.hpp"

namespace iscsi::server {

/// A socket that listens on one address.
struct Listener {
  Descriptor socket{};
  Portal portal{};           ///< with the port that was given where 0 was asked for
  bool any_address = false;  ///< 0.0.0.0 or [::]
};

/// Listens on every address that `portal.host` stands for. The error is a line that names the
/// portal and the cause.
[[nodiscard]] std::expected<std::vector<Listener>, std::string> listen_on(const Portal& portal);

struct Accepted {
  Descriptor socket{};
  Portal local{};  ///< the address that the peer connected to
  Portal peer{};
};
/// The next connection that waits. None: none does. An error number: the system is short of
/// something (descriptors, memory); the connection waits on.
[[nodiscard]] std::expected<std::optional<Accepted>, int> accept_from(const Listener& listener);

/// What became of an attempt to move bytes.
struct Moved {
  std::size_t bytes = 0;
  bool would_block = false;
  bool ended = false;  ///< the peer has closed its side, or the connection has failed
};
[[nodiscard]] Moved receive_into(const Descriptor& socket,
                                 std::span<const std::span<std::byte>> spans);
[[nodiscard]] Moved send_from(const Descriptor& socket, std::span<const wire::ByteView> views);
/// Sends FIN (RFC 3720 10.14: the target half-closes after its Logout Response).
void half_close(const Descriptor& socket);

}  // namespace iscsi::server
