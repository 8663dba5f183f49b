#pragma once

/// Values of a story that are not known when it is written: captured fields, matrix parameters,
/// facts about the target, and arithmetic on them.

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/bytes.hpp"

namespace conformance {

/// What a `$name` stands for: a number, a word (`Yes`, a target's name), or the bytes of a data
/// segment.
using Known = std::variant<std::uint64_t, std::string, iscsi::wire::Bytes>;

/// Names without their dollar sign. A PDU sent or received `"as": "r2t"` gives one name per field:
/// `r2t.BufferOffset`.
using Variables = std::map<std::string, Known, std::less<>>;

/// `$name`, numbers (decimal, or hexadecimal with `0x`), `+ - * /`, parentheses, `min(a, b)` and
/// `max(a, b)`. Arithmetic is modulo 2^64, so that the number before 0 is all ones in any field.
class Expression {
 public:
  Expression() = default;
  explicit Expression(std::uint64_t constant);

  /// Errors: what is wrong with the text, in words.
  [[nodiscard]] static std::expected<Expression, std::string> parse(std::string_view text);

  /// Errors: the name that is not known, or is not a number; a division by zero.
  [[nodiscard]] std::expected<std::uint64_t, std::string> evaluate(const Variables& known) const;

  /// The names it reads.
  [[nodiscard]] std::vector<std::string_view> names() const;

  /// The name, if the expression is nothing but one.
  [[nodiscard]] const std::string* sole_name() const;

 private:
  enum class Operation : std::uint8_t { add, subtract, multiply, divide, least, most };
  using Token = std::variant<std::uint64_t, std::string, Operation>;
  friend class ExpressionParser;

  std::vector<Token> postfix_{0U};
};

/// `text` with each `$name` replaced by what it stands for, and each `${expression}` by its value
/// in decimal. Errors as for expressions.
[[nodiscard]] std::expected<std::string, std::string> substitute(std::string_view text,
                                                                 const Variables& known);

/// The names that `substitute` would read. Errors: as `substitute`.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> names_in(std::string_view text);

}  // namespace conformance
