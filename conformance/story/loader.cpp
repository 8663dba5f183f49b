#include "conformance/story/loader.hpp"

#include <algorithm>

#include "conformance/story/load_steps.hpp"
#include "conformance/story/load_values.hpp"
#include "conformance/story/reader.hpp"

namespace conformance {
namespace {

/// A number, a word (which may hold `$names`), or true and false as the RFC's Yes and No.
Known read_known(const Reader& at) {
  if (const auto* number = at.value().as<std::uint64_t>()) return *number;
  if (const auto* flag = at.value().as<bool>()) return std::string{*flag ? "Yes" : "No"};
  return read_template(at, at.text());
}

std::vector<Setting> read_settings(const Reader& at) {
  std::vector<Setting> settings;
  for (const auto& [name, value] : at.members()) settings.emplace_back(name, read_known(value));
  return settings;
}

/// An object of lists: every combination of their values. An array of objects: just those.
std::vector<std::vector<Setting>> read_parameters(const Reader& at) {
  std::vector<std::vector<Setting>> combinations;
  if (at.is_array()) {
    for (const Reader& item : at.items()) combinations.push_back(read_settings(item));
    if (combinations.empty()) at.refuse("at least one combination");
    return combinations;
  }
  combinations.emplace_back();
  for (const auto& [name, values] : at.members()) {
    std::vector<std::vector<Setting>> longer;
    for (const std::vector<Setting>& shorter : combinations)
      for (const Reader& value : values.items()) {
        longer.push_back(shorter);
        longer.back().emplace_back(name, read_known(value));
      }
    if (longer.empty()) values.refuse("at least one value");
    combinations = std::move(longer);
  }
  return combinations;
}

struct RequirementName {
  std::string_view name;
  Requirement::Kind kind;
};
constexpr std::array<RequirementName, 4> requirement_names{
    {{"logical-unit", Requirement::Kind::logical_unit},
     {"open-login", Requirement::Kind::open_login},
     {"secret", Requirement::Kind::secret},
     {"mutual-secret", Requirement::Kind::mutual_secret}}};

Requirement read_requirement(const Reader& at) {
  const std::string& text = at.text();
  for (const RequirementName& known : requirement_names)
    if (known.name == text) return {.kind = known.kind, .key = {}, .value = {}};
  const std::size_t equals = text.find('=');
  if (equals == text.npos)
    at.refuse("logical-unit, open-login, secret, mutual-secret, or a key and the value agreed on");
  return {.kind = Requirement::Kind::negotiated,
          .key = text.substr(0, equals),
          .value = read_template(at, text.substr(equals + 1))};
}

void read_start(const Reader& at, Story& story) {
  if (at.is_text()) {
    story.start = at.text();
    return;
  }
  at.allow_only({"story", "with"});
  story.start = at.need("story").text();
  if (const auto with = at.get("with")) story.with = read_settings(*with);
}

std::vector<iscsi::Rule> read_rules(const Reader& at) {
  std::vector<iscsi::Rule> rules;
  for (const Reader& item : at.items()) {
    const iscsi::RuleInfo* info = find_rule(item.text());
    if (info == nullptr) item.refuse("the name of a rule of the ledger");
    rules.push_back(info->rule);
  }
  return rules;
}

/// Every step's own rule has to stand in the story's list, so that the list is the whole truth.
void check_rules(const Reader& at, const Story& story) {
  for (const Step& step : story.steps)
    if (const auto* expect = std::get_if<Expect>(&step.what))
      if (expect->rule && std::ranges::find(story.rules, *expect->rule) == story.rules.end())
        at.refuse("\"" + std::string{iscsi::about(*expect->rule).slug} +
                  "\" in it, which is judged at " + step.where);
}

Story read_story(std::string_view name, const Reader& at) {
  at.allow_only({"$schema", "version", "claim", "note", "rules", "start", "defaults", "parameters",
                 "requires", "writes", "steps"});
  if (at.need("version").number() != grammar_version)
    at.need("version").refuse("version " + std::to_string(grammar_version) + " of the grammar");
  Story story;
  story.name = name;
  story.claim = at.need("claim").text();
  story.rules = read_rules(at.need("rules"));
  if (story.rules.empty() && !story.is_start())
    at.need("rules").refuse("at least one rule, unless the story lies in start/");
  if (const auto start = at.get("start")) read_start(*start, story);
  if (const auto defaults = at.get("defaults")) story.defaults = read_settings(*defaults);
  if (const auto parameters = at.get("parameters"))
    story.combinations = read_parameters(*parameters);
  if (const auto needs = at.get("requires"))
    for (const Reader& item : needs->items()) story.needs.push_back(read_requirement(item));
  if (const auto blocks = at.get("writes")) {
    story.writes = read_expression(*blocks);
    story.needs.push_back({.kind = Requirement::Kind::writing, .key = {}, .value = {}});
  }
  for (const Reader& item : at.need("steps").items()) story.steps.push_back(read_step(item));
  check_rules(at.need("rules"), story);
  return story;
}

}  // namespace

const iscsi::RuleInfo* find_rule(std::string_view slug) {
  const auto rows = iscsi::ledger();
  const auto found = std::ranges::find(rows, slug, &iscsi::RuleInfo::slug);
  return found == rows.end() ? nullptr : &*found;
}

bool is_recording(std::string_view text) {
  constexpr std::size_t far_enough = 4096;
  return text.substr(0, far_enough).find("\"origin\"") != text.npos;
}

std::expected<Story, json::Error> load_story(std::string_view name, std::string_view text) {
  const auto value = json::parse(text);
  if (!value) return std::unexpected(value.error());
  try {
    return read_story(name, Reader{*value, ""});
  } catch (const json::Error& refusal) {
    return std::unexpected(refusal);
  }
}

}  // namespace conformance
