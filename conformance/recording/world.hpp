#pragma once

/// The target's world, as far as a recording shows it: its logical units, who they say they are,
/// and what stood on their blocks before the session wrote there.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/model/parameters.hpp"
#include "conformance/model/scsi_commands.hpp"
#include "conformance/recording/exchanges.hpp"
#include "conformance/recording/recording.hpp"

namespace conformance {

struct UnitDesignator {
  std::uint8_t code_set = 0;     ///< CODE SET (SPC-3 7.6.3)
  std::uint8_t association = 0;  ///< ASSOCIATION
  std::uint8_t type = 0;         ///< IDENTIFIER TYPE
  iscsi::wire::Bytes identifier{};
};

struct WorldUnit {
  std::uint16_t number = 0;
  std::uint8_t device_type = 0;  ///< PERIPHERAL DEVICE TYPE: 0 is a disk, 5 a CD-ROM, 8 a changer
  std::string vendor{};
  std::string product{};
  std::string revision{};
  std::string serial{};
  std::vector<UnitDesignator> designators{};
  std::uint32_t block_bytes = 0;  ///< 0: no command told it
  std::uint64_t block_count = 0;  ///< 0: no command told it
  bool geometry_is_told = false;  ///< by READ CAPACITY, not put together from what was read
  /// Blocks as the first READs found them, by LBA.
  std::map<std::uint64_t, iscsi::wire::Bytes> blocks{};

  [[nodiscard]] bool is_disk() const { return device_type == 0; }
};

struct World {
  std::string target_name{};
  bool wants_chap = false;  ///< the target asked for a CHAP response
  Parameters agreed{};      ///< by the first normal session whose login is on record
  std::map<std::uint16_t, WorldUnit> units{};

  [[nodiscard]] const WorldUnit* find(std::uint64_t lun) const;
};

/// The number of a LUN field in one of the two forms with one level (SAM-3 4.9.5 to 4.9.7).
[[nodiscard]] std::optional<std::uint16_t> unit_number(std::uint64_t lun);

[[nodiscard]] World rebuild_world(const Transcript& transcript);

}  // namespace conformance
