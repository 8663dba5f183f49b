#include "conformance/command/select.hpp"

#include <algorithm>
#include <array>

#include "conformance/report/chapters.hpp"
#include "conformance/report/expectations.hpp"

namespace conformance {
namespace {

constexpr std::array<Profile, 4> all_profiles{{
    {"discovery", "what a discovery session may do, and may not (3.3, appendix D)"},
    {"login", "login, its negotiation and authentication, sessions and names (3.2, 5, 11, 12)"},
    {"full-feature", "all that follows a login: numbering, commands, data, tasks, text, errors"},
    {"full", "everything; the default"},
}};

/// The folders of stories that make up a profile; `full-feature` is what is left.
struct Folder {
  std::string_view name;
  std::string_view profile;
};
constexpr std::array<Folder, 5> folders{{
    {"discovery", "discovery"},
    {"chap", "login"},
    {"login", "login"},
    {"names", "login"},
    {"negotiation", "login"},
}};

bool is_selected(const Case& one, const std::string& pattern) {
  if (fits(pattern, one.name) || fits(pattern, one.story->name)) return true;
  return std::ranges::any_of(one.story->rules, [&](iscsi::Rule rule) {
    const iscsi::RuleInfo& info = iscsi::about(rule);
    return info.slug == pattern || lies_in(info.section, pattern);
  });
}

}  // namespace

std::span<const Profile> profiles() { return all_profiles; }

bool belongs_to(const Story& story, std::string_view profile) {
  if (profile == "full") return true;
  const std::string_view folder = std::string_view{story.name}.substr(0, story.name.find('/'));
  const auto* found = std::ranges::find(folders, folder, &Folder::name);
  return profile == (found == folders.end() ? "full-feature" : found->profile);
}

std::expected<std::vector<Case>, std::string> selected(
    const Library& library, std::string_view profile, const std::vector<std::string>& patterns,
    const std::deque<RecordedStory>& recordings) {
  std::vector<Case> cases = library.cases();
  for (const std::string& pattern : patterns)
    if (std::ranges::none_of(cases, [&](const Case& one) { return is_selected(one, pattern); }) &&
        selected(recordings, "full", {pattern}).empty())
      return std::unexpected("no case fits " + pattern);
  std::erase_if(cases, [&](const Case& one) {
    return !belongs_to(*one.story, profile) ||
           (!patterns.empty() && std::ranges::none_of(patterns, [&](const std::string& pattern) {
             return is_selected(one, pattern);
           }));
  });
  return cases;
}

std::vector<const RecordedStory*> selected(const std::deque<RecordedStory>& recordings,
                                           std::string_view profile,
                                           const std::vector<std::string>& patterns) {
  std::vector<const RecordedStory*> fitting;
  if (profile != "full") return fitting;
  for (const RecordedStory& one : recordings)
    if (patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
          return fits(pattern, one.story.name);
        }))
      fitting.push_back(&one);
  return fitting;
}

}  // namespace conformance
