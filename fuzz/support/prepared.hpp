#pragma once

/// Targets at which the initiators have just logged in, one for each of a few sets of terms; made
/// at first use and copied for every input, since a target is a value and a login takes longer than
/// most inputs.

#include "support/conversation.hpp"
#include "support/world.hpp"

namespace iscsi::fuzz {

struct Prepared {
  Configuration configuration;
  Target target;
  Conversation conversation;
  std::vector<Said> record{};  ///< of the logins
  std::array<ConnectionId, Conversation::lines> connections{};
};

inline constexpr std::size_t prepared_count = 32;

/// Lines 0 to 2 are in full feature phase, the free line is connected.
[[nodiscard]] const Prepared& prepared(std::size_t which);

/// The same before any login, at a target that asks for authentication in every session.
[[nodiscard]] const Prepared& secured();

}  // namespace iscsi::fuzz
