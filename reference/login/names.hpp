#pragma once

/// iSCSI names (RFC 3720 3.2.6, RFC 3722): how one is recognised, and how two are compared.
///
/// A name is the output of stringprep's iSCSI profile: lower case, Unicode normalisation form KC,
/// no white space, no ASCII punctuation but dash, dot and colon. Names that people typed arrive in
/// other forms ("eui.02004567A425678D" in the RFC's own example), and names are not case
/// sensitive (3.2.6.1), so what arrives is prepared first and judged in its normal form. What
/// cannot be prepared is not a name.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "rules/rule.hpp"

namespace iscsi::login {

/// The type designators: two of RFC 3720 3.2.6.3, and the one that RFC 3980 added under its leave
/// (docs/decisions/0010).
enum class NameType : std::uint8_t {
  qualified,  ///< "iqn.", a date, a reversed domain name, anything behind a colon
  eui64,      ///< "eui." and sixteen hexadecimal digits
  naa,        ///< "naa." and sixteen or thirty-two hexadecimal digits (RFC 3980 4.1)
};

/// A valid iSCSI name in its normal form: equal names have equal bytes (3.2.6.2).
class Name {
 public:
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] NameType type() const { return type_; }

  friend bool operator==(const Name&, const Name&) = default;

 private:
  friend std::expected<Name, Violation> parse_name(std::string_view utf8);
  Name(std::string text, NameType type) : text_(std::move(text)), type_(type) {}

  std::string text_;
  NameType type_;
};

/// Prepares `utf8` and checks it against 3.2.6. At most 223 bytes remain, counted after
/// preparation. On a breach: the rule, the offset of the offending byte (in the text as it came for
/// characters, in the normal form for structure), and that byte; for lengths the length.
[[nodiscard]] std::expected<Name, Violation> parse_name(std::string_view utf8);

}  // namespace iscsi::login
