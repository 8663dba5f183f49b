#include "conformance/requirements_page.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "conformance/monitor/monitor.hpp"
#include "conformance/proof/saboteurs.hpp"
#include "pdu/login_response.hpp"
#include "pdu/reject.hpp"
#include "rules/rule.hpp"

namespace test {

using namespace iscsi;  // NOLINT: the page is about the ledger
using conformance::Catalogue;
using conformance::LaterPosition;
using conformance::Library;
using conformance::Statement;

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

Printed from the ledger, `reference/rules/ledger_*.hpp`, and the catalogue,
`conformance/catalogue/rfc3720.json`; a test fails when they differ and tells how to print this page
anew. Reports, stories and expectation files cite a rule by its name.

*Level* is the RFC's word, or "implied" where the text demands something without one. *Binds* tells
who has to keep the rule, *remedy* what a receiver does about a breach. Where the RFC's clauses
compete, a decision record in `docs/decisions/` tells which one the remedy follows.

*Judged by*: the monitor, in every conversation, or stories that go for the rule; "initiators:
monitor" where `iscsi-trace check` holds initiators to it. *Saboteur*: a fault between the reference
and the suite was shown to turn the rule red, and no other. *Covers*: statements of the catalogue,
without the `3720-` of their ids; behind a semicolon those about initiators. What no rule covers is
in [not-covered.md](not-covered.md). *Later*: where RFC 3980, 5048 or 7143 says something else.
)";

constexpr std::string_view not_covered_preface =
    R"(# What is not covered

Printed from the catalogue, `conformance/catalogue/rfc3720.json`; a test fails when the two differ
and tells how to print this page anew. The catalogue has every normative statement of RFC 3720 in
our own words. Those that bind a target and can be seen from the wire (a MUST, MUST NOT or REQUIRED,
or a demand without such a word) are covered by the rules that [requirements.md](requirements.md)
names, but for these. Behind them come those that bind an initiator and that a target can see.
)";

std::string short_id(const std::string& id) { return id.substr(id.find('-') + 1); }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string judges_text(const Judges& judges) {
  if (judges.monitor && judges.stories) return "monitor, stories";
  if (judges.monitor) return "monitor";
  return judges.stories ? "stories" : "";
}

std::string all_judges_text(Rule rule, const Library& library) {
  std::string text = judges_text(judges_of(rule, library));
  const auto of_initiators = conformance::monitored_rules(conformance::Side::initiator);
  if (std::ranges::find(of_initiators, rule) != of_initiators.end())
    text += std::string{text.empty() ? "" : "; "} + "initiators: monitor";
  return text;
}

std::string saboteur_text(Rule rule) {
  const auto& all = conformance::proof::saboteurs();
  const auto found = std::ranges::find(all, rule, &conformance::proof::Saboteur::rule);
  return found == all.end() ? "" : "yes";
}

std::string covers_text(const Catalogue& catalogue, Rule rule) {
  std::vector<std::string> ids;
  for (const std::string& id : catalogue.covered_by(rule)) ids.push_back(short_id(id));
  std::vector<std::string> of_initiators;
  for (const std::string& id : catalogue.covered_in_initiators_by(rule))
    of_initiators.push_back(short_id(id));
  return joined(ids) + (of_initiators.empty() ? "" : "; " + joined(of_initiators));
}

std::string later_text(const Catalogue& catalogue, Rule rule) {
  std::vector<std::string> positions;
  for (const LaterPosition& one : catalogue.later)
    if (std::ranges::find(one.rules, rule) != one.rules.end())
      positions.push_back(one.where + ": " + one.says);
  return joined(positions);
}

void add_statements(std::string& page, const Catalogue& catalogue, auto belongs, auto last) {
  for (const Statement& one : catalogue.statements)
    if (one.is_due() && belongs(one))
      page += "| " + short_id(one.id) + " | " + one.level + " | " + one.says + " | " + last(one) +
              " |\n";
}

std::size_t count_of(const Catalogue& catalogue, auto belongs) {
  return static_cast<std::size_t>(std::ranges::count_if(
      catalogue.statements, [&](const Statement& one) { return one.is_due() && belongs(one); }));
}

std::string initiators_not_covered(const Catalogue& catalogue) {
  std::size_t due = 0;
  std::size_t covered = 0;
  std::string rows;
  for (const Statement& one : catalogue.statements) {
    if (!one.is_due_of_initiators()) continue;
    ++due;
    if (!one.initiator_rules.empty()) {
      ++covered;
      continue;
    }
    std::string why = one.initiator_not_covered;
    for (const conformance::Reason& reason : catalogue.reasons)
      if (reason.name == one.initiator_left_out) why = reason.title + ".";
    rows += "| " + short_id(one.id) + " | " + one.level + " | " + one.says + " | " + why + " |\n";
  }
  return "\n## Initiators (" + std::to_string(due - covered) + ")\n\nOf " + std::to_string(due) +
         " statements that bind an initiator and that a target can see, " +
         std::to_string(covered) +
         " are covered: `iscsi-trace check` judges initiators by them.\n\n"
         "| statement | level | says | why it is not covered |\n|---|---|---|---|\n" +
         rows;
}

}  // namespace

Judges judges_of(Rule rule, const Library& library) {
  const auto monitored = conformance::monitored_rules();
  const auto judges = [&](const auto& story) {
    return !story->is_start() && std::ranges::find(story->rules, rule) != story->rules.end();
  };
  return {.monitor = std::ranges::find(monitored, rule) != monitored.end(),
          .stories = std::ranges::any_of(library.stories(), judges)};
}

std::string render_requirements_page(const Catalogue& catalogue, const Library& library) {
  std::vector<const RuleInfo*> rows;
  for (const RuleInfo& row : ledger()) rows.push_back(&row);
  std::ranges::sort(
      rows, {}, [](const RuleInfo* row) { return std::pair{place_of(row->section), row->rule}; });
  std::string page{preface};
  std::string_view chapter;
  for (const RuleInfo* row : rows) {
    if (const auto title = title_of(place_of(row->section)); title != chapter) {
      chapter = title;
      page +=
          "\n## " + std::string{title} +
          "\n\n| rule | section | level | binds | remedy | says | judged by | saboteur | covers " +
          "| later |\n|---|---|---|---|---|---|---|---|---|\n";
    }
    page += "| `" + std::string{row->slug} + "` | " + std::string{row->section} + " | " +
            std::string{word_of(row->level)} + " | " + std::string{word_of(row->binds)} + " | " +
            describe(row->remedy) + " | " + std::string{row->says} + " | " +
            all_judges_text(row->rule, library) + " | " + saboteur_text(row->rule) + " | " +
            covers_text(catalogue, row->rule) + " | " + later_text(catalogue, row->rule) + " |\n";
  }
  return page;
}

std::string render_not_covered_page(const Catalogue& catalogue, const Library& library) {
  const auto owed = [&](const Statement& one) {
    std::vector<std::string> rules;
    for (const Rule rule : one.rules)
      if (!judges_of(rule, library).any()) rules.push_back(std::string{about(rule).slug});
    return joined(rules);
  };
  const auto awaited = [&](const Statement& one) { return !owed(one).empty(); };
  const auto on_its_own = [](const Statement& one) { return !one.not_covered.empty(); };
  std::string page{not_covered_preface};
  const std::size_t due = count_of(catalogue, [](const Statement&) { return true; });
  page +=
      "\nOf " + std::to_string(due) + " statements " +
      std::to_string(count_of(
          catalogue, [&](const Statement& one) { return !one.rules.empty() && !awaited(one); })) +
      " are covered.\n";
  if (count_of(catalogue, awaited) > 0) {
    page += "\n## Stories to be written (" + std::to_string(count_of(catalogue, awaited)) +
            ")\n\n| statement | level | says | rules without a judge |\n|---|---|---|---|\n";
    add_statements(page, catalogue, awaited, owed);
  }
  page += "\n## Out of sight (" + std::to_string(count_of(catalogue, on_its_own)) +
          ")\n\n| statement | level | says | why it is not covered |\n|---|---|---|---|\n";
  add_statements(page, catalogue, on_its_own, [](const Statement& one) { return one.not_covered; });
  for (const conformance::Reason& reason : catalogue.reasons) {
    const auto belongs = [&](const Statement& one) { return one.left_out == reason.name; };
    page += "\n## " + reason.title + " (" + std::to_string(count_of(catalogue, belongs)) + ")\n\n" +
            reason.why + "\n\n| statement | level | says | section |\n|---|---|---|---|\n";
    add_statements(page, catalogue, belongs, [](const Statement& one) { return one.section; });
  }
  return page + initiators_not_covered(catalogue);
}

}  // namespace test
