#pragma once

/// What the server is told to do: one value, whether it came from flags, from a JSON file or both.
///
/// A file gives the whole; flags replace what it says, list by list and value by value. Every value
/// has one notation (`configuration_values.hpp`), so that both ways accept and refuse the same.
/// An error is one line that says where it is, what was found and what was expected.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limits.hpp"
#include "text/parameters.hpp"

namespace iscsi::server {

/// Where to listen, or where to send initiators: a name, an IPv4 or an IPv6 address without its
/// brackets. Port 0 in `Configuration::listen` takes any free port.
struct Portal {
  std::string host;
  std::uint16_t port = 3260;

  friend bool operator==(const Portal&, const Portal&) = default;
};

/// As it stands in a URL or a TargetAddress (RFC 3720 12.8): IPv6 addresses get their brackets.
[[nodiscard]] std::string to_text(const Portal& portal);

struct LogicalUnit {
  enum class Kind : std::uint8_t { memory, file };
  Kind kind = Kind::memory;
  std::string path = {};                         ///< of a file
  std::optional<std::uint64_t> size_bytes = {};  ///< none: what the file holds
  std::uint32_t block_bytes = 512;
  bool read_only = false;
  std::optional<std::uint64_t> resident_bytes = {};  ///< of memory that may be used; none: half

  friend bool operator==(const LogicalUnit&, const LogicalUnit&) = default;
};

/// A CHAP name and its secret (RFC 3720 11.1.4).
struct Account {
  std::string name;
  std::string secret;

  friend bool operator==(const Account&, const Account&) = default;
};

/// Every login is answered "target moved" (RFC 3720 10.13.5, status 0101 or 0102).
struct Redirection {
  Portal to;
  bool permanent = false;

  friend bool operator==(const Redirection&, const Redirection&) = default;
};

struct Deadlines {
  std::uint64_t login_ms = limits::login_ms;
  std::uint64_t ping_after_ms = limits::ping_after_ms;
  std::uint64_t ping_answer_ms = limits::ping_answer_ms;

  friend bool operator==(const Deadlines&, const Deadlines&) = default;
};

/// The bounds of `limits.hpp` that an operator may lower.
struct Bounds {
  std::uint64_t connections = limits::connections;
  std::uint64_t sessions = limits::sessions;
  std::uint64_t command_window = limits::command_window;
  std::uint64_t queued_output_bytes = limits::queued_output_bytes;

  friend bool operator==(const Bounds&, const Bounds&) = default;
};

struct Configuration {
  std::vector<Portal> listen;
  std::vector<LogicalUnit> logical_units;                    ///< LUN 0, 1, …
  std::string target_name = "iqn.2004-04.com.example:disk";  ///< in its normal form
  std::string target_alias;
  std::vector<Account> chap;            ///< none: no authentication is asked for
  std::optional<Account> mutual_chap;   ///< how the target proves itself
  std::vector<std::string> initiators;  ///< who may log in, in normal form; none: everybody
  std::optional<Redirection> redirection;
  Deadlines deadlines;
  Bounds bounds;
  text::Policy text;   ///< what is negotiated (RFC 3720 12)
  std::string record;  ///< a file for everything that happens (`recorded_target.hpp`); none: empty
};

/// What the program does instead of serving: an answer (`exit_status` 0, for standard output) or
/// a refusal (for standard error).
struct Message {
  int exit_status = 0;
  std::string text;
};
inline constexpr int exit_usage = 2;

/// Reads `iscsi-target`'s arguments, the program's name first, and the files that they name.
/// What neither mentions is set as `iscsi-target` alone would: 127.0.0.1:3260, 64 MiB of memory.
[[nodiscard]] std::expected<Configuration, Message> configuration_from_arguments(
    std::span<const char* const> arguments);

/// Reads the text of a configuration file; `source` is its name, for errors. Nothing is filled in.
[[nodiscard]] std::expected<Configuration, std::string> configuration_from_json(
    std::string_view text, const std::string& source);

/// The text that `configuration_from_json` reads back, secrets included; where to record is left
/// out.
[[nodiscard]] std::string configuration_to_json(const Configuration& configuration);

/// What an operator should know though it is no error: secrets too short to be safe without IPsec,
/// or shared by several accounts (RFC 3720 8.2.1).
[[nodiscard]] std::vector<std::string> warnings(const Configuration& configuration);

}  // namespace iscsi::server
