#include "scsi/vital_product_data.hpp"

#include <algorithm>

#include "scsi/identity.hpp"

namespace scsi {
namespace {

using iscsi::wire::as_bytes;
using iscsi::wire::Bytes;
using iscsi::wire::store;

void append(Bytes& to, std::string_view text) {
  const auto bytes = as_bytes(text);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes unit_serial_number(const LogicalUnit& unit) {
  Bytes body;
  append(body, unit.configuration.serial);
  return body;
}

void append(Bytes& to, const Designator& designator) {
  const bool of_unit = designator.association == Designator::Association::logical_unit;
  const auto code_set = static_cast<unsigned>(designator.code_set);
  const auto association = static_cast<unsigned>(designator.association);
  const std::size_t start = to.size();
  to.resize(start + 4);
  // PROTOCOL IDENTIFIER and PIV belong to the names of ports and devices.
  store<1>(to, start, code_set | (of_unit ? 0U : designator.protocol * 16U));
  store<1>(to, start + 1,
           (of_unit ? 0U : 0x80U) | association << 4U | static_cast<unsigned>(designator.type));
  store<1>(to, start + 3, designator.identifier.size());
  to.insert(to.end(), designator.identifier.begin(), designator.identifier.end());
}

/// T10 VENDOR IDENTIFICATION, then what makes it unique: the serial number.
Designator t10_designator(const UnitConfiguration& unit) {
  Designator designator{.code_set = Designator::CodeSet::ascii,
                        .type = Designator::Type::t10_vendor_id,
                        .identifier = Bytes(8)};
  put_text(designator.identifier, unit.vendor);
  append(designator.identifier, unit.serial);
  return designator;
}

Bytes device_identification(const LogicalUnit& unit) {
  Bytes body;
  append(body, t10_designator(unit.configuration));
  for (const Designator& designator : unit.configuration.designators) append(body, designator);
  return body;
}

Bytes extended_inquiry_data(const LogicalUnit&) {
  Bytes body(60);
  store<1>(body, 1, 0x07);              // HEADSUP, ORDSUP, SIMPSUP
  store<1>(body, 2, 0x01);              // V_SUP: there may be a volatile cache
  store<1>(body, 9, SenseBytes::most);  // MAXIMUM SUPPORTED SENSE DATA LENGTH
  return body;
}

Bytes block_limits(const LogicalUnit& unit) {
  Bytes body(60);
  store<4>(body, 4, unit.configuration.maximum_transfer_blocks);
  return body;
}

Bytes block_device_characteristics(const LogicalUnit& unit) {
  constexpr std::uint64_t not_told = 0x0000, non_rotating = 0x0001;
  Bytes body(60);
  store<2>(body, 0, unit.configuration.rotational ? not_told : non_rotating);
  return body;
}

/// Fully provisioned: nothing to unmap, nothing to anchor, no threshold.
Bytes logical_block_provisioning(const LogicalUnit&) { return Bytes(4); }

struct Page {
  std::uint8_t code;
  Bytes (*body)(const LogicalUnit&);
};
constexpr Page pages[] = {
    {0x80, unit_serial_number},           {0x83, device_identification},
    {0x86, extended_inquiry_data},        {0xB0, block_limits},
    {0xB1, block_device_characteristics}, {0xB2, logical_block_provisioning},
};

constexpr std::uint8_t supported_pages = 0x00;

Bytes supported(const LogicalUnit* unit) {
  Bytes body{std::byte{supported_pages}};
  if (unit != nullptr)
    for (const Page& page : pages) body.push_back(static_cast<std::byte>(page.code));
  return body;
}

}  // namespace

bool has_vital_product_page(const LogicalUnit* unit, std::uint64_t code) {
  if (code == supported_pages) return true;
  return unit != nullptr &&
         std::ranges::any_of(pages, [&](const Page& page) { return page.code == code; });
}

Bytes vital_product_page(const LogicalUnit* unit, std::uint64_t code) {
  const auto* page = std::ranges::find(pages, code, &Page::code);
  const Bytes body = code == supported_pages ? supported(unit) : page->body(*unit);
  Bytes whole(4);
  whole[0] = peripheral(unit);
  store<1>(whole, 1, code);
  store<2>(whole, 2, body.size());
  whole.insert(whole.end(), body.begin(), body.end());
  return whole;
}

}  // namespace scsi
