#include "login/configuration.hpp"

#include <gtest/gtest.h>

#include <string>

#include "login/talk.hpp"

namespace iscsi::login {
namespace {

using Faults = std::vector<ConfigurationFault>;
using enum ConfigurationFault;

Configuration sound() {
  Configuration configuration = plain_configuration();
  configuration.normal_sessions = Authentication::required;
  configuration.accounts = {{"alice", "alice-secret-0123"}, {"bob", "bob-secret-45678"}};
  configuration.own_account = Account{"target", "target-secret-456"};
  return configuration;
}

TEST(Configuration, WithoutFaultsHasNone) {
  EXPECT_EQ(faults_of(sound()), Faults{});
  EXPECT_EQ(faults_of(plain_configuration()), Faults{});
}

TEST(Configuration, HasAccountsWithNamesAndSecrets) {
  auto c = sound();
  c.accounts[1].name.clear();
  EXPECT_EQ(faults_of(c), Faults{account_without_name});
  c = sound();
  c.own_account->name.clear();
  EXPECT_EQ(faults_of(c), Faults{account_without_name});
  c = sound();
  c.accounts[0].secret.clear();
  EXPECT_EQ(faults_of(c), (Faults{account_without_secret, secret_of_less_than_96_bits}));
  c = sound();
  c.accounts[1].name = "alice";
  EXPECT_EQ(faults_of(c), Faults{account_named_twice});
}

TEST(Configuration, UsesASecretOnce) {
  auto c = sound();
  c.accounts[1].secret = c.accounts[0].secret;
  EXPECT_EQ(faults_of(c), Faults{secret_shared_by_accounts});
  c = sound();
  c.own_account->secret = c.accounts[1].secret;
  EXPECT_EQ(faults_of(c), Faults{secret_of_both_directions});
  c.own_account->secret = c.accounts[1].secret = "twelve-bytes";
  EXPECT_EQ(faults_of(c), Faults{secret_of_both_directions});
  c.own_account.reset();
  EXPECT_EQ(faults_of(c), Faults{});
}

TEST(Configuration, HasSecretsOf96BitsOrIpsec) {
  auto c = sound();
  c.accounts[0].secret = "eleven-byte";
  EXPECT_EQ(faults_of(c), Faults{secret_of_less_than_96_bits});
  c.encrypted_by_ipsec = true;
  EXPECT_EQ(faults_of(c), Faults{});
  c = sound();
  c.own_account->secret = "eleven-byte";
  EXPECT_EQ(faults_of(c), Faults{secret_of_less_than_96_bits});
  c.own_account->secret = "twelve-bytes";
  EXPECT_EQ(faults_of(c), Faults{});
}

TEST(Configuration, CanDoTheAuthenticationThatItAsksFor) {
  auto c = plain_configuration();
  c.discovery_sessions = Authentication::optional;
  EXPECT_EQ(faults_of(c), Faults{authentication_without_accounts});
  c = sound();
  c.algorithms = {chap::Algorithm::sha256};
  EXPECT_EQ(faults_of(c), Faults{authentication_without_md5});
  c.algorithms = {chap::Algorithm::sha1};
  EXPECT_EQ(faults_of(c), Faults{authentication_without_md5});
  c.algorithms = {chap::Algorithm::md5};
  EXPECT_EQ(faults_of(c), Faults{});
  c = plain_configuration();  // asks for none, so it needs no algorithm
  c.algorithms.clear();
  EXPECT_EQ(faults_of(c), Faults{});
}

TEST(Configuration, HasAnAliasThatCanBeSent) {
  auto c = sound();
  c.alias = "Bob-s Disk \u00e9";
  EXPECT_EQ(faults_of(c), Faults{});
  for (const std::string& alias :
       {std::string(256, 'a'), std::string("\xff"), std::string("a\0b", 3)}) {
    c.alias = alias;
    EXPECT_EQ(faults_of(c), Faults{alias_is_no_local_name}) << alias;
  }
}

TEST(Configuration, RedirectsToSomewhere) {
  auto c = sound();
  c.redirections = {{.target = *parse_name("iqn.2001-04.com.example:moved"), .addresses = {}}};
  EXPECT_EQ(faults_of(c), Faults{redirection_without_address});
  c.redirections[0].addresses = {{.host = "10.0.0.1", .port = {}, .portal_group_tag = {}}};
  EXPECT_EQ(faults_of(c), Faults{});
}

}  // namespace
}  // namespace iscsi::login
