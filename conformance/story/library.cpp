#include "conformance/story/library.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "conformance/story/loader.hpp"

namespace conformance {
namespace {

constexpr std::size_t longest_start = 8;

std::string text_of(const Known& known) {
  if (const auto* number = std::get_if<std::uint64_t>(&known)) return std::to_string(*number);
  return std::get<std::string>(known);
}

std::string case_name(const Story& story, const std::vector<Setting>& combination) {
  if (combination.empty()) return story.name;
  std::string name = story.name + "[";
  for (const auto& [key, value] : combination) {
    if (name.back() != '[') name += ',';
    name += key + "=" + text_of(value);
  }
  return name + "]";
}

/// Adds `settings` to `known`, their `$names` replaced; names already there stay as they are.
std::expected<void, std::string> add(const std::vector<Setting>& settings, Variables& known) {
  for (const auto& [name, value] : settings) {
    if (known.contains(name)) continue;
    if (const auto* text = std::get_if<std::string>(&value)) {
      auto substituted = substitute(*text, known);
      if (!substituted) return std::unexpected(name + ": " + substituted.error());
      known.emplace(name, *std::move(substituted));
    } else {
      known.emplace(name, value);
    }
  }
  return {};
}

bool opens(const Story& story, std::string_view name) {
  return std::ranges::find(story.defaults, name, &Setting::first) != story.defaults.end();
}

}  // namespace

std::size_t Case::steps_before() const {
  std::size_t count = 0;
  for (const Story* act : acts)
    if (act != story) count += act->steps.size();
  return count;
}

std::expected<Variables, std::string> known_at_start(const Case& one, const Variables& facts) {
  Variables known = facts;
  if (const auto done = add(*one.combination, known); !done) return std::unexpected(done.error());
  for (auto act = one.acts.rbegin(); act != one.acts.rend(); ++act)
    for (const auto* settings : {&(*act)->defaults, &(*act)->with})
      if (const auto done = add(*settings, known); !done) return std::unexpected(done.error());
  return known;
}

std::expected<std::vector<TraceFile>, std::pair<std::filesystem::path, std::string>>
read_trace_files(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<fs::path> paths;
  for (fs::recursive_directory_iterator at{folder, failed}, end; !failed && at != end;
       at.increment(failed))
    if (at->path().extension() == ".json" && at->path().filename() != "schema.json")
      paths.push_back(at->path());
  if (failed) return std::unexpected(std::pair{folder, failed.message()});
  std::ranges::sort(paths);
  std::vector<TraceFile> files;
  for (const fs::path& path : paths) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return std::unexpected(std::pair{path, std::string{"cannot be read"}});
    files.push_back({.path = path,
                     .name = fs::relative(path, folder).replace_extension().generic_string(),
                     .text = std::move(text).str()});
  }
  return files;
}

std::expected<Library, Library::Error> Library::read(const std::filesystem::path& folder) {
  auto files = read_trace_files(folder);
  if (!files) {
    auto& [path, why] = files.error();
    if (path == folder) return std::unexpected(Error{path.string(), {"the folder", why}});
    return std::unexpected(Error{path.string(), {"the file", "a file that can be read"}});
  }
  std::vector<std::pair<std::string, std::string>> texts;
  for (TraceFile& file : *files)
    if (!is_recording(file.text)) texts.emplace_back(std::move(file.name), std::move(file.text));
  return from(texts);
}

std::expected<Library, Library::Error> Library::from(
    const std::vector<std::pair<std::string, std::string>>& texts) {
  Library library;
  for (const auto& [name, text] : texts) {
    auto story = load_story(name, text);
    if (!story) return std::unexpected(Error{name + ".json", story.error()});
    library.stories_.push_back(std::make_unique<const Story>(*std::move(story)));
  }
  std::ranges::sort(library.stories_, {}, [](const auto& story) { return story->name; });
  if (const auto sound = library.check_starts(); !sound) return std::unexpected(sound.error());
  return library;
}

std::expected<void, Library::Error> Library::check_starts() const {
  for (const auto& story : stories_) {
    const auto refuse = [&](std::string where, std::string what) {
      return std::unexpected(Error{story->name + ".json", {std::move(where), std::move(what)}});
    };
    std::vector<std::string_view> open_names;
    const Story* at = story.get();
    for (std::size_t depth = 0; !at->start.empty(); ++depth) {
      const Story* next = find(at->start);
      if (next == nullptr) return refuse("start", "the name of a story, not " + at->start);
      if (depth == longest_start) return refuse("start", "an end to the stories it starts from");
      at = next;
      for (const auto& [name, value] : at->defaults) open_names.push_back(name);
    }
    for (const auto& [name, value] : story->with)
      if (std::ranges::find(open_names, name) == open_names.end())
        return refuse("start.with." + name, "a name that the start has among its defaults");
    for (const std::vector<Setting>& combination : story->combinations)
      for (const auto& [name, value] : combination)
        if (opens(*story, name)) return refuse("parameters." + name, "a name that is no default");
  }
  return {};
}

const Story* Library::find(std::string_view name) const {
  const auto found = std::ranges::find(
      stories_, name, [](const auto& story) -> std::string_view { return story->name; });
  return found == stories_.end() ? nullptr : found->get();
}

std::vector<Case> Library::cases_of(const Story& story) const {
  std::vector<const Story*> acts{&story};
  while (!acts.front()->start.empty()) acts.insert(acts.begin(), find(acts.front()->start));
  std::vector<Case> cases;
  for (const std::vector<Setting>& combination : story.combinations)
    cases.push_back({case_name(story, combination), &story, &combination, acts});
  return cases;
}

std::vector<Case> Library::cases() const {
  std::vector<Case> cases;
  for (const auto& story : stories_) {
    if (story->is_start()) continue;
    for (Case& one : cases_of(*story)) cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace conformance
