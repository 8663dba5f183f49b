#pragma once

/// Which cases a command is about.

#include <deque>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/recording/run.hpp"
#include "conformance/story/library.hpp"

namespace conformance {

/// A part of the suite with a name. `discovery`, `login` and `full-feature` share no case, and
/// together they are `full`.
struct Profile {
  std::string_view name;
  std::string_view says;
};
[[nodiscard]] std::span<const Profile> profiles();

/// Whether a story belongs to that profile.
[[nodiscard]] bool belongs_to(const Story& story, std::string_view profile);

/// The cases of `profile` that fit any of `patterns`, or all of them without patterns. Errors: a
/// pattern that fits no case at all, and none of `recordings` either.
[[nodiscard]] std::expected<std::vector<Case>, std::string> selected(
    const Library& library, std::string_view profile, const std::vector<std::string>& patterns,
    const std::deque<RecordedStory>& recordings = {});

/// The recordings that fit, by their names; they belong to the profile `full` alone.
[[nodiscard]] std::vector<const RecordedStory*> selected(
    const std::deque<RecordedStory>& recordings, std::string_view profile,
    const std::vector<std::string>& patterns);

}  // namespace conformance
