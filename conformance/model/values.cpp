#include "conformance/model/values.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "text/grammar.hpp"

namespace conformance {

using iscsi::Rule;

namespace {

constexpr std::size_t longest_simple_value = 255;  // 5.1

/// The keys whose values are binary, and how many bytes they may have (11.1.1 to 11.1.4).
struct BinaryKey {
  std::string_view name;
  std::size_t most_bytes;
};
constexpr auto binary_keys = std::to_array<BinaryKey>({
    {"KRB_AP_REQ", 65536},
    {"KRB_AP_REP", 65536},
    {"SPKM_REQ", 65536},
    {"SPKM_REP_IT", 65536},
    {"SPKM_REP_TI", 65536},
    {"SPKM_ERROR", 65536},
    {"SRP_A", 1024},
    {"SRP_M", 1024},
    {"SRP_s", 1024},
    {"SRP_B", 1024},
    {"SRP_HM", 1024},
    {"CHAP_C", 1024},
    {"CHAP_R", 1024},
});

/// RFC 3723, appendix A and its registration of SRP_GROUP values.
constexpr auto srp_groups = std::to_array<std::string_view>({
    "SRP-768",
    "SRP-1024",
    "SRP-1280",
    "SRP-1536",
    "SRP-2048",
    "MODP-3072",
    "MODP-4096",
    "MODP-6144",
    "MODP-8192",
});

constexpr auto methods =
    std::to_array<std::string_view>({"KRB5", "SPKM1", "SPKM2", "SRP", "CHAP", "None"});  // 11.1
constexpr auto digests = std::to_array<std::string_view>({"CRC32C", "None"});            // 12.1

/// Whether it holds of every item of a list.
template <class Predicate>
bool all_items(std::string_view list, Predicate holds) {
  for (std::size_t comma = list.find(','); comma != list.npos; comma = list.find(',')) {
    if (!holds(list.substr(0, comma))) return false;
    list.remove_prefix(comma + 1);
  }
  return holds(list);
}

bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

/// Everything that 5.1 says about binary values, and the key's own bound.
void check_binary(const BinaryKey& key, std::string_view value, ValueChecks& checks) {
  const auto bytes = iscsi::text::decode_binary(value, 0, key.most_bytes);
  const std::optional<Rule> broken = bytes ? std::nullopt : std::optional<Rule>{bytes.error().rule};
  for (const Rule rule : {Rule::binary_is_a_constant, Rule::base64_is_well_formed,
                          Rule::decimal_binary_has_known_length, Rule::binary_within_limit})
    checks.add(rule, broken != rule);
}

void check_groups(std::string_view value, ValueChecks& checks) {
  checks.add(Rule::srp_1536_is_offered,
             !all_items(value, [](auto group) { return group != "SRP-1536"; }));
  checks.add(Rule::srp_group_is_allowed,
             all_items(value, [](auto group) { return is_one_of(srp_groups, group); }));
}

/// `Z-name` and `Z#name` for methods, `Y-name` and `Y#name` for digests. Whether the name has to
/// begin with a capital, as a standard-label does, or may be a domain name turned round, as the
/// same paragraph suggests, is left open (docs/decisions/0021).
bool is_extension(std::string_view item, char letter) {
  return item.size() > 2 && item[0] == letter && (item[1] == '-' || item[1] == '#') &&
         !iscsi::text::check_key_name("X#" + std::string{item.substr(2)}, 0);
}

void check_items(const KeyRow& key, std::string_view value, ValueChecks& checks) {
  const bool method = key.name == "AuthMethod";
  const std::span<const std::string_view> known =
      method ? std::span<const std::string_view>{methods} : digests;
  const auto is_short = [](auto item) { return item.size() <= longest_simple_value; };
  checks.add(Rule::text_value_within_limit, all_items(value, is_short));
  checks.add(Rule::extension_value_is_marked, all_items(value, [&](auto item) {
               return !is_short(item) || is_one_of(known, item) ||
                      is_extension(item, method ? 'Z' : 'Y');
             }));
}

}  // namespace

ValueChecks check_value(std::string_view key, std::string_view value) {
  ValueChecks checks;
  if (is_refusal(value)) return checks;
  const auto binary = std::ranges::find(binary_keys, key, &BinaryKey::name);
  if (binary != binary_keys.end()) check_binary(*binary, value, checks);
  if (key == "SRP_GROUP") check_groups(value, checks);
  if (key == "CHAP_I") {
    const auto number = iscsi::text::decode_number(value);
    checks.add(Rule::chap_identifier_is_one_byte, number && *number <= 0xff);
  }
  return checks;
}

ValueChecks check_proposal(const KeyRow& key, std::string_view value) {
  ValueChecks checks;
  switch (key.kind) {
    case KeyRow::Kind::list: check_items(key, value, checks); break;
    case KeyRow::Kind::yes_or_no:
      checks.add(Rule::boolean_is_yes_or_no, value == "Yes" || value == "No");
      break;
    case KeyRow::Kind::number: {
      const auto number = iscsi::text::decode_number(value);
      for (const Rule rule : {Rule::number_is_a_constant, Rule::decimal_has_no_leading_zero,
                              Rule::number_below_two_to_64})
        checks.add(rule, number || number.error().rule != rule);
      break;
    }
    case KeyRow::Kind::range: {
      const auto range = iscsi::text::decode_range(value);
      checks.add(Rule::range_ends_are_in_order,
                 range || range.error().rule != Rule::range_ends_are_in_order);
      break;
    }
    case KeyRow::Kind::free: break;
  }
  return checks;
}

}  // namespace conformance
