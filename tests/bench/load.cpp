/// A load on libiscsi: commands of one size at a fixed depth for a fixed time, then one line of
/// JSON: `counted` ended within the time, `all` includes those before (to warm up) and after it.
///
///   load URL read|write random|sequential BYTES DEPTH SECONDS
///
/// Buffers are made once; a command that ends starts the next one from its callback.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

#include "interop/initiator.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  bool write;
  bool random;
  std::uint32_t bytes;
  std::size_t depth;
  double seconds;
};

class Load {
 public:
  Load(const interop::Initiator& initiator, const Settings& settings)
      : initiator_(initiator),
        settings_(settings),
        blocks_each_(settings.bytes / initiator.block_bytes()),
        places_(initiator.blocks() / blocks_each_),
        slots_(settings.depth) {
    for (Slot& slot : slots_) {
      slot.load = this;
      slot.buffer.assign(settings.bytes, 0x5a);
      slot.vector = {.iov_base = slot.buffer.data(), .iov_len = slot.buffer.size()};
    }
  }

  /// Commands that ended in the given time.
  std::uint64_t run(double seconds) {
    const std::uint64_t before = done_;
    stop_ = false;
    const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
    for (Slot& slot : slots_) issue(slot);
    while (Clock::now() < deadline) serve();
    const std::uint64_t counted = done_ - before;
    stop_ = true;
    while (in_flight_ != 0) serve();
    return counted;
  }

  [[nodiscard]] std::uint64_t total() const { return done_; }

 private:
  struct Slot {
    Load* load = nullptr;
    std::vector<unsigned char> buffer{};
    scsi_iovec vector{};
  };

  void serve() const {
    if (!initiator_.serve(100)) initiator_.fail("connection lost");
  }

  std::uint64_t next_lba() {
    const std::uint64_t place = settings_.random ? chance_() % places_ : next_++ % places_;
    return place * blocks_each_;
  }

  void issue(Slot& slot) {
    ++in_flight_;
    iscsi_context* const context = initiator_.context();
    const std::uint32_t block = initiator_.block_bytes();
    scsi_task* const task =
        settings_.write ? iscsi_write16_iov_task(context, initiator_.lun(), next_lba(), nullptr,
                                                 settings_.bytes, static_cast<int>(block), 0, 0, 0,
                                                 0, 0, ended, &slot, &slot.vector, 1)
                        : iscsi_read16_iov_task(context, initiator_.lun(), next_lba(),
                                                settings_.bytes, static_cast<int>(block), 0, 0, 0,
                                                0, 0, ended, &slot, &slot.vector, 1);
    if (task == nullptr) initiator_.fail("command");
  }

  static void ended(iscsi_context* /*context*/, int status, void* task, void* closure) {
    const interop::Task owned(static_cast<scsi_task*>(task));
    Slot& slot = *static_cast<Slot*>(closure);
    Load& load = *slot.load;
    if (status != SCSI_STATUS_GOOD) load.initiator_.fail("command failed");
    ++load.done_;
    --load.in_flight_;
    if (!load.stop_) load.issue(slot);
  }

  const interop::Initiator& initiator_;
  Settings settings_;
  std::uint32_t blocks_each_;
  std::uint64_t places_;
  std::vector<Slot> slots_;
  std::mt19937_64 chance_{1};
  std::uint64_t next_ = 0;
  std::uint64_t done_ = 0;
  std::size_t in_flight_ = 0;
  bool stop_ = false;
};

int run(int argc, char** argv) {
  if (argc != 7) {
    std::fputs("load URL read|write random|sequential BYTES DEPTH SECONDS\n", stderr);
    return 2;
  }
  const Settings settings{.write = std::string_view(argv[2]) == "write",
                          .random = std::string_view(argv[3]) == "random",
                          .bytes = static_cast<std::uint32_t>(std::stoul(argv[4])),
                          .depth = std::stoul(argv[5]),
                          .seconds = std::stod(argv[6])};
  const interop::Initiator initiator(argv[1]);
  Load load(initiator, settings);
  load.run(std::min(0.3, settings.seconds));
  const std::uint64_t counted = load.run(settings.seconds);
  std::printf("{\"counted\": %ju, \"all\": %ju, \"seconds\": %.6f}\n", std::uintmax_t{counted},
              std::uintmax_t{load.total()}, settings.seconds);
  initiator.logout();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 1;
  }
}
