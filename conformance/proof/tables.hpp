#pragma once

/// The tables of saboteurs, one for each part of the law. Private to `proof/`.
///
/// How to write a row. Name the rule; say in words what the target would be doing; name the
/// smallest case that has the PDU in question, or leave that open when stories claim the rule; say
/// which PDU is struck and how. The judge logs out of every session that is left at the end of a
/// case, and nothing follows a Logout Response: what is struck there does not get in the way of
/// the story. A companion is for rules that nobody could keep while breaking this one.

#include <initializer_list>

#include "conformance/proof/saboteurs.hpp"

namespace conformance::proof {

using Table = std::vector<Saboteur> (*)();
/// The rows of all of them.
[[nodiscard]] std::vector<Saboteur> join(std::initializer_list<Table> tables);

[[nodiscard]] std::vector<Saboteur> form_saboteurs();
[[nodiscard]] std::vector<Saboteur> numbering_saboteurs();
[[nodiscard]] std::vector<Saboteur> login_saboteurs();
[[nodiscard]] std::vector<Saboteur> text_saboteurs();
[[nodiscard]] std::vector<Saboteur> task_saboteurs();
[[nodiscard]] std::vector<Saboteur> transfer_saboteurs();

}  // namespace conformance::proof
