#include "server/assemble.hpp"

#include <limits>

#include "server/file_device.hpp"
#include "server/memory_device.hpp"

namespace iscsi::server {
namespace {

using Opened = std::expected<std::unique_ptr<BlockDevice>, std::string>;

Opened open_device(const LogicalUnit& unit) {
  if (unit.kind == LogicalUnit::Kind::file) {
    auto file = FileDevice::open(unit.path, {.size_bytes = unit.size_bytes,
                                             .block_bytes = unit.block_bytes,
                                             .read_only = unit.read_only});
    if (!file) return std::unexpected(file.error());
    return std::move(*file);
  }
  MemoryDeviceOptions options{.block_bytes = unit.block_bytes, .read_only = unit.read_only};
  if (unit.resident_bytes) options.resident_bytes = *unit.resident_bytes;
  return std::make_unique<MemoryDevice>(unit.size_bytes.value_or(0), options);
}

login::Account account_of(const Account& account) {
  return {.name = account.name, .secret = account.secret};
}

}  // namespace

std::expected<std::vector<std::unique_ptr<BlockDevice>>, std::string> open_devices(
    const std::vector<LogicalUnit>& units) {
  std::vector<std::unique_ptr<BlockDevice>> devices;
  for (const LogicalUnit& unit : units) {
    Opened device = open_device(unit);
    if (!device)
      return std::unexpected("logical unit " + std::to_string(devices.size()) + ": " +
                             device.error());
    devices.push_back(std::move(*device));
  }
  return devices;
}

std::expected<iscsi::Configuration, std::string> target_configuration(
    const Configuration& configuration) {
  auto name = login::parse_name(configuration.target_name);
  if (!name)
    return std::unexpected("'" + configuration.target_name +
                           "' is no iSCSI name: " + std::string{about(name.error().rule).says});
  iscsi::Configuration target{.login = {.target = *name}};
  login::Configuration& login = target.login;
  login.alias = configuration.target_alias;
  login.policy = configuration.text;
  login.max_sessions = configuration.bounds.sessions;
  for (const Account& account : configuration.chap) login.accounts.push_back(account_of(account));
  if (configuration.mutual_chap) login.own_account = account_of(*configuration.mutual_chap);
  if (!login.accounts.empty()) {
    login.normal_sessions = login::Authentication::required;
    // Discovery tells names and addresses only; initiators of the field seldom authenticate there.
    login.discovery_sessions = login::Authentication::optional;
  }
  for (const std::string& initiator : configuration.initiators) {
    auto allowed = login::parse_name(initiator);
    if (!allowed) return std::unexpected("'" + initiator + "' is no iSCSI name");
    login.allowed_initiators.push_back(*allowed);
  }
  if (configuration.redirection) {
    const Portal& to = configuration.redirection->to;
    const bool is_ipv6 = to.host.find(':') != std::string::npos;
    login.redirections.push_back(
        {.target = *name,
         .addresses = {{.host = is_ipv6 ? "[" + to.host + "]" : to.host, .port = to.port}},
         .permanent = configuration.redirection->permanent});
  }
  target.deadlines.login_ms = configuration.deadlines.login_ms;
  target.deadlines.ping_after_ms = configuration.deadlines.ping_after_ms;
  target.deadlines.ping_answer_ms = configuration.deadlines.ping_answer_ms;
  target.bounds = {
      .connections = configuration.bounds.connections,
      .sessions = configuration.bounds.sessions,
      .command_window = static_cast<std::uint32_t>(configuration.bounds.command_window),
      .queued_output_bytes = configuration.bounds.queued_output_bytes};
  return target;
}

}  // namespace iscsi::server
