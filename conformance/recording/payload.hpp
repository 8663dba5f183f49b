#pragma once

/// Data segments in few words: runs of one byte, stretches of the pattern, stretches of the data of
/// an earlier record, and what is left as hexadecimal or base64. Private to `recording/`.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "conformance/story/json.hpp"
#include "conformance/story/reader.hpp"
#include "wire/bytes.hpp"

namespace conformance {

/// Remembers the blocks of all data seen so far, by where they were.
class PayloadWriter {
 public:
  /// The data of record `number`, told by what came before; then remembered.
  [[nodiscard]] json::Value write(iscsi::wire::ByteView data, std::size_t number);

 private:
  struct Seen {
    std::size_t record = 0;
    std::size_t offset = 0;
  };
  std::unordered_map<std::string_view, Seen> seen_;
};

/// Bytes of earlier data segments, for records that repeat them.
class PayloadReader {
 public:
  /// Errors, as refusals: a part of no known form, a record that has no such data, more than
  /// `room` bytes.
  [[nodiscard]] iscsi::wire::Bytes read(const Reader& at, std::uint64_t room) const;

  /// Record `number` has that data, which outlives the reader.
  void remember(std::size_t number, iscsi::wire::Bytes data);

 private:
  void read_part(const Reader& at, std::uint64_t room, iscsi::wire::Bytes& out) const;

  std::unordered_map<std::size_t, iscsi::wire::Bytes> data_;
};

/// `hex:` and base64 strings.
[[nodiscard]] std::string literal(iscsi::wire::ByteView bytes);
[[nodiscard]] iscsi::wire::Bytes read_literal(const Reader& at);

}  // namespace conformance
