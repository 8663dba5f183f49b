#include "login/introduction.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "text/send_targets.hpp"

namespace iscsi::login {
namespace {

using text::KeyValue;
using Pairs = std::span<const KeyValue>;

constexpr std::string_view initiator_name = "InitiatorName";
constexpr std::string_view target_name = "TargetName";
constexpr std::string_view session_type = "SessionType";

bool contains(const std::vector<Name>& names, const Name& name) {
  return std::ranges::find(names, name) != names.end();
}

/// A name in a pair, in its normal form; places count from the start of the text.
std::expected<Name, Refusal> read_name(const KeyValue& pair) {
  auto name = parse_name(pair.value);
  if (name) return std::move(*name);
  Violation violation = name.error();
  violation.byte += pair.value_byte();
  return refused(violation);
}

/// 12.8: a redirection's addresses have no portal group tag.
Refusal redirect(const Redirection& redirection) {
  using enum pdu::LoginStatus;
  Refusal refusal{.status =
                      redirection.permanent ? target_moved_permanently : target_moved_temporarily};
  for (text::Address address : redirection.addresses) {
    address.portal_group_tag.reset();
    refusal.text.push_back({"TargetAddress", text::encode_address(address)});
  }
  return refusal;
}

bool may_use_target(const Name& initiator, const Configuration& configuration) {
  const auto& allowed = configuration.allowed_initiators;
  return allowed.empty() || contains(allowed, initiator);
}

std::expected<void, Refusal> check_target(const KeyValue& pair, const Name& initiator,
                                          const Configuration& configuration) {
  const auto target = read_name(pair);
  if (!target) return std::unexpected(target.error());
  const auto& moved = configuration.redirections;
  const auto elsewhere = std::ranges::find(moved, *target, &Redirection::target);
  if (elsewhere != moved.end()) return std::unexpected(redirect(*elsewhere));

  const auto byte = pair.value_byte();
  if (contains(configuration.removed_targets, *target))
    return refused(Rule::target_has_not_been_removed, byte, pair.value.size());
  if (*target != configuration.target)
    return refused(Rule::target_is_known, byte, pair.value.size());
  if (!may_use_target(initiator, configuration))
    return refused(Rule::initiator_is_allowed, byte, initiator.text().size());
  return {};
}

}  // namespace

std::optional<Violation> check_session_type(Pairs pairs) {
  const KeyValue* type = find(pairs, session_type);
  if (!type || type->value == "Normal" || type->value == "Discovery") return std::nullopt;
  return Violation{.rule = Rule::session_type_is_supported,
                   .byte = type->value_byte(),
                   .found = type->value.size()};
}

std::expected<Introduction, Refusal> introduce(Pairs pairs, text::SessionType type,
                                               const Configuration& configuration) {
  const KeyValue* initiator = find(pairs, initiator_name);
  if (!initiator) return refused(Rule::initiator_name_in_first_login, 0, pairs.size());
  auto name = read_name(*initiator);
  if (!name) return std::unexpected(name.error());

  const KeyValue* target = find(pairs, target_name);
  if (!target && type != text::SessionType::discovery)
    return refused(Rule::target_name_in_first_login, 0, pairs.size());
  if (target)
    if (const auto checked = check_target(*target, *name, configuration); !checked)
      return std::unexpected(checked.error());
  const bool may_use = may_use_target(*name, configuration);
  return Introduction{
      .initiator = std::move(*name), .target_named = target != nullptr, .may_use_target = may_use};
}

std::optional<Violation> check_no_introduction(Pairs pairs) {
  for (const KeyValue& pair : pairs)
    if (pair.key == target_name || pair.key == session_type)
      return Violation{.rule = Rule::parties_are_named_in_first_login,
                       .byte = pair.byte,
                       .found = pair.key.size()};
  return std::nullopt;
}

}  // namespace iscsi::login
