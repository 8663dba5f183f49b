#include "login/configuration.hpp"

#include <algorithm>
#include <array>

#include "text/grammar.hpp"

namespace iscsi::login {
namespace {

bool asks_for_chap(const Configuration& c) {
  return c.normal_sessions != Authentication::none || c.discovery_sessions != Authentication::none;
}

/// Two accounts of which `same` holds.
template <class Same>
bool any_two(const std::vector<Account>& accounts, Same same) {
  for (auto one = accounts.begin(); one != accounts.end(); ++one)
    if (std::any_of(one + 1, accounts.end(),
                    [&](const Account& other) { return same(*one, other); }))
      return true;
  return false;
}

/// Any account, the target's own included.
template <class Predicate>
bool any_account(const Configuration& c, Predicate predicate) {
  return std::ranges::any_of(c.accounts, predicate) || (c.own_account && predicate(*c.own_account));
}

bool is_weak(const Account& account) {
  return account.secret.size() < limits::chap_strong_secret_bytes;
}

struct Check {
  ConfigurationFault fault;
  bool (*applies)(const Configuration&);
};

constexpr auto checks = std::to_array<Check>({
    {ConfigurationFault::account_without_name,
     [](const Configuration& c) {
       return any_account(c, [](const Account& a) { return a.name.empty(); });
     }},
    {ConfigurationFault::account_without_secret,
     [](const Configuration& c) {
       return any_account(c, [](const Account& a) { return a.secret.empty(); });
     }},
    {ConfigurationFault::account_named_twice,
     [](const Configuration& c) {
       return any_two(c.accounts,
                      [](const Account& a, const Account& b) { return a.name == b.name; });
     }},
    {ConfigurationFault::secret_shared_by_accounts,
     [](const Configuration& c) {
       return any_two(c.accounts,
                      [](const Account& a, const Account& b) { return a.secret == b.secret; });
     }},
    {ConfigurationFault::secret_of_both_directions,
     [](const Configuration& c) {
       return c.own_account && std::ranges::any_of(c.accounts, [&](const Account& a) {
                return a.secret == c.own_account->secret;
              });
     }},
    {ConfigurationFault::secret_of_less_than_96_bits,
     [](const Configuration& c) { return !c.encrypted_by_ipsec && any_account(c, is_weak); }},
    {ConfigurationFault::authentication_without_accounts,
     [](const Configuration& c) { return asks_for_chap(c) && c.accounts.empty(); }},
    {ConfigurationFault::authentication_without_md5,
     [](const Configuration& c) {
       return asks_for_chap(c) &&
              std::ranges::find(c.algorithms, chap::Algorithm::md5) == c.algorithms.end();
     }},
    {ConfigurationFault::alias_is_no_local_name,
     [](const Configuration& c) {
       return c.alias.contains('\0') || text::check_local_name(c.alias, 0).has_value();
     }},
    {ConfigurationFault::redirection_without_address,
     [](const Configuration& c) {
       return std::ranges::any_of(c.redirections,
                                  [](const Redirection& r) { return r.addresses.empty(); });
     }},
});

}  // namespace

std::vector<ConfigurationFault> faults_of(const Configuration& configuration) {
  std::vector<ConfigurationFault> faults;
  for (const Check& check : checks)
    if (check.applies(configuration)) faults.push_back(check.fault);
  return faults;
}

}  // namespace iscsi::login
