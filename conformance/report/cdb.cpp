#include "conformance/report/cdb.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace conformance {
namespace {

using iscsi::wire::ByteView;

/// A number of the CDB: the bytes that it fills, none if the command has no such number.
struct Place {
  std::size_t byte = 0;
  std::size_t bytes = 0;
};

struct Row {
  unsigned opcode;
  std::string_view name;
  Place lba{};
  Place blocks{};
  Place allocated{};  ///< bytes: of parameters, or that the answer may have
};

constexpr Place none{};
constexpr std::array<Row, 56> rows{{
    {0x00, "TEST UNIT READY"},
    {0x03, "REQUEST SENSE", none, none, {4, 1}},
    {0x04, "FORMAT UNIT"},
    {0x07, "INITIALIZE ELEMENT STATUS"},
    {0x08, "READ(6)", {2, 2}, {4, 1}},
    {0x0a, "WRITE(6)", {2, 2}, {4, 1}},
    {0x12, "INQUIRY", none, none, {3, 2}},
    {0x15, "MODE SELECT(6)", none, none, {4, 1}},
    {0x16, "RESERVE(6)"},
    {0x17, "RELEASE(6)"},
    {0x1a, "MODE SENSE(6)", none, none, {4, 1}},
    {0x1b, "START STOP UNIT"},
    {0x1d, "SEND DIAGNOSTIC"},
    {0x1e, "PREVENT ALLOW MEDIUM REMOVAL"},
    {0x25, "READ CAPACITY(10)"},
    {0x28, "READ(10)", {2, 4}, {7, 2}},
    {0x2a, "WRITE(10)", {2, 4}, {7, 2}},
    {0x2e, "WRITE AND VERIFY(10)", {2, 4}, {7, 2}},
    {0x2f, "VERIFY(10)", {2, 4}, {7, 2}},
    {0x34, "PRE-FETCH(10)", {2, 4}, {7, 2}},
    {0x35, "SYNCHRONIZE CACHE(10)", {2, 4}, {7, 2}},
    {0x37, "READ DEFECT DATA(10)", none, none, {7, 2}},
    {0x3b, "WRITE BUFFER", none, none, {6, 3}},
    {0x3c, "READ BUFFER", none, none, {6, 3}},
    {0x41, "WRITE SAME(10)", {2, 4}, {7, 2}},
    {0x42, "UNMAP", none, none, {7, 2}},
    {0x43, "READ TOC/PMA/ATIP", none, none, {7, 2}},
    {0x46, "GET CONFIGURATION", none, none, {7, 2}},
    {0x4a, "GET EVENT STATUS NOTIFICATION", none, none, {7, 2}},
    {0x4c, "LOG SELECT", none, none, {7, 2}},
    {0x4d, "LOG SENSE", none, none, {7, 2}},
    {0x51, "READ DISC INFORMATION", none, none, {7, 2}},
    {0x55, "MODE SELECT(10)", none, none, {7, 2}},
    {0x5a, "MODE SENSE(10)", none, none, {7, 2}},
    {0x5e, "PERSISTENT RESERVE IN", none, none, {7, 2}},
    {0x5f, "PERSISTENT RESERVE OUT", none, none, {5, 4}},
    {0x83, "EXTENDED COPY", none, none, {10, 4}},
    {0x84, "RECEIVE COPY RESULTS", none, none, {10, 4}},
    {0x88, "READ(16)", {2, 8}, {10, 4}},
    {0x89, "COMPARE AND WRITE", {2, 8}, {13, 1}},
    {0x8a, "WRITE(16)", {2, 8}, {10, 4}},
    {0x8e, "WRITE AND VERIFY(16)", {2, 8}, {10, 4}},
    {0x8f, "VERIFY(16)", {2, 8}, {10, 4}},
    {0x90, "PRE-FETCH(16)", {2, 8}, {10, 4}},
    {0x91, "SYNCHRONIZE CACHE(16)", {2, 8}, {10, 4}},
    {0x93, "WRITE SAME(16)", {2, 8}, {10, 4}},
    {0x9e, "SERVICE ACTION IN(16)", none, none, {10, 4}},
    {0xa0, "REPORT LUNS", none, none, {6, 4}},
    {0xa3, "MAINTENANCE IN", none, none, {6, 4}},
    {0xa4, "MAINTENANCE OUT", none, none, {6, 4}},
    {0xa5, "MOVE MEDIUM"},
    {0xa8, "READ(12)", {2, 4}, {6, 4}},
    {0xaa, "WRITE(12)", {2, 4}, {6, 4}},
    {0xad, "READ DISC STRUCTURE", none, none, {8, 2}},
    {0xb8, "READ ELEMENT STATUS", none, none, {7, 3}},
    {0xbe, "READ CD", {2, 4}, {6, 3}},
}};

struct Action {
  unsigned opcode;
  unsigned action;
  std::string_view name;
};
constexpr std::array<Action, 6> actions{{
    {0x9e, 0x10, "READ CAPACITY(16)"},
    {0x9e, 0x12, "GET LBA STATUS"},
    {0xa3, 0x05, "REPORT IDENTIFYING INFORMATION"},
    {0xa3, 0x0a, "REPORT TARGET PORT GROUPS"},
    {0xa3, 0x0c, "REPORT SUPPORTED OPERATION CODES"},
    {0xa3, 0x0d, "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS"},
}};

unsigned at(ByteView bytes, std::size_t offset) { return std::to_integer<unsigned>(bytes[offset]); }

std::string number(ByteView cdb, Place place) {
  return std::to_string(iscsi::wire::load_big(cdb.subspan(place.byte, place.bytes)));
}

std::string hexadecimal(unsigned value) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[value >> 4U & 15U], digits[value & 15U], 'h'};
}

/// READ(6) and WRITE(6) have five more bits of address in byte 1, and 0 says 256 blocks.
std::string six_byte_range(ByteView cdb) {
  const std::uint64_t address = iscsi::wire::load<3>(cdb, 1) & 0x1f'ffffU;
  const unsigned blocks = at(cdb, 4) == 0 ? 256 : at(cdb, 4);
  return " LBA " + std::to_string(address) + ", " + std::to_string(blocks) + " blocks";
}

std::string page_of(ByteView cdb) {
  const unsigned opcode = at(cdb, 0);
  if (opcode == 0x12 && (at(cdb, 1) & 1U) != 0) return " page " + hexadecimal(at(cdb, 2));
  if (opcode == 0x1a || opcode == 0x5a) return " page " + hexadecimal(at(cdb, 2) & 0x3fU);
  return {};
}

}  // namespace

std::string describe_cdb(ByteView cdb) {
  const unsigned opcode = at(cdb, 0);
  const auto row = std::ranges::find(rows, opcode, &Row::opcode);
  if (row == rows.end()) return "operation code " + hexadecimal(opcode);
  std::string text{row->name};
  for (const Action& action : actions)
    if (action.opcode == opcode && action.action == (at(cdb, 1) & 0x1fU)) text = action.name;
  text += page_of(cdb);
  if (opcode == 0x08 || opcode == 0x0a) return text + six_byte_range(cdb);
  if (row->lba.bytes > 0)
    text += " LBA " + number(cdb, row->lba) + ", " + number(cdb, row->blocks) + " blocks";
  if (row->allocated.bytes > 0) text += ", " + number(cdb, row->allocated) + " bytes";
  return text;
}

}  // namespace conformance
