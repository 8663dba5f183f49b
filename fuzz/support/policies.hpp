#pragma once

/// What one side of a negotiation may wish, drawn from the settings.

#include "support/settings.hpp"
#include "text/parameters.hpp"

namespace iscsi::fuzz {

/// Any policy within the ranges of the keys and the rules between them.
[[nodiscard]] text::Policy draw_policy(Settings& settings);

/// Requires every value to be in its key's range, and the rules between them to be kept.
void check_parameters(const text::Parameters& parameters);

}  // namespace iscsi::fuzz
