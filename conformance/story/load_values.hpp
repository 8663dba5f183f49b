#pragma once

/// The loader's small parts: numbers, conditions, bytes. Private to `story/`.

#include "conformance/story/reader.hpp"
#include "conformance/story/story.hpp"

namespace conformance {

/// A field that a story may name: one of the layout table, or one of the framer's.
struct NamedField {
  std::string_view name;
  iscsi::pdu::Place place;
  std::span<const iscsi::pdu::Code> codes;
};

/// The field of that name in `pdu`, or a refusal that lists the names there are.
[[nodiscard]] NamedField read_field_name(const Reader& at, const iscsi::pdu::Description& pdu,
                                         std::string_view name);

/// A number, `true` or `false`, an expression, `"none"` (all ones, the reserved tag), or a word of
/// the field's code table.
[[nodiscard]] Expression read_expression(const Reader& at, const NamedField& field = {});
[[nodiscard]] Match read_match(const Reader& at, const NamedField& field = {});

/// Text with `$name` in it.
[[nodiscard]] std::string read_template(const Reader& at, std::string_view text);

[[nodiscard]] iscsi::wire::Bytes read_hexadecimal(const Reader& at, std::string_view digits);
[[nodiscard]] DataRecipe read_data(const Reader& at);
/// `key=value` lines, each to be followed by its null byte.
[[nodiscard]] DataRecipe read_lines(const Reader& at);
[[nodiscard]] CdbRecipe read_cdb(const Reader& at);

/// SCSI status by name, for the fields that hold one.
[[nodiscard]] std::span<const iscsi::pdu::Code> scsi_statuses();

}  // namespace conformance
