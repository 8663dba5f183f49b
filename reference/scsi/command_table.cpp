#include "scsi/command_table.hpp"

#include <algorithm>

#include "scsi/commands.hpp"

/// The table is written as SPC-4 6, SBC-3 5 and, for RESERVE(6) and RELEASE(6), SPC-2 7 print the
/// CDBs. Commands to come (UNMAP, WRITE SAME, COMPARE AND WRITE, PERSISTENT RESERVE …) are rows and
/// a family file each; until then their operation codes are unknown here and everywhere.

namespace scsi {
namespace {

using enum Field;
using enum Needs;
using enum UnderReservation;

constexpr FieldSpec bits(Field field, std::uint8_t byte, std::uint8_t bit, std::uint8_t width = 1) {
  return {field, {byte, bit, width}};
}
constexpr FieldSpec bytes(Field field, std::uint8_t first, std::uint8_t count) {
  return {field, {first, 7, static_cast<std::uint8_t>(count * 8)}};
}
constexpr FieldSpec at_most(std::uint64_t greatest, FieldSpec spec) {
  spec.greatest = greatest;
  return spec;
}
/// A field that asks for a function this device does not have.
constexpr FieldSpec unsupported(FieldSpec spec) { return at_most(0, spec); }

/// NACA in the CONTROL byte: NORMACA is 0 in our INQUIRY data, so ACA cannot be asked for
/// (SAM-4 5.2).
constexpr FieldSpec control(std::uint8_t byte) { return unsupported(bits(control_naca, byte, 2)); }
/// RDPROTECT, WRPROTECT or VRPROTECT: the medium holds no protection information (SBC-3 4.21).
constexpr FieldSpec protection = unsupported(bits(protect, 1, 7, 3));
/// DPO is a hint about caches, taken and without effect.
constexpr FieldSpec disable_page_out = bits(dpo, 1, 4);

constexpr Layout read_write_6{bits(logical_block_address, 1, 4, 21), bytes(transfer_length, 4, 1),
                              control(5)};

// Byte 1 of the longer forms.
constexpr Layout read_write_flags{protection, disable_page_out, bits(fua, 1, 3)};
// It compares or does not (00b, 01b), where VERIFY also knows one block for all (11b).
constexpr Layout write_and_verify_flags{protection, disable_page_out,
                                        at_most(1, bits(bytchk, 1, 2, 2))};
constexpr Layout verify_flags{protection, disable_page_out, bits(bytchk, 1, 2, 2)};
constexpr Layout cache_flags{bits(immed, 1, 1)};

/// The rest of these forms: the address, the length and CONTROL, as SBC-3 has them for 10, 12 and
/// 16 bytes.
constexpr Layout with_range(Layout layout, Field length, std::uint8_t cdb_bytes) {
  layout.add(bytes(logical_block_address, 2, cdb_bytes == 16 ? 8 : 4));
  if (cdb_bytes == 10) layout.add(bytes(length, 7, 2));
  if (cdb_bytes == 12) layout.add(bytes(length, 6, 4));
  if (cdb_bytes == 16) layout.add(bytes(length, 10, 4));
  layout.add(control(static_cast<std::uint8_t>(cdb_bytes - 1)));
  return layout;
}

constexpr CommandRow read_form(std::uint8_t code, std::string_view name, std::uint8_t cdb_bytes) {
  return {.operation_code = code,
          .name = name,
          .cdb_bytes = cdb_bytes,
          .layout = cdb_bytes == 6 ? read_write_6
                                   : with_range(read_write_flags, transfer_length, cdb_bytes),
          .data = "in: blocks",
          .plan = commands::plan_read,
          .perform = commands::read};
}
constexpr CommandRow write_form(std::uint8_t code, std::string_view name, std::uint8_t cdb_bytes) {
  CommandRow row = read_form(code, name, cdb_bytes);
  row.data = "out: blocks";
  row.needs = writable_unit;
  row.plan = commands::plan_write;
  row.perform = commands::write;
  return row;
}
constexpr CommandRow write_and_verify_form(std::uint8_t code, std::string_view name,
                                           std::uint8_t cdb_bytes) {
  CommandRow row = write_form(code, name, cdb_bytes);
  row.layout = with_range(write_and_verify_flags, transfer_length, cdb_bytes);
  row.perform = commands::write_and_verify;
  return row;
}
constexpr CommandRow verify_form(std::uint8_t code, std::string_view name, std::uint8_t cdb_bytes) {
  return {.operation_code = code,
          .name = name,
          .cdb_bytes = cdb_bytes,
          .layout = with_range(verify_flags, verification_length, cdb_bytes),
          .data = "out: blocks (BYTCHK 01b), one block (11b), nothing (00b)",
          .plan = commands::plan_verify,
          .perform = commands::verify};
}
constexpr CommandRow prefetch_form(std::uint8_t code, std::string_view name,
                                   std::uint8_t cdb_bytes) {
  return {.operation_code = code,
          .name = name,
          .cdb_bytes = cdb_bytes,
          .layout = with_range(cache_flags, prefetch_length, cdb_bytes),
          .plan = commands::plan_prefetch,
          .perform = commands::prefetch};
}
constexpr CommandRow synchronize_form(std::uint8_t code, std::string_view name,
                                      std::uint8_t cdb_bytes) {
  return {.operation_code = code,
          .name = name,
          .cdb_bytes = cdb_bytes,
          .layout = with_range(cache_flags, number_of_logical_blocks, cdb_bytes),
          .plan = commands::plan_synchronize_cache,
          .perform = commands::synchronize_cache};
}

constexpr CommandRow table[] = {
    {.operation_code = 0x00,
     .name = "TEST UNIT READY",
     .cdb_bytes = 6,
     .layout = {control(5)},
     .plan = plan_nothing,
     .perform = commands::test_unit_ready},
    {.operation_code = 0x03,
     .name = "REQUEST SENSE",
     .cdb_bytes = 6,
     .layout = {bits(desc, 1, 0), bytes(allocation_length, 4, 1), control(5)},
     .data = "in: sense data",
     .needs = nothing,
     .passes_attention = true,
     .under_reservation = passes,
     .plan = plan_parameters_in,
     .perform = commands::request_sense},
    read_form(0x08, "READ(6)", 6),
    write_form(0x0A, "WRITE(6)", 6),
    {.operation_code = 0x12,
     .name = "INQUIRY",
     .cdb_bytes = 6,
     .layout = {unsupported(bits(cmddt, 1, 1)), bits(evpd, 1, 0), bytes(page_code, 2, 1),
                bytes(allocation_length, 3, 2), control(5)},
     .data = "in: standard data or a vital product data page",
     .needs = nothing,
     .passes_attention = true,
     .under_reservation = passes,
     .plan = commands::plan_inquiry,
     .perform = commands::inquiry},
    {.operation_code = 0x15,
     .name = "MODE SELECT(6)",
     .cdb_bytes = 6,
     .layout = {bits(pf, 1, 4), unsupported(bits(sp, 1, 0)), bytes(parameter_list_length, 4, 1),
                control(5)},
     .data = "out: mode pages",
     .needs = unit,
     .plan = plan_parameters_out,
     .perform = commands::mode_select},
    // SPC-2: third-party and extent reservations are not kept; the unit is reserved as a whole.
    {.operation_code = 0x16,
     .name = "RESERVE(6)",
     .cdb_bytes = 6,
     .layout = {unsupported(bits(third_party, 1, 4)), unsupported(bits(extent, 1, 0)), control(5)},
     .needs = unit,
     .plan = plan_nothing,
     .perform = commands::reserve},
    {.operation_code = 0x17,
     .name = "RELEASE(6)",
     .cdb_bytes = 6,
     .layout = {unsupported(bits(third_party, 1, 4)), unsupported(bits(extent, 1, 0)), control(5)},
     .needs = unit,
     .under_reservation = passes,
     .plan = plan_nothing,
     .perform = commands::release},
    {.operation_code = 0x1A,
     .name = "MODE SENSE(6)",
     .cdb_bytes = 6,
     .layout = {bits(dbd, 1, 3), bits(page_control, 2, 7, 2), bits(page_code, 2, 5, 6),
                bytes(subpage_code, 3, 1), bytes(allocation_length, 4, 1), control(5)},
     .data = "in: mode pages",
     .needs = unit,
     .plan = commands::plan_mode_sense,
     .perform = commands::mode_sense},
    // Fixed media are not ejected, and the power conditions of SPC-4 5.12 are not modelled.
    {.operation_code = 0x1B,
     .name = "START STOP UNIT",
     .cdb_bytes = 6,
     .layout = {bits(immed, 1, 0), unsupported(bits(power_condition, 4, 7, 4)),
                bits(no_flush, 4, 2), unsupported(bits(loej, 4, 1)), bits(start, 4, 0), control(5)},
     .needs = unit,
     .under_reservation = passes_if_it_starts,
     .plan = plan_nothing,
     .perform = commands::start_stop_unit,
     .finish = commands::stop},
    {.operation_code = 0x25,
     .name = "READ CAPACITY(10)",
     .cdb_bytes = 10,
     .layout = {bytes(logical_block_address, 2, 4), bits(pmi, 8, 0), control(9)},
     .data = "in: capacity",
     .needs = unit,
     .under_reservation = passes,
     .plan = commands::plan_read_capacity,
     .perform = commands::read_capacity_10},
    read_form(0x28, "READ(10)", 10),
    write_form(0x2A, "WRITE(10)", 10),
    write_and_verify_form(0x2E, "WRITE AND VERIFY(10)", 10),
    verify_form(0x2F, "VERIFY(10)", 10),
    prefetch_form(0x34, "PRE-FETCH(10)", 10),
    synchronize_form(0x35, "SYNCHRONIZE CACHE(10)", 10),
    {.operation_code = 0x55,
     .name = "MODE SELECT(10)",
     .cdb_bytes = 10,
     .layout = {bits(pf, 1, 4), unsupported(bits(sp, 1, 0)), bytes(parameter_list_length, 7, 2),
                control(9)},
     .data = "out: mode pages",
     .needs = unit,
     .plan = plan_parameters_out,
     .perform = commands::mode_select},
    {.operation_code = 0x5A,
     .name = "MODE SENSE(10)",
     .cdb_bytes = 10,
     .layout = {bits(llbaa, 1, 4), bits(dbd, 1, 3), bits(page_control, 2, 7, 2),
                bits(page_code, 2, 5, 6), bytes(subpage_code, 3, 1), bytes(allocation_length, 7, 2),
                control(9)},
     .data = "in: mode pages",
     .needs = unit,
     .plan = commands::plan_mode_sense,
     .perform = commands::mode_sense},
    read_form(0x88, "READ(16)", 16),
    write_form(0x8A, "WRITE(16)", 16),
    write_and_verify_form(0x8E, "WRITE AND VERIFY(16)", 16),
    verify_form(0x8F, "VERIFY(16)", 16),
    prefetch_form(0x90, "PRE-FETCH(16)", 16),
    synchronize_form(0x91, "SYNCHRONIZE CACHE(16)", 16),
    {.operation_code = 0x9E,
     .service_action = 0x10,
     .name = "READ CAPACITY(16)",
     .cdb_bytes = 16,
     .layout = {bits(service_action, 1, 4, 5), bytes(logical_block_address, 2, 8),
                bytes(allocation_length, 10, 4), bits(pmi, 14, 0), control(15)},
     .data = "in: capacity",
     .needs = unit,
     .under_reservation = passes,
     .plan = commands::plan_read_capacity,
     .perform = commands::read_capacity_16},
    {.operation_code = 0xA0,
     .name = "REPORT LUNS",
     .cdb_bytes = 12,
     .layout = {at_most(2, bytes(select_report, 2, 1)), bytes(allocation_length, 6, 4),
                control(11)},
     .data = "in: LUN list",
     .needs = nothing,
     .passes_attention = true,
     .under_reservation = passes,
     .plan = commands::plan_report_luns,
     .perform = commands::report_luns},
    {.operation_code = 0xA3,
     .service_action = 0x0C,
     .name = "REPORT SUPPORTED OPERATION CODES",
     .cdb_bytes = 12,
     .layout = {bits(service_action, 1, 4, 5), bits(rctd, 2, 7),
                at_most(3, bits(reporting_options, 2, 2, 3)), bytes(requested_operation_code, 3, 1),
                bytes(requested_service_action, 4, 2), bytes(allocation_length, 6, 4), control(11)},
     .data = "in: this table",
     .needs = unit,
     .plan = commands::plan_report_operation_codes,
     .perform = commands::report_operation_codes},
    read_form(0xA8, "READ(12)", 12),
    write_form(0xAA, "WRITE(12)", 12),
    write_and_verify_form(0xAE, "WRITE AND VERIFY(12)", 12),
    verify_form(0xAF, "VERIFY(12)", 12),
};

/// The length that an operation code's group has (SPC-4 4.2.5.1).
constexpr std::size_t group_bytes(std::uint8_t operation_code) {
  constexpr std::size_t lengths[8] = {6, 10, 10, 0, 16, 12, 0, 0};
  return lengths[operation_code >> 5U];
}

/// Fields in order, none twice, none on another, all inside the CDB, CONTROL in its last byte.
constexpr bool well_laid_out(const CommandRow& row) {
  std::array<std::byte, 16> used{};
  std::size_t end = 0;
  for (const FieldSpec& spec : row.layout.fields()) {
    if (row.layout.find(spec.field) != &spec || spec.place.byte == 0) return false;
    std::array<std::byte, 16> own{};
    if (spec.place.last_byte() >= row.cdb_bytes) return false;
    spec.place.mark(own);
    for (std::size_t i = 0; i < used.size(); ++i) {
      if ((used[i] & own[i]) != std::byte{0}) return false;
      used[i] |= own[i];
    }
    end = spec.place.last_byte();
  }
  return end + 1 == row.cdb_bytes && row.layout.fields().back().field == control_naca;
}

constexpr bool well_formed() {
  int before = -1;
  for (const CommandRow& row : table) {
    const int key = row.operation_code << 8 | row.service_action.value_or(0);
    if (key <= before || row.cdb_bytes != group_bytes(row.operation_code)) return false;
    if (row.service_action.has_value() != (row.layout.find(service_action) != nullptr))
      return false;
    if (!well_laid_out(row)) return false;
    before = key;
  }
  return true;
}
static_assert(well_formed());

/// Where the rows of each operation code begin; 256 is their end.
constexpr auto first_row = [] {
  std::array<std::uint8_t, 257> first{};
  for (const CommandRow& row : table)
    for (std::size_t code = row.operation_code + 1U; code < first.size(); ++code) ++first[code];
  return first;
}();

}  // namespace

std::span<const CommandRow> command_table() { return table; }

std::span<const CommandRow> rows_of(std::uint8_t operation_code) {
  const std::size_t first = first_row[operation_code];
  return command_table().subspan(first, first_row[operation_code + 1U] - first);
}

std::expected<const CommandRow*, Sense> find_row(std::span<const std::byte> cdb) {
  if (cdb.empty()) return std::unexpected(illegal_request(asc::invalid_operation_code));
  const auto rows = rows_of(std::to_integer<std::uint8_t>(cdb[0]));
  if (rows.empty()) return std::unexpected(illegal_request(asc::invalid_operation_code));
  // Initiators pad: a CDB may be longer than the command. A shorter one lacks its first missing
  // byte.
  if (cdb.size() < rows.front().cdb_bytes)
    return std::unexpected(illegal_request(
        asc::invalid_field_in_cdb, FieldPointer{.byte = static_cast<std::uint16_t>(cdb.size())}));
  if (!rows.front().service_action) return &rows.front();
  const FieldSpec& action = *rows.front().layout.find(service_action);
  const std::uint64_t asked = action.place.load(cdb);
  const auto row = std::ranges::find_if(
      rows, [&](const CommandRow& candidate) { return candidate.service_action == asked; });
  if (row == rows.end()) return std::unexpected(bad_field(rows.front(), service_action));
  return &*row;
}

std::array<std::byte, 16> CommandRow::usage_map() const {
  std::array<std::byte, 16> map{};
  for (const FieldSpec& spec : layout.fields())
    if (spec.field != Field::service_action) spec.place.mark(map);
  map[0] = static_cast<std::byte>(operation_code);
  map[1] |= static_cast<std::byte>(service_action.value_or(0));
  return map;
}

}  // namespace scsi
