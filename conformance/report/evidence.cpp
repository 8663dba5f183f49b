#include <fstream>

#include "conformance/report/pcapng.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/remarks.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

std::string evidence_text(const CaseResult& one, bool strict) {
  std::string out = one.name + "\n" + one.story->claim + "\n\n" + console_line(one) + "\n";
  const std::vector<Remark> remarks = remarks_of(one, strict);
  auto remark = remarks.begin();
  for (std::size_t i = 0; i < one.transcript.size(); ++i) {
    if (const std::size_t left_out = left_out_before(one, i); left_out > 0)
      out += "     (" + std::to_string(left_out) + " records are not kept)\n";
    out += print_record(one.transcript[i], number_of(one, i));
    for (; remark != remarks.end() && remark->record == i; ++remark)
      out += "     !! " + print_remark(*remark) + "\n";
  }
  for (; remark != remarks.end(); ++remark) out += "!! " + print_remark(*remark) + "\n";
  return out;
}

std::expected<void, std::string> write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  if (!out.flush()) return std::unexpected(path.string() + " cannot be written");
  return {};
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
    const std::string name = file_name(one.name);
    if (auto done = write(folder / (name + ".txt"), evidence_text(one, run.strict)); !done)
      return done;
    const iscsi::wire::Bytes capture = pcapng(one, run.strict);
    if (auto done = write(folder / (name + ".pcapng"), iscsi::wire::as_text(capture)); !done)
      return done;
  }
  return {};
}

}  // namespace conformance
