#include "scsi/mode_pages.hpp"

namespace scsi {
namespace {

constexpr std::size_t caching_page = 0, control_page = 20, exceptions_page = 32;
constexpr ModePage page_table[] = {
    {.code = 0x08, .offset = caching_page, .bytes = 20},
    {.code = 0x0A, .offset = control_page, .bytes = 12},
    {.code = 0x1C, .offset = exceptions_page, .bytes = 12},
};

struct Bit {
  std::size_t byte;
  std::byte mask;
};
constexpr Bit wce{caching_page + 2, std::byte{0x04}};
constexpr Bit d_sense{control_page + 2, std::byte{0x04}};
constexpr Bit swp{control_page + 4, std::byte{0x08}};

constexpr ModePages::Image headers() {
  ModePages::Image image{};
  for (const ModePage& page : page_table) {
    image[page.offset] = static_cast<std::byte>(page.code);
    image[page.offset + 1] = static_cast<std::byte>(page.bytes - 2);
  }
  return image;
}

constexpr ModePages::Image initial(bool write_cache) {
  ModePages::Image image = headers();
  if (write_cache) image[wce.byte] |= wce.mask;
  // QUEUE ALGORITHM MODIFIER 1: SIMPLE commands may be reordered. No order is promised by the pages
  // that the owner of the task set might not keep.
  image[control_page + 3] = std::byte{0x10};
  // DEXCPT: no informational exception is ever reported.
  image[exceptions_page + 2] = std::byte{0x08};
  return image;
}

constexpr ModePages::Image changeable_image = [] {
  ModePages::Image image = headers();
  for (const Bit bit : {wce, d_sense, swp}) image[bit.byte] |= bit.mask;
  return image;
}();

constexpr bool is_set(const ModePages::Image& image, Bit bit) {
  return (image[bit.byte] & bit.mask) != std::byte{0};
}

}  // namespace

ModePages ModePages::defaults(bool write_cache) {
  ModePages pages;
  pages.image_ = initial(write_cache);
  return pages;
}
const ModePages::Image& ModePages::changeable() { return changeable_image; }
std::span<const ModePage> ModePages::pages() { return page_table; }

bool ModePages::write_cache() const { return is_set(image_, wce); }
bool ModePages::descriptor_sense() const { return is_set(image_, d_sense); }
bool ModePages::software_write_protect() const { return is_set(image_, swp); }

}  // namespace scsi
