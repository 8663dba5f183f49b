#pragma once

/// Values worth trying, by what the tables say of a field, a key or a command.

#include <string>

#include "pdu/layout.hpp"
#include "scsi/command_table.hpp"
#include "support/settings.hpp"
#include "text/keys.hpp"

namespace iscsi::fuzz {

/// For a number of that many bits which holds `current`: its ends, its neighbours, a power of two,
/// anything.
[[nodiscard]] std::uint64_t draw_number(Settings& settings, unsigned bits, std::uint64_t current);

/// For a field of a header: mostly one of its codes, where it has a table of them.
[[nodiscard]] std::uint64_t draw_field(Settings& settings, const pdu::Field& field,
                                       std::uint64_t current);

/// For a field of a CDB: addresses around the end of a medium, lengths of pages, page codes.
[[nodiscard]] std::uint64_t draw_cdb_field(Settings& settings, const scsi::FieldSpec& field,
                                           std::uint64_t current);

/// A value for a text key, in the notation of its kind, mostly in its range or just outside.
[[nodiscard]] std::string draw_key_value(Settings& settings, const text::KeySpec& key);

/// A pair of any key there is, of an authentication method, or of none.
[[nodiscard]] std::string draw_pair(Settings& settings);

}  // namespace iscsi::fuzz
