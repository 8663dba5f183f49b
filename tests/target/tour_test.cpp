/// docs/tour.md is a conversation in prose. This test holds it with a target.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "server/memory_device.hpp"
#include "server/perform.hpp"
#include "target/target.hpp"

namespace iscsi {
namespace {

struct Block {
  bool from_initiator = false;
  wire::Bytes bytes{};
};

/// Hexadecimal digits, quoted text, `xx x n` for repeated bytes, and remarks behind a number sign.
void append_line(wire::Bytes& bytes, std::string line) {
  line = line.substr(0, line.find('#'));
  const auto times = line.find(" x ");
  if (times != std::string::npos) {
    const auto byte = static_cast<std::byte>(std::stoul(line.substr(0, times), nullptr, 16));
    bytes.insert(bytes.end(), std::stoul(line.substr(times + 3)), byte);
    return;
  }
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == ' ') {
      ++i;
    } else if (line[i] == '"') {
      const auto end = line.find('"', i + 1);
      const auto text = wire::as_bytes(std::string_view{line}.substr(i + 1, end - i - 1));
      bytes.insert(bytes.end(), text.begin(), text.end());
      i = end + 1;
    } else {
      bytes.push_back(static_cast<std::byte>(std::stoul(line.substr(i, 2), nullptr, 16)));
      i += 2;
    }
  }
}

std::vector<Block> blocks_of_the_tour() {
  std::ifstream page{SOURCE_ROOT "/docs/tour.md"};
  std::vector<Block> blocks;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      inside = !inside && line.size() > 3;
      if (inside) blocks.push_back({.from_initiator = line == "```initiator"});
    } else if (inside) {
      append_line(blocks.back().bytes, line);
    }
  }
  return blocks;
}

std::string hexadecimal(wire::ByteView bytes) {
  std::ostringstream text;
  for (const std::byte byte : bytes) {
    constexpr auto* digits = "0123456789abcdef";
    text << digits[std::to_integer<unsigned>(byte) >> 4U]
         << digits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text.str();
}

TEST(Tour, IsWhatTheTargetDoes) {
  server::MemoryDevice disk{64U << 20U};
  const wire::Bytes pattern(512, std::byte{0x5a});
  const wire::ByteView piece{pattern};
  ASSERT_EQ(disk.write(0, {&piece, 1}, false).kind, scsi::MediumResult::Kind::done);

  const auto name = login::parse_name("iqn.2004-04.com.example:disk");
  ASSERT_TRUE(name.has_value());
  Configuration configuration{.login = {.target = *name}};
  configuration.units.push_back({.block_count = disk.block_count()});
  Target target{configuration};
  const ConnectionId connection = target.opened({.host = "127.0.0.1", .port = 3260}, {}, 0);

  const auto blocks = blocks_of_the_tour();
  ASSERT_EQ(blocks.size(), 8U);
  for (std::size_t i = 0; i < blocks.size(); i += 2) {
    ASSERT_TRUE(blocks[i].from_initiator);
    ASSERT_FALSE(blocks[i + 1].from_initiator);
    target.receive(connection, blocks[i].bytes, 0);
    while (const auto request = target.next_medium_request())
      target.finished(
          *request, server::perform(disk, request->operation, request->data_out, request->data_in),
          0);
    EXPECT_EQ(hexadecimal(target.take_output(connection, 0)), hexadecimal(blocks[i + 1].bytes))
        << "exchange " << i / 2 + 1;
  }
  EXPECT_EQ(target.disposition(connection), Disposition::close_when_sent);
  EXPECT_EQ(target.session_count(), 0U);
}

}  // namespace
}  // namespace iscsi
