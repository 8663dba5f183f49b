#pragma once

/// A place in a JSON value together with its path, for loaders that must say exactly what is wrong
/// where. Private to loaders: a refusal travels as an exception to the loader's entry point, which
/// turns it into a `json::Error`.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/story/json.hpp"

namespace conformance {

class Reader {
 public:
  Reader(const json::Value& value, std::string path) : value_{&value}, path_{std::move(path)} {}

  /// Ends the loading: `what` is what was expected at this place.
  [[noreturn]] void refuse(std::string_view what) const {
    throw json::Error{path_.empty() ? "the document" : path_, std::string{what}};
  }
  [[noreturn]] void refuse_kind(std::string_view expected) const {
    refuse(std::string{expected} + " instead of " + std::string{value_->kind()});
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool is_text() const { return value_->as<std::string>() != nullptr; }
  [[nodiscard]] bool is_object() const { return value_->as<json::Object>() != nullptr; }
  [[nodiscard]] bool is_array() const { return value_->as<json::Array>() != nullptr; }
  [[nodiscard]] bool is_null() const { return value_->as<std::nullptr_t>() != nullptr; }
  [[nodiscard]] const json::Value& value() const { return *value_; }

  [[nodiscard]] const std::string& text() const {
    if (const auto* text = value_->as<std::string>()) return *text;
    refuse_kind("a string");
  }
  [[nodiscard]] std::uint64_t number() const {
    if (const auto* number = value_->as<std::uint64_t>()) return *number;
    refuse_kind("a number");
  }
  [[nodiscard]] bool flag() const {
    if (const auto* flag = value_->as<bool>()) return *flag;
    refuse_kind("true or false");
  }
  [[nodiscard]] std::vector<Reader> items() const {
    const auto* array = value_->as<json::Array>();
    if (array == nullptr) refuse_kind("an array");
    std::vector<Reader> items;
    items.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i)
      items.emplace_back((*array)[i], path_ + "[" + std::to_string(i) + "]");
    return items;
  }
  [[nodiscard]] std::vector<std::pair<std::string, Reader>> members() const {
    std::vector<std::pair<std::string, Reader>> members;
    for (const json::Member& member : object())
      members.emplace_back(member.key, Reader{member.value, path_to(member.key)});
    return members;
  }
  [[nodiscard]] std::optional<Reader> get(std::string_view key) const {
    const json::Value* found = json::find(object(), key);
    if (found == nullptr) return std::nullopt;
    return Reader{*found, path_to(key)};
  }
  [[nodiscard]] Reader need(std::string_view key) const {
    if (auto found = get(key)) return *found;
    refuse("a member \"" + std::string{key} + "\"");
  }
  /// Refuses members that are not in the list.
  void allow_only(std::initializer_list<std::string_view> keys) const {
    for (const json::Member& member : object()) {
      bool known = false;
      std::string list;
      for (const std::string_view key : keys) {
        known = known || key == member.key;
        list += (list.empty() ? "" : ", ") + std::string{key};
      }
      if (!known) Reader{member.value, path_to(member.key)}.refuse("one of the members " + list);
    }
  }

 private:
  [[nodiscard]] const json::Object& object() const {
    if (const auto* object = value_->as<json::Object>()) return *object;
    refuse_kind("an object");
  }
  [[nodiscard]] std::string path_to(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
  }

  const json::Value* value_;
  std::string path_;
};

}  // namespace conformance
