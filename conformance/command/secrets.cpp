#include "conformance/command/secrets.hpp"

#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "conformance/command/files.hpp"

namespace conformance {
namespace {

constexpr const char* initiator_variable = "ISCSI_CONFORM_CHAP";
constexpr const char* target_variable = "ISCSI_CONFORM_CHAP_TARGET";

std::optional<Secret> read_secret(const std::string& text) {
  const std::size_t at = text.find('%');
  if (at == 0 || at == text.npos || at + 1 == text.size()) return std::nullopt;
  return Secret{text.substr(0, at), text.substr(at + 1)};
}

/// Lines without their ends; empty ones at the end of the file do not count.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::expected<void, std::string> take(TargetUrl& url, const std::string& initiator,
                                      const std::string& target, const std::string& where) {
  url.initiator = read_secret(initiator);
  if (!url.initiator) return std::unexpected(where + ": expected user%secret");
  if (target.empty()) return {};
  url.target = read_secret(target);
  if (!url.target) return std::unexpected(where + ": expected user%secret for the target");
  return {};
}

}  // namespace

std::expected<void, std::string> add_secrets(TargetUrl& url, const std::string& file) {
  if (!file.empty()) {
    if (url.initiator) return std::unexpected("--chap goes with a URL without user and secret");
    const auto text = read_file(file);
    if (!text) return std::unexpected(file + " cannot be read");
    const std::vector<std::string> lines = lines_of(*text);
    if (lines.empty() || lines.size() > 2)
      return std::unexpected(file + ": expected one line user%secret, or two");
    return take(url, lines.front(), lines.size() == 2 ? lines[1] : "", file);
  }
  const char* initiator = std::getenv(initiator_variable);
  if (initiator == nullptr || url.initiator) return {};
  const char* target = std::getenv(target_variable);
  return take(url, initiator, target == nullptr ? "" : target, initiator_variable);
}

}  // namespace conformance
