#pragma once

/// A disk in a file or on a block device of the machine.
///
/// Reads and writes go through the page cache, so an acknowledged write survives the end of this
/// process, however it ends; only a flush or a durable write (FUA) survives a loss of power as
/// well. After a failed flush the kernel may have dropped the pages that it could not write, and
/// would report success the next time. The device therefore remembers the failure: from then on
/// every write and flush fails, until an operator has looked at the disk and opened it again.

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "server/block_device.hpp"
#include "server/descriptor.hpp"

namespace iscsi::server {

struct FileDeviceOptions {
  /// What the file must hold, in bytes. A file that is missing or empty is made that large,
  /// sparse; without a size the file must exist.
  std::optional<std::uint64_t> size_bytes = std::nullopt;
  std::uint32_t block_bytes = 512;
  bool read_only = false;
};

/// The system calls on the data path. Tests put others in their place that interrupt, shorten and
/// fail, which no file does on demand. All return -1 and set errno as in POSIX.
struct FileCalls {
  ssize_t (*read)(int file, void* to, std::size_t bytes, off_t at);
  ssize_t (*write)(int file, const iovec* from, int count, off_t at, int flags);
  int (*flush)(int file);

  static const FileCalls& of_the_system();
};

class FileDevice final : public BlockDevice {
 public:
  /// Opens `path` and locks it: alone for writing, shared for reading, so that two servers never
  /// write to one file. The error is a line that names the path and the cause.
  static std::expected<std::unique_ptr<FileDevice>, std::string> open(
      const std::string& path, const FileDeviceOptions& options = {},
      const FileCalls& calls = FileCalls::of_the_system());

  [[nodiscard]] std::uint32_t block_bytes() const override { return block_bytes_; }
  [[nodiscard]] std::uint64_t block_count() const override { return block_count_; }
  [[nodiscard]] bool read_only() const override { return read_only_; }

  [[nodiscard]] scsi::MediumResult read(std::uint64_t lba, std::span<std::byte> out) override;
  [[nodiscard]] scsi::MediumResult write(std::uint64_t lba, Pieces data, bool durable) override;
  [[nodiscard]] scsi::MediumResult flush(std::uint64_t lba, std::uint64_t blocks) override;
  void prefetch(std::uint64_t lba, std::uint64_t blocks) override;

 private:
  FileDevice(Descriptor file, std::uint64_t size_bytes, const FileDeviceOptions& options,
             const FileCalls& calls);

  [[nodiscard]] scsi::MediumResult flush_all();
  [[nodiscard]] scsi::MediumResult write_failure(int error, std::uint64_t bytes_done) const;

  Descriptor file_;
  std::uint32_t block_bytes_;
  std::uint64_t block_count_;
  bool read_only_;
  bool lost_writes_ = false;        // a flush has failed
  bool durable_calls_work_ = true;  // RWF_DSYNC, which not every file system has
  const FileCalls* calls_;
};

}  // namespace iscsi::server
