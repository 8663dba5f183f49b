#pragma once

/// A target at host:port. One thread, one `poll`; nothing here blocks longer than it is told.

#include <sys/socket.h>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/play/transport.hpp"

namespace conformance {

class Tcp {
 public:
  /// Looks the host up once. Errors: in words.
  [[nodiscard]] static std::expected<Tcp, std::string> to(const std::string& host,
                                                          const std::string& port,
                                                          std::uint64_t patience_ms);

  [[nodiscard]] static std::uint64_t now_us();
  [[nodiscard]] std::optional<std::string> open(ConnectionNumber connection);
  void send(ConnectionNumber connection, iscsi::wire::ByteView bytes, std::size_t piece);
  void leave(ConnectionNumber connection, bool reset);
  [[nodiscard]] std::vector<TransportEvent> receive(std::uint64_t until_us);

 private:
  struct CloseSocket {
    void operator()(const int* socket) const;
  };
  using Socket = std::unique_ptr<int, CloseSocket>;

  Tcp() = default;
  /// Waits for any connection to become readable, or for `writing` to take bytes again.
  void wait(std::uint64_t until_us, const int* writing);
  void read_from(ConnectionNumber connection, int socket);
  void drop(ConnectionNumber connection, bool reset);

  sockaddr_storage address_{};
  socklen_t address_bytes_ = 0;
  std::uint64_t patience_us_ = 0;
  std::map<ConnectionNumber, Socket> sockets_;
  std::vector<TransportEvent> events_;
};

}  // namespace conformance
