#pragma once

/// What the program reads and writes besides connections.

#include <optional>
#include <string>

namespace conformance {

/// One line on the error output; the exit status that goes with it.
int refuse(const std::string& why);

/// To the standard output.
void say(const std::string& text);

[[nodiscard]] std::optional<std::string> read_file(const std::string& path);
[[nodiscard]] bool write_file(const std::string& path, const std::string& text);

/// Whether `write_file` would succeed; leaves things as they are.
[[nodiscard]] bool can_be_written(const std::string& path);

/// The date and time, in UTC.
[[nodiscard]] std::string time_of_day();

}  // namespace conformance
