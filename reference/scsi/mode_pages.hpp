#pragma once

/// The mode pages (SPC-4 7.5, SBC-3 6.5): caching, control, informational exceptions control.
/// They are kept as the bytes that MODE SENSE returns, so that no second form can disagree.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace scsi {

/// Where a page lies in `ModePages`, and which of its bits MODE SELECT may change.
struct ModePage {
  std::uint8_t code;
  std::size_t offset;  ///< of its first byte, the page code
  std::size_t bytes;   ///< with its two header bytes
};

class ModePages {
 public:
  static constexpr std::size_t bytes = 20 + 12 + 12;
  using Image = std::array<std::byte, bytes>;

  /// The values after power on.
  [[nodiscard]] static ModePages defaults(bool write_cache);
  /// A one for each bit that MODE SELECT may change.
  [[nodiscard]] static const Image& changeable();
  /// By ascending page code.
  [[nodiscard]] static std::span<const ModePage> pages();

  [[nodiscard]] const Image& image() const { return image_; }
  [[nodiscard]] Image& image() { return image_; }

  [[nodiscard]] bool write_cache() const;             ///< WCE of the caching page
  [[nodiscard]] bool descriptor_sense() const;        ///< D_SENSE of the control page
  [[nodiscard]] bool software_write_protect() const;  ///< SWP of the control page

  friend bool operator==(const ModePages&, const ModePages&) = default;

 private:
  Image image_{};
};

}  // namespace scsi
