#include <algorithm>

#include "conformance/report/figures.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

/// GitHub cuts a job summary at one megabyte; a reader gives up long before.
constexpr std::size_t most_rules = 100;

/// Text inside a table's cell: nothing that Markdown or HTML would take as markup.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : escaped(text)) {
    if (c == '\n') {
      out += "<br>";
      continue;
    }
    if (std::string_view{"|\\`*_[]~"}.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string figures_row(std::string_view name, const std::vector<Figure>& figures) {
  std::string row = "| " + std::string{name} + " |";
  for (const Figure& figure : figures) row += " " + std::to_string(figure.count) + " |";
  return row + "\n";
}

std::string broken_rule_row(const RunResult& run, const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  const Breach& breach = rule.breaches.front();
  const CaseResult& one = run.cases[breach.case_index];
  std::string where = cell(one.name);
  if (breach.record && *breach.record < one.transcript.size()) {
    const Record& record = one.transcript[*breach.record];
    where += "<br>" + cell(title_of(record)) + cell(print_place(record, breach.byte));
  }
  std::string found = cell(breach.what);
  if (rule.breaches.size() > 1)
    found += "<br>and " + std::to_string(rule.breaches.size() - 1) + " more times";
  if (!rule.excuse.empty()) found += "<br>expected: " + cell(rule.excuse);
  return "| " + std::string{shown_verdict(rule.verdict, rule.excuse)} + " | " + name_of(rule, run) +
         "<br>" + cell(info.says) + " | " + std::string{info.section} + " | " + found + " | " +
         where + " |\n";
}

}  // namespace

std::string markdown(const RunResult& run) {
  std::string out = "## RFC 3720 conformance of " + cell(run.target) + "\n\n**" +
                    headline_of(run).text + "**\n\n| |";
  for (const Figure& figure : rule_figures(run)) out += " " + std::string{figure.name} + " |";
  out += "\n|---|---:|---:|---:|---:|---:|---:|\n" + figures_row("rules", rule_figures(run)) +
         figures_row("stories", case_figures(run)) + "\n";
  for (const std::string& note : notes_of(run)) out += "> " + cell(note) + "\n\n";
  const std::vector<const RuleResult*> rules = broken(run);
  if (!rules.empty())
    out += "| verdict | rule | section | found | first in |\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < std::min(rules.size(), most_rules); ++i)
    out += broken_rule_row(run, *rules[i]);
  if (rules.size() > most_rules)
    out += "\nand " + std::to_string(rules.size() - most_rules) + " more rules\n";
  std::string facts;
  for (const std::string& fact : facts_of(run)) facts += (facts.empty() ? "" : " · ") + cell(fact);
  return out + "\n" + facts + "\n";
}

}  // namespace conformance
