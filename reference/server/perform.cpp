#include "server/perform.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <numeric>
#include <optional>

#include "limits.hpp"

namespace iscsi::server {
namespace {

using scsi::MediumResult;
using scsi::Operation;

std::size_t total_bytes(Pieces pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                         [](std::size_t sum, ByteView piece) { return sum + piece.size(); });
}

/// Where two runs of the same length first differ.
std::optional<std::size_t> first_difference(ByteView one, ByteView other) {
  if (std::memcmp(one.data(), other.data(), one.size()) == 0) return std::nullopt;
  const auto [at, ignored] = std::ranges::mismatch(one, other);
  return static_cast<std::size_t>(at - one.begin());
}

/// Walks along the initiator's data while the medium is read beside it.
class Cursor {
 public:
  explicit Cursor(Pieces pieces) : pieces_(pieces) {}

  /// Compares the next bytes with all of `medium` and moves past them.
  std::optional<std::size_t> compare_next(ByteView medium) {
    std::size_t done = 0;
    while (done < medium.size()) {
      const ByteView rest = pieces_.front().subspan(used_);
      const std::size_t run = std::min(rest.size(), medium.size() - done);
      if (run != 0)
        if (const auto at = first_difference(medium.subspan(done, run), rest.first(run)))
          return done + *at;
      done += run;
      advance(run);
    }
    return std::nullopt;
  }

 private:
  void advance(std::size_t bytes) {
    used_ += bytes;
    if (used_ == pieces_.front().size()) {
      pieces_ = pieces_.subspan(1);
      used_ = 0;
    }
  }

  Pieces pieces_;
  std::size_t used_ = 0;  // of the first piece
};

/// Reads the operation's blocks through one buffer and shows each chunk to `look`, which returns
/// the offset inside the chunk of a byte that differs, if one does.
template <typename Look>
MediumResult read_in_chunks(BlockDevice& device, const Operation& operation, Look look) {
  static_assert(limits::compare_bytes % limits::block_bytes == 0);
  alignas(4096) std::array<std::byte, limits::compare_bytes> buffer;
  const std::uint64_t block_bytes = device.block_bytes();
  const std::uint64_t total = operation.blocks * block_bytes;
  for (std::uint64_t offset = 0; offset < total;) {
    const auto chunk = std::span{buffer}.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), total - offset)));
    MediumResult result = device.read(operation.lba + offset / block_bytes, chunk);
    if (result.kind != MediumResult::Kind::done) {
      result.offset += offset;
      return result;
    }
    if (const std::optional<std::size_t> at = look(ByteView{chunk}))
      return {.kind = MediumResult::Kind::miscompare, .offset = offset + *at};
    offset += chunk.size();
  }
  return {};
}

MediumResult compare(BlockDevice& device, const Operation& operation, Pieces data_out) {
  Cursor expected(data_out);
  return read_in_chunks(device, operation,
                        [&](ByteView medium) { return expected.compare_next(medium); });
}

MediumResult compare_one_block(BlockDevice& device, const Operation& operation, Pieces data_out) {
  const std::size_t block_bytes = device.block_bytes();
  return read_in_chunks(device, operation, [&](ByteView medium) -> std::optional<std::size_t> {
    for (std::size_t start = 0; start < medium.size(); start += block_bytes)
      if (const auto at = Cursor(data_out).compare_next(medium.subspan(start, block_bytes)))
        return start + *at;
    return std::nullopt;
  });
}

MediumResult verify(BlockDevice& device, const Operation& operation) {
  return read_in_chunks(device, operation,
                        [](ByteView) -> std::optional<std::size_t> { return std::nullopt; });
}

/// FUA on a read asks for what the medium holds, so a newer copy in a cache has to reach it first.
MediumResult read(BlockDevice& device, const Operation& operation, std::span<std::byte> data_in) {
  if (operation.durable && operation.blocks != 0)
    if (const auto flushed = device.flush(operation.lba, operation.blocks);
        flushed.kind != MediumResult::Kind::done)
      return flushed;
  return device.read(operation.lba, data_in);
}

MediumResult write_and_compare(BlockDevice& device, const Operation& operation, Pieces data_out) {
  const MediumResult written = device.write(operation.lba, data_out, operation.durable);
  return written.kind == MediumResult::Kind::done ? compare(device, operation, data_out) : written;
}

MediumResult write_and_verify(BlockDevice& device, const Operation& operation, Pieces data_out) {
  const MediumResult written = device.write(operation.lba, data_out, operation.durable);
  return written.kind == MediumResult::Kind::done ? verify(device, operation) : written;
}

/// The promises of the interface: broken, they are a defect of ours and never a peer's doing.
void check_promises(const BlockDevice& device, const Operation& operation, Pieces data_out,
                    std::span<const std::byte> data_in) {
  using Kind = Operation::Kind;
  const std::uint64_t bytes = operation.blocks * device.block_bytes();
  const bool takes_all = operation.kind == Kind::write || operation.kind == Kind::compare ||
                         operation.kind == Kind::write_and_verify ||
                         operation.kind == Kind::write_and_compare;
  assert(operation.blocks <= device.block_count());
  assert(operation.lba <= device.block_count() - operation.blocks);
  assert(!takes_all || total_bytes(data_out) == bytes);
  assert(operation.kind != Kind::compare_one_block ||
         total_bytes(data_out) == device.block_bytes());
  assert(operation.kind != Kind::read || data_in.size() == bytes);
}

}  // namespace

MediumResult perform(BlockDevice& device, const Operation& operation, Pieces data_out,
                     std::span<std::byte> data_in) {
  using Kind = Operation::Kind;
  check_promises(device, operation, data_out, data_in);
  if (operation.blocks == 0 && operation.kind != Kind::flush) return {};
  switch (operation.kind) {
    case Kind::none: return {};
    case Kind::read: return read(device, operation, data_in);
    case Kind::write: return device.write(operation.lba, data_out, operation.durable);
    case Kind::write_and_verify: return write_and_verify(device, operation, data_out);
    case Kind::write_and_compare: return write_and_compare(device, operation, data_out);
    case Kind::verify: return verify(device, operation);
    case Kind::compare: return compare(device, operation, data_out);
    case Kind::compare_one_block: return compare_one_block(device, operation, data_out);
    case Kind::prefetch: device.prefetch(operation.lba, operation.blocks); return {};
    case Kind::flush: return device.flush(operation.lba, operation.blocks);
  }
  assert(false && "not an operation");
  return {};
}

}  // namespace iscsi::server
