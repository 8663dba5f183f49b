#include "conformance/command/files.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "conformance/command/options.hpp"
#include "conformance/report/markup.hpp"

namespace conformance {

int refuse(const std::string& why) {
  std::string line = printable(why);
  std::ranges::replace(line, '\n', ' ');
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, line.c_str());
  return exit_usage;
}

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::optional<std::string> read_file(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return std::nullopt;
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return std::nullopt;
  return text.str();
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  return static_cast<bool>(out.flush());
}

bool can_be_written(const std::string& path) {
  std::error_code failed;
  const bool existed = std::filesystem::exists(path, failed);
  const bool opened = static_cast<bool>(std::ofstream{path, std::ios::binary | std::ios::app});
  if (opened && !existed) std::filesystem::remove(path, failed);
  return opened;
}

std::string time_of_day() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc));
  return text;
}

}  // namespace conformance
