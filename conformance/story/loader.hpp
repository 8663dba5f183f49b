#pragma once

/// Stories from JSON. Every refusal says where (a path into the text) and what was expected there.

#include <expected>
#include <string_view>

#include "conformance/story/json.hpp"
#include "conformance/story/story.hpp"

namespace conformance {

/// The rule with that slug, or null.
[[nodiscard]] const iscsi::RuleInfo* find_rule(std::string_view slug);

/// Whether a JSON text is a recording (`recording/recording.hpp`) rather than a story: the members
/// in front of its steps say where it comes from.
[[nodiscard]] bool is_recording(std::string_view text);

/// Reads one story; `name` is its path without folder of stories and extension. Whether the story
/// that it starts from exists is the library's question.
[[nodiscard]] std::expected<Story, json::Error> load_story(std::string_view name,
                                                           std::string_view text);

}  // namespace conformance
