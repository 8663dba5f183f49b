/// Bytes by hand: blocks by draft-ietf-opsawg-pcapng, packets by RFC 791 and RFC 793, put together
/// without this writer; tshark finds every checksum in them right.

#include "wire/pcapng.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/hex.hpp"

namespace iscsi::wire::pcapng {
namespace {

/// A section with a comment and an application, and an Ethernet interface.
constexpr std::string_view beginning =
    "0a0d0d0a340000004d3c2b1a01000000ffffffffffffffff010004007365656e"
    "040005006a756467650000000000000034000000010000001400000001000000"
    "0000000014000000";

/// SYN with two comments, SYN and ACK, ACK; at 2^32 + 2 microseconds, on the eighth port.
constexpr std::string_view handshake =
    "060000006c000000000000000100000002000000360000003600000002000000"
    "0002020000000001080045000028000040004006b6ccc0000201c0000202c007"
    "0cbc000003e8000000005002ffff5b3300000000010003006f6e650001000400"
    "666f7572000000006c000000"
    "0600000058000000000000000100000002000000360000003600000002000000"
    "0001020000000002080045000028000040004006b6ccc0000202c00002010cbc"
    "c00700001388000003e95012ffff479a0000000058000000"
    "0600000058000000000000000100000002000000360000003600000002000000"
    "0002020000000001080045000028000040004006b6ccc0000201c0000202c007"
    "0cbc000003e9000013895010ffff479b0000000058000000";

/// Five bytes of the initiator's, with a comment.
constexpr std::string_view hello =
    "06000000680000000000000001000000030000003b0000003b00000002000000"
    "000202000000000108004500002d000040004006b6c7c0000201c0000202c007"
    "0cbc000003e9000013895018ffff03bc000068656c6c6f00010004006e6f7465"
    "0000000068000000";

/// Four of the target's.
constexpr std::string_view answer =
    "060000005c0000000000000001000000040000003a0000003a00000002000000"
    "000102000000000208004500002c000040004006b6c8c0000202c00002010cbc"
    "c00700001389000003ee5018ffff5b0300007965732100005c000000";

/// Three of the initiator's, and nine that the file does not have.
constexpr std::string_view cut =
    "060000005c000000000000000100000005000000390000004200000002000000"
    "0002020000000001080045000034000040004006b6c0c0000201c0000202c007"
    "0cbc000003ee0000138d5018ffff700800006375740000005c000000";

/// FIN of the initiator, which counts in the RST of the target.
constexpr std::string_view ending =
    "0600000058000000000000000100000006000000360000003600000002000000"
    "0002020000000001080045000028000040004006b6ccc0000201c0000202c007"
    "0cbc000003fa0000138d5011ffff47850000000058000000"
    "0600000058000000000000000100000007000000360000003600000002000000"
    "0001020000000002080045000028000040004006b6ccc0000202c00002010cbc"
    "c0070000138d000003fb5014ffff47810000000058000000";

constexpr std::uint64_t start = 0x1'0000'0002;
constexpr std::uint32_t line = 7;
using From = Packets::From;
using test::hex;
using test::to_hex;

Bytes text(std::string_view words) { return {as_bytes(words).begin(), as_bytes(words).end()}; }

/// What was added to `file` since it had `before` bytes.
std::string added(const Bytes& file, std::size_t before) {
  return to_hex(ByteView{file}.subspan(before));
}
std::string digits(std::string_view constant) { return to_hex(hex(constant)); }

TEST(Pcapng, BeginsWithASectionAndItsInterface) {
  Bytes file;
  begin(file, "seen", "judge");
  EXPECT_EQ(to_hex(file), digits(beginning));
  Bytes bare;
  begin(bare, "", "");
  EXPECT_EQ(bare.size(), file.size() - 8 - 12);  // no option is empty
}

TEST(Pcapng, MakesAConnectionThatWiresharkFollows) {
  Packets packets;
  Bytes file;
  const auto step = [&](std::string_view expected, auto put) {
    const std::size_t before = file.size();
    put();
    EXPECT_EQ(added(file, before), digits(expected));
  };
  const std::vector<std::string> two{"one", "four"}, note{"note"};
  step(handshake, [&] { packets.open(file, line, start, two); });
  step(hello, [&] { packets.data(file, line, start + 1, From::initiator, text("hello"), note); });
  step(answer, [&] { packets.data(file, line, start + 2, From::target, text("yes!")); });
  step(cut, [&] { packets.data(file, line, start + 3, From::initiator, text("cut"), {}, 9); });
  step(ending, [&] {
    packets.close(file, line, start + 4, From::initiator, false);
    packets.close(file, line, start + 5, From::target, true);
  });
}

std::vector<Block> blocks_of(ByteView file) {
  std::vector<Block> blocks;
  while (auto block = take_block(file)) blocks.push_back(*block);
  EXPECT_TRUE(file.empty());
  return blocks;
}

// The length field of IP has 16 bits: 65,495 bytes are left of them for data.
TEST(Pcapng, CutsLongDataIntoPackets) {
  const std::vector<std::string> note{"note"};
  for (const std::size_t size : {65495U, 65496U, 140000U}) {
    Packets packets;
    Bytes file, data(size);
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(i % 251);
    packets.data(file, line, 0, From::target, data, note);
    Bytes found;
    std::vector<std::size_t> sizes;
    for (const Block& block : blocks_of(file)) {
      EXPECT_TRUE(block.from_target);
      found.insert(found.end(), block.payload.begin(), block.payload.end());
      sizes.push_back(block.payload.size());
    }
    EXPECT_EQ(found, data);
    std::vector<std::size_t> expected(size / 65495, 65495);
    if (size % 65495 != 0) expected.push_back(size % 65495);
    EXPECT_EQ(sizes, expected);
    // The comment stands where the data is complete, and there alone.
    EXPECT_EQ(added(file, file.size() - 16).substr(0, 24), digits("01000400 6e6f7465 00000000"));
    EXPECT_EQ(file.size(), found.size() + padding(sizes.back() + 54) + 12 +
                               sizes.size() * (12 + 20 + 54) + (sizes.size() - 1) * 3);
    const std::size_t before = file.size();
    packets.data(file, line, 0, From::target, text("x"));
    const Block next = blocks_of(ByteView{file}.subspan(before)).at(0);
    EXPECT_EQ(load<4>(next.body, 20 + 34 + 4), 5000 + size);  // sequence numbers go on
  }
}

TEST(Pcapng, CountsWhatIsMissingBehindTheData) {
  Packets packets;
  Bytes file;
  packets.data(file, line, 0, From::initiator, text("0123456789"), {}, 70000);
  const auto blocks = blocks_of(file);
  ASSERT_EQ(blocks.size(), 2U);
  const auto lengths = [](const Block& block) {
    const auto at = [&](std::size_t byte) {
      return std::to_integer<std::size_t>(block.body[byte]) |
             std::to_integer<std::size_t>(block.body[byte + 1]) << 8U |
             std::to_integer<std::size_t>(block.body[byte + 2]) << 16U;
    };
    return std::pair{at(12), at(16)};  // captured, and on the wire
  };
  EXPECT_EQ(lengths(blocks[0]), (std::pair<std::size_t, std::size_t>{64, 65535 + 14}));
  EXPECT_EQ(lengths(blocks[1]), (std::pair<std::size_t, std::size_t>{54, 54 + 70010 - 65495}));
  EXPECT_EQ(blocks[0].payload.size(), 10U);
  EXPECT_FALSE(blocks[0].from_target);
  EXPECT_TRUE(blocks[1].payload.empty());
}

TEST(Pcapng, HasAPortForEachOf16384Connections) {
  Packets packets;
  const auto port = [&](std::uint32_t connection) {
    Bytes file;
    packets.data(file, connection, 0, From::initiator, text("x"));
    return load<2>(blocks_of(file).at(0).body, 20 + 34);
  };
  EXPECT_EQ(port(0), 49152U);
  EXPECT_EQ(port(16383), 65535U);
  EXPECT_EQ(port(16384), 49152U);
}

TEST(Pcapng, CutsACommentThatNoOptionHasRoomFor) {
  Bytes file;
  begin(file, std::string(70000, 'c'), "");
  ByteView rest = file;
  const auto section = take_block(rest);
  ASSERT_TRUE(section.has_value());
  EXPECT_EQ(to_hex(section->body.subspan(16, 4)), digits("0100 f0ff"));
  EXPECT_EQ(section->body.size(), 16 + 4 + 0xfff0 + 4U);
}

TEST(Pcapng, TakesItsOwnBlocksWhole) {
  Bytes file;
  put_block(file, 0x8000'0001, text("five!"));
  EXPECT_EQ(to_hex(file), digits("01000080 14000000 6669766521000000 14000000"));
  put_block(file, 0x8000'0002, {});
  EXPECT_EQ(added(file, 20), digits("02000080 0c000000 0c000000"));
  const auto blocks = blocks_of(file);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].type, 0x8000'0001U);
  EXPECT_EQ(as_text(blocks[0].body), (std::string_view{"five!\0\0\0", 8}));
  EXPECT_EQ(blocks[1].type, 0x8000'0002U);
  EXPECT_TRUE(blocks[1].body.empty());
}

TEST(Pcapng, TakesNothingThatIsNoBlock) {
  const auto takes = [](std::string_view block) {
    const Bytes bytes = hex(block);
    ByteView file = bytes;
    const bool taken = take_block(file).has_value();
    EXPECT_EQ(file.size(), taken ? 0 : bytes.size());
    return taken;
  };
  EXPECT_TRUE(takes("01000080 0c000000 0c000000"));
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(takes("01000080 0c000000 0c0000"));
  EXPECT_FALSE(takes("01000080 0c000000 10000000"));           // the lengths differ
  EXPECT_FALSE(takes("01000080 08000000 08000000"));           // shorter than its frame
  EXPECT_FALSE(takes("01000080 10000000 00000000"));           // longer than the file
  EXPECT_FALSE(takes("01000080 0d000000 0d00000000"));         // no whole words
  EXPECT_FALSE(takes("06000000 10000000 00000000 10000000"));  // a packet without its header
}

// A packet has the headers that this writer makes, and no more bytes than the block.
TEST(Pcapng, TakesNoPacketWhoseLengthIsNotThatOfItsBytes) {
  Packets packets;
  Bytes file;
  packets.data(file, line, 0, From::initiator, text("ab"));
  const auto takes = [&](std::uint8_t captured) {
    Bytes changed = file;
    changed[8 + 12] = std::byte{captured};
    ByteView rest = changed;
    const auto block = take_block(rest);
    return block ? static_cast<int>(block->payload.size()) : -1;
  };
  EXPECT_EQ(takes(56), 2);
  EXPECT_EQ(takes(54), 0);
  EXPECT_EQ(takes(53), -1);
  EXPECT_EQ(takes(57), -1);
}

}  // namespace
}  // namespace iscsi::wire::pcapng
