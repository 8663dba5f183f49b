#include "support/login_settings.hpp"

#include "support/policies.hpp"
#include "support/require.hpp"

namespace iscsi::fuzz {

using login::Authentication;
using login::chap::Algorithm;

login::Name name(std::string_view text) {
  auto parsed = login::parse_name(text);
  require(parsed.has_value(), "the harness uses valid names");
  return *parsed;
}

login::Configuration draw_login_configuration(Settings& settings) {
  const auto authentication = [&settings] {
    return settings.one_of(
        {Authentication::none, Authentication::optional, Authentication::required});
  };
  static const login::Name target = name(target_name), moved = name(moved_name),
                           visiting = name(visiting_name), removed = name(removed_name),
                           initiator = name(initiator_name);
  login::Configuration configuration{.target = target};
  if (settings.flag()) configuration.alias = "a disk";
  configuration.portal_group_tag = settings.one_of<std::uint16_t>({1, 65535});
  configuration.normal_sessions = authentication();
  configuration.discovery_sessions = authentication();
  configuration.accounts = {
      {.name = std::string{account_name}, .secret = std::string{account_secret}},
      {.name = "0xbob", .secret = "another secret of more than 96 bits"}};
  if (settings.flag())
    configuration.own_account = {.name = "the target", .secret = "what the target knows"};
  if (settings.one_in(4)) configuration.algorithms = {Algorithm::md5};
  if (settings.one_in(4)) configuration.allowed_initiators = {initiator};
  configuration.redirections = {
      {.target = moved, .addresses = {{.host = "192.0.2.1", .port = 3261}}, .permanent = true},
      {.target = visiting, .addresses = {{.host = "192.0.2.1", .port = 3262}}}};
  configuration.removed_targets = {removed};
  configuration.policy = draw_policy(settings);
  if (settings.one_in(8)) configuration.max_sessions = 1;
  return configuration;
}

}  // namespace iscsi::fuzz
