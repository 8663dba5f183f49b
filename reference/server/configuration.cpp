#include "server/configuration.hpp"

#include <algorithm>
#include <set>

#include "server/configuration_values.hpp"

namespace iscsi::server {
namespace {

/// RFC 3720 8.2.1: a shorter secret is safe inside IPsec only.
constexpr std::size_t safe_secret_bytes = 96 / 8;

Complaint check_logical_units(const Configuration& configuration) {
  if (configuration.logical_units.size() > limits::logical_units)
    return "more than " + std::to_string(limits::logical_units) + " logical units";
  std::set<std::string> writable;
  for (const LogicalUnit& unit : configuration.logical_units) {
    if (unit.size_bytes.value_or(0) % unit.block_bytes != 0)
      return "a logical unit's size is not a multiple of its block size";
    if (unit.kind == LogicalUnit::Kind::file && !unit.read_only &&
        !writable.insert(unit.path).second)
      return "two logical units write to " + unit.path;
  }
  return std::nullopt;
}

Complaint check_accounts(const Configuration& configuration) {
  std::set<std::string> names;
  for (const Account& account : configuration.chap) {
    if (!names.insert(account.name).second) return "two CHAP accounts are named " + account.name;
    // 8.2.1: a secret serves one direction only, or answers could be reflected.
    if (configuration.mutual_chap && configuration.mutual_chap->secret == account.secret)
      return "the target's CHAP secret is also that of " + account.name;
  }
  // 11.1.4: the target proves itself to an initiator that has proved itself.
  if (configuration.mutual_chap && configuration.chap.empty())
    return "mutual CHAP needs an account for the initiator as well";
  return std::nullopt;
}

Complaint check_portals(const std::vector<Portal>& portals) {
  for (auto portal = portals.begin(); portal != portals.end(); ++portal)
    if (portal->port != 0 && std::find(portals.begin(), portal, *portal) != portal)
      return "listening twice on " + to_text(*portal);
  return std::nullopt;
}

}  // namespace

Complaint check_agreement(const Configuration& configuration) {
  if (auto complaint = check_portals(configuration.listen)) return complaint;
  if (auto complaint = check_logical_units(configuration)) return complaint;
  if (auto complaint = check_accounts(configuration)) return complaint;
  const text::Policy& text = configuration.text;
  if (text.first_burst_length > text.max_burst_length)  // 12.14
    return "FirstBurstLength (" + std::to_string(text.first_burst_length) +
           ") exceeds MaxBurstLength (" + std::to_string(text.max_burst_length) + ')';
  return std::nullopt;
}

std::vector<std::string> warnings(const Configuration& configuration) {
  std::vector<std::string> lines;
  std::set<std::string> secrets;
  std::vector<Account> accounts = configuration.chap;
  if (configuration.mutual_chap) accounts.push_back(*configuration.mutual_chap);
  for (const Account& account : accounts) {
    if (account.secret.size() < safe_secret_bytes)
      lines.push_back("the CHAP secret of " + account.name +
                      " has less than 96 bits: use it inside IPsec only (RFC 3720 8.2.1)");
    if (!secrets.insert(account.secret).second)
      lines.push_back("the CHAP secret of " + account.name +
                      " is that of another account too (RFC 3720 8.2.1)");
  }
  return lines;
}

}  // namespace iscsi::server
