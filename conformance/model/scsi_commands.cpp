#include "conformance/model/scsi_commands.hpp"

#include <algorithm>

namespace conformance {

using iscsi::wire::ByteView;
using iscsi::wire::load;
using iscsi::wire::load_big;

namespace {

using enum Comparison;

constexpr bool harmless = false;
constexpr bool changing = true;

constexpr std::string_view lba_name = "LBA";
constexpr std::string_view blocks_name = "Blocks";
constexpr std::string_view allocation_name = "AllocationLength";
constexpr std::string_view parameters_name = "ParameterListLength";

constexpr CdbField lba(std::uint8_t byte, std::uint8_t bytes) { return {lba_name, byte, bytes}; }
constexpr CdbField blocks_at(std::uint8_t byte, std::uint8_t bytes) {
  return {blocks_name, byte, bytes};
}
constexpr CdbField allocation(std::uint8_t byte, std::uint8_t bytes) {
  return {allocation_name, byte, bytes};
}
constexpr CdbField parameters(std::uint8_t byte, std::uint8_t bytes) {
  return {parameters_name, byte, bytes};
}
constexpr CdbField page{"PageCode", 2, 1};

/// Of those that share an operation code, the one without a service action stands last.
constexpr auto commands = std::to_array<CommandForm>({
    {0x00, "TEST UNIT READY", {}, status, harmless},
    {0x03, "REQUEST SENSE", {{allocation(4, 1)}}, optional, harmless},
    {0x04, "FORMAT UNIT", {}, optional, changing},
    {0x07, "INITIALIZE ELEMENT STATUS", {}, optional, changing},
    {0x08, "READ(6)", {{lba(1, 3), blocks_at(4, 1)}}, blocks, harmless},
    {0x0a, "WRITE(6)", {{lba(1, 3), blocks_at(4, 1)}}, outcome, changing},
    {0x12, "INQUIRY", {{{"EVPD", 1, 1}, page, allocation(3, 2)}}, identity, harmless},
    {0x15, "MODE SELECT(6)", {{parameters(4, 1)}}, optional, changing},
    {0x16, "RESERVE(6)", {}, status, changing},
    {0x17, "RELEASE(6)", {}, status, changing},
    {0x1a, "MODE SENSE(6)", {{page, allocation(4, 1)}}, optional, harmless},
    {0x1b, "START STOP UNIT", {}, optional, changing},
    {0x1d, "SEND DIAGNOSTIC", {}, optional, changing},
    {0x1e, "PREVENT ALLOW MEDIUM REMOVAL", {}, optional, changing},
    {0x25, "READ CAPACITY(10)", {}, identity, harmless},
    {0x28, "READ(10)", {{lba(2, 4), blocks_at(7, 2)}}, blocks, harmless},
    {0x2a, "WRITE(10)", {{lba(2, 4), blocks_at(7, 2)}}, outcome, changing},
    {0x2e, "WRITE AND VERIFY(10)", {{lba(2, 4), blocks_at(7, 2)}}, optional, changing},
    {0x2f, "VERIFY(10)", {{lba(2, 4), blocks_at(7, 2)}}, status, harmless},
    {0x34, "PRE-FETCH(10)", {{lba(2, 4), blocks_at(7, 2)}}, status, harmless},
    {0x35, "SYNCHRONIZE CACHE(10)", {{lba(2, 4), blocks_at(7, 2)}}, status, harmless},
    {0x37, "READ DEFECT DATA(10)", {{allocation(7, 2)}}, optional, harmless},
    {0x3b, "WRITE BUFFER", {{parameters(6, 3)}}, optional, changing},
    {0x3c, "READ BUFFER", {{allocation(6, 3)}}, optional, harmless},
    {0x41, "WRITE SAME(10)", {{lba(2, 4), blocks_at(7, 2)}}, optional, changing},
    {0x42, "UNMAP", {{parameters(7, 2)}}, optional, changing},
    {0x43, "READ TOC/PMA/ATIP", {{allocation(7, 2)}}, optional, harmless},
    {0x46, "GET CONFIGURATION", {{allocation(7, 2)}}, optional, harmless},
    {0x4a, "GET EVENT STATUS NOTIFICATION", {{allocation(7, 2)}}, optional, changing},
    {0x4c, "LOG SELECT", {{parameters(7, 2)}}, optional, changing},
    {0x4d, "LOG SENSE", {{allocation(7, 2)}}, optional, harmless},
    {0x51, "READ DISC INFORMATION", {{allocation(7, 2)}}, optional, harmless},
    {0x55, "MODE SELECT(10)", {{parameters(7, 2)}}, optional, changing},
    {0x5a, "MODE SENSE(10)", {{page, allocation(7, 2)}}, optional, harmless},
    {0x5e, "PERSISTENT RESERVE IN", {{allocation(7, 2)}}, optional, harmless},
    {0x5f, "PERSISTENT RESERVE OUT", {{parameters(5, 4)}}, optional, changing},
    {0x83, "EXTENDED COPY", {{parameters(10, 4)}}, optional, changing},
    {0x84, "RECEIVE COPY RESULTS", {{allocation(10, 4)}}, optional, harmless},
    {0x88, "READ(16)", {{lba(2, 8), blocks_at(10, 4)}}, blocks, harmless},
    {0x89, "COMPARE AND WRITE", {{lba(2, 8), blocks_at(13, 1)}}, optional, changing},
    {0x8a, "WRITE(16)", {{lba(2, 8), blocks_at(10, 4)}}, outcome, changing},
    {0x8e, "WRITE AND VERIFY(16)", {{lba(2, 8), blocks_at(10, 4)}}, optional, changing},
    {0x8f, "VERIFY(16)", {{lba(2, 8), blocks_at(10, 4)}}, status, harmless},
    {0x90, "PRE-FETCH(16)", {{lba(2, 8), blocks_at(10, 4)}}, status, harmless},
    {0x91, "SYNCHRONIZE CACHE(16)", {{lba(2, 8), blocks_at(10, 4)}}, status, harmless},
    {0x93, "WRITE SAME(16)", {{lba(2, 8), blocks_at(10, 4)}}, optional, changing},
    {0x9e, "READ CAPACITY(16)", {{allocation(10, 4)}}, identity, harmless, 0x10},
    {0x9e, "GET LBA STATUS", {{allocation(10, 4)}}, identity, harmless, 0x12},
    {0x9e, "SERVICE ACTION IN(16)", {{allocation(10, 4)}}, identity, harmless},
    {0xa0, "REPORT LUNS", {{{"SelectReport", 2, 1}, allocation(6, 4)}}, identity, harmless},
    {0xa3, "REPORT IDENTIFYING INFORMATION", {{allocation(6, 4)}}, optional, harmless, 0x05},
    {0xa3, "REPORT TARGET PORT GROUPS", {{allocation(6, 4)}}, optional, harmless, 0x0a},
    {0xa3, "REPORT SUPPORTED OPERATION CODES", {{allocation(6, 4)}}, optional, harmless, 0x0c},
    {0xa3,
     "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
     {{allocation(6, 4)}},
     optional,
     harmless,
     0x0d},
    {0xa3, "MAINTENANCE IN", {{allocation(6, 4)}}, optional, harmless},
    {0xa4, "MAINTENANCE OUT", {{parameters(6, 4)}}, optional, changing},
    {0xa5, "MOVE MEDIUM", {}, optional, changing},
    {0xa8, "READ(12)", {{lba(2, 4), blocks_at(6, 4)}}, blocks, harmless},
    {0xaa, "WRITE(12)", {{lba(2, 4), blocks_at(6, 4)}}, outcome, changing},
    {0xad, "READ DISC STRUCTURE", {{allocation(8, 2)}}, optional, harmless},
    {0xaf, "VERIFY(12)", {{lba(2, 4), blocks_at(6, 4)}}, status, harmless},
    {0xb8, "READ ELEMENT STATUS", {{allocation(7, 3)}}, optional, harmless},
    {0xbe, "READ CD", {{lba(2, 4), blocks_at(6, 3)}}, optional, harmless},
});

constexpr CommandForm unknown{};
constexpr std::uint64_t to_the_end = std::uint64_t{1} << 63U;
constexpr std::size_t unmap_header = 8;
constexpr std::size_t unmap_descriptor = 16;

unsigned byte_at(Cdb cdb, std::size_t offset) { return std::to_integer<unsigned>(cdb[offset]); }

std::string hexadecimal(unsigned value) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[value >> 4U & 15U], digits[value & 15U], 'h'};
}

/// READ(6) and WRITE(6): five bits of byte 1 belong to the address, and 0 says 256 blocks.
bool has_six_bytes(const CommandForm& command) { return command.operation_code < 0x20; }

/// The blocks that the CDB names, as they stand there.
std::optional<BlockRange> named_blocks(const CommandForm& command, Cdb cdb) {
  const CdbField* first = find_cdb_field(command, lba_name);
  const CdbField* count = find_cdb_field(command, blocks_name);
  if (first == nullptr || count == nullptr) return std::nullopt;
  BlockRange range{.first = load_big(cdb.subspan(first->byte, first->bytes)),
                   .count = load_big(cdb.subspan(count->byte, count->bytes))};
  if (has_six_bytes(command)) {
    range.first &= 0x1f'ffffU;
    if (range.count == 0) range.count = 256;
  }
  return range;
}

std::vector<BlockRange> unmapped_blocks(ByteView list) {
  std::vector<BlockRange> ranges;
  for (std::size_t at = unmap_header; at + unmap_descriptor <= list.size(); at += unmap_descriptor)
    ranges.push_back({load<8>(list, at), load<4>(list, at + 8), BlockRange::Use::other});
  return ranges;
}

bool repeats_one_block(const CommandForm& command) {
  return command.name.starts_with("WRITE SAME");
}

/// The page asked for: of INQUIRY only with EVPD, of MODE SENSE without the bits in front of it.
std::string page_text(const CommandForm& command, Cdb cdb) {
  if (find_cdb_field(command, page.name) == nullptr) return {};
  if (find_cdb_field(command, "EVPD") == nullptr)
    return " page " + hexadecimal(byte_at(cdb, 2) & 0x3fU);
  return (byte_at(cdb, 1) & 1U) != 0 ? " page " + hexadecimal(byte_at(cdb, 2)) : std::string{};
}

}  // namespace

std::span<const CommandForm> scsi_commands() { return commands; }

const CommandForm* find_command(std::string_view name) {
  const auto* found = std::ranges::find(commands, name, &CommandForm::name);
  return found == commands.end() ? nullptr : found;
}

const CommandForm& command_of(Cdb cdb) {
  const auto action = static_cast<std::uint8_t>(byte_at(cdb, 1) & 0x1fU);
  const auto* found = std::ranges::find_if(commands, [&](const CommandForm& one) {
    return one.operation_code == byte_at(cdb, 0) && one.service_action.value_or(action) == action;
  });
  return found == commands.end() ? unknown : *found;
}

const CdbField* find_cdb_field(const CommandForm& command, std::string_view name) {
  for (const CdbField& field : command.fields)
    if (!field.name.empty() && field.name == name) return &field;
  return nullptr;
}

std::string command_name(Cdb cdb) {
  const std::string_view name = command_of(cdb).name;
  return name.empty() ? "operation code " + hexadecimal(byte_at(cdb, 0)) : std::string{name};
}

std::string describe_cdb(Cdb cdb) {
  const CommandForm& command = command_of(cdb);
  std::string text = command_name(cdb) + page_text(command, cdb);
  if (const auto range = named_blocks(command, cdb))
    text +=
        " LBA " + std::to_string(range->first) + ", " + std::to_string(range->count) + " blocks";
  for (const CdbField& field : command.fields)
    if (field.name == allocation_name || field.name == parameters_name)
      text += ", " + std::to_string(load_big(cdb.subspan(field.byte, field.bytes))) + " bytes";
  return text;
}

std::vector<BlockRange> blocks_of(Cdb cdb, ByteView data_out) {
  const CommandForm& command = command_of(cdb);
  if (command.name == "UNMAP") return unmapped_blocks(data_out);
  auto range = named_blocks(command, cdb);
  const bool reads = command.comparison == blocks;
  if (!range || (!reads && !command.changes)) return {};
  if (!reads)
    range->use = command.comparison == outcome ? BlockRange::Use::write : BlockRange::Use::other;
  if (repeats_one_block(command) && range->count == 0) range->count = to_the_end;
  return {*range};
}

}  // namespace conformance
