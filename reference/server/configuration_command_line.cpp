/// The flags of `iscsi-target`. The only file that includes the command line library.

#include <CLI/CLI.hpp>
#include <array>
#include <functional>

#include "server/configuration_values.hpp"
#include "server/recorded_target.hpp"
#include "server/secret.hpp"

namespace iscsi::server {
namespace {

constexpr const char* summary =
    "Serves logical units over iSCSI (RFC 3720).\n"
    "Without arguments: a 64 MiB disk in memory on 127.0.0.1:3260.";
constexpr std::size_t configuration_file_bytes = 1U << 20U;

/// What the arguments say, before any of it is judged.
struct Flags {
  std::string config;
  std::vector<std::string> listen, luns, chap, initiators, text, deadlines, limits;
  std::string name, alias, mutual_chap, redirect, redirect_permanently, record, repeat;
  bool generate_secret = false;
};

/// Every flag takes its own next argument only: `--lun A B` is an error, not two units.
void declare(CLI::App& app, Flags& flags) {
  struct One {
    const char* name;
    std::string Flags::* into;
    const char* help;
  };
  struct Many {
    const char* name;
    std::vector<std::string> Flags::* into;
    const char* help;
  };
  static constexpr auto single = std::to_array<One>({
      {"--config", &Flags::config,
       "FILE.json, which may say all of this; flags replace its values"},
      {"--name", &Flags::name, "the target's iSCSI name"},
      {"--alias", &Flags::alias, "the target's alias"},
      {"--mutual-chap", &Flags::mutual_chap,
       "NAME:SECRET or NAME:@FILE with which the target proves itself"},
      {"--redirect", &Flags::redirect, "ADDRESS[:PORT] to which every login is sent, for now"},
      {"--redirect-permanently", &Flags::redirect_permanently, "the same, for good"},
      {"--record", &Flags::record,
       "FILE.pcapng for everything that happens, bit for bit; holds the CHAP secrets"},
      {"--repeat", &Flags::repeat,
       "a file of --record: feed it to a new target, and end; 1 if the bytes are not the same"},
  });
  static constexpr auto repeated = std::to_array<Many>({
      {"--listen", &Flags::listen, "ADDRESS[:PORT], IPv6 in brackets; port 0: any free one"},
      {"--lun", &Flags::luns,
       "memory:SIZE or file:PATH[:SIZE], then perhaps ,read-only ,block-size=BYTES"},
      {"--chap", &Flags::chap, "NAME:SECRET or NAME:@FILE of an initiator"},
      {"--initiator", &Flags::initiators, "iSCSI name of an initiator that may log in"},
      {"--text", &Flags::text, "KEY=VALUE, what to negotiate: InitialR2T=Yes, DataDigest=CRC32C"},
      {"--deadline", &Flags::deadlines, "login-ms=N, ping-after-ms=N or ping-answer-ms=N"},
      {"--limit", &Flags::limits,
       "connections=N, sessions=N, command-window=N or queued-output-bytes=N"},
  });
  for (const One& row : single) app.add_option(row.name, flags.*row.into, row.help);
  for (const Many& row : repeated)
    app.add_option(row.name, flags.*row.into, row.help)->allow_extra_args(false);
  app.add_flag("--generate-secret", flags.generate_secret,
               "print a random CHAP secret of 128 bits and end (RFC 3720 8.2.1)");
}

template <typename T>
T accept(const std::string& flag, Parsed<T> parsed) {
  if (!parsed) throw Wrong{flag + ": " + parsed.error()};
  return *std::move(parsed);
}

/// Replaces `list` if the flag was given at all.
template <typename T>
void replace_list(std::vector<T>& list, const std::string& flag,
                  const std::vector<std::string>& given, Parsed<T> (*parse)(std::string_view)) {
  if (given.empty()) return;
  list.clear();
  for (const std::string& text : given) list.push_back(accept(flag, parse(text)));
}

/// Applies the `NAME=VALUE` arguments of one flag.
template <typename Owner>
void set_named(Owner& owner, const std::string& flag, const std::vector<std::string>& given,
               Complaint (*set)(Owner&, std::string_view, std::string_view)) {
  for (const std::string_view text : given) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos) throw Wrong{flag + ": " + expected_but_found("NAME=VALUE", text)};
    const std::string_view name = text.substr(0, equals);
    if (const auto complaint = set(owner, name, text.substr(equals + 1)))
      throw Wrong{flag + ": " + *complaint};
  }
}

Configuration configuration_from_file(const std::string& path) {
  if (path.empty()) return {};
  const auto text = read_file(path, configuration_file_bytes);
  if (!text) throw Wrong{text.error()};
  auto configuration = configuration_from_json(*text, path);
  if (!configuration) throw Wrong{configuration.error()};
  return *std::move(configuration);
}

void apply(const Flags& flags, Configuration& to) {
  replace_list(to.listen, "--listen", flags.listen, parse_portal);
  replace_list(to.logical_units, "--lun", flags.luns, parse_logical_unit);
  replace_list(to.chap, "--chap", flags.chap, parse_account);
  replace_list(to.initiators, "--initiator", flags.initiators, parse_node_name);
  if (!flags.name.empty()) to.target_name = accept("--name", parse_node_name(flags.name));
  if (!flags.record.empty()) to.record = flags.record;
  if (!flags.alias.empty()) to.target_alias = accept("--alias", parse_alias(flags.alias));
  if (!flags.mutual_chap.empty())
    to.mutual_chap = accept("--mutual-chap", parse_account(flags.mutual_chap));
  if (!flags.redirect.empty() && !flags.redirect_permanently.empty())
    throw Wrong{"--redirect and --redirect-permanently exclude each other"};
  if (!flags.redirect.empty())
    to.redirection = {.to = accept("--redirect", parse_portal(flags.redirect))};
  if (!flags.redirect_permanently.empty())
    to.redirection = {
        .to = accept("--redirect-permanently", parse_portal(flags.redirect_permanently)),
        .permanent = true};
  set_named(to.text, "--text", flags.text, set_text_key);
  set_named(to.deadlines, "--deadline", flags.deadlines, set_deadline);
  set_named(to.bounds, "--limit", flags.limits, set_bound);
}

void fill_in(Configuration& configuration) {
  if (configuration.listen.empty()) configuration.listen = {{.host = "127.0.0.1"}};
  if (configuration.logical_units.empty())
    configuration.logical_units = {{.size_bytes = 64U << 20U}};
}

Message refusal(const std::string& line) {
  return {.exit_status = exit_usage, .text = "iscsi-target: " + line + '\n'};
}

Message repeat(const std::string& path) {
  const auto repeated = repeat_record_file(path);
  if (!repeated) return {.exit_status = 1, .text = "iscsi-target: " + repeated.error() + '\n'};
  return {.text = std::to_string(repeated->events) + " events, " +
                  std::to_string(repeated->bytes_received) + " bytes received, " +
                  std::to_string(repeated->bytes_sent) + " bytes sent: all as recorded\n"};
}

}  // namespace

std::expected<Configuration, Message> configuration_from_arguments(
    std::span<const char* const> arguments) {
  Flags flags;
  CLI::App app{summary, "iscsi-target"};
  app.set_version_flag("--version", ISCSI_VERSION, "print the version and end");
  declare(app, flags);
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    if (flags.generate_secret) return std::unexpected(Message{.text = random_secret() + '\n'});
    if (!flags.repeat.empty()) return std::unexpected(repeat(flags.repeat));
    Configuration configuration = configuration_from_file(flags.config);
    apply(flags, configuration);
    fill_in(configuration);
    if (const auto complaint = check_agreement(configuration)) throw Wrong{*complaint};
    return configuration;
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Message{.text = app.help()});
  } catch (const CLI::CallForVersion&) {
    return std::unexpected(Message{.text = std::string("iscsi-target ") + ISCSI_VERSION + '\n'});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(refusal(std::string(error.what()) + " (--help lists the flags)"));
  } catch (const Wrong& wrong) {
    return std::unexpected(refusal(wrong.line));
  }
}

}  // namespace iscsi::server
