#include "conformance/command/progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "conformance/command/files.hpp"
#include "conformance/report/reports.hpp"

namespace conformance {
namespace {

constexpr const char* clear_line = "\r\033[K";
constexpr int longest_name = 60;  // a line that wraps could not be cleared

}  // namespace

Progress::Progress(bool verbose) : verbose_{verbose}, terminal_{::isatty(STDERR_FILENO) == 1} {}

void Progress::begin(std::size_t index, std::size_t count, const std::string& name) const {
  if (terminal_)
    std::fprintf(stderr, "%s[%zu/%zu] %.*s", clear_line, index + 1, count, longest_name,
                 name.c_str());
}

void Progress::end(const CaseResult& one) const {
  if (terminal_) std::fputs(clear_line, stderr);
  const Verdict verdict = one.judgement.verdict;
  if (verbose_ || verdict == Verdict::fail || verdict == Verdict::error) say(console_line(one));
  if (verbose_)
    for (const std::string& note : one.notes) say("    " + note + "\n");
}

}  // namespace conformance
