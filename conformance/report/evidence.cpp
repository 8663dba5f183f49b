#include <fstream>
#include <map>

#include "conformance/report/print.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

/// What is to be said about each record of a case.
std::multimap<std::size_t, std::string> remarks_of(const CaseResult& one) {
  std::multimap<std::size_t, std::string> remarks;
  for (const Finding& finding : one.observation.findings)
    remarks.emplace(finding.record, std::string{iscsi::about(finding.rule).slug} + ", byte " +
                                        std::to_string(finding.byte) + ": " + finding.what);
  const Judgement& judgement = one.judgement;
  if (judgement.record) {
    const std::string rule =
        judgement.rule ? std::string{iscsi::about(*judgement.rule).slug} + ", " : "";
    remarks.emplace(*judgement.record,
                    rule + "byte " + std::to_string(judgement.byte) + ": " + judgement.what);
  }
  return remarks;
}

std::string evidence_text(const CaseResult& one) {
  std::string out = one.name + "\n" + one.story->claim + "\n\n" + console_line(one) + "\n";
  const auto remarks = remarks_of(one);
  for (std::size_t i = 0; i < one.transcript.size(); ++i) {
    out += print_record(one.transcript[i], i);
    const auto [begin, end] = remarks.equal_range(i);
    for (auto remark = begin; remark != end; ++remark) out += "     !! " + remark->second + "\n";
  }
  return out;
}

}  // namespace

std::string file_name(const std::string& case_name) {
  std::string name;
  for (const char c : case_name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '=' || c == '.' || c == ',';
    name += plain ? c : '_';
  }
  return name;
}

std::expected<void, std::string> write_evidence(const std::filesystem::path& folder,
                                                const RunResult& run) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return std::unexpected(folder.string() + ": " + failed.message());
  for (const CaseResult& one : run.cases) {
    const auto path = folder / (file_name(one.name) + ".txt");
    std::ofstream out{path, std::ios::binary};
    out << evidence_text(one);
    if (!out.flush()) return std::unexpected(path.string() + " cannot be written");
  }
  return {};
}

}  // namespace conformance
