#include "rules/requirements_page.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "pdu/login_response.hpp"
#include "pdu/reject.hpp"
#include "rules/rule.hpp"

namespace test {

using namespace iscsi;  // NOLINT: the page is about the ledger

namespace {

/// A section's place in the RFC as numbers: "10.2.1" is {0, 10, 2, 1}; appendices come behind the
/// chapters and other RFCs behind both.
std::vector<unsigned> place_of(std::string_view section) {
  std::vector<unsigned> place{0};
  if (section.starts_with("RFC ")) {
    place[0] = 2;
    section.remove_prefix(4);
  } else if (std::isalpha(static_cast<unsigned char>(section.front())) != 0) {
    place[0] = 1;
  }
  bool goes_on = false;
  for (const char c : section) {
    if (c == '.' || c == ' ') {
      goes_on = false;
      continue;
    }
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    const auto value = static_cast<unsigned>(digit ? c - '0' : c);
    if (goes_on && digit)
      place.back() = place.back() * 10 + value;
    else
      place.push_back(value);
    goes_on = digit;
  }
  return place;
}

std::string_view title_of(const std::vector<unsigned>& place) {
  if (place[0] == 2) return "Other RFCs";
  if (place[0] == 1) return place[1] == 'D' ? "Appendix D: SendTargets" : "Other appendices";
  switch (place[1]) {
    case 3: return "Chapter 3: overview";
    case 5: return "Chapter 5: negotiation and login";
    case 6: return "Chapter 6: errors and recovery";
    case 7: return "Chapter 7: states";
    case 8: return "Chapter 8: security";
    case 9: return "Chapter 9: notes to implementers";
    case 10: return "Chapter 10: PDU formats";
    case 11: return "Chapter 11: security keys";
    case 12: return "Chapter 12: operational keys";
    default: return "Other chapters";
  }
}

std::string_view word_of(Level level) {
  switch (level) {
    case Level::must: return "MUST";
    case Level::must_not: return "MUST NOT";
    case Level::should: return "SHOULD";
    case Level::should_not: return "SHOULD NOT";
    case Level::may: return "MAY";
    case Level::implied: return "implied";
  }
  return {};
}

std::string_view word_of(Party party) {
  switch (party) {
    case Party::initiator: return "initiator";
    case Party::target: return "target";
    case Party::both: return "both";
  }
  return {};
}

std::string name_of(std::span<const pdu::Code> table, std::uint32_t code) {
  for (const pdu::Code& row : table)
    if (row.first == code) return std::string{row.name};
  return "a code that no table has";
}

std::string hexadecimal(std::uint32_t value, unsigned digits) {
  std::string text;
  while (digits-- > 0) text += "0123456789abcdef"[value >> 4U * digits & 0xfU];
  return text;
}

std::string describe(const Remedy& remedy) {
  switch (remedy.kind) {
    case Remedy::Kind::audit_only: return "noted";
    case Remedy::Kind::ignore: return "discard the PDU";
    case Remedy::Kind::reject: return "Reject: " + name_of(pdu::reject_reasons, remedy.code);
    case Remedy::Kind::login_failure:
      return "Login Response " + hexadecimal(remedy.code, 4) + ": " +
             name_of(pdu::login_statuses, remedy.code);
    case Remedy::Kind::drop_connection: return "drop the connection";
    case Remedy::Kind::drop_session: return "drop the session";
    case Remedy::Kind::check_condition:
      return "CHECK CONDITION " + hexadecimal(remedy.code >> 16U, 2) + '/' +
             hexadecimal(remedy.code >> 8U, 2) + '/' + hexadecimal(remedy.code, 2);
    case Remedy::Kind::key_answer: return "answered in the text";
  }
  return {};
}

constexpr std::string_view preface =
    R"(# The rules

Printed from the ledger, `reference/rules/ledger_*.hpp`; a test fails when the two differ and tells
how to print this page anew. Reports, stories and expectation files cite a rule by its name.

*Level* is the RFC's word, or "implied" where the text demands something without one. *Binds* tells
who has to keep the rule, *remedy* what a receiver does about a breach. Where the RFC's clauses
compete, a decision record in `docs/decisions/` tells which one the remedy follows.
)";

}  // namespace

std::string render_requirements_page() {
  std::vector<const RuleInfo*> rows;
  for (const RuleInfo& row : ledger()) rows.push_back(&row);
  std::ranges::sort(
      rows, {}, [](const RuleInfo* row) { return std::pair{place_of(row->section), row->rule}; });
  std::string page{preface};
  std::string_view chapter;
  for (const RuleInfo* row : rows) {
    if (const auto title = title_of(place_of(row->section)); title != chapter) {
      chapter = title;
      page += "\n## " + std::string{title} +
              "\n\n| rule | section | level | binds | remedy | says |\n|---|---|---|---|---|---|\n";
    }
    page += "| `" + std::string{row->slug} + "` | " + std::string{row->section} + " | " +
            std::string{word_of(row->level)} + " | " + std::string{word_of(row->binds)} + " | " +
            describe(row->remedy) + " | " + std::string{row->says} + " |\n";
  }
  return page;
}

}  // namespace test
