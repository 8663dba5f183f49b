#include "conformance/recording/payload.hpp"

#include <algorithm>

#include "conformance/story/data.hpp"
#include "conformance/story/load_values.hpp"
#include "limits.hpp"
#include "text/grammar.hpp"

namespace conformance {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

constexpr std::size_t chunk_bytes = 512;  ///< what is looked for in earlier data, at its multiples
constexpr std::size_t shortest_run = 24;  ///< bytes that are worth a `fill`
constexpr std::size_t longest_hexadecimal = 64;
constexpr std::size_t shortest_pattern = 16;
constexpr std::uint64_t pattern_seeds = 256;  ///< those that are looked for

/// The parts of one data segment; neighbours of the same kind are joined.
class Parts {
 public:
  void literal_bytes(ByteView bytes) {
    flush_repeat();
    literal_.insert(literal_.end(), bytes.begin(), bytes.end());
  }
  void fill(std::byte byte, std::size_t length) {
    flush_literal();
    flush_repeat();
    parts_.push_back(json::object({{"fill", json::number(std::to_integer<std::uint64_t>(byte))},
                                   {"length", json::number(length)}}));
  }
  void pattern(std::uint64_t seed, std::uint64_t from, std::size_t length) {
    parts_.push_back(json::object({{"pattern", json::number(seed)},
                                   {"from", json::number(from)},
                                   {"length", json::number(length)}}));
  }
  void repeat(std::size_t record, std::size_t from, std::size_t length) {
    flush_literal();
    if (length_ > 0 && record_ == record && from_ + length_ == from) {
      length_ += length;
    } else {
      flush_repeat();
      record_ = record;
      from_ = from;
      length_ = length;
    }
  }
  [[nodiscard]] json::Value take() {
    flush_literal();
    flush_repeat();
    if (parts_.size() == 1) return std::move(parts_.front());
    return json::array(std::move(parts_));
  }

 private:
  void flush_literal() {
    if (literal_.empty()) return;
    parts_.push_back(json::text(literal(literal_)));
    literal_.clear();
  }
  void flush_repeat() {
    if (length_ == 0) return;
    parts_.push_back(json::object({{"record", json::number(record_)},
                                   {"from", json::number(from_)},
                                   {"length", json::number(length_)}}));
    length_ = 0;
  }

  json::Array parts_;
  Bytes literal_;
  std::size_t record_ = 0;
  std::size_t from_ = 0;
  std::size_t length_ = 0;
};

std::size_t run_length(ByteView bytes) {
  const auto end =
      std::ranges::find_if(bytes, [&](std::byte byte) { return byte != bytes.front(); });
  return static_cast<std::size_t>(end - bytes.begin());
}

/// How far `bytes` follow the pattern from `at` on.
std::size_t pattern_length(ByteView bytes, std::uint64_t seed, std::uint64_t at) {
  std::size_t length = 0;
  while (length < bytes.size() && bytes[length] == pattern_byte(seed, at + length)) ++length;
  return length;
}

void write_literals(Parts& parts, ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t run = run_length(bytes);
    if (run >= shortest_run)
      parts.fill(bytes.front(), run);
    else
      parts.literal_bytes(bytes.first(run));
    bytes = bytes.subspan(run);
  }
}

/// Undoes `pattern_byte`'s finisher on one word.
constexpr std::uint64_t word_before(std::uint64_t word) {
  word ^= word >> 31U ^ word >> 62U;
  word *= 0x3196'42b2'd24d'8ec3U;  // times 94d049bb133111eb: 1
  word ^= word >> 27U ^ word >> 54U;
  word *= 0x96de'1b17'3f11'9089U;  // times bf58476d1ce4e5b9: 1
  return word ^ word >> 30U ^ word >> 60U;
}

/// The whole segment as one stretch of the pattern from a whole word on, if it is one.
bool write_pattern(Parts& parts, ByteView data) {
  constexpr std::uint64_t farthest = std::uint64_t{1} << 60U;
  if (data.size() < shortest_pattern) return false;
  std::uint64_t word = 0;
  for (std::size_t i = 8; i-- > 0;) word = word << 8U | std::to_integer<std::uint64_t>(data[i]);
  word = word_before(word);
  for (std::uint64_t seed = 0; seed < pattern_seeds; ++seed) {
    const std::uint64_t number = word - (seed + 1) * 0x9e37'79b9'7f4a'7c15U;
    if (number >= farthest / 8 || pattern_length(data, seed, number * 8) != data.size()) continue;
    parts.pattern(seed, number * 8, data.size());
    return true;
  }
  return false;
}

}  // namespace

std::string literal(ByteView bytes) {
  if (bytes.size() <= longest_hexadecimal)
    return "hex:" + iscsi::text::encode_hexadecimal(bytes).substr(2);
  return "base64:" + iscsi::text::encode_base64(bytes).substr(2);
}

Bytes read_literal(const Reader& at) {
  const std::string_view text = at.text();
  if (text.starts_with("hex:")) return read_hexadecimal(at, text.substr(4));
  if (!text.starts_with("base64:")) at.refuse("bytes that begin with \"hex:\" or \"base64:\"");
  auto bytes = iscsi::text::decode_binary("0b" + std::string{text.substr(7)}, 0,
                                          iscsi::limits::data_segment_bytes);
  if (!bytes) at.refuse("base64");
  return *std::move(bytes);
}

json::Value PayloadWriter::write(ByteView data, std::size_t number) {
  Parts parts;
  if (!write_pattern(parts, data)) {
    for (std::size_t at = 0; at < data.size(); at += chunk_bytes) {
      const ByteView block = data.subspan(at, std::min(chunk_bytes, data.size() - at));
      const auto found = block.size() < chunk_bytes || run_length(block) == block.size()
                             ? seen_.end()
                             : seen_.find(iscsi::wire::as_text(block));
      if (found != seen_.end())
        parts.repeat(found->second.record, found->second.offset, block.size());
      else
        write_literals(parts, block);
    }
  }
  for (std::size_t at = 0; at + chunk_bytes <= data.size(); at += chunk_bytes) {
    const ByteView block = data.subspan(at, chunk_bytes);
    seen_.try_emplace(iscsi::wire::as_text(block), Seen{number, at});
  }
  return parts.take();
}

void PayloadReader::remember(std::size_t number, Bytes data) {
  if (!data.empty()) data_.insert_or_assign(number, std::move(data));
}

void PayloadReader::read_part(const Reader& at, std::uint64_t room, Bytes& out) const {
  if (at.is_text()) {
    const Bytes bytes = read_literal(at);
    if (bytes.size() > room) at.refuse("fewer bytes");
    out.insert(out.end(), bytes.begin(), bytes.end());
    return;
  }
  at.allow_only({"fill", "pattern", "record", "from", "length"});
  const std::uint64_t length = at.need("length").number();
  if (length > room) at.need("length").refuse("fewer bytes");
  if (const auto byte = at.get("fill")) {
    if (byte->number() > 0xff) byte->refuse("a byte");
    out.resize(out.size() + length, static_cast<std::byte>(byte->number()));
    return;
  }
  const std::uint64_t from = at.need("from").number();
  if (const auto seed = at.get("pattern")) {
    for (std::uint64_t i = 0; i < length; ++i)
      out.push_back(pattern_byte(seed->number(), from + i));
    return;
  }
  const Reader record = at.need("record");
  const auto found = data_.find(record.number());
  if (found == data_.end() || from > found->second.size() || length > found->second.size() - from)
    record.refuse("an earlier record with that much data");
  const auto begin = found->second.begin() + static_cast<std::ptrdiff_t>(from);
  out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
}

Bytes PayloadReader::read(const Reader& at, std::uint64_t room) const {
  Bytes out;
  if (!at.is_array()) {
    read_part(at, room, out);
    return out;
  }
  for (const Reader& item : at.items()) read_part(item, room - out.size(), out);
  return out;
}

}  // namespace conformance
