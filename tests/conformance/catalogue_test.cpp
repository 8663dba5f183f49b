/// The catalogue as data, and that the judge does what it says: no statement is forgotten, every
/// rule that covers one is judged, and the pages that are printed from it are those committed.

#include "conformance/catalogue/catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/monitor/monitor.hpp"
#include "conformance/requirements_page.hpp"
#include "support/committed_page.hpp"

namespace conformance {
namespace {

const Catalogue& catalogue() {
  static const auto read = Catalogue::read(SOURCE_ROOT "/conformance/catalogue/rfc3720.json");
  static const Catalogue empty;
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().where + ": " + read.error().what);
  return read ? *read : empty;
}

const Library& library() {
  static const auto read = Library::read(SOURCE_ROOT "/traces");
  static const Library empty;
  EXPECT_TRUE(read.has_value());
  return read ? *read : empty;
}

std::size_t count(auto condition) {
  return static_cast<std::size_t>(std::ranges::count_if(catalogue().statements, condition));
}

/// The numbers of statements as they were counted in the text: 612 with an RFC 2119 word and 234
/// without one; of those that bind a target and can be seen from the wire, 265 and 205.
TEST(TheCatalogue, HasEveryStatementOfTheText) {
  const auto implied = [](const Statement& one) { return one.level == "implied"; };
  const auto due = [](const Statement& one) { return one.is_due(); };
  EXPECT_EQ(catalogue().statements.size(), 846U);
  EXPECT_EQ(count(implied), 234U);
  EXPECT_EQ(count(due), 470U);
  EXPECT_EQ(count([&](const Statement& one) { return due(one) && implied(one); }), 205U);
}

TEST(TheCatalogue, LeavesNoStatementWithoutARuleOrAReason) {
  for (const Statement& one : catalogue().statements)
    EXPECT_TRUE(!one.is_due() || !one.rules.empty() || !one.left_out.empty() ||
                !one.not_covered.empty())
        << one.id;
}

/// Of 211 that a target can see in an initiator, 190 bind it without leaving it a choice.
TEST(TheCatalogue, LeavesNoStatementAboutInitiatorsWithoutARuleOrAReason) {
  EXPECT_EQ(count([](const Statement& one) { return one.detectable; }), 211U);
  EXPECT_EQ(count([](const Statement& one) { return one.is_due_of_initiators(); }), 190U);
  for (const Statement& one : catalogue().statements)
    EXPECT_TRUE(!one.is_due_of_initiators() || !one.initiator_rules.empty() ||
                !one.initiator_left_out.empty() || !one.initiator_not_covered.empty())
        << one.id;
}

TEST(TheCatalogue, CoversStatementsAboutInitiatorsByRulesThatTheMonitorJudges) {
  const auto judged = monitored_rules(Side::initiator);
  for (const Statement& one : catalogue().statements)
    for (const iscsi::Rule rule : one.initiator_rules)
      EXPECT_NE(std::ranges::find(judged, rule), judged.end())
          << one.id << " by " << iscsi::about(rule).slug;
}

TEST(TheCatalogue, LeavesFewStatementsOutForReasonsOfTheirOwn) {
  EXPECT_LT(count([](const Statement& one) { return !one.not_covered.empty(); }), 25U);
}

TEST(TheCatalogue, HasAUseForEveryReason) {
  for (const Reason& reason : catalogue().reasons)
    EXPECT_GT(count([&](const Statement& one) { return one.left_out == reason.name; }), 0U)
        << reason.name;
}

/// A rule that binds the initiator alone says nothing about a target.
TEST(TheCatalogue, CoversStatementsByRulesThatBindATarget) {
  for (const Statement& one : catalogue().statements)
    for (const iscsi::Rule rule : one.rules)
      EXPECT_NE(iscsi::about(rule).binds, iscsi::Party::initiator)
          << one.id << " by " << iscsi::about(rule).slug;
}

TEST(TheCatalogue, RefusesWhatItDoesNotUnderstand) {
  const std::string begin =
      R"({"version": 1, "text": "x", "reasons": [], "later": [], "statements": [)";
  const std::string fields =
      R"("id": "a", "section": "1", "level": "MUST", "party": "both", "seen": true, "says": "x")";
  EXPECT_TRUE(Catalogue::from(begin + "{" + fields + "}]}").has_value());
  for (const std::string& wrong :
       {"{" + fields + R"(, "rules": ["no-such-rule"]})", "{" + fields + R"(, "left_out": "no"})",
        "{" + fields + R"(, "rules": ["padding-is-zero"], "not_covered": "why"})",
        "{" + fields + "},{" + fields + "}", std::string{"{}"}, std::string{"1"}})
    EXPECT_FALSE(Catalogue::from(begin + wrong + "]}").has_value()) << wrong;
}

TEST(RequirementsPage, IsWhatTheLedgerAndTheCataloguePrint) {
  test::expect_committed("docs/requirements.md",
                         test::render_requirements_page(catalogue(), library()));
}

TEST(RequirementsPage, HasALineForEveryRule) {
  const std::string page = test::render_requirements_page(catalogue(), library());
  for (const iscsi::RuleInfo& row : iscsi::ledger())
    EXPECT_NE(page.find("\n| `" + std::string{row.slug} + "` | "), page.npos) << row.slug;
}

TEST(NotCoveredPage, IsWhatTheCataloguePrints) {
  test::expect_committed("docs/not-covered.md",
                         test::render_not_covered_page(catalogue(), library()));
}

}  // namespace
}  // namespace conformance
