#include <array>

#include "scsi/command_table.hpp"

/// docs/scsi-commands.md, written from the table.

namespace scsi {
namespace {

std::string hex(std::uint64_t value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return {digits[value >> 4U & 0xFU], digits[value & 0xFU]};
}

std::string_view needs(const CommandRow& row) {
  switch (row.needs) {
    case Needs::nothing: return "nothing";
    case Needs::unit: return "a unit";
    case Needs::started_unit: return "a started unit";
    case Needs::writable_unit: return "a started, writable unit";
  }
  return "";
}

std::string_view under_reservation(const CommandRow& row) {
  switch (row.under_reservation) {
    case UnderReservation::conflicts: return "conflict";
    case UnderReservation::passes: return "passes";
    case UnderReservation::passes_if_it_starts: return "passes with START";
  }
  return "";
}

void append_row(std::string& page, const CommandRow& row) {
  page += "| " + hex(row.operation_code);
  if (row.service_action) page += "/" + hex(*row.service_action);
  page += " | ";
  page += row.name;
  page += " | ";
  page += row.data.empty() ? "none" : row.data;
  page += " | ";
  page += needs(row);
  page += " | ";
  page += row.passes_attention ? "passes" : "reported first";
  page += " | ";
  page += under_reservation(row);
  page += " |\n";
}

/// `byte.bit` of the leftmost bit, and the width where it is not one bit.
std::string describe(const FieldSpec& spec) {
  std::string text(name(spec.field));
  text += " " + std::to_string(spec.place.byte) + "." + std::to_string(spec.place.bit);
  if (spec.place.width != 1) text += " (" + std::to_string(spec.place.width) + " bits)";
  if (spec.greatest == 0)
    text += " = 0";
  else if (spec.greatest != std::numeric_limits<std::uint64_t>::max())
    text += " ≤ " + std::to_string(spec.greatest);
  return text;
}

void append_fields(std::string& page, const CommandRow& row) {
  page += "| ";
  page += row.name;
  page += " | `";
  const auto map = row.usage_map();
  for (std::size_t i = 0; i < row.cdb_bytes; ++i) {
    if (i != 0) page += " ";
    page += hex(std::to_integer<std::uint64_t>(map[i]));
  }
  page += "` | ";
  std::string_view separator;
  for (const FieldSpec& spec : row.layout.fields()) {
    page += separator;
    page += describe(spec);
    separator = ", ";
  }
  page += " |\n";
}

}  // namespace

std::string_view name(Field field) {
  switch (field) {
    case Field::allocation_length: return "ALLOCATION LENGTH";
    case Field::bytchk: return "BYTCHK";
    case Field::cmddt: return "CMDDT";
    case Field::control_naca: return "NACA";
    case Field::desc: return "DESC";
    case Field::dbd: return "DBD";
    case Field::dpo: return "DPO";
    case Field::evpd: return "EVPD";
    case Field::extent: return "EXTENT";
    case Field::fua: return "FUA";
    case Field::immed: return "IMMED";
    case Field::llbaa: return "LLBAA";
    case Field::logical_block_address: return "LOGICAL BLOCK ADDRESS";
    case Field::loej: return "LOEJ";
    case Field::no_flush: return "NO_FLUSH";
    case Field::number_of_logical_blocks: return "NUMBER OF LOGICAL BLOCKS";
    case Field::page_code: return "PAGE CODE";
    case Field::page_control: return "PC";
    case Field::parameter_list_length: return "PARAMETER LIST LENGTH";
    case Field::pf: return "PF";
    case Field::pmi: return "PMI";
    case Field::power_condition: return "POWER CONDITION";
    case Field::prefetch_length: return "PREFETCH LENGTH";
    case Field::protect: return "PROTECT";
    case Field::rctd: return "RCTD";
    case Field::reporting_options: return "REPORTING OPTIONS";
    case Field::requested_operation_code: return "REQUESTED OPERATION CODE";
    case Field::requested_service_action: return "REQUESTED SERVICE ACTION";
    case Field::select_report: return "SELECT REPORT";
    case Field::service_action: return "SERVICE ACTION";
    case Field::sp: return "SP";
    case Field::start: return "START";
    case Field::subpage_code: return "SUBPAGE CODE";
    case Field::third_party: return "3RDPTY";
    case Field::transfer_length: return "TRANSFER LENGTH";
    case Field::verification_length: return "VERIFICATION LENGTH";
  }
  return "";
}

std::string describe_commands() {
  std::string page =
      "# SCSI commands\n\n"
      "Printed from the table in `reference/scsi/command_table.cpp`; a test keeps this page equal "
      "to"
      " it.\n\n"
      "What a command needs, and what becomes of it while a unit attention is pending, or while"
      " another nexus holds\nthe unit by RESERVE(6):\n\n"
      "| code | command | data | needs | unit attention | reserved by another |\n"
      "|---|---|---|---|---|---|\n";
  for (const CommandRow& row : command_table()) append_row(page, row);
  page +=
      "\nThe fields that are evaluated, as `byte.bit` of the leftmost bit, and the usage map that"
      " REPORT SUPPORTED OPERATION CODES\nreturns. A value beyond the limit shown is refused with"
      " ILLEGAL REQUEST, INVALID FIELD IN CDB; other bits are ignored:\n\n"
      "| command | usage map | fields |\n"
      "|---|---|---|\n";
  for (const CommandRow& row : command_table()) append_fields(page, row);
  return page;
}

}  // namespace scsi
