#pragma once

/// The bytes of a file, uncompressed on the way.

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

#include "wire/bytes.hpp"

namespace conformance {

class BytesIn {
 public:
  BytesIn() = default;
  BytesIn(const BytesIn&) = delete;
  BytesIn& operator=(const BytesIn&) = delete;
  BytesIn(BytesIn&&) = delete;
  BytesIn& operator=(BytesIn&&) = delete;
  virtual ~BytesIn() = default;

  /// The bytes that come next, as many as are at hand; none at the end. They are there until the
  /// next call.
  [[nodiscard]] virtual std::expected<iscsi::wire::ByteView, std::string> next() = 0;
};

/// Bytes of which the first were looked at already.
class PeekedBytes : public BytesIn {
 public:
  /// Errors: as the first call of `next`.
  [[nodiscard]] static std::expected<std::unique_ptr<PeekedBytes>, std::string> look_into(
      std::unique_ptr<BytesIn> bytes);

  [[nodiscard]] iscsi::wire::ByteView first() const { return first_; }
  [[nodiscard]] std::expected<iscsi::wire::ByteView, std::string> next() override;

 private:
  std::unique_ptr<BytesIn> bytes_;
  iscsi::wire::ByteView first_;
  bool given_ = false;
};

/// A file as it is, or compressed once by gzip, bzip2, xz, lzma or zstd: its contents decide.
[[nodiscard]] std::expected<std::unique_ptr<PeekedBytes>, std::string> open_bytes(
    const std::filesystem::path& file);

/// The same of bytes in memory, which outlive it.
[[nodiscard]] std::expected<std::unique_ptr<PeekedBytes>, std::string> open_bytes(
    iscsi::wire::ByteView file);

}  // namespace conformance
