#include <algorithm>
#include <array>
#include <cassert>

#include "rules/ledger_full_feature.hpp"
#include "rules/ledger_login.hpp"
#include "rules/ledger_pdus.hpp"
#include "rules/ledger_target.hpp"
#include "rules/ledger_text.hpp"
#include "rules/rule.hpp"

namespace iscsi {
namespace {

template <std::size_t... N>
constexpr auto join(const std::array<RuleInfo, N>&... parts) {
  std::array<RuleInfo, (N + ...)> all{};
  auto at = all.begin();
  ((at = std::ranges::copy(parts, at).out), ...);
  return all;
}

constexpr auto all_rows = join(rows::pdu_rows, rows::full_feature_rows, rows::text_rows,
                               rows::login_rows, rows::target_rows);

consteval bool rows_are_in_order() {
  for (std::size_t i = 0; i < all_rows.size(); ++i)
    if (static_cast<std::size_t>(all_rows[i].rule) != i) return false;
  return true;
}
static_assert(rows_are_in_order(), "the ledger lists the rules in the order of the enumeration");

}  // namespace

std::span<const RuleInfo> ledger() { return all_rows; }

const RuleInfo& about(Rule rule) {
  const auto index = static_cast<std::size_t>(rule);
  assert(index < all_rows.size());
  return all_rows[index];
}

}  // namespace iscsi
