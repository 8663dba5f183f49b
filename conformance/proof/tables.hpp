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

// Stories that several chapters send their saboteurs into.
inline constexpr std::string_view no_command = "errors/abandoned-login";
inline constexpr std::string_view two_pings = "login/two-sessions";
inline constexpr std::string_view short_read = "scsi/read[*digests=None*limit=65536*read=1]";
inline constexpr std::string_view open_write = "logout/with-command-under-way";
inline constexpr std::string_view one_exchange = "login/byte-by-byte";

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
