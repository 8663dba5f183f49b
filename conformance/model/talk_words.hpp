#pragma once

/// Words that both halves of `Talk` are written in. Private to `model/`.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/model/talk.hpp"

namespace conformance::talk_words {

inline iscsi::Rule place_rule(Stage stage) {
  if (stage == Stage::security) return iscsi::Rule::security_stage_has_its_own_keys;
  if (stage == Stage::operational) return iscsi::Rule::operational_stage_has_its_own_keys;
  return iscsi::Rule::full_feature_phase_has_its_own_keys;
}

inline iscsi::Rule once_rule(Stage stage) {
  return stage == Stage::full_feature ? iscsi::Rule::key_is_negotiated_once_in_sequence
                                      : iscsi::Rule::key_is_negotiated_once_in_login;
}

/// What makes `key=value`, should it be asked for.
inline auto pair_text(std::string_view key, std::string_view value) {
  return [=] { return std::string{key} + "=" + std::string{value}; };
}

/// 12.22.
inline bool is_extension(std::string_view key) {
  return key.starts_with("X-") || key.starts_with("X#");
}

/// D: in full feature phase a target's name comes in target records, as often as there are any.
inline bool belongs_to_target_record(Stage stage, std::string_view key) {
  return stage == Stage::full_feature && (key == "TargetName" || key == "TargetAddress");
}

}  // namespace conformance::talk_words
