#include "conformance/catalogue/catalogue.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "conformance/story/reader.hpp"

namespace conformance {
namespace {

std::string text_of(const Reader& reader, std::string_view key) {
  const auto member = reader.get(key);
  return member ? member->text() : std::string{};
}

std::vector<iscsi::Rule> rules_of(const Reader& reader) {
  std::vector<iscsi::Rule> rules;
  for (const Reader& item : reader.items()) {
    const auto row = std::ranges::find(iscsi::ledger(), item.text(), &iscsi::RuleInfo::slug);
    if (row == iscsi::ledger().end()) item.refuse("the name of a rule");
    rules.push_back(row->rule);
  }
  return rules;
}

void read_initiator_part(const Reader& reader, Statement& one) {
  if (const auto flag = reader.get("detectable")) one.detectable = flag->flag();
  if (const auto rules = reader.get("initiator_rules")) one.initiator_rules = rules_of(*rules);
  one.initiator_left_out = text_of(reader, "initiator_left_out");
  one.initiator_not_covered = text_of(reader, "initiator_not_covered");
  const int fates = int{!one.initiator_rules.empty()} + int{!one.initiator_left_out.empty()} +
                    int{!one.initiator_not_covered.empty()};
  if (fates > 1)
    reader.refuse("one of initiator_rules, initiator_left_out and initiator_not_covered");
}

Statement read_statement(const Reader& reader) {
  reader.allow_only({"id", "section", "level", "party", "seen", "says", "rules", "left_out",
                     "not_covered", "detectable", "initiator_rules", "initiator_left_out",
                     "initiator_not_covered"});
  Statement one{.id = reader.need("id").text(),
                .section = reader.need("section").text(),
                .level = reader.need("level").text(),
                .party = reader.need("party").text(),
                .seen = reader.need("seen").flag(),
                .says = reader.need("says").text(),
                .rules = {},
                .left_out = text_of(reader, "left_out"),
                .not_covered = text_of(reader, "not_covered")};
  if (const auto rules = reader.get("rules")) one.rules = rules_of(*rules);
  const int fates =
      int{!one.rules.empty()} + int{!one.left_out.empty()} + int{!one.not_covered.empty()};
  if (fates > 1) reader.refuse("one of rules, left_out and not_covered");
  read_initiator_part(reader, one);
  return one;
}

Catalogue read_catalogue(const Reader& reader) {
  reader.allow_only({"version", "text", "reasons", "later", "statements"});
  if (reader.need("version").number() != 1) reader.need("version").refuse("version 1");
  Catalogue all;
  std::set<std::string> names;
  for (const Reader& item : reader.need("reasons").items()) {
    all.reasons.push_back({.name = item.need("name").text(),
                           .title = item.need("title").text(),
                           .why = item.need("why").text()});
    names.insert(all.reasons.back().name);
  }
  for (const Reader& item : reader.need("later").items())
    all.later.push_back({.rules = rules_of(item.need("rules")),
                         .where = item.need("where").text(),
                         .says = item.need("says").text()});
  std::set<std::string> ids;
  for (const Reader& item : reader.need("statements").items()) {
    Statement one = read_statement(item);
    if (!ids.insert(one.id).second) item.refuse("an id of its own");
    if (!one.left_out.empty() && !names.contains(one.left_out))
      item.need("left_out").refuse("the name of a reason");
    if (!one.initiator_left_out.empty() && !names.contains(one.initiator_left_out))
      item.need("initiator_left_out").refuse("the name of a reason");
    all.statements.push_back(std::move(one));
  }
  return all;
}

}  // namespace

bool Statement::is_due() const {
  const bool binds = party == "target" || party == "both";
  return seen && binds &&
         (level == "MUST" || level == "MUST NOT" || level == "REQUIRED" || level == "implied");
}

bool Statement::is_due_of_initiators() const {
  const bool binds = party == "initiator" || party == "both";
  return detectable && binds && (level == "MUST" || level == "MUST NOT" || level == "REQUIRED");
}

std::expected<Catalogue, json::Error> Catalogue::from(std::string_view text) {
  const auto value = json::parse(text);
  if (!value) return std::unexpected(value.error());
  try {
    return read_catalogue(Reader{*value, ""});
  } catch (const json::Error& error) {
    return std::unexpected(error);
  }
}

std::expected<Catalogue, json::Error> Catalogue::read(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return std::unexpected(json::Error{.where = file.string(), .what = "a file to read"});
  return from(std::string{std::istreambuf_iterator<char>{in}, {}});
}

std::vector<std::string> Catalogue::covered_in_initiators_by(iscsi::Rule rule) const {
  std::vector<std::string> ids;
  for (const Statement& one : statements)
    if (std::ranges::find(one.initiator_rules, rule) != one.initiator_rules.end())
      ids.push_back(one.id);
  return ids;
}

std::vector<std::string> Catalogue::covered_by(iscsi::Rule rule) const {
  std::vector<std::string> ids;
  for (const Statement& one : statements)
    if (std::ranges::find(one.rules, rule) != one.rules.end()) ids.push_back(one.id);
  return ids;
}

}  // namespace conformance
