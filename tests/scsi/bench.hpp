#pragma once

/// A device to try commands on, and CDBs written as hexadecimal text.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "scsi/dispatch.hpp"

namespace scsi {

/// "28 00 …" as bytes; spaces are ignored.
inline iscsi::wire::Bytes hex(std::string_view text) {
  iscsi::wire::Bytes bytes;
  unsigned value = 1;  // a one before the digits of the byte that is being read
  for (const char c : text) {
    if (c == ' ') continue;
    const char lower = static_cast<char>(c | 0x20);
    EXPECT_TRUE((c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f')) << text;
    value = value << 4U | static_cast<unsigned>(c <= '9' ? c - '0' : lower - 'a' + 10);
    if (value < 0x100) continue;
    bytes.push_back(static_cast<std::byte>(value));
    value = 1;
  }
  EXPECT_EQ(value, 1U) << "odd number of digits: " << text;
  return bytes;
}

inline std::string text(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : bytes) {
    if (!out.empty()) out += ' ';
    out += digits[std::to_integer<unsigned>(byte) >> 4U];
    out += digits[std::to_integer<unsigned>(byte) & 15U];
  }
  return out;
}

/// So many bytes of zero, as `hex` reads them.
inline std::string zeros(std::size_t count) {
  std::string digits;
  for (std::size_t i = 0; i < count; ++i) digits += "00";
  return digits;
}

inline std::string both(const Sense& sense) {
  const std::byte codes[] = {static_cast<std::byte>(sense.key),
                             static_cast<std::byte>(sense.additional.code),
                             static_cast<std::byte>(sense.additional.qualifier)};
  return text(codes);
}

inline void PrintTo(const Sense& sense, std::ostream* out) {
  *out << both(sense);
  if (sense.deferred) *out << " deferred";
  if (sense.information) *out << " information " << *sense.information;
  if (!sense.field) return;
  *out << (sense.field->in_cdb ? " CDB byte " : " parameter byte ") << sense.field->byte;
  if (sense.field->bit) *out << " bit " << int{*sense.field->bit};
}
inline void PrintTo(const Operation& operation, std::ostream* out) {
  *out << "operation " << static_cast<int>(operation.kind) << " lba " << operation.lba << " blocks "
       << operation.blocks << (operation.durable ? " durable" : "")
       << (operation.immediate ? " immediate" : "");
}
inline void PrintTo(const Transfer& transfer, std::ostream* out) {
  *out << "direction " << static_cast<int>(transfer.direction) << " payload "
       << static_cast<int>(transfer.payload) << " bytes " << transfer.bytes;
}
inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << "status " << static_cast<int>(outcome.status) << ", sense ";
  PrintTo(outcome.sense, out);
  *out << ", data " << text(outcome.data_in) << ", ";
  PrintTo(outcome.operation, out);
}

/// Units 0 (1000 blocks of 512 bytes) and 5 (4096-byte blocks, read only). Nexuses 1 and 2 are
/// established and have heard their unit attentions.
class Bench : public testing::Test {
 protected:
  Bench() {
    add(0, {.vendor = "ACME",
            .product = "DISK",
            .revision = "2.1",
            .serial = "SN7",
            .block_count = 1000});
    add(5, {.vendor = "ACME",
            .product = "TAPE? NO",
            .serial = "SN8",
            .block_count = 64,
            .block_bytes = 4096,
            .physical_block_exponent = 3,
            .maximum_transfer_blocks = 16,
            .read_only = true,
            .rotational = true});
    device.nexus_established(1);
    device.nexus_established(2);
    quiet();
  }

  void add(std::uint16_t number, const UnitConfiguration& configuration) {
    const auto added = device.add_unit(number, configuration);
    ASSERT_TRUE(added.has_value()) << added.error();
  }

  /// Every nexus hears all that is pending for it.
  void quiet() {
    for (const LogicalUnit& unit : device.units())
      for (const NexusId nexus : {NexusId{1}, NexusId{2}}) {
        LogicalUnit* changed = device.find(lun_field(unit.number));
        while (changed->attentions.next(nexus) != nullptr) changed->attentions.drop(nexus);
      }
  }

  LogicalUnit& unit(std::uint16_t number = 0) { return *device.find(lun_field(number)); }

  Outcome run(std::string_view cdb, NexusId nexus = 1, std::uint16_t number = 0) {
    return run_with(cdb, {}, nexus, number);
  }
  /// With as much medium data as the plan asks for, and with `parameters` as the parameter list.
  Outcome run_with(std::string_view cdb, std::span<const std::byte> parameters, NexusId nexus = 1,
                   std::uint16_t number = 0) {
    const auto bytes = hex(cdb);
    const Command command{.nexus = nexus, .lun = lun_field(number), .cdb = bytes};
    return execute(device, command, parameters, plan(device, command).bytes);
  }
  Transfer planned(std::string_view cdb, std::uint16_t number = 0) {
    const auto bytes = hex(cdb);
    return plan(device, {.nexus = 1, .lun = lun_field(number), .cdb = bytes});
  }
  Outcome concluded(std::string_view cdb, const Operation& operation, const MediumResult& result,
                    std::uint16_t number = 0) {
    const auto bytes = hex(cdb);
    return conclude(device, {.nexus = 1, .lun = lun_field(number), .cdb = bytes}, operation,
                    result);
  }

  Device device;
};

inline Outcome good() { return {}; }
inline Outcome good(std::string_view data_in) { return {.data_in = hex(data_in)}; }
inline Outcome good(const Operation& operation) { return {.operation = operation}; }
inline Outcome check(SenseKey key, AdditionalSense additional,
                     std::optional<FieldPointer> field = std::nullopt) {
  return {.status = Status::check_condition,
          .sense = {.key = key, .additional = additional, .field = field}};
}
/// 05/24/00 at a byte of the CDB, or at a bit of it.
inline Outcome bad_cdb(std::uint16_t byte, std::optional<std::uint8_t> bit = std::nullopt) {
  return check(SenseKey::illegal_request, {0x24, 0x00}, FieldPointer{true, byte, bit});
}
/// 05/26/00 at a byte of the parameter list, or at a bit of it.
inline Outcome bad_list(std::uint16_t byte, std::optional<std::uint8_t> bit = std::nullopt) {
  return check(SenseKey::illegal_request, {0x26, 0x00}, FieldPointer{false, byte, bit});
}
inline Outcome conflict() { return {.status = Status::reservation_conflict}; }

inline constexpr Transfer no_transfer{};
constexpr Transfer parameters_in(std::uint64_t bytes) {
  return {Direction::to_initiator, Payload::parameters, bytes};
}
constexpr Transfer parameters_out(std::uint64_t bytes) {
  return {Direction::to_target, Payload::parameters, bytes};
}
constexpr Transfer blocks_in(std::uint64_t bytes) {
  return {Direction::to_initiator, Payload::blocks, bytes};
}
constexpr Transfer blocks_out(std::uint64_t bytes) {
  return {Direction::to_target, Payload::blocks, bytes};
}

}  // namespace scsi
