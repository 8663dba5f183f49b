#pragma once

/// A server with a file behind it, in a thread of its own, and an initiator that says the same
/// things every time and remembers what was acknowledged.

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/file_device.hpp"
#include "server/server.hpp"

namespace iscsi::faults {

using server::FileCalls;
using wire::Bytes;
using wire::ByteView;

inline constexpr std::uint64_t unit_blocks = 256;

/// The system's calls, but that nothing waits for the disk: thousands of conversations would.
[[nodiscard]] const FileCalls& quick_calls();

class Served {
 public:
  struct Options {
    const FileCalls* calls = &quick_calls();
    bool with_chap = false;
    std::size_t failing_allocation = 0;  ///< of the server's thread; see `fail_allocation`
  };
  enum class End : std::uint8_t {
    orderly,
    flush_failed,
    out_of_memory,
    no_random_bytes,
    other_exception
  };

  /// Serves the file `path`, which is made if need be.
  Served(const std::string& path, const Options& options);
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() { end(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Stops it, if it has not stopped, and says how it ended.
  End end();
  /// What the server's thread has allocated; after `end`.
  [[nodiscard]] std::size_t allocations() const { return allocations_; }

 private:
  void serve(iscsi::Configuration configuration, std::vector<server::Listener> listeners,
             std::size_t failing_allocation);

  std::unique_ptr<server::FileDevice> device_;
  std::uint16_t port_ = 0;
  volatile std::sig_atomic_t stop_ = 0;
  End end_ = End::orderly;
  std::size_t allocations_ = 0;
  std::thread thread_;
};

/// Blocks that a write brought.
struct Written {
  std::uint32_t lba = 0;
  Bytes data{};
};

/// The command that is there to be told of a unit attention: what it is answered is of no matter.
inline constexpr auto clears_attention = "TEST UNIT READY";

struct Answer {
  std::string to;           ///< the request, for messages
  std::uint8_t status = 0;  ///< SCSI status
  std::uint8_t sense_key = 0;
  std::uint16_t additional_sense = 0;  ///< ASC and ASCQ

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// What an initiator has seen.
struct Experience {
  std::vector<Bytes> pdus{};            ///< all of the target's, from the login on
  std::vector<Answer> answers{};        ///< to SCSI commands
  std::vector<Written> acknowledged{};  ///< GOOD was said
  bool complete = false;                ///< to the end of the logout, and FIN
  bool hung = false;                    ///< nothing came, and no end
};

/// Logs in; writes with immediate data and with data that is asked for, reads, flushes, verifies,
/// asks for this and that; logs out. Ends early where the connection does.
[[nodiscard]] Experience converse(std::uint16_t port, bool with_chap = false);

/// Fails the test for each acknowledged write that the file does not hold.
void expect_nothing_lost(const std::string& path, const Experience& experience);

}  // namespace iscsi::faults
