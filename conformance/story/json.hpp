#pragma once

/// JSON as a value: what stories, expectations and reports are read from and written to.
///
/// The parser behind `parse` is nlohmann's and is included by `json.cpp` alone; everything else
/// works on this small tree. Objects keep the order of their members, and a member that comes
/// twice is an error instead of a silent loss.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace conformance::json {

struct Value;
struct Member;
using Array = std::vector<Value>;
using Object = std::vector<Member>;

struct Value {
  /// Numbers of a story are never negative and never fractions; both are refused by `parse`.
  std::variant<std::nullptr_t, bool, std::uint64_t, std::string, Array, Object> is;

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&is);
  }
  /// What a message calls this value: "a string", "an object" …
  [[nodiscard]] std::string_view kind() const;
};

struct Member {
  std::string key;
  Value value;
};

/// The member of that key, or null.
[[nodiscard]] const Value* find(const Object& object, std::string_view key);

/// Where a text could not be understood, and what was expected there.
struct Error {
  std::string where;  ///< "line 3, column 7", or a path into the value: "steps[2].expect"
  std::string what;
};

/// Errors: text that is not JSON, a number that is negative or a fraction, a member that comes
/// twice in its object, more than 64 levels of nesting.
[[nodiscard]] std::expected<Value, Error> parse(std::string_view text);

/// The text of a value, indented by two spaces; bytes that are not UTF-8 are written as escapes.
[[nodiscard]] std::string print(const Value& value);

/// The same in one line, without the line's end.
[[nodiscard]] std::string print_line(const Value& value);

// For writing values in code: `object({{"name", text("x")}, {"count", number(2)}})`.
[[nodiscard]] Value text(std::string_view characters);
[[nodiscard]] Value number(std::uint64_t value);
[[nodiscard]] Value boolean(bool value);
[[nodiscard]] Value array(Array values);
[[nodiscard]] Value object(Object members);

}  // namespace conformance::json
