#include <algorithm>
#include <map>

#include "conformance/report/built_in.hpp"
#include "conformance/report/chapters.hpp"
#include "conformance/report/figures.hpp"
#include "conformance/report/ladder.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

constexpr std::size_t breaches_in_sight = 3;
constexpr std::size_t most_breaches_listed = 100;

std::string tag(std::string_view element, std::string_view content) {
  return "<" + std::string{element} + ">" + escaped(content) + "</" + std::string{element} + ">";
}

std::string badge(std::string_view verdict) {
  return "<span class=badge data-v=" + std::string{verdict} + ">" + std::string{verdict} +
         "</span>";
}

std::string section_link(const iscsi::RuleInfo& info) {
  const std::string section{info.section};
  if (section.starts_with("RFC")) return tag("span", section);
  const std::string anchor = section.front() > '9' ? "appendix-" + section : "section-" + section;
  return "<a class=dim href=\"https://www.rfc-editor.org/rfc/rfc3720#" + anchor + "\">RFC 3720 " +
         section + "</a>";
}

/// Where a breach is shown: the PDU, or the story.
std::string anchor_of(const Breach& breach, const CaseResult& one) {
  const std::string index = std::to_string(breach.case_index);
  if (!breach.record || *breach.record >= one.transcript.size()) return "c" + index;
  return "c" + index + "r" + std::to_string(*breach.record);
}

std::string counts(const std::vector<Figure>& figures) {
  std::string out = "<span class=counts>";
  for (const Figure& figure : figures)
    if (figure.count > 0)
      out += "<span data-v=" + std::string{figure.name} + ">" + std::to_string(figure.count) + " " +
             std::string{figure.name} + "</span>";
  return out + "</span>";
}

// The top.

std::string bar(const std::vector<Figure>& figures) {
  std::string out = "<div class=bar role=img aria-hidden=true>";
  for (const Figure& figure : figures)
    if (figure.count > 0)
      out += "<i data-v=" + std::string{figure.name} +
             " style=flex-grow:" + std::to_string(figure.count) + "></i>";
  out += "</div><p class=figures>";
  for (const Figure& figure : figures)
    if (figure.count > 0)
      out += "<span data-v=" + std::string{figure.name} + "><b>" + std::to_string(figure.count) +
             "</b> " + std::string{figure.name} + "</span> ";
  return out + "</p>";
}

std::string summary(const RunResult& run) {
  const Headline headline = headline_of(run);
  std::string out = "<header><p class=dim>RFC 3720 conformance</p><h1>" + escaped(run.target) +
                    "</h1>\n<p class=headline data-v=" + std::string{headline.verdict} + ">" +
                    escaped(headline.text) + "</p>\n<div class=two><section>" + "<h2>Rules</h2>" +
                    bar(rule_figures(run)) + "</section><section>" + "<h2>Stories</h2>" +
                    bar(case_figures(run)) + "</section></div>\n";
  for (const std::string& note : notes_of(run)) out += "<p class=note>" + escaped(note) + "</p>\n";
  out += "<p class=dim>";
  for (const std::string& fact : facts_of(run)) out += tag("span", fact) + " ";
  return out + "</p></header>\n";
}

std::string filter_bar() {
  std::string out =
      "<form id=filter><input type=search placeholder=\"filter by rule, story, section, words\" "
      "aria-label=filter>";
  for (const std::string_view name : {"fail", "warn", "known", "error", "unsupported", "pass"})
    out += "<label data-v=" + std::string{name} +
           "><input type=checkbox checked value=" + std::string{name} + ">" + std::string{name} +
           "</label>";
  return out + "<output></output></form>\n";
}

// Rules.

std::string breach_item(const RunResult& run, const Breach& breach) {
  const CaseResult& one = run.cases[breach.case_index];
  std::string out = "<li><a href=\"#" + anchor_of(breach, one) + "\">" + escaped(one.name) + "</a>";
  if (breach.record && *breach.record < one.transcript.size()) {
    const Record& record = one.transcript[*breach.record];
    out += "<span class=dim> " + escaped(title_of(record) + print_place(record, breach.byte)) +
           "</span>";
  }
  return out + "<br>" + escaped(breach.what) + "\n";
}

/// The first breaches, and the others behind a fold.
std::string breach_list(const RunResult& run, const RuleResult& rule) {
  const std::size_t count = rule.breaches.size();
  const std::size_t listed = std::min(count, most_breaches_listed);
  std::string out = "<ol>";
  for (std::size_t i = 0; i < listed; ++i) {
    if (i == breaches_in_sight)
      out += "</ol><details><summary class=dim>" + std::to_string(count - i) +
             " more</summary><ol start=" + std::to_string(i + 1) + ">";
    out += breach_item(run, rule.breaches[i]);
  }
  out += "</ol>";
  if (count > listed)
    out += "<p class=dim>and " + std::to_string(count - listed) + " that are not listed</p>";
  return out + (listed > breaches_in_sight ? "</details>" : "");
}

std::string rule_card(const RunResult& run, const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  const std::string_view verdict = shown_verdict(rule.verdict, rule.excuse);
  std::string out = "<article class=item data-v=" + std::string{verdict} + " id=\"rule-" +
                    std::string{info.slug} + "\"><h3>" + badge(verdict) + " " +
                    std::string{info.slug} + "</h3><p>" + escaped(info.says) + "<br>" +
                    section_link(info) + "<span class=dim>, " + std::string{name_of(info.level)} +
                    ", broken " + std::to_string(rule.breaches.size()) + " of " +
                    std::to_string(rule.looks) + " times</span></p>";
  if (!rule.excuse.empty()) out += "<p class=note>expected: " + escaped(rule.excuse) + "</p>";
  return out + breach_list(run, rule) + "</article>\n";
}

std::string broken_rules(const RunResult& run) {
  std::string out;
  for (const RuleResult* rule : broken(run)) out += rule_card(run, *rule);
  return out.empty() ? out : "<section><h2>Broken rules</h2>\n" + out + "</section>\n";
}

std::string rule_row(const RuleResult& rule) {
  const iscsi::RuleInfo& info = iscsi::about(rule.rule);
  const std::string slug{info.slug};
  const std::string_view verdict = shown_verdict(rule.verdict, rule.excuse);
  const std::string name = is_broken(rule) ? "<a href=\"#rule-" + slug + "\">" + slug + "</a>"
                                           : "<span id=\"rule-" + slug + "\">" + slug + "</span>";
  return "<tr class=item data-v=" + std::string{verdict} + "><td>" + badge(verdict) + "<td>" +
         std::string{info.section} + "<td>" + name + "<div class=dim>" + escaped(info.says) +
         "</div><td>" + std::string{name_of(info.level)} + "<td class=number>" +
         std::to_string(rule.looks) + "\n";
}

std::string rules_by_chapter(const RunResult& run) {
  std::string out = "<section><h2>Rules by section</h2>\n";
  for (const Chapter& chapter : by_chapter(run)) {
    std::vector<Figure> figures = figures_of(chapter.rules);
    out += "<details class=group><summary><b>" + std::string{chapter.number} + "</b> " +
           escaped(chapter.title) + counts(figures) +
           "</summary><table class=rules><thead><tr><th>verdict<th>section<th>rule<th>level"
           "<th>looks<tbody>\n";
    for (const RuleResult* rule : chapter.rules) out += rule_row(*rule);
    out += "</table></details>\n";
  }
  return out + "</section>\n";
}

// Stories.

std::string story(const RunResult& run, std::size_t index) {
  const CaseResult& one = run.cases[index];
  const std::string_view verdict = shown_verdict(one.judgement.verdict, one.excuse);
  std::string out = "<details class=\"item story\" data-v=" + std::string{verdict} + " id=c" +
                    std::to_string(index) + "><summary>" + badge(verdict) + " " + escaped(one.name);
  if (const std::size_t found = one.observation.findings.size(); found > 0)
    out += " <span class=badge data-v=fail>monitor " + std::to_string(found) + "</span>";
  out += "<div class=dim>" + escaped(one.story->claim) + "</div></summary>\n";
  if (!one.excuse.empty()) out += "<p class=note>expected: " + escaped(one.excuse) + "</p>";
  if (one.judgement.verdict != Verdict::pass)
    out += "<p>" + escaped(one.judgement.what) + " <span class=dim>" +
           escaped(one.judgement.where) + "</span></p>";
  for (const std::string& note : one.notes) out += "<p class=note>" + escaped(note) + "</p>";
  if (!one.transcript.empty()) out += html_ladder(one, index, run.strict);
  return out + "</details>\n";
}

std::string stories(const RunResult& run) {
  std::map<std::string, std::vector<std::size_t>> folders;
  for (std::size_t i = 0; i < run.cases.size(); ++i)
    folders[run.cases[i].name.substr(0, run.cases[i].name.find('/'))].push_back(i);
  std::string out = "<section><h2>Stories</h2>\n";
  for (const auto& [folder, indices] : folders) {
    std::vector<const CaseResult*> cases;
    for (const std::size_t i : indices) cases.push_back(&run.cases[i]);
    out += "<details class=group><summary><b>" + escaped(folder) + "</b>" +
           counts(figures_of(cases)) + "</summary>\n";
    for (const std::size_t i : indices) out += story(run, i);
    out += "</details>\n";
  }
  return out + "</section>\n";
}

}  // namespace

std::string html(const RunResult& run) {
  return "<!doctype html>\n<html lang=en><meta charset=utf-8>"
         "<meta name=viewport content=\"width=device-width\">"
         "<meta name=color-scheme content=\"light dark\">"
         "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
         "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>" +
         escaped(headline_of(run).text) + ": " + escaped(run.target) + "</title>\n<style>\n" +
         std::string{page_style} + "</style>\n<main>\n" + summary(run) + broken_rules(run) +
         filter_bar() + rules_by_chapter(run) + stories(run) + "</main>\n<script>\n" +
         std::string{page_script} + "</script>\n</html>\n";
}

}  // namespace conformance
