#include "conformance/story/json.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "text/grammar.hpp"

namespace conformance::json {
namespace {

constexpr std::size_t deepest = 64;

/// Builds a `Value` from the parser's events and stops at the first one it does not accept.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::string_view text) : text_{text} {}

  Value result;
  Error error;

  bool null() override { return add({nullptr}); }
  bool boolean(bool value) override { return add({value}); }
  bool number_integer(number_integer_t) override { return refuse("a number that is not negative"); }
  bool number_unsigned(number_unsigned_t value) override { return add({std::uint64_t{value}}); }
  bool number_float(number_float_t, const string_t&) override { return refuse("a whole number"); }
  bool string(string_t& value) override { return add({std::move(value)}); }
  bool binary(binary_t&) override { return refuse("text"); }
  bool start_object(std::size_t) override { return open({Object{}}); }
  bool start_array(std::size_t) override { return open({Array{}}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& members = std::get<Object>(open_.back()->is);
    if (find(members, name) != nullptr) {
      error = {.where = "member \"" + name + "\"", .what = "a member comes once in its object"};
      return false;
    }
    members.push_back({.key = name, .value = {}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    const std::string_view before = text_.substr(0, position > 0 ? position - 1 : 0);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
    error = {.where = "line " + std::to_string(line) + ", column " +
                      std::to_string(before.size() - start + 1),
             .what = "JSON text"};
    return false;
  }

 private:
  bool refuse(std::string_view expected) {
    error = {.where = "a number", .what = std::string{expected}};
    return false;
  }

  /// Puts a value where the innermost open object or array wants it.
  Value* place(Value value) {
    if (open_.empty()) {
      result = std::move(value);
      return &result;
    }
    if (auto* values = std::get_if<Array>(&open_.back()->is)) {
      values->push_back(std::move(value));
      return &values->back();
    }
    auto& members = std::get<Object>(open_.back()->is);
    members.back().value = std::move(value);
    return &members.back().value;
  }
  bool add(Value value) {
    place(std::move(value));
    return true;
  }
  bool open(Value value) {
    if (open_.size() == deepest) {
      error = {.where = "the text", .what = "no more than 64 levels of nesting"};
      return false;
    }
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  /// A parent grows only while none of its children is open, so these stay valid.
  std::vector<Value*> open_;
};

constexpr std::string_view digits = "0123456789abcdef";

void print_string(std::string& out, std::string_view characters) {
  const bool keep_high = iscsi::text::is_utf8(characters);
  out += '"';
  for (const char c : characters) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code == 0x7f || (code >= 0x80 && !keep_high)) {
      out += "\\u00";
      out += digits[code >> 4U];
      out += digits[code & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

void print_value(std::string& out, const Value& value, std::size_t depth);

/// One list of items between brackets, each on its own line.
template <class Items, class PrintItem>
void print_items(std::string& out, const Items& items, std::string_view brackets, std::size_t depth,
                 PrintItem print_item) {
  out += brackets[0];
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    out.append((depth + 1) * 2, ' ');
    print_item(items[i]);
  }
  if (!items.empty()) {
    out += '\n';
    out.append(depth * 2, ' ');
  }
  out += brackets[1];
}

void print_value(std::string& out, const Value& value, std::size_t depth) {
  if (const auto* flag = value.as<bool>()) {
    out += *flag ? "true" : "false";
  } else if (const auto* whole = value.as<std::uint64_t>()) {
    out += std::to_string(*whole);
  } else if (const auto* characters = value.as<std::string>()) {
    print_string(out, *characters);
  } else if (const auto* values = value.as<Array>()) {
    print_items(out, *values, "[]", depth,
                [&](const Value& item) { print_value(out, item, depth + 1); });
  } else if (const auto* members = value.as<Object>()) {
    print_items(out, *members, "{}", depth, [&](const Member& member) {
      print_string(out, member.key);
      out += ": ";
      print_value(out, member.value, depth + 1);
    });
  } else {
    out += "null";
  }
}

void print_in_line(std::string& out, const Value& value) {
  const auto print_list = [&out](const auto& items, std::string_view brackets, auto print_item) {
    out += brackets[0];
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ", ";
      print_item(items[i]);
    }
    out += brackets[1];
  };
  if (const auto* values = value.as<Array>())
    print_list(*values, "[]", [&](const Value& item) { print_in_line(out, item); });
  else if (const auto* members = value.as<Object>())
    print_list(*members, "{}", [&](const Member& member) {
      print_string(out, member.key);
      out += ": ";
      print_in_line(out, member.value);
    });
  else
    print_value(out, value, 0);
}

}  // namespace

std::string_view Value::kind() const {
  constexpr std::array<std::string_view, 6> names{"null",     "true or false", "a number",
                                                  "a string", "an array",      "an object"};
  return names[is.index()];
}

const Value* find(const Object& object, std::string_view key) {
  for (const Member& member : object)
    if (member.key == key) return &member.value;
  return nullptr;
}

std::expected<Value, Error> parse(std::string_view text) {
  Builder builder{text};
  if (!nlohmann::json::sax_parse(text, &builder)) return std::unexpected(builder.error);
  return std::move(builder.result);
}

std::string print(const Value& value) {
  std::string out;
  print_value(out, value, 0);
  out += '\n';
  return out;
}

std::string print_line(const Value& value) {
  std::string out;
  print_in_line(out, value);
  return out;
}

Value text(std::string_view characters) { return {std::string{characters}}; }
Value number(std::uint64_t value) { return {value}; }
Value boolean(bool value) { return {value}; }
Value array(Array values) { return {std::move(values)}; }
Value object(Object members) { return {std::move(members)}; }

}  // namespace conformance::json
