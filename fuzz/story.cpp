// Holds: every text is a story, or is refused with the place and what was expected there; JSON is
// printed so that it is read as the same; every expression is evaluated or refused in words.

#include <algorithm>
#include <string>

#include "conformance/story/expression.hpp"
#include "conformance/story/loader.hpp"
#include "support/entry.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {
namespace {

namespace json = conformance::json;

void check_json(std::string_view text) {
  const auto value = json::parse(text);
  if (!value) {
    require(!value.error().where.empty() && !value.error().what.empty(),
            "a refusal says where and what");
    return;
  }
  const std::string printed = json::print(*value);
  const auto again = json::parse(printed);
  require(again.has_value(), "what is printed is JSON");
  require(json::print(*again) == printed, "and is read as it was written");
}

void check_story(std::string_view text) {
  const auto story = conformance::load_story("area/name", text);
  if (!story)
    return require(!story.error().where.empty() && !story.error().what.empty(),
                   "a refusal says where and what");
  require(story->name == "area/name", "a story has the name it was given");
  require(!story->claim.empty(), "a story claims something");
  require(json::parse(text).has_value(), "a story is JSON");
}

void check_expression(std::string_view text) {
  const conformance::Variables known{{"n", std::uint64_t{7}}, {"w", std::string{"Yes"}}};
  const auto expression = conformance::Expression::parse(text);
  if (!expression) return require(!expression.error().empty(), "a refusal says what is wrong");
  const auto value = expression->evaluate(known);
  const bool is_known = std::ranges::all_of(
      expression->names(), [&](std::string_view name) { return known.contains(name); });
  require(is_known || !value.has_value(), "names without a value have none");
  require(value.has_value() || !value.error().empty(), "a refusal says what is wrong");
}

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const std::string_view text = iscsi::wire::as_text(bytes_of(data, size));
  check_json(text);
  check_story(text);
  check_expression(text);
  const conformance::Variables known{{"n", std::uint64_t{7}}, {"w", std::string{"Yes"}}};
  const auto names = conformance::names_in(text);
  const auto substituted = conformance::substitute(text, known);
  require(names.has_value() || !substituted.has_value(), "what cannot be read is not replaced");
  return 0;
}
