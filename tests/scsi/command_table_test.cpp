#include "scsi/command_table.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "bench.hpp"
#include "commands_by_hand.hpp"

namespace scsi {
namespace {

TEST(CommandTable, HasTheCommandsWrittenDownByHand) {
  ASSERT_EQ(command_table().size(), std::size(known_commands));
  for (std::size_t i = 0; i < std::size(known_commands); ++i) {
    const CommandRow& row = command_table()[i];
    const auto map = row.usage_map();
    EXPECT_EQ(text(std::span(map).first(row.cdb_bytes)), known_commands[i].usage_map) << row.name;
    EXPECT_EQ(hex(known_commands[i].cdb).size(), row.cdb_bytes) << row.name;
  }
}

/// All operation codes with all lengths of CDB, down to none.
TEST(CommandTable, RefusesUnknownAndTruncatedCommands) {
  std::set<unsigned> codes;
  for (const KnownCommand& command : known_commands)
    codes.insert(std::to_integer<unsigned>(hex(command.cdb)[0]));
  Device device;
  ASSERT_TRUE(device.add_unit(0, {.block_count = 8}).has_value());
  for (unsigned code = 0; code < 256; ++code)
    for (std::size_t length = 0; length <= 20; ++length) {
      iscsi::wire::Bytes cdb(length);
      if (length > 0) cdb[0] = static_cast<std::byte>(code);
      const Command command{.nexus = 1, .lun = 0, .cdb = cdb};
      const Outcome outcome = execute(device, command);
      constexpr std::size_t group_bytes[] = {6, 10, 10, 0, 16, 12, 0, 0};
      SCOPED_TRACE(testing::Message() << "operation code " << code << ", length " << length);
      if (length == 0 || !codes.contains(code)) {
        EXPECT_EQ(outcome, check(SenseKey::illegal_request, {0x20, 0x00}));
        EXPECT_EQ(plan(device, command), no_transfer);
      } else if (length < group_bytes[code >> 5U]) {
        EXPECT_EQ(outcome, bad_cdb(static_cast<std::uint16_t>(length)));
        EXPECT_EQ(plan(device, command), no_transfer);
      } else {
        EXPECT_NE(outcome.sense.additional, (AdditionalSense{0x20, 0x00}));
      }
    }
}

TEST(CommandTable, KnowsServiceActionsByTheirNumberAlone) {
  Device device;
  ASSERT_TRUE(device.add_unit(0, {.block_count = 8}).has_value());
  for (const std::string_view text :
       {"9e 00 00 00 00 00 00 00 00 00 00 00 00 20 00 00", "a3 00 00 00 00 00 00 00 00 20 00 00"})
    for (unsigned byte_1 = 0; byte_1 < 256; ++byte_1) {
      auto cdb = hex(text);
      cdb[1] = static_cast<std::byte>(byte_1);
      const unsigned supported = cdb[0] == std::byte{0x9E} ? 0x10 : 0x0C;
      const Outcome outcome = execute(device, {.nexus = 1, .lun = 0, .cdb = cdb});
      if ((byte_1 & 0x1FU) == supported)
        EXPECT_EQ(outcome.status, Status::good) << byte_1;
      else
        EXPECT_EQ(outcome, bad_cdb(1, 4)) << byte_1;
    }
}

TEST(CommandTable, TakesLongerCdbsAsInitiatorsPadThem) {
  Device device;
  ASSERT_TRUE(device.add_unit(0, {.block_count = 1000}).has_value());
  for (const KnownCommand& command : known_commands) {
    const auto cdb = hex(command.cdb);
    auto padded = cdb;
    padded.resize(260, std::byte{0xFF});
    Device other = device;
    const auto parameters = hex(command.parameters);
    EXPECT_EQ(plan(device, {.nexus = 1, .lun = 0, .cdb = cdb}),
              plan(other, {.nexus = 1, .lun = 0, .cdb = padded}));
    EXPECT_EQ(execute(device, {.nexus = 1, .lun = 0, .cdb = cdb}, parameters, 512),
              execute(other, {.nexus = 1, .lun = 0, .cdb = padded}, parameters, 512));
  }
}

/// A field read and marked bit by bit, for every place a field of the table has.
TEST(CommandTable, ReadsEachFieldFromItsBits) {
  for (const CommandRow& row : command_table())
    for (const FieldSpec& spec : row.layout.fields()) {
      const unsigned first = spec.place.byte * 8U + (7U - spec.place.bit);
      std::array<std::byte, 16> marked{};
      spec.place.mark(marked);
      for (unsigned bit = 0; bit < 128; ++bit) {
        std::array<std::byte, 16> cdb{};
        cdb[bit / 8] = static_cast<std::byte>(0x80U >> bit % 8);
        const bool inside = bit >= first && bit < first + spec.place.width;
        const std::uint64_t expected =
            inside ? std::uint64_t{1} << (first + spec.place.width - 1 - bit) : 0;
        ASSERT_EQ(spec.place.load(cdb), expected)
            << row.name << ' ' << name(spec.field) << ' ' << bit;
        ASSERT_EQ((marked[bit / 8] & cdb[bit / 8]) != std::byte{0}, inside);
      }
    }
}

TEST(CommandTable, NamesItsFields) {
  std::set<std::string_view> names;
  for (const CommandRow& row : command_table())
    for (const FieldSpec& spec : row.layout.fields()) {
      EXPECT_FALSE(name(spec.field).empty());
      names.insert(name(spec.field));
    }
  EXPECT_EQ(names.size(), 36U) << "as many as there are fields, and no two alike";
}

TEST(CommandTable, IsWhatTheDocumentationShows) {
  std::ifstream file(SOURCE_ROOT "/docs/scsi-commands.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  if (page == describe_commands()) return;
  const std::string now = testing::TempDir() + "scsi-commands.md";
  std::ofstream(now) << describe_commands();
  FAIL() << "the table has changed: look at " << now << " and copy it to docs/";
}

}  // namespace
}  // namespace scsi
