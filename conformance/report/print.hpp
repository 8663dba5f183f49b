#pragma once

/// PDUs and transcripts as text, from the layout tables.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/model/transcript.hpp"

namespace conformance {

struct ShownField {
  std::string name;
  std::string value;             ///< with the name of the code, if the RFC gives it one
  std::uint32_t first_byte = 0;  ///< of the PDU
  std::uint32_t last_byte = 0;

  [[nodiscard]] std::string print() const { return name + "=" + value; }
};

/// A PDU as people look at it.
struct ShownPdu {
  std::string name;                ///< as the RFC calls it
  std::vector<ShownField> fields;  ///< those that say something: not zero, or codes
  std::vector<ShownField> text;    ///< the keys, if the data segment is text
  iscsi::wire::ByteView data;      ///< the data segment, as far as it is there
};

enum class Fields : std::uint8_t { telling, all };

/// `record` outlives the result.
[[nodiscard]] ShownPdu show(const Record& record, Fields fields = Fields::telling);

/// The run of bytes that hold `byte` of a PDU: a field, a text key …
struct Stretch {
  std::string name;  ///< empty if it has none
  std::uint32_t first_byte = 0;
  std::uint32_t last_byte = 0;
};
[[nodiscard]] Stretch stretch_at(const Record& record, std::uint32_t byte);

/// `, byte 25 (StatSN)`; empty without a byte.
[[nodiscard]] std::string print_place(const Record& record, std::optional<std::uint32_t> byte);

/// What became of a connection, for the records that are no PDU; else empty.
[[nodiscard]] std::string_view event_text(const Record& record);

/// The PDU's name, or what became of the connection.
[[nodiscard]] std::string title_of(const Record& record);

/// One line: direction, connection, name, the fields that are not zero; `task` behind the name, if
/// there is one.
[[nodiscard]] std::string print_line(const Record& record, std::string_view task = {});

/// The line with time and packet in front, for captures; without its end.
void append_packet_line(std::string& out, const Record& record, std::string_view task);

/// What `append_packet_line` leaves out: every field with its bytes, the text keys or the data, and
/// what the capture does not have.
void append_details(std::string& out, const Record& record);

/// The line, and below it the data segment: text keys one by one, other bytes in hexadecimal.
[[nodiscard]] std::string print_record(const Record& record, std::size_t number);

}  // namespace conformance
