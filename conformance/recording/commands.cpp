#include "conformance/recording/commands.hpp"

#include <algorithm>
#include <array>

namespace conformance {

using iscsi::wire::ByteView;
using iscsi::wire::load;

namespace {

using enum Comparison;

constexpr bool harmless = false;
constexpr bool changing = true;

constexpr auto rows = std::to_array<CommandRow>({
    {0x00, "TEST UNIT READY", status, harmless},
    {0x03, "REQUEST SENSE", optional, harmless},
    {0x08, "READ(6)", blocks, harmless},
    {0x0a, "WRITE(6)", outcome, changing},
    {0x12, "INQUIRY", identity, harmless},
    {0x16, "RESERVE(6)", status, changing},
    {0x17, "RELEASE(6)", status, changing},
    {0x1a, "MODE SENSE(6)", optional, harmless},
    {0x25, "READ CAPACITY(10)", identity, harmless},
    {0x28, "READ(10)", blocks, harmless},
    {0x2a, "WRITE(10)", outcome, changing},
    {0x2f, "VERIFY(10)", status, harmless},
    {0x34, "PRE-FETCH(10)", status, harmless},
    {0x35, "SYNCHRONIZE CACHE(10)", status, harmless},
    {0x41, "WRITE SAME(10)", optional, changing},
    {0x42, "UNMAP", optional, changing},
    {0x4d, "LOG SENSE", optional, harmless},
    {0x5a, "MODE SENSE(10)", optional, harmless},
    {0x5e, "PERSISTENT RESERVE IN", optional, harmless},
    {0x5f, "PERSISTENT RESERVE OUT", optional, changing},
    {0x88, "READ(16)", blocks, harmless},
    {0x89, "COMPARE AND WRITE", optional, changing},
    {0x8a, "WRITE(16)", outcome, changing},
    {0x8f, "VERIFY(16)", status, harmless},
    {0x90, "PRE-FETCH(16)", status, harmless},
    {0x91, "SYNCHRONIZE CACHE(16)", status, harmless},
    {0x93, "WRITE SAME(16)", optional, changing},
    {0x9e, "SERVICE ACTION IN(16)", identity, harmless},
    {0xa0, "REPORT LUNS", identity, harmless},
    {0xa3, "MAINTENANCE IN", optional, harmless},
    {0xa8, "READ(12)", blocks, harmless},
    {0xaa, "WRITE(12)", outcome, changing},
    {0xaf, "VERIFY(12)", status, harmless},
});

constexpr CommandRow no_row{0, "", optional, changing};
constexpr std::uint64_t to_the_end = std::uint64_t{1} << 63U;
constexpr std::size_t unmap_header = 8;
constexpr std::size_t unmap_descriptor = 16;

std::vector<BlockRange> unmapped_blocks(ByteView list) {
  std::vector<BlockRange> ranges;
  for (std::size_t at = unmap_header; at + unmap_descriptor <= list.size(); at += unmap_descriptor)
    ranges.push_back({load<8>(list, at), load<4>(list, at + 8), BlockRange::Use::other});
  return ranges;
}

}  // namespace

const CommandRow& command_row(std::uint8_t operation_code) {
  const auto* found = std::ranges::find(rows, operation_code, &CommandRow::operation_code);
  return found == rows.end() ? no_row : *found;
}

std::string command_name(std::span<const std::byte, 16> cdb) {
  const auto code = std::to_integer<std::uint8_t>(cdb[0]);
  const CommandRow& row = command_row(code);
  if (code == 0x9e && (std::to_integer<unsigned>(cdb[1]) & 0x1fU) == 0x10)
    return "READ CAPACITY(16)";
  if (!row.name.empty()) return std::string{row.name};
  constexpr std::string_view digits = "0123456789abcdef";
  return std::string{"the command "} + digits[code >> 4U] + digits[code & 15U] + "h";
}

std::vector<BlockRange> blocks_of(std::span<const std::byte, 16> cdb, ByteView data_out) {
  using Use = BlockRange::Use;
  const auto six = [&](Use use) {
    const std::uint64_t count = load<1>(cdb, 4);
    return std::vector{BlockRange{load<3>(cdb, 1) & 0x1f'ffffU, count == 0 ? 256 : count, use}};
  };
  const auto range = [&](std::uint64_t first, std::uint64_t count, Use use) {
    return std::vector{BlockRange{first, count, use}};
  };
  const auto or_all = [](std::uint64_t count) { return count == 0 ? to_the_end : count; };
  switch (std::to_integer<std::uint8_t>(cdb[0])) {
    case 0x08: return six(Use::read);
    case 0x0a: return six(Use::write);
    case 0x28: return range(load<4>(cdb, 2), load<2>(cdb, 7), Use::read);
    case 0x2a: return range(load<4>(cdb, 2), load<2>(cdb, 7), Use::write);
    case 0x2e: return range(load<4>(cdb, 2), load<2>(cdb, 7), Use::other);
    case 0x41: return range(load<4>(cdb, 2), or_all(load<2>(cdb, 7)), Use::other);
    case 0x42: return unmapped_blocks(data_out);
    case 0x88: return range(load<8>(cdb, 2), load<4>(cdb, 10), Use::read);
    case 0x89: return range(load<8>(cdb, 2), load<1>(cdb, 13), Use::other);
    case 0x8a: return range(load<8>(cdb, 2), load<4>(cdb, 10), Use::write);
    case 0x8e: return range(load<8>(cdb, 2), load<4>(cdb, 10), Use::other);
    case 0x93: return range(load<8>(cdb, 2), or_all(load<4>(cdb, 10)), Use::other);
    case 0xa8: return range(load<4>(cdb, 2), load<4>(cdb, 6), Use::read);
    case 0xaa: return range(load<4>(cdb, 2), load<4>(cdb, 6), Use::write);
    default: return {};
  }
}

std::optional<std::uint16_t> unit_number(std::uint64_t lun) {
  const auto first = static_cast<std::uint16_t>(lun >> 48U);
  if ((lun & 0xffff'ffff'ffffU) != 0) return std::nullopt;
  if (first < 0x0100) return first;
  if (first >> 14U == 1) return static_cast<std::uint16_t>(first & 0x3fffU);
  return std::nullopt;
}

}  // namespace conformance
