#include <algorithm>
#include <bit>
#include <limits>

#include "scsi/commands.hpp"

/// MODE SELECT(6) and (10) (SPC-4 6.11, 6.12). The parameter list is read once, left to right, into
/// a copy of the mode pages; the copy takes effect only if all of the list was right, so that a
/// refused list changes nothing. Every refusal points at the byte that is at fault.

namespace scsi::commands {
namespace {

using iscsi::wire::ByteView;
using iscsi::wire::load;

std::unexpected<Sense> wrong(std::size_t byte, std::optional<std::uint8_t> bit = std::nullopt) {
  return std::unexpected(illegal_request(
      asc::invalid_field_in_parameter_list,
      FieldPointer{.in_cdb = false, .byte = static_cast<std::uint16_t>(byte), .bit = bit}));
}
constexpr Sense too_short = illegal_request(asc::parameter_list_length_error);

/// The header's size and how many bytes of block descriptor follow it.
struct Header {
  std::size_t bytes = 0;
  std::size_t descriptor_bytes = 0;
};

/// MODE DATA LENGTH and the bits of the DEVICE-SPECIFIC PARAMETER are reserved here (SBC-3 6.5.1).
std::expected<Header, Sense> read_header(ByteView list, bool is_short) {
  const std::size_t bytes = is_short ? 4 : 8, medium_type = is_short ? 1 : 2;
  if (list.size() < bytes) return std::unexpected(too_short);
  if (list[medium_type] != std::byte{0}) return wrong(medium_type);
  const bool is_long = !is_short && (list[4] & std::byte{1}) != std::byte{0};  // LONGLBA
  const std::size_t length_at = is_short ? 3 : 6;
  const std::size_t length = is_short ? load<1>(list, 3) : load<2>(list, 6);
  if (length != 0 && length != (is_long ? 16 : 8)) return wrong(length_at);
  if (list.size() < bytes + length) return std::unexpected(too_short);
  return Header{bytes, length};
}

/// The medium keeps its size: the descriptor may repeat it, leave the count at zero, or ask for the
/// greatest there is (SBC-3 6.5.2).
std::expected<void, Sense> check_descriptor(ByteView list, const Header& header,
                                            const UnitConfiguration& unit) {
  if (header.descriptor_bytes == 0) return {};
  const bool is_long = header.descriptor_bytes == 16;
  const std::uint64_t most = is_long ? std::numeric_limits<std::uint64_t>::max()
                                     : std::numeric_limits<std::uint32_t>::max();
  const std::size_t length_at = header.bytes + (is_long ? 12 : 5);
  const std::uint64_t blocks = is_long ? load<8>(list, header.bytes) : load<4>(list, header.bytes);
  const std::uint64_t block_bytes = is_long ? load<4>(list, length_at) : load<3>(list, length_at);
  if (blocks != 0 && blocks != most && blocks != unit.block_count) return wrong(header.bytes);
  if (block_bytes != unit.block_bytes) return wrong(length_at);
  return {};
}

/// One page, all of whose bytes are there, into `mode`.
std::expected<void, Sense> take_page(ByteView list, std::size_t start, const ModePage& page,
                                     ModePages& mode) {
  const ModePages::Image& changeable = ModePages::changeable();
  for (std::size_t i = 2; i < page.bytes; ++i) {
    std::byte& now = mode.image()[page.offset + i];
    const std::byte wanted = list[start + i];
    const std::byte fixed = (now ^ wanted) & ~changeable[page.offset + i];
    if (fixed != std::byte{0})
      return wrong(start + i,
                   static_cast<std::uint8_t>(std::bit_width(std::to_integer<unsigned>(fixed)) - 1));
    now = wanted;
  }
  return {};
}

std::expected<ModePages, Sense> read_pages(ByteView list, std::size_t start, ModePages mode) {
  while (start < list.size()) {
    const ByteView rest = list.subspan(start);
    // PS, bit 7, is reserved here. SPF, bit 6, announces a subpage, of which there are none.
    const auto code = std::to_integer<std::uint8_t>(rest[0] & std::byte{0x7F});
    const auto page = std::ranges::find(ModePages::pages(), code, &ModePage::code);
    if (page == ModePages::pages().end()) {
      constexpr std::uint8_t spf = 6, leftmost_of_page_code = 5;
      return wrong(start, (code & 0x40U) != 0 ? spf : leftmost_of_page_code);
    }
    if (rest.size() < 2) return std::unexpected(too_short);
    if (load<1>(rest, 1) != page->bytes - 2) return wrong(start + 1);
    if (rest.size() < page->bytes) return std::unexpected(too_short);
    if (const auto taken = take_page(list, start, *page, mode); !taken)
      return std::unexpected(taken.error());
    start += page->bytes;
  }
  return mode;
}

std::expected<ModePages, Sense> read_list(const Action& action, ByteView list) {
  const auto header = read_header(list, action.request.row.cdb_bytes == 6);
  if (!header) return std::unexpected(header.error());
  if (const auto checked = check_descriptor(list, *header, action.unit->configuration); !checked)
    return std::unexpected(checked.error());
  const std::size_t start = header->bytes + header->descriptor_bytes;
  // PF 0: what follows is in a vendor's format, and this vendor has none (SPC-4 6.11).
  if (start < list.size() && action[Field::pf] == 0)
    return std::unexpected(bad_field(action.request.row, Field::pf));
  return read_pages(list, start, action.unit->mode);
}

}  // namespace

/// When caching or writing is switched off, what the cache still holds goes to the medium
/// (SBC-3 6.5.5).
Outcome mode_select(const Action& action) {
  const std::uint64_t length = action[Field::parameter_list_length];
  if (length == 0) return {};
  if (action.parameters.size() < length) return refused(too_short);
  const ByteView list = action.parameters.first(length);
  const auto read = read_list(action, list);
  if (!read) return refused(read.error());

  LogicalUnit& unit = *action.unit;
  const ModePages before = unit.mode;
  if (*read == before) return {};
  unit.mode = *read;
  action.device.raise_attention_for_others(action.request.command.lun, action.request.command.nexus,
                                           asc::mode_parameters_changed);
  const bool cache_off = before.write_cache() && !read->write_cache();
  const bool writing_off = !before.software_write_protect() && read->software_write_protect();
  if (!cache_off && !writing_off) return {};
  return {.operation = {.kind = Operation::Kind::flush, .blocks = unit.configuration.block_count}};
}

}  // namespace scsi::commands
