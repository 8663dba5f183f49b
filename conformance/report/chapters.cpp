#include "conformance/report/chapters.hpp"

#include <array>

namespace conformance {
namespace {

struct Title {
  std::string_view number;
  std::string_view title;
};

/// Chapter 10 has a section per PDU, which is what people look for.
constexpr std::array<Title, 33> titles{{
    {"1", "Introduction"},
    {"2", "Definitions and Acronyms"},
    {"3", "Overview"},
    {"4", "SCSI Mode Parameters for iSCSI"},
    {"5", "Login and Full Feature Phase Negotiation"},
    {"6", "iSCSI Error Handling and Recovery"},
    {"7", "State Transitions"},
    {"8", "Security Considerations"},
    {"9", "Notes to Implementers"},
    {"10", "iSCSI PDU Formats"},
    {"10.1", "iSCSI PDU Length and Padding"},
    {"10.2", "PDU Template, Header, and Opcodes"},
    {"10.3", "SCSI Command"},
    {"10.4", "SCSI Response"},
    {"10.5", "Task Management Function Request"},
    {"10.6", "Task Management Function Response"},
    {"10.7", "SCSI Data-Out and Data-In"},
    {"10.8", "Ready To Transfer (R2T)"},
    {"10.9", "Asynchronous Message"},
    {"10.10", "Text Request"},
    {"10.11", "Text Response"},
    {"10.12", "Login Request"},
    {"10.13", "Login Response"},
    {"10.14", "Logout Request"},
    {"10.15", "Logout Response"},
    {"10.16", "SNACK Request"},
    {"10.17", "Reject"},
    {"10.18", "NOP-Out"},
    {"10.19", "NOP-In"},
    {"11", "iSCSI Security Text Keys and Authentication Methods"},
    {"12", "Login/Text Operational Text Keys"},
    {"A", "Sync and Steering with Fixed Interval Markers"},
    {"D", "SendTargets Operation"},
}};

/// The last one that fits counts: a chapter's sections stand behind it.
std::size_t chapter_of(std::string_view section) {
  for (std::size_t i = titles.size(); i-- > 0;)
    if (lies_in(section, titles.at(i).number)) return i;
  return titles.size();
}

}  // namespace

bool lies_in(std::string_view section, std::string_view chapter) {
  return section == chapter ||
         (section.starts_with(chapter) && section.substr(chapter.size()).starts_with('.'));
}

std::vector<Chapter> by_chapter(const RunResult& run) {
  std::vector<Chapter> all;
  for (const Title& title : titles) all.push_back({title.number, title.title, {}});
  all.push_back({"", "Other documents", {}});
  for (const RuleResult& rule : run.rules)
    all[chapter_of(iscsi::about(rule.rule).section)].rules.push_back(&rule);
  std::erase_if(all, [](const Chapter& chapter) { return chapter.rules.empty(); });
  return all;
}

}  // namespace conformance
