#pragma once

/// Sense data (SPC-4 4.5): why a command ended with CHECK CONDITION, as a value, and its bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace scsi {

enum class SenseKey : std::uint8_t {
  no_sense = 0x0,
  recovered_error = 0x1,
  not_ready = 0x2,
  medium_error = 0x3,
  hardware_error = 0x4,
  illegal_request = 0x5,
  unit_attention = 0x6,
  data_protect = 0x7,
  aborted_command = 0xB,
  miscompare = 0xE,
};

/// ADDITIONAL SENSE CODE and ADDITIONAL SENSE CODE QUALIFIER, by T10's register.
struct AdditionalSense {
  std::uint8_t code = 0;
  std::uint8_t qualifier = 0;

  friend bool operator==(const AdditionalSense&, const AdditionalSense&) = default;
};

/// The additional sense this dispatcher, or the owner of its sessions, has a use for.
namespace asc {
inline constexpr AdditionalSense start_needed{0x04, 0x02};
inline constexpr AdditionalSense manual_intervention_required{0x04, 0x03};
inline constexpr AdditionalSense write_error{0x0C, 0x00};
inline constexpr AdditionalSense unrecovered_read_error{0x11, 0x00};
inline constexpr AdditionalSense parameter_list_length_error{0x1A, 0x00};
inline constexpr AdditionalSense miscompare_during_verify{0x1D, 0x00};
inline constexpr AdditionalSense invalid_operation_code{0x20, 0x00};
inline constexpr AdditionalSense lba_out_of_range{0x21, 0x00};
inline constexpr AdditionalSense invalid_field_in_cdb{0x24, 0x00};
inline constexpr AdditionalSense logical_unit_not_supported{0x25, 0x00};
inline constexpr AdditionalSense invalid_field_in_parameter_list{0x26, 0x00};
inline constexpr AdditionalSense write_protected{0x27, 0x00};
inline constexpr AdditionalSense space_allocation_failed{0x27, 0x07};
inline constexpr AdditionalSense power_on_or_reset{0x29, 0x00};
inline constexpr AdditionalSense bus_reset{0x29, 0x02};
inline constexpr AdditionalSense logical_unit_reset{0x29, 0x03};
inline constexpr AdditionalSense nexus_loss{0x29, 0x07};
inline constexpr AdditionalSense mode_parameters_changed{0x2A, 0x01};
inline constexpr AdditionalSense capacity_changed{0x2A, 0x09};
inline constexpr AdditionalSense commands_cleared_by_another_initiator{0x2F, 0x00};
inline constexpr AdditionalSense saving_not_supported{0x39, 0x00};
inline constexpr AdditionalSense some_commands_cleared_by_iscsi_event{0x47, 0x7F};
}  // namespace asc

/// Which field an ILLEGAL REQUEST is about (SPC-4 4.5.2.4.2): its first byte and, when it does not
/// begin at a byte's leftmost bit, or is narrower than a byte, its leftmost bit (7 is leftmost).
struct FieldPointer {
  bool in_cdb = true;  ///< else in the parameter list
  std::uint16_t byte = 0;
  std::optional<std::uint8_t> bit{};

  friend bool operator==(const FieldPointer&, const FieldPointer&) = default;
};

struct Sense {
  SenseKey key = SenseKey::no_sense;
  AdditionalSense additional{};
  bool deferred = false;                       ///< of an earlier command, whose status was sent
  std::optional<std::uint64_t> information{};  ///< an LBA, or the offset of a miscompare
  std::optional<FieldPointer> field{};

  friend bool operator==(const Sense&, const Sense&) = default;
};

/// The two layouts (SPC-4 4.5.2, 4.5.3); D_SENSE in the control mode page chooses.
enum class SenseFormat : std::uint8_t { fixed, descriptor };

/// Sense data as sent, without allocation.
class SenseBytes {
 public:
  static constexpr std::size_t most = 32;
  [[nodiscard]] std::span<const std::byte> view() const { return {bytes_.data(), size_}; }

 private:
  friend SenseBytes encode(const Sense&, SenseFormat);
  std::array<std::byte, most> bytes_{};
  std::size_t size_ = 0;
};

/// Fixed format is always 18 bytes; an INFORMATION beyond 32 bits is left out of it (VALID 0), as
/// D_SENSE 0 promises that format (SPC-4 7.5.8). Descriptor format has what there is to tell.
[[nodiscard]] SenseBytes encode(const Sense&, SenseFormat);

}  // namespace scsi
