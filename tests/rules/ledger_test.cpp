// The ledger as data: every row says something, once, and cites a section that there is.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "pdu/login_response.hpp"
#include "pdu/reject.hpp"
#include "rules/rule.hpp"

namespace {

using namespace iscsi;

/// The enumerators of `Rule`, read from the header that declares them.
std::vector<std::string> enumerators() {
  std::ifstream in{SOURCE_ROOT "/reference/rules/rule.hpp"};
  std::string source{std::istreambuf_iterator<char>{in}, {}};
  const std::size_t begin = source.find('{', source.find("enum class Rule"));
  source = source.substr(begin + 1, source.find("};", begin) - begin - 1);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < source.size();) {
    const std::size_t end = std::min(source.find('\n', at), source.size());
    std::string line = source.substr(at, end - at);
    line = line.substr(0, line.find("//"));
    std::erase_if(line, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
    if (line.ends_with(',')) names.push_back(line.substr(0, line.size() - 1));
    at = end + 1;
  }
  return names;
}

/// How many subsections each section of RFC 3720 has, where it has any.
const std::map<std::string, unsigned, std::less<>> subsections{
    {"", 13},     {"2", 3},      {"2.3", 3},     {"3", 5},       {"3.2", 8},   {"3.2.2", 3},
    {"3.2.4", 4}, {"3.2.6", 3},  {"3.2.6.3", 2}, {"3.2.8", 1},   {"3.4", 3},   {"3.4.3", 1},
    {"3.5", 3},   {"3.5.1", 6},  {"3.5.2", 1},   {"3.5.3", 6},   {"5", 4},     {"5.2", 2},
    {"5.3", 6},   {"5.3.5", 1},  {"6", 13},      {"6.1", 5},     {"6.1.4", 4}, {"6.2", 2},
    {"6.4", 2},   {"7", 3},      {"7.1", 4},     {"7.2", 2},     {"7.3", 4},   {"8", 3},
    {"8.2", 2},   {"8.3", 3},    {"9", 6},       {"9.1", 2},     {"9.6", 1},   {"10", 19},
    {"10.2", 4},  {"10.2.1", 8}, {"10.2.2", 4},  {"10.3", 6},    {"10.4", 11}, {"10.4.7", 2},
    {"10.5", 6},  {"10.6", 3},   {"10.7", 7},    {"10.8", 5},    {"10.9", 4},  {"10.9.4", 1},
    {"10.10", 5}, {"10.11", 6},  {"10.12", 10},  {"10.12.4", 2}, {"10.13", 8}, {"10.14", 5},
    {"10.15", 4}, {"10.16", 7},  {"10.17", 4},   {"10.18", 3},   {"10.19", 3}, {"11", 1},
    {"11.1", 4},  {"12", 22},    {"13", 6},      {"13.5", 4},    {"A", 3},     {"A.3", 2},
    {"B", 4},     {"E", 4},      {"E.2", 3},     {"E.3", 3},     {"E.4", 3},   {"F", 2}};

/// Whether RFC 3720 has this section; of other RFCs ("RFC 3980 4.1") only the form is looked at.
bool exists(std::string_view section) {
  if (section.starts_with("RFC ")) {
    const std::string_view rest = section.substr(4);
    return rest.find(' ') != std::string_view::npos && std::ranges::all_of(rest, [](char c) {
             return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == ' ';
           });
  }
  if (section.size() == 1 && section[0] >= 'A' && section[0] <= 'F') return true;
  const std::size_t dot = section.rfind('.');
  const bool top = dot == std::string_view::npos;
  const std::string_view parent = top ? std::string_view{} : section.substr(0, dot);
  const std::string_view last = top ? section : section.substr(dot + 1);
  const auto siblings = subsections.find(parent);
  if (siblings == subsections.end() || last.empty() || last.size() > 2) return false;
  if (!std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; })) return false;
  const unsigned number = static_cast<unsigned>(std::stoul(std::string{last}));
  return number >= 1 && number <= siblings->second && (top || exists(parent));
}

bool has(std::span<const pdu::Code> table, std::uint32_t code) {
  return std::ranges::any_of(table, [code](const pdu::Code& row) { return row.first == code; });
}

TEST(Ledger, HasARowForEveryRuleInTheirOrder) {
  const auto names = enumerators();
  ASSERT_EQ(ledger().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const RuleInfo& row = ledger()[i];
    EXPECT_EQ(static_cast<std::size_t>(row.rule), i);
    EXPECT_EQ(&about(row.rule), &row);
  }
}

TEST(Ledger, SpellsEverySlugAsTheRuleIsNamedInTheCode) {
  const auto names = enumerators();
  ASSERT_EQ(ledger().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string slug = names[i];
    std::ranges::replace(slug, '_', '-');
    EXPECT_EQ(ledger()[i].slug, slug);
  }
}

TEST(Ledger, HasNoSlugAndNoWordingTwice) {
  std::set<std::string_view> slugs;
  std::set<std::string_view> wordings;
  for (const RuleInfo& row : ledger()) {
    EXPECT_TRUE(slugs.insert(row.slug).second) << row.slug;
    EXPECT_TRUE(wordings.insert(row.says).second) << row.slug;
  }
}

TEST(Ledger, CitesSectionsThatTheRfcHas) {
  for (const RuleInfo& row : ledger())
    EXPECT_TRUE(exists(row.section)) << row.slug << ": " << row.section;
}

TEST(Ledger, KnowsASectionThatTheRfcHasNot) {
  for (const std::string_view section : {"", "0", "14", "10.20", "10.2.5", "10.1.1", "10.02x", "G",
                                         "D.1", "10.", ".1", "RFC 3980", "3.2.6.3.3", "10.2.1.99"})
    EXPECT_FALSE(exists(section)) << section;
  for (const std::string_view section : {"10", "10.2.1.6", "3.2.6.3.2", "D", "RFC 3980 4.1"})
    EXPECT_TRUE(exists(section)) << section;
}

TEST(Ledger, SaysEveryRuleInOneSentenceOnOneLine) {
  for (const RuleInfo& row : ledger()) {
    EXPECT_GE(row.says.size(), 15U) << row.slug;
    EXPECT_LE(row.says.size(), 120U) << row.slug;
    EXPECT_EQ(row.says.find_first_of("\n\t|"), std::string_view::npos) << row.slug;
    EXPECT_EQ(row.says.find("  "), std::string_view::npos) << row.slug;
    EXPECT_NE(row.says.back(), '.') << row.slug;
    EXPECT_NE(row.says.back(), ' ') << row.slug;
  }
}

TEST(Ledger, GivesRemediesThatTheTablesOfTheRfcHave) {
  for (const RuleInfo& row : ledger()) {
    const auto [kind, code] = row.remedy;
    switch (kind) {
      case Remedy::Kind::reject: EXPECT_TRUE(has(pdu::reject_reasons, code)) << row.slug; break;
      case Remedy::Kind::login_failure:
        EXPECT_TRUE(has(pdu::login_statuses, code)) << row.slug;
        EXPECT_NE(code >> 8U, 0U) << row.slug;  // class 0 is success
        break;
      case Remedy::Kind::check_condition:
        EXPECT_GE(code >> 16U, 0x1U) << row.slug;  // a sense key other than NO SENSE
        EXPECT_LE(code >> 16U, 0xeU) << row.slug;
        break;
      default: EXPECT_EQ(code, 0U) << row.slug;
    }
  }
}

TEST(Ledger, AnswersATargetsBreachWithNothingThatOnlyATargetSends) {
  for (const RuleInfo& row : ledger()) {
    const auto kind = row.remedy.kind;
    if (kind != Remedy::Kind::reject && kind != Remedy::Kind::check_condition) continue;
    EXPECT_NE(row.binds, Party::target) << row.slug;
  }
}

TEST(Violation, IsTheSameOnlyInRuleByteAndValue) {
  const Violation breach{Rule::opcode_is_known, 1, 2};
  EXPECT_EQ(breach, (Violation{Rule::opcode_is_known, 1, 2}));
  EXPECT_NE(breach, (Violation{Rule::padding_is_zero, 1, 2}));
  EXPECT_NE(breach, (Violation{Rule::opcode_is_known, 2, 2}));
  EXPECT_NE(breach, (Violation{Rule::opcode_is_known, 1, 1}));
}

TEST(Remedy, IsTheSameOnlyInKindAndCode) {
  const Remedy rejection{.kind = Remedy::Kind::reject, .code = 4};
  EXPECT_EQ(rejection, (Remedy{.kind = Remedy::Kind::reject, .code = 4}));
  EXPECT_NE(rejection, (Remedy{.kind = Remedy::Kind::reject, .code = 9}));
  EXPECT_NE(rejection, (Remedy{.kind = Remedy::Kind::key_answer, .code = 4}));
}

}  // namespace
