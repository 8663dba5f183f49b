#include <algorithm>
#include <limits>

#include "scsi/commands.hpp"

/// MODE SENSE(6) and (10) (SPC-4 6.13, 6.14): a header, at most one block descriptor, the pages.

namespace scsi::commands {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::store;

constexpr std::uint64_t all_pages = 0x3F, all_subpages = 0xFF;
enum PageControl : std::uint64_t { current = 0, changeable = 1, defaults = 2, saved = 3 };

bool is_short(const Action& action) { return action.request.row.cdb_bytes == 6; }

ModePages::Image values(const Action& action) {
  switch (action[Field::page_control]) {
    case changeable: return ModePages::changeable();
    case defaults: return ModePages::defaults(action.unit->configuration.write_cache).image();
    default: return action.unit->mode.image();
  }
}

/// SBC-3 6.5.2: the long form if LLBAA allows it, else the short one with its capped count.
void append_block_descriptor(Bytes& to, const UnitConfiguration& unit, bool is_long) {
  const std::size_t start = to.size();
  if (is_long) {
    to.resize(start + 16);
    store<8>(to, start, unit.block_count);
    store<4>(to, start + 12, unit.block_bytes);
    return;
  }
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  to.resize(start + 8);
  store<4>(to, start, std::min(unit.block_count, most));
  store<3>(to, start + 5, unit.block_bytes);
}

void put_header(Bytes& data, const Action& action, std::size_t descriptor_bytes, bool is_long) {
  const std::uint8_t device_specific = action.unit->write_protected() ? 0x90 : 0x10;  // WP, DPOFUA
  if (is_short(action)) {
    store<1>(data, 0, data.size() - 1);
    store<1>(data, 2, device_specific);
    store<1>(data, 3, descriptor_bytes);
  } else {
    store<2>(data, 0, data.size() - 2);
    store<1>(data, 3, device_specific);
    store<1>(data, 4, is_long ? 1 : 0);  // LONGLBA
    store<2>(data, 6, descriptor_bytes);
  }
}

}  // namespace

/// Page 3Fh is every page; of subpages there are none beyond 00h, so FFh adds nothing.
Planned plan_mode_sense(const Request& request) {
  const std::uint64_t page = request[Field::page_code], subpage = request[Field::subpage_code];
  if (page != all_pages &&
      std::ranges::find(ModePages::pages(), page, &ModePage::code) == ModePages::pages().end())
    return std::unexpected(bad_field(request.row, Field::page_code));
  if (subpage != 0 && subpage != all_subpages)
    return std::unexpected(bad_field(request.row, Field::subpage_code));
  if (request[Field::page_control] == saved)
    return std::unexpected(illegal_request(asc::saving_not_supported));
  return plan_parameters_in(request);
}

Outcome mode_sense(const Action& action) {
  Bytes data(is_short(action) ? 4 : 8);
  const std::size_t header_bytes = data.size();
  const bool is_long = action[Field::llbaa] == 1 && action[Field::dbd] == 0;
  if (action[Field::dbd] == 0) append_block_descriptor(data, action.unit->configuration, is_long);
  const std::size_t descriptor_bytes = data.size() - header_bytes;

  const ModePages::Image image = values(action);
  const std::uint64_t asked = action[Field::page_code];
  for (const ModePage& page : ModePages::pages())
    if (asked == all_pages || asked == page.code) {
      const auto bytes = std::span(image).subspan(page.offset, page.bytes);
      data.insert(data.end(), bytes.begin(), bytes.end());
    }
  put_header(data, action, descriptor_bytes, is_long);
  return answered(action, std::move(data));
}

}  // namespace scsi::commands
