#pragma once

/// Media for the harnesses: small disks in memory that fail when they are told to.

#include <cstdint>
#include <vector>

#include "scsi/unit_configuration.hpp"
#include "server/memory_device.hpp"
#include "server/perform.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {

/// The units that every harness has: a small disk, one of 4 KiB blocks that cannot be written, and
/// one too large for 32-bit addresses.
[[nodiscard]] const std::vector<scsi::UnitConfiguration>& unit_configurations();

class Media {
 public:
  /// `failure_in`: about one of so many operations fails; zero: none.
  explicit Media(std::size_t failure_in);

  /// Carries an operation out, or fails as media can.
  [[nodiscard]] scsi::MediumResult perform(std::uint16_t unit, const scsi::Operation& operation,
                                           server::Pieces data_out, std::span<std::byte> data_in);
  [[nodiscard]] std::size_t operations() const { return operations_; }

 private:
  std::vector<server::MemoryDevice> disks_;
  std::size_t failure_in_;
  std::size_t operations_ = 0;
};

}  // namespace iscsi::fuzz
