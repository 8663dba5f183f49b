#include "server/file_device.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "media.hpp"

namespace iscsi::server::testing {
namespace {

Bytes file_contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

void make_file(const std::string& path, std::size_t bytes) {
  std::ofstream(path, std::ios::binary) << std::string(bytes, 'x');
}

/// System calls that misbehave as told, and count.
struct Fault {
  int interrupted_calls = 0;         // these fail with EINTR first
  std::size_t most_at_once = 0;      // transfers are cut to this, if not zero
  std::uint64_t fails_from = ~0ULL;  // reads and writes at or behind this offset fail
  int error = EIO;
  bool no_durable_writes = false;  // RWF_DSYNC is not known here
  int flush_error = 0;
  int flushes = 0;
  int durable_writes = 0;
};
Fault fault;

bool interrupts() {
  if (fault.interrupted_calls == 0) return false;
  --fault.interrupted_calls;
  errno = EINTR;
  return true;
}

/// How much of a transfer may happen; 0: it fails, errno says why.
std::size_t allowed(std::size_t bytes, off_t at) {
  if (interrupts()) return 0;
  const auto start = static_cast<std::uint64_t>(at);
  if (start >= fault.fails_from) {
    errno = fault.error;
    return 0;
  }
  if (fault.most_at_once != 0) bytes = std::min(bytes, fault.most_at_once);
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, fault.fails_from - start));
}

ssize_t faulty_read(int file, void* to, std::size_t bytes, off_t at) {
  const std::size_t granted = allowed(bytes, at);
  return granted == 0 ? -1 : FileCalls::of_the_system().read(file, to, granted, at);
}

ssize_t faulty_write(int file, const iovec* from, int count, off_t at, int flags) {
  if (flags != 0 && fault.no_durable_writes) {
    errno = EOPNOTSUPP;
    return -1;
  }
  std::vector<iovec> vectors(from, from + count);
  std::size_t wanted = 0;
  for (const iovec& vector : vectors) wanted += vector.iov_len;
  std::size_t granted = allowed(wanted, at);
  if (granted == 0) return -1;
  if (flags != 0) ++fault.durable_writes;
  for (iovec& vector : vectors) {
    vector.iov_len = std::min(vector.iov_len, granted);
    granted -= vector.iov_len;
  }
  return FileCalls::of_the_system().write(file, vectors.data(), count, at, flags);
}

int faulty_flush(int) {
  ++fault.flushes;
  if (interrupts()) return -1;
  errno = fault.flush_error;
  return fault.flush_error == 0 ? 0 : -1;
}

constexpr FileCalls faulty_calls{.read = faulty_read, .write = faulty_write, .flush = faulty_flush};

class FileDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override { fault = {}; }

  std::unique_ptr<FileDevice> open(const FileDeviceOptions& options = {.size_bytes = 64U << 10U},
                                   const FileCalls& calls = FileCalls::of_the_system()) {
    auto device = FileDevice::open(path_, options, calls);
    EXPECT_TRUE(device.has_value()) << device.error();
    return device ? std::move(*device) : nullptr;
  }
  std::unique_ptr<FileDevice> open_faulty() {
    return open({.size_bytes = 64U << 10U}, faulty_calls);
  }

  std::string refusal(const FileDeviceOptions& options) {
    const auto device = FileDevice::open(path_, options);
    return device ? "opened" : device.error();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "disk.img";
};

TEST_F(FileDeviceTest, CreatesASparseFileOfTheSizeAskedFor) {
  const auto device = open({.size_bytes = 1ULL << 40U});
  struct stat about{};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_size, off_t{1} << 40);
  EXPECT_LT(about.st_blocks, 16);
  EXPECT_EQ(about.st_mode & 0077, 0U) << "only the owner may read a new disk";
  EXPECT_EQ(device->block_count(), (1ULL << 40U) / 512);
}

TEST_F(FileDeviceTest, TakesTheSizeOfAnExistingFile) {
  make_file(path_, 8192);
  EXPECT_EQ(open({.block_bytes = 4096})->block_count(), 2U);
}

TEST_F(FileDeviceTest, PutsBytesWhereAnotherProgramFindsThem) {
  make_file(path_, 2048);
  const Bytes block = pattern(512, 1);
  EXPECT_EQ(open({})->write(2, cut(block, {3}), false), scsi::MediumResult{});
  const Bytes file = file_contents(path_);
  ASSERT_EQ(file.size(), 2048U);
  EXPECT_TRUE(std::equal(block.begin(), block.end(), file.begin() + 1024));
  EXPECT_EQ(file[1023], std::byte{'x'});
  EXPECT_EQ(file[1536], std::byte{'x'});
}

TEST_F(FileDeviceTest, RefusesWhatItCannotServeAndSaysWhy) {
  EXPECT_EQ(refusal({}), path_ + ": no such file, and no size to create it with");
  EXPECT_EQ(refusal({.size_bytes = 4096, .read_only = true}),
            path_ + ": No such file or directory");
  EXPECT_EQ(refusal({.size_bytes = 1000}),
            path_ + ": its 1000 bytes are not a multiple of the block size 512");
  make_file(path_, 4096);
  EXPECT_EQ(refusal({.size_bytes = 8192}), path_ + ": holds 4096 bytes, not 8192");
  make_file(path_, 1000);
  EXPECT_EQ(refusal({}), path_ + ": its 1000 bytes are not a multiple of the block size 512");
  make_file(path_, 0);
  EXPECT_EQ(refusal({}), path_ + ": its 0 bytes are not a multiple of the block size 512");
}

TEST_F(FileDeviceTest, RefusesFoldersAndCharacterDevices) {
  path_ = folder_ / ".";
  EXPECT_EQ(refusal({}), path_ + ": neither a regular file nor a block device");
  path_ = "/dev/null";
  EXPECT_EQ(refusal({.size_bytes = 4096}), path_ + ": neither a regular file nor a block device");
}

TEST_F(FileDeviceTest, SharesAFileAmongReadersOnly) {
  make_file(path_, 4096);
  const std::string in_use = path_ + ": in use by another program that holds its lock";
  auto writer = open({});
  EXPECT_EQ(refusal({}), in_use);
  EXPECT_EQ(refusal({.read_only = true}), in_use);
  writer.reset();
  const auto reader = open({.read_only = true});
  EXPECT_EQ(refusal({}), in_use);
  EXPECT_EQ(refusal({.read_only = true}), "opened");
}

TEST_F(FileDeviceTest, OpensAFileWithoutWritePermissionReadOnly) {
  make_file(path_, 4096);
  std::filesystem::permissions(path_, std::filesystem::perms::owner_read);
  const auto device = open({.read_only = true});
  ASSERT_NE(device, nullptr);
  EXPECT_TRUE(device->read_only());
  EXPECT_EQ(contents(*device, 0, 8), Bytes(4096, std::byte{'x'}));
  EXPECT_EQ(device->flush(0, 0), scsi::MediumResult{});
  const Bytes block(512);
  EXPECT_EQ(device->write(0, cut(block), false).kind, Kind::write_error) << "even if asked to";
}

TEST_F(FileDeviceTest, FinishesTransfersThatAreInterruptedAndShort) {
  const auto device = open_faulty();
  const Bytes data = pattern(4096, 1);
  fault = {.interrupted_calls = 3, .most_at_once = 7};
  EXPECT_EQ(device->write(4, cut(data, {1, 2, 600, 601, 4000}), false), scsi::MediumResult{});
  fault.interrupted_calls = 3;
  Bytes back(4096);
  EXPECT_EQ(device->read(4, back), scsi::MediumResult{});
  EXPECT_EQ(back, data);
  fault.interrupted_calls = 2;
  EXPECT_EQ(device->flush(0, 0), scsi::MediumResult{});
  EXPECT_EQ(fault.flushes, 3);
}

TEST_F(FileDeviceTest, NamesTheFirstBlockThatCouldNotBeRead) {
  const auto device = open_faulty();
  Bytes out(4096);
  fault = {.most_at_once = 500, .fails_from = 5 * 512 + 100};
  EXPECT_EQ(device->read(2, out),
            (scsi::MediumResult{.kind = Kind::read_error, .offset = 3 * 512}));
}

TEST_F(FileDeviceTest, NamesTheFirstBlockThatCouldNotBeWritten) {
  const auto device = open_faulty();
  const Bytes data = pattern(4096, 1);
  fault = {.fails_from = 5 * 512 + 100};
  EXPECT_EQ(device->write(2, cut(data, {100, 1600}), false),
            (scsi::MediumResult{.kind = Kind::write_error, .offset = 3 * 512}));
}

TEST_F(FileDeviceTest, CallsAFullDiskFull) {
  const auto device = open_faulty();
  const Bytes data = pattern(1024, 1);
  for (const int error : {ENOSPC, EDQUOT}) {
    fault = {.fails_from = 512, .error = error};
    EXPECT_EQ(device->write(0, cut(data), false),
              (scsi::MediumResult{.kind = Kind::no_space, .offset = 512}));
    EXPECT_EQ(device->write(0, cut(data), true),
              (scsi::MediumResult{.kind = Kind::no_space, .offset = 512}));
  }
  fault = {};
  EXPECT_EQ(device->write(0, cut(data), true), scsi::MediumResult{}) << "space was made";
}

TEST_F(FileDeviceTest, ReadsBehindTheEndOfAFileCutShortAreErrors) {
  const auto device = open();
  std::filesystem::resize_file(path_, 3 * 512 + 1);
  Bytes out(4 * 512);
  EXPECT_EQ(device->read(1, out),
            (scsi::MediumResult{.kind = Kind::read_error, .offset = 2 * 512}));
}

TEST_F(FileDeviceTest, DurableWritesNeedNoFlushOfTheWholeFile) {
  const auto device = open_faulty();
  const Bytes data = pattern(1024, 1);
  EXPECT_EQ(device->write(0, cut(data), true), scsi::MediumResult{});
  EXPECT_EQ(fault.flushes, 0);
  EXPECT_EQ(fault.durable_writes, 1);
  EXPECT_EQ(device->write(0, cut(data), false), scsi::MediumResult{});
  EXPECT_EQ(fault.durable_writes, 1);
}

TEST_F(FileDeviceTest, FlushesAfterDurableWritesWhereTheFileSystemHasNone) {
  const auto device = open_faulty();
  const Bytes data = pattern(1024, 1);
  fault.no_durable_writes = true;
  for (int round = 1; round <= 2; ++round) {
    EXPECT_EQ(device->write(0, cut(data), true), scsi::MediumResult{});
    EXPECT_EQ(fault.flushes, round);
  }
  fault.flush_error = EIO;
  EXPECT_EQ(device->write(0, cut(data), true).kind, Kind::write_error);
}

TEST_F(FileDeviceTest, AFailedFlushIsNeverForgotten) {
  const auto device = open_faulty();
  const Bytes data = pattern(512, 1);
  EXPECT_EQ(device->write(0, cut(data), false), scsi::MediumResult{});
  fault.flush_error = EIO;
  EXPECT_EQ(device->flush(0, 1).kind, Kind::write_error);
  fault.flush_error = 0;  // as the kernel has it: reported once
  EXPECT_EQ(device->flush(0, 1).kind, Kind::write_error);
  EXPECT_EQ(device->write(0, cut(data), false).kind, Kind::write_error);
  EXPECT_EQ(device->write(0, cut(data), true).kind, Kind::write_error);
  EXPECT_EQ(contents(*device, 0, 1), data) << "reading still works";
}

TEST_F(FileDeviceTest, AFailedDurableWriteIsNeverForgottenEither) {
  const auto device = open_faulty();
  const Bytes data = pattern(512, 1);
  fault.fails_from = 0;
  EXPECT_EQ(device->write(0, cut(data), true).kind, Kind::write_error);
  fault = {};
  EXPECT_EQ(device->flush(0, 0).kind, Kind::write_error);
}

}  // namespace
}  // namespace iscsi::server::testing
