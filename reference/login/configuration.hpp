#pragma once

/// What an administrator says about logins: a plain value, the same for all connections of a portal
/// group.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "limits.hpp"
#include "login/chap.hpp"
#include "login/names.hpp"
#include "text/parameters.hpp"
#include "text/send_targets.hpp"

namespace iscsi::login {

/// A CHAP name and its secret (RFC 3720 11.1.4). The name need not be an iSCSI name (8.2).
struct Account {
  std::string name;
  std::string secret;
};

/// Whether initiators authenticate themselves.
enum class Authentication : std::uint8_t {
  none,      ///< AuthMethod None only
  optional,  ///< None or CHAP, whichever the initiator would rather
  required,  ///< CHAP only
};

/// A target that is served elsewhere (10.13.5, status 0101 or 0102).
struct Redirection {
  Name target;
  std::vector<text::Address> addresses;  ///< at least one
  bool permanent = false;
};

struct Configuration {
  Name target;
  std::string alias{};  ///< empty: none (12.6)
  std::uint16_t portal_group_tag = 1;

  Authentication normal_sessions = Authentication::none;
  Authentication discovery_sessions = Authentication::none;
  std::vector<Account> accounts{};       ///< by which initiators prove themselves
  std::optional<Account> own_account{};  ///< by which the target proves itself
  std::vector<chap::Algorithm> algorithms{chap::Algorithm::md5, chap::Algorithm::sha1,
                                          chap::Algorithm::sha256, chap::Algorithm::sha3_256};
  /// The administrator's word that IPsec encrypts all connections (8.2.1): only then may the
  /// target prove itself by a secret of less than 96 bits.
  bool encrypted_by_ipsec = false;

  std::vector<Name> allowed_initiators{};  ///< empty: all
  std::vector<Redirection> redirections{};
  std::vector<Name> removed_targets{};
  text::Policy policy{};
  std::size_t max_sessions = limits::sessions;
};

/// What is wrong with a configuration; the server reports it before it serves.
enum class ConfigurationFault : std::uint8_t {
  account_without_name,
  account_without_secret,
  account_named_twice,
  secret_shared_by_accounts,    ///< 8.2.1: SHOULD NOT
  secret_of_both_directions,    ///< 8.2.1: MUST NOT
  secret_of_less_than_96_bits,  ///< 8.2.1: wants IPsec
  authentication_without_accounts,
  authentication_without_md5,   ///< 11.1.4: 5 is required to be implemented
  alias_is_no_local_name,       ///< 5.1
  redirection_without_address,  ///< 10.13.5
};

/// All faults, in the order of the enumeration, each once.
[[nodiscard]] std::vector<ConfigurationFault> faults_of(const Configuration& configuration);

}  // namespace iscsi::login
