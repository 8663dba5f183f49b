/// Writes for as long as the server lives, and notes what the server promised to keep; or compares
/// a disk with those notes.
///
///   durable_writer write URL LOG flush|fua SEED
///   durable_writer verify URL LOG
///
/// Every block says which write it belongs to: the number of the write, its own address, and bytes
/// that follow from both. The log has a line before each write goes out (`issued NUMBER LBA
/// BLOCKS`) and one when it has become durable (`durable NUMBER`): with `fua` when it is answered,
/// with `flush` when a SYNCHRONIZE CACHE that was sent after its answer is itself answered.
/// Writes to one block never overlap in time: eight lanes of the disk have one write each in
/// flight.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <string_view>
#include <vector>

#include "interop/initiator.hpp"

namespace interop {
namespace {

constexpr std::uint32_t block_bytes = 512;
constexpr std::uint32_t most_blocks = 32;
constexpr std::size_t lanes = 8;
constexpr std::size_t writes_per_flush = 32;

using Block = std::array<std::uint64_t, block_bytes / sizeof(std::uint64_t)>;

Block block_of(std::uint64_t number, std::uint64_t lba) {
  Block block{};
  block[0] = number;
  block[1] = lba;
  std::uint64_t state = number * 0x9E3779B97F4A7C15U ^ lba;
  for (std::size_t i = 2; i < block.size(); ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    block[i] = state;
  }
  return block;
}

struct Write {
  std::uint64_t number;
  std::uint64_t lba;
  std::uint32_t blocks;
};

/// The notes: written at once, so that they survive whatever happens to us.
class Log {
 public:
  explicit Log(const char* path)
      : file_(::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error(std::string("cannot write ") + path);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() { ::close(file_); }

  void issued(const Write& write) const {
    line("issued " + std::to_string(write.number) + ' ' + std::to_string(write.lba) + ' ' +
         std::to_string(write.blocks) + '\n');
  }
  void durable(std::uint64_t number) const { line("durable " + std::to_string(number) + '\n'); }

 private:
  void line(const std::string& text) const {
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("cannot write the log");
  }
  int file_;
};

class Writer {
 public:
  Writer(const char* url, const char* log, bool fua, unsigned seed)
      : initiator_(url), log_(log), fua_(fua), chance_(seed) {
    if (initiator_.block_bytes() != block_bytes) throw std::runtime_error("blocks of 512 bytes");
    lane_blocks_ = initiator_.blocks() / lanes;
    // Numbers of different runs on one disk must differ and grow.
    next_number_ = static_cast<std::uint64_t>(seed) << 32U;
    for (std::size_t i = 0; i < lanes; ++i) lanes_[i] = Lane{.writer = this, .index = i};
  }

  /// Returns when the connection is lost.
  void run() {
    for (Lane& lane : lanes_) issue(lane);
    while (initiator_.serve() && !failed_) {
    }
  }

 private:
  struct Lane {
    Writer* writer = nullptr;
    std::size_t index = 0;
    Write write{};
    std::vector<Block> data{};
  };

  void issue(Lane& lane) {
    const auto blocks = static_cast<std::uint32_t>(1 + chance_() % most_blocks);
    const std::uint64_t lba = lane.index * lane_blocks_ + chance_() % (lane_blocks_ - blocks + 1);
    lane.write = {.number = ++next_number_, .lba = lba, .blocks = blocks};
    lane.data.clear();
    for (std::uint32_t i = 0; i < blocks; ++i)
      lane.data.push_back(block_of(lane.write.number, lba + i));
    log_.issued(lane.write);
    scsi_task* const task =
        iscsi_write16_task(initiator_.context(), initiator_.lun(), lba,
                           reinterpret_cast<unsigned char*>(lane.data.data()), blocks * block_bytes,
                           block_bytes, 0, 0, fua_ ? 1 : 0, 0, 0, wrote, &lane);
    if (task == nullptr) initiator_.fail("WRITE (16)");
  }

  static void wrote(iscsi_context* /*context*/, int status, void* task, void* closure) {
    const Task owned(static_cast<scsi_task*>(task));
    Lane& lane = *static_cast<Lane*>(closure);
    lane.writer->written(lane, status);
  }

  void written(Lane& lane, int status) {
    if (status != SCSI_STATUS_GOOD) {
      failed_ = true;
      return;
    }
    if (fua_)
      log_.durable(lane.write.number);
    else
      answered_.push_back(lane.write.number);
    if (answered_.size() >= writes_per_flush && flushing_.empty()) flush();
    issue(lane);
  }

  void flush() {
    flushing_.swap(answered_);
    if (iscsi_synchronizecache10_task(initiator_.context(), initiator_.lun(), 0, 0, 0, 0, flushed,
                                      this) == nullptr)
      initiator_.fail("SYNCHRONIZE CACHE (10)");
  }

  static void flushed(iscsi_context* /*context*/, int status, void* task, void* closure) {
    const Task owned(static_cast<scsi_task*>(task));
    Writer& writer = *static_cast<Writer*>(closure);
    if (status != SCSI_STATUS_GOOD) {
      writer.failed_ = true;
      return;
    }
    for (const std::uint64_t number : writer.flushing_) writer.log_.durable(number);
    writer.flushing_.clear();
  }

  Initiator initiator_;
  Log log_;
  bool fua_;
  std::mt19937_64 chance_;
  std::uint64_t lane_blocks_ = 0;
  std::uint64_t next_number_ = 0;
  std::array<Lane, lanes> lanes_{};
  std::vector<std::uint64_t> answered_;  // writes that no flush covers yet
  std::vector<std::uint64_t> flushing_;  // those of the flush in flight
  bool failed_ = false;
};

/// What the log says about one block: the last write that must be there, and later ones that may.
struct Promise {
  std::uint64_t durable = 0;
  std::uint64_t last_issued = 0;
};

std::map<std::uint64_t, Promise> read_log(const char* path) {
  std::map<std::uint64_t, Promise> promises;
  std::map<std::uint64_t, Write> writes;
  std::ifstream log(path);
  std::string word;
  while (log >> word) {
    Write write{};
    log >> write.number;
    if (word == "issued") {
      log >> write.lba >> write.blocks;
      writes.emplace(write.number, write);
      for (std::uint32_t i = 0; i < write.blocks; ++i)
        promises[write.lba + i].last_issued = write.number;
    } else {
      const Write& kept = writes.at(write.number);
      for (std::uint32_t i = 0; i < kept.blocks; ++i) promises[kept.lba + i].durable = kept.number;
    }
  }
  return promises;
}

/// Whether a block holds the promised write, or a later one that was under way at the end.
bool keeps(const Block& block, std::uint64_t lba, const Promise& promise) {
  const std::uint64_t number = block[0];
  const bool whole = block == block_of(number, lba);
  if (!whole) return promise.last_issued != promise.durable;
  return number >= promise.durable && number <= promise.last_issued;
}

/// All blocks of the disk, read in large pieces.
std::vector<Block> read_disk(const Initiator& initiator) {
  constexpr std::uint64_t at_once = 1024;
  std::vector<Block> disk(initiator.blocks());
  for (std::uint64_t lba = 0; lba < disk.size(); lba += at_once) {
    const std::uint64_t count = std::min<std::uint64_t>(at_once, disk.size() - lba);
    const auto bytes = static_cast<std::uint32_t>(count * block_bytes);
    const Task task(iscsi_read16_sync(initiator.context(), initiator.lun(), lba, bytes, block_bytes,
                                      0, 0, 0, 0, 0));
    if (!task || task->status != SCSI_STATUS_GOOD) initiator.fail("READ (16)");
    if (task->datain.size != static_cast<int>(bytes)) throw std::runtime_error("a short read");
    std::memcpy(disk[lba].data(), task->datain.data, bytes);
  }
  return disk;
}

int verify(const char* url, const char* log) {
  const Initiator initiator(url);
  if (initiator.block_bytes() != block_bytes) throw std::runtime_error("blocks of 512 bytes");
  const std::vector<Block> disk = read_disk(initiator);
  std::size_t promised = 0, lost = 0;
  for (const auto& [lba, promise] : read_log(log)) {
    if (promise.durable == 0) continue;
    ++promised;
    if (keeps(disk.at(lba), lba, promise)) continue;
    if (++lost <= 10)
      std::printf("block %ju: write %ju was promised, %ju is there\n", std::uintmax_t{lba},
                  std::uintmax_t{promise.durable}, std::uintmax_t{disk.at(lba)[0]});
  }
  std::printf("%zu blocks promised, %zu lost\n", promised, lost);
  initiator.logout();
  return lost == 0 && promised != 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "verify" && argc == 4) return verify(argv[2], argv[3]);
  if (what == "write" && argc == 6) {
    const bool fua = std::string_view(argv[4]) == "fua";
    Writer(argv[2], argv[3], fua, static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10))).run();
    return 0;
  }
  std::fprintf(stderr, "durable_writer write URL LOG flush|fua SEED | verify URL LOG\n");
  return 2;
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) {
  try {
    return interop::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "durable_writer: %s\n", error.what());
    return 1;
  }
}
