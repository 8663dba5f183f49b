#pragma once

/// The shell around a `Target`: sockets, media, the clock, chance, signals. One thread, and one
/// place where it waits. Whoever embeds the library derives a `BlockDevice`, makes a `Server` and
/// calls `run`; docs/examples/embed.cpp is a whole program of that sort.

#include <poll.h>

#include <csignal>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/block_device.hpp"
#include "server/log.hpp"
#include "server/sockets.hpp"
#include "target/target.hpp"

namespace iscsi::server {

class Server {
 public:
  /// Device i is logical unit i; `configuration.units` and `.portals` are filled in from them and
  /// from the listeners. The devices have to outlive the server.
  Server(iscsi::Configuration configuration, std::vector<BlockDevice*> devices,
         std::vector<Listener> listeners);

  /// Serves until `stop` is not zero; then asks the initiators to log out, waits for them (at most
  /// `patience_seconds`), flushes the devices and returns. False if a device could not be flushed.
  /// Throws `std::bad_alloc` when memory runs out, and `std::runtime_error` without random bytes:
  /// nothing is to be done with the server then but to destroy it (decision 0040).
  /// `waiting_mask`: the signals that are blocked while it waits, as for ppoll; null: no change.
  bool run(const volatile std::sig_atomic_t& stop, const sigset_t* waiting_mask = nullptr);

  static constexpr std::uint16_t patience_seconds = 3;

 private:
  /// A socket and what it belongs to.
  struct Peer {
    Descriptor socket{};
    ConnectionId id{};
    std::string name{};           ///< for the log
    bool wants_input = true;      ///< as the target said last
    bool output_blocked = false;  ///< the socket took less than there was
    bool lingering = false;       ///< FIN sent: until the peer closes, or the deadline
    Moment linger_until = 0;
    bool gone = false;
  };

  void wait(const sigset_t* waiting_mask);
  [[nodiscard]] int timeout_ms() const;
  void accept_new();
  void read_from(Peer& peer);
  void write_to(Peer& peer);
  void settle();
  void do_media();
  void close_peer(Peer& peer);
  void linger(Peer& peer);
  void log_notes();
  [[nodiscard]] Peer* find(ConnectionId id);
  bool flush_devices();

  Target target_;
  std::vector<BlockDevice*> devices_;
  std::vector<Listener> listeners_;
  std::vector<Peer> peers_;  ///< by connection id, lingering ones included
  std::vector<pollfd> polled_;
  Log log_;
  Moment now_ = 0;
  Moment last_tick_ = 0;
  Moment accept_again_at_ = 0;
};

/// The unit that a device makes, with names that stay the same as long as `serial_seed` does.
[[nodiscard]] scsi::UnitConfiguration unit_of(const BlockDevice& device, std::string_view seed,
                                              std::uint16_t number);

}  // namespace iscsi::server
