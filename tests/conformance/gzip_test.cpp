/// What gzip has compressed, in whatever pieces it comes, and what is wrong with it.

#include "conformance/capture/gzip.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "support/hex.hpp"

namespace conformance {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using test::hex;

/// Pieces of one length, but for the last.
class Pieces : public BytesIn {
 public:
  Pieces(Bytes bytes, std::size_t length) : bytes_{std::move(bytes)}, length_{length} {}

  std::expected<ByteView, std::string> next() override {
    const ByteView rest = ByteView{bytes_}.subspan(at_);
    const ByteView piece = rest.first(std::min(length_, rest.size()));
    at_ += piece.size();
    return piece;
  }

 private:
  Bytes bytes_;
  std::size_t length_;
  std::size_t at_ = 0;
};

/// The contents, or what they have instead of an end, in brackets.
std::string read_in(const Bytes& compressed, std::size_t length) {
  const auto bytes = gunzipped(std::make_unique<Pieces>(compressed, length));
  std::string text;
  while (true) {
    const auto block = bytes->next();
    if (!block) return text + "[" + block.error() + "]";
    if (block->empty()) return text;
    text += iscsi::wire::as_text(*block);
  }
}

/// The same however it is cut.
std::string read(const Bytes& compressed) {
  const std::string whole = read_in(compressed, compressed.size());
  for (const std::size_t length : {1U, 2U, 3U, 7U, 20U})
    EXPECT_EQ(read_in(compressed, length), whole) << "in pieces of " << length;
  return whole;
}

Bytes operator+(Bytes one, const Bytes& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

/// RFC 1952 2.3: magic, method 8, no flags, no time; a stored block (RFC 1951 3.2.4); CRC-32, size.
const Bytes stored = hex("1f8b 08 00 00000000 00 ff  01 0600 f9ff 646566646566  7e84bd9e 06000000");
/// What Python's gzip makes of "abcabcabcabcabcabc" with the file's name note.txt.
const Bytes with_name =
    hex("1f8b 08 08 00000000 02 ff 6e6f74652e74787400  4b4c4a4e444500  04c026dc 12000000");

TEST(Gzip, TellsItsFilesByTheFirstTwoBytes) {
  EXPECT_TRUE(is_gzip(stored));
  EXPECT_FALSE(is_gzip(ByteView{stored}.first(1)));
  EXPECT_FALSE(is_gzip(hex("d4c3b2a1")));
}

TEST(Gzip, AStoredBlockIsItsContents) { EXPECT_EQ(read(stored), "defdef"); }

TEST(Gzip, AHeaderMayHaveAName) { EXPECT_EQ(read(with_name), "abcabcabcabcabcabc"); }

TEST(Gzip, SeveralMembersAreOneFile) {
  EXPECT_EQ(read(stored + stored + stored), "defdefdefdefdefdef");
}

TEST(Gzip, WhatIsMissingIsSaidBehindWhatIsThere) {
  for (std::size_t bytes = 0; bytes < stored.size(); ++bytes) {
    const std::string text = read_in(
        Bytes(stored.begin(), stored.begin() + std::ssize(stored) - 1 - static_cast<long>(bytes)),
        64);
    const bool nothing = bytes + 1 == stored.size();
    EXPECT_EQ(text.ends_with("[the compressed data is cut short]"), !nothing)
        << bytes + 1 << " bytes are missing: " << text;
  }
}

TEST(Gzip, AWrongChecksumIsNoticed) {
  Bytes damaged = stored;
  damaged.at(15) = std::byte{0x67};
  EXPECT_EQ(read(damaged), "gefdef[the checksum of the compressed data is wrong]");
}

TEST(Gzip, WhatIsBehindTheLastMemberIsNotPassedOver) {
  EXPECT_EQ(read(stored + hex("0000 0000 0000 0000 0000")),
            "defdef[no gzip header where one has to be]");
}

TEST(Gzip, ABlockOfNoTypeIsRefused) {
  EXPECT_EQ(read(hex("1f8b 08 00 00000000 00 ff  07 00 00 00 00000000 00000000")),
            "[the compressed data cannot be inflated]");
}

}  // namespace
}  // namespace conformance
