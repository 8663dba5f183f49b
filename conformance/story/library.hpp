#pragma once

/// All stories of a folder, and the cases they make: a story with one combination of its
/// parameters, behind the stories that it starts from.

#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conformance/story/json.hpp"
#include "conformance/story/story.hpp"

namespace conformance {

/// One thing to be acted out and judged.
struct Case {
  std::string name;  ///< the story's, and the combination: `login/x[ImmediateData=Yes]`
  const Story* story = nullptr;
  const std::vector<Setting>* combination = nullptr;
  std::vector<const Story*> acts;  ///< the stories it starts from, outermost first, then itself

  /// The steps before the story's own ones.
  [[nodiscard]] std::size_t steps_before() const;
};

/// What names stand for when a case begins: `facts` about the target, the combination, and what
/// `with` and `defaults` say along the way. Errors: a text with an unknown name.
[[nodiscard]] std::expected<Variables, std::string> known_at_start(const Case& one,
                                                                   const Variables& facts);

/// A file below the folder of stories.
struct TraceFile {
  std::filesystem::path path;
  std::string name;  ///< its path below the folder, without extension
  std::string text;
};

/// Every `*.json` below `folder` but `schema.json`, in the order of their names. Errors: what
/// cannot be read, and why.
[[nodiscard]] std::expected<std::vector<TraceFile>, std::pair<std::filesystem::path, std::string>>
read_trace_files(const std::filesystem::path& folder);

class Library {
 public:
  struct Error {
    std::string file;
    json::Error error;
  };

  /// Reads all trace files below `folder` but recordings. Errors: a folder or
  /// file that cannot be read, a story that is refused, a start that does not exist or comes round
  /// in a circle.
  [[nodiscard]] static std::expected<Library, Error> read(const std::filesystem::path& folder);

  /// The same from pairs of name and text.
  [[nodiscard]] static std::expected<Library, Error> from(
      const std::vector<std::pair<std::string, std::string>>& texts);

  [[nodiscard]] const Story* find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::unique_ptr<const Story>>& stories() const {
    return stories_;
  }

  /// Every combination of every story that is not just a start for others.
  [[nodiscard]] std::vector<Case> cases() const;
  /// The cases of one story.
  [[nodiscard]] std::vector<Case> cases_of(const Story& story) const;

 private:
  [[nodiscard]] std::expected<void, Error> check_starts() const;

  std::vector<std::unique_ptr<const Story>> stories_;  // in the order of their names
};

}  // namespace conformance
