#pragma once

/// What a logical unit is, as its owner sets it up; nothing here is changed by a command.

#include <cstdint>
#include <string>
#include <vector>

#include "wire/bytes.hpp"

namespace scsi {

/// A name of the logical unit, its target port or its target device (SPC-4 7.8.6, VPD page 83h).
struct Designator {
  enum class Association : std::uint8_t { logical_unit = 0, target_port = 1, target_device = 2 };
  enum class CodeSet : std::uint8_t { binary = 1, ascii = 2, utf8 = 3 };
  enum class Type : std::uint8_t {
    t10_vendor_id = 1,
    eui_64 = 2,
    naa = 3,
    relative_target_port = 4,
    target_port_group = 5,
    scsi_name_string = 8,
  };
  Association association = Association::logical_unit;
  CodeSet code_set = CodeSet::binary;
  Type type = Type::naa;
  std::uint8_t protocol = 5;  ///< PROTOCOL IDENTIFIER of a port's or device's name: 5 is iSCSI
  iscsi::wire::Bytes identifier{};

  friend bool operator==(const Designator&, const Designator&) = default;
};

struct UnitConfiguration {
  std::string vendor = "REFERENC";        ///< T10 VENDOR IDENTIFICATION, printable, 8 at most
  std::string product = "ISCSI DISK";     ///< printable, 16 at most
  std::string revision = "1";             ///< printable, 4 at most
  std::string serial = "0";               ///< printable, 1 to 64 characters, one per unit
  std::vector<Designator> designators{};  ///< beside the T10 one made of vendor and serial
  std::uint64_t block_count = 0;          ///< at least one
  std::uint32_t block_bytes = 512;        ///< a power of two from 512 to 65536
  std::uint8_t physical_block_exponent =
      0;  ///< 2^this logical blocks in a physical one, 15 at most
  std::uint32_t maximum_transfer_blocks = 0;  ///< of one command; zero: no limit of ours
  bool read_only = false;
  bool rotational = false;
  bool write_cache = true;  ///< WCE at power on: a write is stable only after FUA or a flush
  std::uint16_t transport_standard = 0x0960;  ///< its VERSION DESCRIPTOR: iSCSI

  friend bool operator==(const UnitConfiguration&, const UnitConfiguration&) = default;
};

}  // namespace scsi
