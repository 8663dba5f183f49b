#pragma once

/// What the tests of the devices share: a folder that vanishes, patterns, and ways to cut data.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "scsi/operation.hpp"
#include "server/block_device.hpp"

namespace iscsi::server::testing {

using wire::Bytes;
using Kind = scsi::MediumResult::Kind;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "iscsi-server-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// Bytes that differ from block to block and from seed to seed, and are never zero.
inline Bytes pattern(std::size_t size, std::uint32_t seed) {
  Bytes bytes(size);
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>((state >> 24U) | 1U);
  }
  return bytes;
}

/// The same bytes as a scatter list, cut at these offsets (ascending; repeated ones give empty
/// pieces, which a caller may well pass).
inline std::vector<ByteView> cut(ByteView bytes, std::span<const std::size_t> offsets) {
  std::vector<ByteView> pieces;
  std::size_t start = 0;
  for (const std::size_t offset : offsets) {
    pieces.push_back(bytes.subspan(start, offset - start));
    start = offset;
  }
  pieces.push_back(bytes.subspan(start));
  return pieces;
}
inline std::vector<ByteView> cut(ByteView bytes, std::initializer_list<std::size_t> offsets = {}) {
  return cut(bytes, std::span{offsets.begin(), offsets.size()});
}

inline Bytes contents(BlockDevice& device, std::uint64_t lba, std::uint64_t blocks) {
  Bytes bytes(static_cast<std::size_t>(blocks * device.block_bytes()), std::byte{0xEE});
  if (device.read(lba, bytes) != scsi::MediumResult{}) throw std::runtime_error("read failed");
  return bytes;
}

}  // namespace iscsi::server::testing
